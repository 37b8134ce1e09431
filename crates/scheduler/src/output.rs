//! Owns what the scheduler can ask for. Closed: the driver matches every case.

use core::time::Duration;

use crate::failure::FailureClass;
use crate::ids::{AttemptId, CheckpointId, SourceId};
use crate::time::Timestamp;
use range_core::range::ByteRange;

/// The range that the server is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Request {
    /// `Range: bytes=0-`: probe and first segment in one. Whatever is accepted, the lease comes
    /// with [`Output::Grant`].
    First,
    /// Exactly these bytes. The lease comes with [`Output::Grant`], once the reply's first bytes
    /// are there.
    Part(ByteRange),
    /// The file without a `Range`. The lease comes with [`Output::Grant`].
    Whole,
}

/// The place that a request is sent to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// To where the last redirect led.
    Known,
    /// To the URL the user gave, following its redirects anew.
    Original,
}

/// The bytes a worker may write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    /// These.
    Range(ByteRange),
    /// From offset 0 to wherever the reply ends.
    ToEnd,
}

/// The reason why the download waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum WaitReason {
    /// Delay after a failure.
    Backoff,
    /// The next sync is due by then.
    Checkpoint,
    /// The limit on the rate; the next bytes are allowed by then.
    Credit,
    /// Workers are to answer `Stop`.
    Stopping,
    /// Workers are at it; the time is when the first would count as stalled.
    Workers,
    /// Bytes of an earlier run are being read back.
    Verifying,
    /// The reader, which has not taken what is there.
    Reader,
}

/// The end of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every byte is there.
    Complete {
        /// The length of the file.
        length: u64,
    },
    /// The user stopped it.
    Cancelled,
    /// It cannot go on; what was received stays received.
    Failed(FailureClass),
    /// The remote file is another one; start over as a new generation.
    Changed,
    /// The server cannot be trusted with ranges; start over as one plain stream.
    SingleStreamNeeded,
}

/// The distance of a download from being given up for its failures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tries {
    /// The number of failures in a row, this one included.
    pub failed: u32,
    /// The number of them that ends the download, if nothing else is served meanwhile.
    pub allowed: u32,
}

/// Something worth telling people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// The file's length and the server's way with ranges are known.
    Planned {
        /// The length, unless only the end of the reply will tell.
        length: Option<u64>,
        /// True if the file comes in segments.
        segmented: bool,
    },
    /// A segment will be tried again.
    Retrying {
        /// The attempt that failed.
        attempt: AttemptId,
        /// The reason.
        class: FailureClass,
        /// After how long.
        delay: Duration,
        /// The distance from the end.
        tries: Tries,
    },
    /// A source is not asked any more, while others are; what it brought stays.
    SourceDropped {
        /// The source.
        source: SourceId,
        /// The reason.
        class: FailureClass,
    },
    /// Another number of connections is used: it brings more, or refusals lowered it.
    WidthChanged {
        /// The number of connections from here on.
        width: u16,
    },
}

/// Something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Output {
    /// Open a connection for a lease.
    Start {
        /// The attempt.
        attempt: AttemptId,
        /// The source to ask.
        source: SourceId,
        /// The range to ask for.
        request: Request,
        /// The place to ask it at.
        route: Route,
    },
    /// Let a worker write that reported `Opened`, or, where it was asked for a part, `Began`. The
    /// range may begin after the start of the reply, or after what the worker has written: what
    /// comes before it is read and discarded.
    Grant {
        /// The attempt.
        attempt: AttemptId,
        /// The bytes it may write.
        grant: Grant,
    },
    /// Let a worker write up to `end`, and no further before it is allowed more: it stops reading
    /// there. Comes under a limit on the rate, and to a plain stream that is read in order; without
    /// one a worker needs no leave.
    Allow {
        /// The attempt.
        attempt: AttemptId,
        /// Offset one past the last byte it may write; `u64::MAX` once the limit is lifted.
        end: u64,
    },
    /// Let a worker whose lease is written, or is about to be, go on to `end`, which its reply
    /// reaches.
    Extend {
        /// The attempt.
        attempt: AttemptId,
        /// The end of the lease from here on.
        end: u64,
    },
    /// Ask a worker to end its lease at `cut`, or as soon after as it can. It answers `Shrunk`.
    Shrink {
        /// The attempt.
        attempt: AttemptId,
        /// The offset at which to end.
        cut: u64,
    },
    /// Ask a worker to stop. It answers `Stopped`.
    Stop {
        /// The attempt.
        attempt: AttemptId,
    },
    /// Put everything received so far on the disk, then answer `Durable`.
    Checkpoint {
        /// The checkpoint.
        id: CheckpointId,
    },
    /// Tell whoever listens.
    Notice(Notice),
    /// Nothing to do before `until`, or before something happens.
    Wait {
        /// The moment at which to come back with a `Tick`; `None` when only something else can
        /// help.
        until: Option<Timestamp>,
        /// The reason.
        reason: WaitReason,
    },
    /// The end. No worker is active and no input changes anything any more.
    Finished(Outcome),
}
