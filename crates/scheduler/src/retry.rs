//! Owns how long to wait after a failure and when to give up. Its only randomness is a seed.

use core::time::Duration;

use crate::limits;
use crate::time::Timestamp;

/// How often a segment has failed while next to nothing arrived.
///
/// The budget belongs to the download: [`limits::PROGRESS_MIN`] bytes received by any workers
/// restore it, so a flaky but moving download never dies of old failures, and a dead one dies after
/// `max_tries`, were it one that brings a byte each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Failures {
    count: u32,
    received_at_last: u64,
}

impl Failures {
    /// Counts one more failure, at a moment when `received` bytes had arrived in all.
    pub(super) fn add(&mut self, received: u64) -> u32 {
        if received - self.received_at_last >= limits::PROGRESS_MIN {
            self.count = 0;
            self.received_at_last = received;
        }
        self.count += 1;
        self.count
    }
}

/// How soon requests follow replies of a source that have brought less than a block each: some at
/// once, and from then on so many a second. Nothing else bounds what a server makes us ask for.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Meagre {
    /// When all that were allowed at once would be allowed again.
    due: Timestamp,
}

impl Meagre {
    /// How long the request that follows one more such reply has to wait.
    pub(super) fn delay(&mut self, now: Timestamp, at_once: u32) -> Duration {
        self.due = self.due.max(now) + limits::MEAGRE_INTERVAL;
        let ahead = limits::MEAGRE_INTERVAL * at_once;
        self.due.since(now).saturating_sub(ahead)
    }
}

/// Capped exponential backoff with jitter: the `failures`-th delay lies between three quarters of
/// `BACKOFF_BASE * 2^(failures - 1)` and all of it, so that clients cut off together do not
/// come back together. Nine of them last a minute: ten tries see an outage of so long through.
pub(super) fn backoff(failures: u32, jitter: &mut Jitter) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = limits::BACKOFF_BASE
        .saturating_mul(1 << doublings)
        .min(limits::BACKOFF_MAX);
    full / 4 * 3 + jitter.below(full / 4)
}

/// A seeded source of jitter (`SplitMix64`).
#[derive(Clone, Copy, Debug)]
pub(super) struct Jitter {
    state: u64,
}

impl Jitter {
    pub(super) const fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, span: Duration) -> Duration {
        let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(if nanos == 0 { 0 } else { self.next() % nanos })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_cap_and_stay_in_their_quarter() {
        let mut jitter = Jitter::new(7);
        for failures in 1..40 {
            let full = limits::BACKOFF_BASE
                .saturating_mul(1 << (failures - 1).min(16))
                .min(limits::BACKOFF_MAX);
            let delay = backoff(failures, &mut jitter);
            let least = full / 4 * 3;
            assert!(least <= delay && delay <= full, "{failures}: {delay:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let mut jitter = Jitter::new(seed);
            (1..20)
                .map(|failures| backoff(failures, &mut jitter))
                .collect::<std::vec::Vec<_>>()
        };
        assert_eq!(delays(1), delays(1));
        assert_ne!(delays(1), delays(2));
    }

    #[test]
    fn progress_anywhere_restores_the_budget() {
        let mut failures = Failures::default();
        assert_eq!((failures.add(0), failures.add(0)), (1, 2));
        assert_eq!(failures.add(limits::PROGRESS_MIN), 1);
    }

    #[test]
    fn a_byte_restores_nothing_but_many_do() {
        let mut failures = Failures::default();
        let counts: std::vec::Vec<u32> = (1..=20).map(|byte| failures.add(byte)).collect();
        assert_eq!(counts, (1..=20).collect::<std::vec::Vec<_>>());
        let mut failures = Failures::default();
        let quarter = limits::PROGRESS_MIN / 4;
        let counts: std::vec::Vec<u32> = (1..=9).map(|n| failures.add(n * quarter)).collect();
        assert_eq!(counts, [1, 2, 3, 1, 2, 3, 4, 1, 2]);
    }

    #[test]
    fn what_brought_little_is_repeated_so_many_times_a_second() {
        let mut pace = Meagre::default();
        let most = 64;
        let moment = |millis| Timestamp::after_start(Duration::from_millis(millis));
        for _ in 0..most {
            assert_eq!(pace.delay(moment(0), most), Duration::ZERO);
        }
        assert_eq!(pace.delay(moment(0), most), limits::MEAGRE_INTERVAL);
        assert_eq!(pace.delay(moment(0), most), limits::MEAGRE_INTERVAL * 2);
        assert_eq!(pace.delay(moment(60_000), most), Duration::ZERO);
    }
}
