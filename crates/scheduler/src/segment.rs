//! Owns the states of a segment: waiting to be fetched, or leased to a worker.

use super::ids::{AttemptId, SourceId};
use super::output::Route;
use super::pace::Pace;
use super::retry::Failures;
use crate::time::Timestamp;
use range_core::range::ByteRange;
use range_core::units::{ByteCount, BytesPerSecond};

/// A run of bytes nobody is fetching.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waiting {
    pub(super) range: ByteRange,
    /// Set when the run is what is left of a failed segment, which is tried again as it is.
    pub(super) retry: Option<Retry>,
    /// Cut for one worker, which takes all of it.
    pub(super) is_cut: bool,
    /// An earlier run claimed it, wrongly. Where what follows is claimed as well, that may be wrong
    /// too, and both are to be asked for at once.
    pub(super) is_rejected: bool,
    /// How many replies in a row have been given up for it that had brought nothing.
    pub(super) barren: u32,
}

/// What a failed segment takes into its next attempt.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retry {
    pub(super) attempt: AttemptId,
    /// Where it failed. Others may be asked at once.
    pub(super) source: SourceId,
    pub(super) not_before: Timestamp,
    pub(super) failures: Failures,
    pub(super) route: Route,
}

impl Waiting {
    pub(super) const fn planned(range: ByteRange) -> Self {
        Self {
            range,
            retry: None,
            is_cut: false,
            is_rejected: false,
            barren: 0,
        }
    }

    /// What an earlier run claimed, and is not there.
    pub(super) const fn rejected(range: ByteRange) -> Self {
        Self {
            is_rejected: true,
            ..Self::planned(range)
        }
    }

    /// What a split has released.
    pub(super) const fn cut(range: ByteRange) -> Self {
        Self {
            is_cut: true,
            ..Self::planned(range)
        }
    }

    /// Whether it is one with what it touches: nothing is known of it but that it is missing.
    pub(super) const fn is_plain(&self) -> bool {
        self.retry.is_none() && !self.is_cut && self.barren == 0
    }
}

/// What a leased segment is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The first request; its lease is decided when the reply's head is known.
    Probe,
    /// Known bytes.
    Part,
    /// One plain stream from byte 0 to the end.
    Stream,
}

/// Where a worker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Connecting, or waiting for the reply's head.
    Starting,
    /// Bytes arrive.
    Streaming,
}

/// A segment that is leased to a worker.
#[derive(Clone, Copy, Debug)]
pub(super) struct Active {
    pub(super) attempt: AttemptId,
    pub(super) source: SourceId,
    pub(super) kind: Kind,
    pub(super) phase: Phase,
    /// What is still to come: position and end. `None` for a probe, whose lease is not decided,
    /// and for a stream of unknown length.
    pub(super) left: Option<ByteRange>,
    /// Offset one past the last byte written.
    pub(super) position: u64,
    /// Where this attempt's first byte goes.
    pub(super) began: u64,
    /// When its reply's head came.
    pub(super) opened_at: Timestamp,
    /// How many replies in a row had been given up before that had brought nothing.
    pub(super) barren: u32,
    /// Offset it may write up to; `None` without a limit on the rate.
    pub(super) allowed: Option<u64>,
    /// Where a `Shrink` that is not answered yet asked the lease to end.
    pub(super) shrinking: Option<u64>,
    pub(super) stopping: Option<StopCause>,
    pub(super) last_progress: Timestamp,
    pub(super) pace: Pace,
    /// Since when it has been far below its peers.
    pub(super) slow_since: Option<Timestamp>,
    pub(super) failures: Failures,
    pub(super) route: Route,
}

/// Why a worker was told to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StopCause {
    /// The download ends.
    Ending,
    /// Nothing arrived for too long.
    Stalled,
    /// A free worker fetches the remainder sooner.
    TakenOver,
}

impl Active {
    /// Sets the lease of an attempt that has written nothing.
    pub(super) fn begin_at(&mut self, range: ByteRange) {
        self.began = range.start();
        self.position = range.start();
        self.left = Some(range);
    }

    /// Bytes this attempt has brought.
    pub(super) const fn brought(&self) -> u64 {
        self.position - self.began
    }

    pub(super) const fn brought_bytes(&self) -> bool {
        self.position > self.began
    }

    /// Bytes a second, as far as anything was seen, were it only a moment.
    pub(super) fn rate_so_far(&self, now: Timestamp) -> u64 {
        let bytes = ByteCount(self.brought());
        let mean = BytesPerSecond::mean(bytes, now.since(self.opened_at)).0;
        self.pace.measured().unwrap_or(mean)
    }

    /// How many replies in a row have been given up with this one.
    pub(super) const fn barren_with_this(&self) -> u32 {
        if self.brought_bytes() {
            0
        } else {
            self.barren.saturating_add(1)
        }
    }

    /// Moves the position forward. Returns the bytes that are newly written.
    ///
    /// A position behind the last one, or past the lease, is a bug of the driver.
    pub(super) fn advance(&mut self, position: u64) -> Option<ByteRange> {
        let written = ByteRange::new(self.position, position)?;
        if let Some(left) = self.left {
            assert!(
                left.covers(written),
                "a worker wrote outside its lease: {written} of {left}"
            );
            self.left = left.split_at(position).1;
        }
        self.position = position;
        Some(written)
    }
}
