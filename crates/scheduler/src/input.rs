//! Owns what can happen to a download, as far as the scheduler is told. Closed: nothing else
//! wakes it.

use crate::failure::FailureClass;
use crate::ids::{AttemptId, CheckpointId, SourceId};
use range_core::range::ByteRange;
use range_core::units::RateLimit;

/// The promise that the head of an accepted reply makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// A 206: these bytes of a file of this length.
    Part {
        /// The bytes that follow.
        range: ByteRange,
        /// The length of the whole file.
        complete_length: u64,
    },
    /// The whole file from byte 0, with its length when the server states it.
    Whole {
        /// The length of the file; `None` when only the end of the reply will tell.
        length: Option<u64>,
    },
}

/// The reason a worker stopped for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// The reply ended, at the end of the lease or before.
    Drained,
    /// The attempt failed.
    Failed(FailureClass),
    /// It was told to.
    Told,
}

/// Something that happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// Time has passed, perhaps to the moment a `Wait` named.
    Tick,
    /// A reply's head was accepted. No byte of it has been written.
    Opened {
        /// The attempt that reports.
        attempt: AttemptId,
        /// Its promise.
        body: Body,
    },
    /// The first bytes of an accepted reply to [`Request::Part`](crate::Request::Part) are there.
    /// None of them has been written: the worker holds them until `Grant`.
    Began {
        /// The attempt that reports.
        attempt: AttemptId,
    },
    /// A worker has written every byte of its lease before `position`. At the end of its lease,
    /// where its reply goes on, a worker says so at once and reads nothing more before the next
    /// order. One that discards what comes before its lease reports where that begins, as often as
    /// it would report progress.
    Received {
        /// The attempt that reports.
        attempt: AttemptId,
        /// Offset one past the last byte written.
        position: u64,
    },
    /// The answer to `Shrink`: the lease ends at `end`, and the worker will write nothing from
    /// there on.
    Shrunk {
        /// The attempt that reports.
        attempt: AttemptId,
        /// The end of the lease, at or after the cut that was asked for.
        end: u64,
    },
    /// A worker has let go of its lease, having written every byte before `position`.
    Stopped {
        /// The attempt that reports.
        attempt: AttemptId,
        /// Offset one past the last byte written.
        position: u64,
        /// Why.
        how: Stop,
    },
    /// Bytes claimed by an earlier run were read back and are what their hashes say.
    Verified {
        /// Which.
        range: ByteRange,
    },
    /// Bytes claimed by an earlier run are not what their hashes say; they must be fetched.
    Rejected {
        /// Which.
        range: ByteRange,
    },
    /// Received bytes are what someone who knows the file says of them; see
    /// [`Scheduler::await_proof`](crate::Scheduler::await_proof).
    Proven {
        /// Which.
        range: ByteRange,
    },
    /// Received bytes, all of which are there, are not what they should be; they must be fetched
    /// again.
    Disproven {
        /// Which: whole blocks.
        range: ByteRange,
        /// The source that alone gave what is wrong of them. It is not asked any more if there are
        /// others.
        source: Option<SourceId>,
    },
    /// Everything received before the checkpoint was asked for is on the disk.
    Durable {
        /// The checkpoint.
        checkpoint: CheckpointId,
    },
    /// From here on no more than this may be received in a second; `None` lifts the limit.
    RateLimit(Option<RateLimit>),
    /// Whoever reads the file in order has taken every byte before `end`.
    Taken {
        /// Offset one past the last byte taken.
        end: u64,
    },
    /// The user wants to stop.
    Cancel,
}
