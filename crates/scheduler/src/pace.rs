//! Owns how fast a worker is, as of its last reports. Knows no other worker.

use core::time::Duration;

use crate::limits;
use crate::time::Timestamp;
use range_core::units::{ByteCount, BytesPerSecond};

/// A worker's rate over windows of at least [`limits::PACE_WINDOW`], recent ones counting most.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    since: Timestamp,
    bytes: u64,
    rate: Option<u64>,
}

impl Pace {
    pub(crate) const fn begin(now: Timestamp) -> Self {
        Self {
            since: now,
            bytes: 0,
            rate: None,
        }
    }

    /// Takes in bytes that arrived until `now`; `beat` is how much time says little.
    pub(crate) fn moved(&mut self, now: Timestamp, bytes: u64, beat: Duration) {
        self.bytes += bytes;
        let elapsed = now.since(self.since);
        if elapsed >= window(beat) {
            let mean = BytesPerSecond::mean(ByteCount(self.bytes), elapsed).0;
            self.rate = Some(self.rate.map_or(mean, |rate| rate / 2 + mean / 2));
            self.since = now;
            self.bytes = 0;
        }
    }

    /// Bytes per second, if they were measured over any window.
    pub(crate) const fn measured(&self) -> Option<u64> {
        self.rate
    }

    /// Reports whether less than this has passed since it began.
    pub(crate) fn is_younger_than(&self, span: Duration, now: Timestamp) -> bool {
        self.rate.is_none() && now.since(self.since) < span
    }

    /// Bytes per second, or `None` before anything can be said: the first window
    /// counts from early on, for downloads shorter than it. A worker that has fallen
    /// silent is as slow as its silence is long.
    pub(crate) fn at(&self, now: Timestamp, beat: Duration) -> Option<u64> {
        let elapsed = now.since(self.since);
        let measured_soon = self.rate.is_none() && elapsed >= first_window(beat);
        if elapsed < window(beat) * 2 && !measured_soon {
            return self.rate;
        }
        Some(BytesPerSecond::mean(ByteCount(self.bytes), elapsed).0)
    }
}

/// Slow start, a reply's way here and a pause between two bursts must not pass for a slow worker.
fn window(beat: Duration) -> Duration {
    limits::PACE_WINDOW.max(beat * 4)
}

/// Two reports, or four beats, whichever is longer.
fn first_window(beat: Duration) -> Duration {
    (limits::REPORT_INTERVAL * 2).max(beat * 4)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_makes_a_worker_slow() {
        let after = |seconds| Timestamp::after_start(Duration::from_secs(seconds));
        let mut pace = Pace::begin(Timestamp::START);
        assert_eq!(pace.at(Timestamp::START, Duration::ZERO), None);
        pace.moved(after(1), 1000, Duration::ZERO);
        assert_eq!(pace.at(after(1), Duration::ZERO), Some(1000));
        assert_eq!(pace.at(after(11), Duration::ZERO), Some(0));
    }
}
