//! Owns what is known of each place the file can be had from: whether it may be asked, what it
//! brings, what it has refused. Knows no segment.

use core::time::Duration;

use super::retry::{Failures, Meagre};
use super::rhythm::{Rhythm, blended};
use super::width::WidthSearch;
use crate::limits;
use crate::time::Timestamp;

/// One place the file can be had from: a URL, with its host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Source {
    /// How many connections it has, and should have.
    pub(super) workers: u16,
    pub(super) width: WidthSearch,
    /// Nothing is asked of it any more.
    pub(super) is_dropped: bool,
    /// No request to it starts before this.
    pub(super) gate: Timestamp,
    pub(super) ever_opened: bool,
    /// Whether a request was refused at all: before that, none asks the original URL again.
    pub(super) ever_refused: bool,
    /// When the original URL last led to the file again, or refused while others were served.
    pub(super) relocated_at: Option<Timestamp>,
    pub(super) range_mistakes: u32,
    mistaken_at: Option<Timestamp>,
    /// Since when requests fail while it serves nobody, if none has been answered since.
    pub(super) out_since: Option<Timestamp>,
    /// Replies in a row that broke before their first byte while others streamed.
    pub(super) broken_starts: u32,
    /// Refusals in a row of requests that were made after the one before was heard of.
    pub(super) refusals: u32,
    pub(super) refused_at: Timestamp,
    /// What a reply's head takes to arrive, recent ones counting most.
    pub(super) latency: Duration,
    pub(super) rhythm: Rhythm,
    /// Bytes that came from it in this run.
    pub(super) received: u64,
    pub(super) meagre: Meagre,
    failures: Failures,
    failures_in_a_row: u32,
    failed_at: Option<Timestamp>,
    rate: Option<Rate>,
}

/// What one connection has brought in a second, recent ones counting most.
#[derive(Clone, Copy, Debug)]
struct Rate {
    bytes: u64,
    measured_at: Timestamp,
}

impl Source {
    /// One that was not asked for anything yet.
    pub(super) fn new(width: WidthSearch) -> Self {
        Self {
            workers: 0,
            width,
            is_dropped: false,
            gate: Timestamp::START,
            ever_opened: false,
            ever_refused: false,
            relocated_at: None,
            range_mistakes: 0,
            mistaken_at: None,
            out_since: None,
            broken_starts: 0,
            refusals: 0,
            refused_at: Timestamp::START,
            latency: Duration::ZERO,
            rhythm: Rhythm::default(),
            received: 0,
            meagre: Meagre::default(),
            failures: Failures::default(),
            failures_in_a_row: 0,
            failed_at: None,
            rate: None,
        }
    }

    /// A reply's head has come, `latency` after it was asked for.
    pub(super) fn opened(&mut self, latency: Duration, is_limited: bool) {
        if !self.ever_opened {
            self.width.opened(latency, is_limited);
        }
        self.latency = blended(self.ever_opened, self.latency, latency);
        self.ever_opened = true;
        self.out_since = None;
        self.broken_starts = 0;
        self.refusals = 0;
    }

    /// One of its replies has brought so many bytes, and lately had this rate, if it is known.
    pub(super) fn moved(&mut self, now: Timestamp, bytes: u64, rate: Option<u64>) {
        self.received += bytes;
        if let Some(rate) = rate {
            let before = self.rate(now).unwrap_or(rate);
            self.rate = Some(Rate {
                bytes: before / 2 + rate / 2,
                measured_at: now,
            });
        }
    }

    /// One of its replies is complete, and had about this rate: what small replies tell where none
    /// lasted long enough to be measured.
    pub(super) fn finished(&mut self, now: Timestamp, bytes: u64) {
        if self.rate(now).is_none() {
            self.rate = Some(Rate {
                bytes,
                measured_at: now,
            });
        }
    }

    /// Bytes a second one connection brings. `None` before it was measured, and once that was so
    /// long ago that another try is due.
    pub(super) fn rate(&self, now: Timestamp) -> Option<u64> {
        let rate = self.rate?;
        let is_fresh = now.since(rate.measured_at) < limits::SOURCE_RATE_LIFE;
        is_fresh.then_some(rate.bytes)
    }

    /// Counts one more failure in a row with nothing received from it. Those of one burst count
    /// once: `began` is when this one was last heard of.
    pub(super) fn failed(&mut self, now: Timestamp, began: Timestamp) -> u32 {
        let is_news = |at| now > at && began >= at;
        if self.failed_at.is_none_or(is_news) {
            self.failed_at = Some(now);
            self.failures_in_a_row = self.failures.add(self.received);
        }
        self.failures_in_a_row
    }

    pub(super) const fn is_out(&self) -> bool {
        self.out_since.is_some()
    }

    /// Counts one more reply in a row that misplaced or ignored a range, of a request that was made
    /// at `began`: those that were made before the last one was heard of count with that.
    pub(super) fn mistook(&mut self, now: Timestamp, began: Timestamp) {
        if self.mistaken_at.is_none_or(|at| began >= at) {
            self.mistaken_at = Some(now);
            self.range_mistakes += 1;
        }
    }

    /// How many connections more it may have.
    pub(super) const fn room(&self) -> u16 {
        self.width.level().saturating_sub(self.workers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(seconds: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_secs(seconds))
    }

    #[test]
    fn a_rate_follows_what_is_measured_and_expires() {
        let mut source = Source::new(WidthSearch::new(4, 32));
        assert_eq!(source.rate(after(0)), None);
        source.moved(after(1), 10, Some(1000));
        source.moved(after(2), 10, Some(3000));
        source.moved(after(3), 10, None);
        assert_eq!(source.rate(after(3)), Some(2000));
        let expired = after(2) + limits::SOURCE_RATE_LIFE;
        assert_eq!(source.rate(expired), None);
    }

    #[test]
    fn bytes_restore_what_failures_may_be() {
        let mut source = Source::new(WidthSearch::new(4, 32));
        assert_eq!(source.failed(after(1), after(0)), 1);
        assert_eq!(source.failed(after(1), after(0)), 1, "one burst");
        assert_eq!(source.failed(after(2), after(1)), 2);
        source.moved(after(1), 1, None);
        assert_eq!(source.failed(after(3), after(2)), 3);
        source.moved(after(3), limits::PROGRESS_MIN, None);
        assert_eq!(source.failed(after(4), after(3)), 1);
    }
}
