//! Owns the states of a segment: waiting to be fetched, reserved for an attempt, or leased to one.

use core::time::Duration;

use crate::ids::{AttemptId, SegmentId, SourceId};
use crate::limits;
use crate::output::Route;
use crate::pace::Pace;
use crate::retries::Failures;
use crate::time::Timestamp;
use range_core::range::ByteRange;
use range_core::units::{ByteCount, BytesPerSecond};

/// A run of bytes nobody is fetching.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Waiting {
    pub(crate) range: ByteRange,
    /// Set when the run is what is left of a failed segment, which is tried again as it is.
    pub(crate) retry: Option<Retry>,
    /// Cut for one worker, which takes all of it.
    pub(crate) is_cut: bool,
    /// An earlier run claimed it, wrongly. Where what follows is claimed as well, that may be wrong
    /// too, and both are to be asked for at once.
    pub(crate) is_rejected: bool,
    /// The number of replies in a row that were given up for it and had brought nothing.
    pub(crate) barren: u32,
}

/// The state that a failed segment takes into its next attempt.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retry {
    pub(crate) attempt: AttemptId,
    /// The source where it failed. Others may be asked at once.
    pub(crate) source: SourceId,
    pub(crate) not_before: Timestamp,
    pub(crate) failures: Failures,
    pub(crate) route: Route,
}

impl Waiting {
    pub(crate) const fn planned(range: ByteRange) -> Self {
        Self {
            range,
            retry: None,
            is_cut: false,
            is_rejected: false,
            barren: 0,
        }
    }

    /// A run that an earlier run of the program claimed, and that is not there.
    pub(crate) const fn rejected(range: ByteRange) -> Self {
        Self {
            is_rejected: true,
            ..Self::planned(range)
        }
    }

    /// A run that a split has released.
    pub(crate) const fn cut(range: ByteRange) -> Self {
        Self {
            is_cut: true,
            ..Self::planned(range)
        }
    }

    /// True where it is one with what it touches: nothing is known of it but that it is missing.
    pub(crate) const fn is_plain(&self) -> bool {
        self.retry.is_none() && !self.is_cut && self.barren == 0
    }
}

/// The purpose of a leased segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The first request; its lease is decided when the reply's head is known.
    Probe,
    /// Known bytes.
    Part,
    /// One plain stream from byte 0 to the end.
    Stream,
}

/// The progress of a worker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Connecting, or waiting for the reply's head. The bytes are reserved.
    Starting,
    /// The reply's head was accepted. The bytes are still reserved.
    Opened,
    /// It may write: the bytes are leased.
    Streaming,
}

/// A segment that an attempt is made at.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each may be so, whatever the others are"
)]
pub(crate) struct Active {
    pub(crate) attempt: AttemptId,
    pub(crate) source: SourceId,
    pub(crate) kind: Kind,
    pub(crate) phase: Phase,
    /// The bytes still to come, reserved or leased by its phase: position and end. `None` for a
    /// probe, whose lease is not decided, and for a stream of unknown length.
    pub(crate) left: Option<ByteRange>,
    /// The bytes it asked for, where they are leased to another attempt; it has nothing left then.
    pub(crate) challenge: Option<Challenge>,
    /// The end of its reply, once its head has come.
    pub(crate) reach: u64,
    /// Offset one past the last byte written.
    pub(crate) position: u64,
    /// The offset of this attempt's first byte.
    pub(crate) began: u64,
    pub(crate) asked_at: Timestamp,
    /// The moment its reply's head came.
    pub(crate) opened_at: Timestamp,
    /// The moment it was last told what to write.
    pub(crate) leased_at: Timestamp,
    /// True once anything of its reply's body is there.
    pub(crate) has_begun: bool,
    /// True if it was kept for the case that no other is served, and has to discard before it
    /// brings anything.
    pub(crate) is_kept: bool,
    /// The number of replies in a row that had been given up before and had brought nothing.
    pub(crate) barren: u32,
    /// The end that a `Shrink` which is not answered yet asked for.
    pub(crate) shrinking: Option<u64>,
    pub(crate) stopping: Option<StopCause>,
    pub(crate) last_progress: Timestamp,
    pub(crate) pace: Pace,
    /// The moment since which it has been far below its peers.
    pub(crate) slow_since: Option<Timestamp>,
    pub(crate) failures: Failures,
    pub(crate) route: Route,
    /// True while it waits for the reader: its last progress was then.
    pub(crate) is_held: bool,
    /// True if it has waited so for long.
    pub(crate) was_held: bool,
}

/// Bytes that an attempt asked for and another one's lease covers. The one that brings them first
/// has them.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Challenge {
    /// The segment whose lease covers them.
    pub(crate) holder: SegmentId,
    /// They begin in that lease, and end where it does.
    pub(crate) range: ByteRange,
}

/// The reason a worker was told to stop for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StopCause {
    /// The bytes it could bring are there, or others bring them.
    Done,
    /// The download ends.
    Ending,
    /// Nothing arrived for too long.
    Stalled,
    /// No head came for longer than is ordinary, while others were served.
    Silent,
    /// A free worker fetches the remainder sooner.
    TakenOver,
}

impl Active {
    /// An attempt that asks, for the first time, for what it is to fetch.
    pub(crate) fn starting(
        attempt: AttemptId,
        source: SourceId,
        kind: Kind,
        left: Option<ByteRange>,
        now: Timestamp,
    ) -> Self {
        let began = left.map_or(0, ByteRange::start);
        Self {
            attempt,
            source,
            kind,
            phase: Phase::Starting,
            left,
            challenge: None,
            reach: 0,
            position: began,
            began,
            asked_at: now,
            opened_at: now,
            leased_at: now,
            has_begun: false,
            is_kept: false,
            barren: 0,
            shrinking: None,
            stopping: None,
            last_progress: now,
            pace: Pace::begin(now),
            slow_since: None,
            failures: Failures::default(),
            route: Route::Known,
            is_held: false,
            was_held: false,
        }
    }

    /// It need not wait for the reader any more. Its silence until now says nothing.
    pub(crate) fn goes_on(&mut self, now: Timestamp) {
        self.was_held = self.was_held(now);
        self.is_held = false;
        self.last_progress = now;
    }

    /// It has waited for the reader for so long that its connection may be gone.
    pub(crate) fn was_held(&self, now: Timestamp) -> bool {
        let is_long = now.since(self.last_progress) >= limits::HELD_MIN;
        self.was_held || self.is_held && is_long
    }

    /// Its reply's head has come. True where that is news.
    pub(crate) fn opened(&mut self, now: Timestamp) -> bool {
        let was_starting = self.phase == Phase::Starting;
        self.phase = Phase::Opened;
        self.last_progress = now;
        self.opened_at = now;
        self.pace = Pace::begin(now);
        self.route = Route::Known;
        was_starting
    }

    /// Its reply's first bytes are there, and came at a moment: the one before is no part of its
    /// pace.
    pub(crate) const fn begun(&mut self, at: Timestamp) {
        self.has_begun = true;
        self.pace = Pace::begin(at);
    }

    /// Sets the lease of an attempt that has written nothing under it.
    pub(crate) const fn lease(&mut self, now: Timestamp, range: ByteRange) {
        self.phase = Phase::Streaming;
        self.leased_at = now;
        self.began = range.start();
        self.position = range.start();
        self.left = Some(range);
    }

    /// Bytes this attempt has brought.
    pub(crate) const fn brought(&self) -> u64 {
        self.position - self.began
    }

    pub(crate) const fn brought_bytes(&self) -> bool {
        self.position > self.began
    }

    /// Reports whether anything of its reply's content has come.
    pub(crate) const fn has_any(&self) -> bool {
        self.has_begun || self.brought_bytes()
    }

    /// Bytes a second, as far as anything was seen, were it only a moment.
    pub(crate) fn rate_so_far(&self, now: Timestamp) -> u64 {
        let bytes = ByteCount(self.brought());
        let mean = BytesPerSecond::mean(bytes, now.since(self.opened_at)).0;
        self.pace.measured().unwrap_or(mean)
    }

    /// Bytes a second. A reply that has brought none is not slow: it cannot be measured. `beat` is
    /// how much time says little.
    pub(crate) fn rate(&self, now: Timestamp, beat: Duration) -> Option<u64> {
        let rate = || self.pace.at(now, beat);
        self.brought_bytes().then(rate).flatten()
    }

    /// Its reply was accepted, and nothing has been asked of it.
    pub(crate) fn is_undisturbed(&self) -> bool {
        self.phase != Phase::Starting && self.shrinking.is_none() && self.stopping.is_none()
    }

    /// Returns the number of bytes its reply has beyond those it was to write, and its attempt: one
    /// number for each.
    pub(crate) const fn rest(&self) -> (u64, SegmentId) {
        (
            self.reach.saturating_sub(self.position),
            self.attempt.segment,
        )
    }

    /// It reads up to its lease what is there already.
    pub(crate) fn discards(&self) -> bool {
        self.phase == Phase::Streaming && self.has_begun && !self.brought_bytes()
    }

    /// The moment since which it has brought nothing, though it could. One that discards brings
    /// nothing either, and another request would have what it is to bring without that; one that
    /// was kept is there because no other request may be served.
    pub(crate) fn barren_since(&self) -> Timestamp {
        if self.discards() && !self.is_kept {
            self.leased_at
        } else {
            self.last_progress
        }
    }

    /// It has written its lease, its reply goes on, and it waits for an order.
    pub(crate) fn is_written_out(&self) -> bool {
        self.kind == Kind::Part
            && self.phase == Phase::Streaming
            && self.left.is_none()
            && self.position < self.reach
            && self.is_undisturbed()
    }

    /// Its connection is to be closed. False where that was asked for already.
    pub(crate) fn stop(&mut self, cause: StopCause) -> bool {
        if self.stopping.is_none() {
            self.stopping = Some(cause);
            return true;
        }
        if cause == StopCause::Ending {
            self.stopping = Some(cause);
        }
        false
    }

    /// Returns the number of replies in a row that have been given up with this one.
    pub(crate) const fn barren_with_this(&self) -> u32 {
        if self.brought_bytes() || self.is_kept {
            0
        } else {
            self.barren.saturating_add(1)
        }
    }

    /// Moves the position forward. Returns the bytes that are newly written.
    ///
    /// A position behind the last one, or past the lease, is a bug of the driver.
    pub(crate) fn advance(&mut self, position: u64) -> Option<ByteRange> {
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
