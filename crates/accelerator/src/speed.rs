//! Owns the smoothed speed of a download and the time it has left. Reads no clock.

use std::collections::VecDeque;
use std::time::Duration;

use range_core::units::{ByteCount, BytesPerSecond};

/// Over how long the speed is averaged: long enough to read, short enough to follow a change.
const WINDOW: Duration = Duration::from_secs(4);

/// The mean speed over the last few seconds.
#[derive(Debug)]
pub(crate) struct Speed {
    /// Times and totals, oldest first. The first is the last one that is a window old or older.
    samples: VecDeque<(Duration, u64)>,
}

impl Speed {
    /// Notes that `total` bytes had been fetched at `time`.
    pub(crate) fn note(&mut self, time: Duration, total: u64) {
        if self.samples.back().is_some_and(|&(_, last)| total < last) {
            // The download started over.
            self.samples.clear();
        }
        self.samples.push_back((time, total));
        while self.samples.get(1).is_some_and(|&at| is_old(at, time)) {
            self.samples.pop_front();
        }
    }

    /// Returns the mean speed of the seconds up to `now`; 0 while no time has passed.
    pub(crate) fn rate(&self, now: Duration) -> BytesPerSecond {
        let old = self.samples.iter().rev().find(|&&at| is_old(at, now));
        match (old.or(self.samples.front()), self.samples.back()) {
            (Some(&(start, from)), Some(&(_, to))) => {
                BytesPerSecond::mean(ByteCount(to - from), now.saturating_sub(start))
            }
            _ => BytesPerSecond(0),
        }
    }
}

impl Default for Speed {
    /// Nothing fetched yet, at the time zero.
    fn default() -> Self {
        Self {
            samples: VecDeque::from([(Duration::ZERO, 0)]),
        }
    }
}

fn is_old((time, _): (Duration, u64), now: Duration) -> bool {
    now.saturating_sub(time) >= WINDOW
}

/// Returns how long the rest takes at this speed; `None` at a standstill.
pub(crate) fn time_left(rest: ByteCount, rate: BytesPerSecond) -> Option<Duration> {
    let BytesPerSecond(rate @ 1..) = rate else {
        return None;
    };
    let (seconds, bytes) = (rest.0 / rate, rest.0 % rate);
    let fraction = Duration::from_secs_f64(bytes as f64 / rate as f64);
    Duration::from_secs(seconds).checked_add(fraction)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate_of(samples: &[(u64, u64)]) -> u64 {
        let mut speed = Speed::default();
        let mut now = Duration::ZERO;
        for &(milliseconds, total) in samples {
            now = Duration::from_millis(milliseconds);
            speed.note(now, total);
        }
        speed.rate(now).0
    }

    #[test]
    fn the_speed_is_the_mean_of_the_last_seconds() {
        assert_eq!(rate_of(&[]), 0);
        assert_eq!(rate_of(&[(0, 7)]), 0);
        assert_eq!(rate_of(&[(100, 7)]), 70);
        assert_eq!(rate_of(&[(0, 0), (500, 50)]), 100);
        // Slowness ten seconds ago no longer counts.
        assert_eq!(
            rate_of(&[(0, 0), (10_000, 10), (12_000, 2010), (14_000, 4010)]),
            1000
        );
    }

    #[test]
    fn samples_further_apart_than_the_window_give_the_speed_between_them() {
        assert_eq!(rate_of(&[(0, 0), (5_000, 50), (10_000, 1050)]), 200);
    }

    #[test]
    fn a_standstill_is_seen_and_a_fresh_start_is_no_negative_speed() {
        assert_eq!(
            rate_of(&[(0, 0), (1_000, 100), (5_000, 100), (6_000, 100)]),
            0
        );
        assert_eq!(
            rate_of(&[(0, 500), (1_000, 900), (2_000, 0), (3_000, 10)]),
            10
        );
    }

    #[test]
    fn a_standstill_is_seen_although_nobody_notes_it() {
        let mut speed = Speed::default();
        speed.note(Duration::from_secs(1), 1000);
        let rate = |milliseconds| speed.rate(Duration::from_millis(milliseconds)).0;
        assert_eq!((rate(1000), rate(2000), rate(3999)), (1000, 500, 250));
        assert_eq!((rate(5000), rate(60_000)), (0, 0));
        // A clock that was read before the last note.
        assert_eq!(rate(0), 0);
    }

    #[test]
    fn the_time_left_is_rest_over_speed() {
        let left = |rest, rate| time_left(ByteCount(rest), BytesPerSecond(rate));
        assert_eq!(left(100, 0), None);
        assert_eq!(left(0, 10), Some(Duration::ZERO));
        assert_eq!(left(100, 8), Some(Duration::from_millis(12_500)));
        assert_eq!(left(u64::MAX, 1), Some(Duration::from_secs(u64::MAX)));
    }
}
