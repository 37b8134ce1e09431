//! Owns the snapshot of how far a download is, which listeners poll at their own pace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use range_core::{ByteRange, RangeSet};

/// The step that a download is at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// The download waits for the first reply.
    #[default]
    Connecting,
    /// Room is reserved for the file, which takes long where a file system writes zeros.
    Reserving,
    /// Bytes arrive, or those of an earlier run are read back.
    Fetching,
    /// Every byte is there; the digest is being finished.
    Verifying,
    /// The file is put on the disk and under its final name.
    Publishing,
}

/// The progress of a download.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Progress {
    /// The step that it is at.
    pub phase: Phase,
    /// Time since it began.
    pub elapsed: Duration,
    /// The length of the file, once known.
    pub length: Option<u64>,
    /// The ranges that are in the part file.
    pub received: RangeSet,
    /// The ranges that an earlier run claims and that are not read back yet.
    pub claimed: RangeSet,
    /// The ranges that the connections still have to fetch, one for each.
    pub in_flight: Vec<ByteRange>,
    /// The number of bytes that the digest has covered.
    pub digested: u64,
    /// The counts, which only grow.
    pub tally: Tally,
}

/// The counts of one run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tally {
    /// Bytes of an earlier run that were kept.
    pub resumed_bytes: u64,
    /// Bytes that arrived and were written.
    pub fetched_bytes: u64,
    /// Bytes that arrived and were of no use.
    pub wasted_bytes: u64,
    /// Most connections at once.
    pub connections_peak: usize,
    /// Requests that were sent, redirects included.
    pub requests: u64,
    /// Attempts that failed and were made again.
    pub retries: u64,
}

/// Gives the latest snapshot; cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct ProgressHandle(Arc<Mutex<Progress>>);

impl ProgressHandle {
    /// Returns the latest snapshot, which is at most 0.1 seconds old while bytes arrive.
    pub fn snapshot(&self) -> Progress {
        self.lock().clone()
    }

    pub(crate) fn set(&self, progress: Progress) {
        *self.lock() = progress;
    }

    pub(crate) fn set_phase(&self, phase: Phase) {
        self.lock().phase = phase;
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        // A snapshot is replaced whole, so a panic elsewhere cannot leave half of one.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
