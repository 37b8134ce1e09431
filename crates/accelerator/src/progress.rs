//! Owns the snapshot of how far a download is, which listeners poll at their own pace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use range_core::{ByteRange, RangeSet};

/// What a download is busy with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// Waiting for the first reply.
    #[default]
    Connecting,
    /// Bytes arrive, or those of an earlier run are read back.
    Fetching,
    /// Every byte is there; the digest is being finished.
    Verifying,
    /// The file is put on the disk and under its final name.
    Publishing,
}

/// How far a download is.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Progress {
    /// What it is busy with.
    pub phase: Phase,
    /// Time since it began.
    pub elapsed: Duration,
    /// The length of the file, once known.
    pub length: Option<u64>,
    /// What is in the part file.
    pub received: RangeSet,
    /// What an earlier run claims and is not read back yet.
    pub claimed: RangeSet,
    /// What every connection still has to fetch.
    pub in_flight: Vec<ByteRange>,
    /// How many bytes the digest has covered.
    pub digested: u64,
    /// Numbers that only grow.
    pub tally: Tally,
}

/// Numbers of one run.
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
    /// The latest snapshot, at most a tenth of a second old while bytes arrive.
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
