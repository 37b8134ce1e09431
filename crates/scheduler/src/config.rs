//! Owns what a download is told before it begins. Decides nothing.

use core::num::NonZeroU16;
use core::time::Duration;

use range_core::RangeSet;
use range_core::block::BlockSize;
use range_core::units::RateLimit;

/// The settings of a user, in the scheduler's terms.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerConfig {
    /// The number of places the file can be had from, all of which have the same bytes; at most
    /// [`limits::SOURCES_MAX`](crate::limits::SOURCES_MAX) count.
    pub sources: NonZeroU16,
    /// Most connections at once; at most [`limits::WIDTH_MAX`](crate::limits::WIDTH_MAX) count.
    pub width: NonZeroU16,
    /// Most bytes between the lowest byte that is missing and the furthest one asked for; at
    /// least a block for every connection counts.
    pub reach: u64,
    /// Where the file is read in order: most bytes between the first that the reader has not taken
    /// and the last one asked for; [`limits::WINDOW_MIN`](crate::limits::WINDOW_MIN)
    /// at least counts. `None` where nobody waits for one byte
    /// rather than another.
    pub window: Option<u64>,
    /// Cuts fall on multiples of it; `None` for what suits the length. With a window they fall on
    /// multiples of [`limits::WINDOW_BLOCK`](crate::limits::WINDOW_BLOCK).
    pub block_size: Option<BlockSize>,
    /// Failures of one segment in a row, with nothing received by anyone in between, before the
    /// download gives up; `None` for what suits the failure, and
    /// [`limits::MAX_TRIES`](crate::limits::MAX_TRIES) at most.
    pub max_tries: Option<u32>,
    /// The time a worker that has brought bytes may be silent before its connection is given up.
    pub stall_timeout: Duration,
    /// The time one that has brought none may: servers make some files when they are asked for.
    /// A source that has replied already is given what those replies let expect, and more with each
    /// try.
    pub first_byte_timeout: Duration,
    /// Most that may be received in a second, by all workers together.
    pub rate_limit: Option<RateLimit>,
    /// True if received bytes are put on the disk on the way, and not when the system likes.
    pub checkpoints: bool,
    /// Seed of the backoff's jitter.
    pub seed: u64,
}

/// The beginning of a download.
#[derive(Clone, Debug)]
pub enum Beginning {
    /// Nothing is known.
    Fresh,
    /// Nothing is known, and ranges are not to be used.
    SingleStream,
    /// An earlier run left bytes behind.
    Resume {
        /// The length of the file.
        length: u64,
        /// The ranges that the journal claims. Each run must be answered with `Verified` or
        /// `Rejected` inputs before the download can finish.
        claimed: RangeSet,
    },
}
