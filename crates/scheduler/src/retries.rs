//! Owns how long to wait after a failure, when to give up, and who has been silent for too long.
//! Its only randomness is a seed.

use alloc::vec::Vec;
use core::time::Duration;

use crate::config::SchedulerConfig;
use crate::failure::FailureClass;
use crate::ids::SegmentId;
use crate::limits;
use crate::random::Random;
use crate::time::Timestamp;

/// The moments at which something is tried again, is given up, or a silent worker is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Retries {
    max_tries: Option<u32>,
    stall_timeout: Duration,
    first_byte_timeout: Duration,
    jitter: Random,
    /// No worker that was looked at is silent for too long before this, nor is one that has begun
    /// in the meantime.
    no_stall_before: Timestamp,
}

impl Retries {
    pub(crate) const fn new(config: &SchedulerConfig) -> Self {
        Self {
            max_tries: config.max_tries,
            stall_timeout: config.stall_timeout,
            first_byte_timeout: config.first_byte_timeout,
            jitter: Random::new(config.seed),
            no_stall_before: Timestamp::START,
        }
    }

    /// Returns the number of failures in a row that end a download, the last of this class, and
    /// all of it or not: one reply of something else at the end of an outage is no more than that.
    /// A server that has never sent a byte was given all the patience there is. A number that the
    /// user has told holds for every failure.
    pub(crate) fn allowed(&self, ever_began: bool, class: FailureClass, are_alike: bool) -> u32 {
        if let Some(told) = self.max_tries {
            return told;
        }
        let most = match (class, ever_began) {
            (FailureClass::Unanswered, false) => 1,
            (_, false) => limits::FIRST_CONTACT_TRIES,
            (FailureClass::Stray, true) if are_alike => limits::STRAY_TRIES,
            (FailureClass::Unanswered, true) if are_alike => limits::UNANSWERED_TRIES,
            (_, true) => limits::MAX_TRIES,
        };
        most.min(limits::MAX_TRIES)
    }

    /// Returns the time a worker may be silent. `usual` is what replies of its source take to
    /// begin, where there were any: much more than that is out of the ordinary, unless it happens
    /// again.
    pub(crate) fn patience(
        &self,
        has_begun: bool,
        usual: Option<Duration>,
        failures: Failures,
    ) -> Duration {
        let ordinary = match usual {
            _ if has_begun => return self.stall_timeout,
            Some(usual) => self.stall_timeout.max(usual * limits::PATIENCE_FACTOR),
            None => return self.first_byte_timeout,
        };
        let longer = ordinary.saturating_mul(1 << failures.count.min(16));
        longer.min(self.first_byte_timeout)
    }

    /// Returns the time to wait after so many failures.
    pub(crate) fn backoff(&mut self, failures: u32) -> Duration {
        backoff(failures, &mut self.jitter)
    }

    /// Returns the time to wait once a source that was out has begun to reply: not all come at
    /// once.
    pub(crate) fn comeback(&mut self) -> Duration {
        below(limits::COMEBACK, &mut self.jitter)
    }

    /// Workers that have been silent for too long, of those that may be judged by it: each with
    /// when it was last heard of, and its patience.
    pub(crate) fn stalled(
        &mut self,
        now: Timestamp,
        heard: impl Iterator<Item = (SegmentId, Timestamp, Duration)>,
    ) -> Vec<SegmentId> {
        let mut stalled = Vec::new();
        if now < self.no_stall_before {
            return stalled;
        }
        // No patience is shorter, also of those that begin in the meantime.
        self.no_stall_before = now + self.stall_timeout.min(self.first_byte_timeout);
        for (segment, last, patience) in heard {
            let due = last + patience;
            if due <= now {
                stalled.push(segment);
            } else {
                self.no_stall_before = self.no_stall_before.min(due);
            }
        }
        stalled
    }

    /// Returns the moment at which workers are to be looked at again.
    pub(crate) const fn next_stall(&self) -> Timestamp {
        self.no_stall_before
    }
}

/// The number of times a segment has failed while next to nothing arrived.
///
/// The budget belongs to the download: [`limits::PROGRESS_MIN`] bytes received by any workers
/// restore it, and [`limits::PROGRESS_OF_A_TRY`] make up for one failure. So a flaky but moving
/// download never dies of old failures, nor waits longer and longer, and a dead one dies after
/// `max_tries`, were it one that brings a byte each time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failures {
    count: u32,
    received_at_last: u64,
}

impl Failures {
    /// Counts one more failure, at a moment when `received` bytes had arrived in all.
    pub(crate) fn add(&mut self, received: u64) -> u32 {
        let progress = received - self.received_at_last;
        let made_up = u32::try_from(progress / limits::PROGRESS_OF_A_TRY).unwrap_or(u32::MAX);
        if progress >= limits::PROGRESS_MIN || made_up >= self.count {
            self.count = 0;
            self.received_at_last = received;
        } else {
            self.count -= made_up;
            self.received_at_last += limits::PROGRESS_OF_A_TRY * u64::from(made_up);
        }
        self.count += 1;
        self.count
    }
}

/// The pace at which requests follow replies of a source that have brought less than a block each:
/// some at once, and from then on so many a second. Nothing else bounds the requests that a server
/// can cause.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Meagre {
    /// The moment at which all that were allowed at once would be allowed again.
    due: Timestamp,
}

impl Meagre {
    /// Returns the time that the request after one more such reply has to wait.
    pub(crate) fn delay(&mut self, now: Timestamp, at_once: u32) -> Duration {
        self.due = self.due.max(now) + limits::MEAGRE_INTERVAL;
        let ahead = limits::MEAGRE_INTERVAL * at_once;
        self.due.since(now).saturating_sub(ahead)
    }
}

/// Capped exponential backoff with jitter: the `failures`-th delay lies between three quarters of
/// `BACKOFF_BASE * 2^(failures - 1)` and all of it, so that clients cut off together do not
/// come back together. Nine of them last a minute: ten tries see an outage of so long through.
fn backoff(failures: u32, jitter: &mut Random) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = limits::BACKOFF_BASE
        .saturating_mul(1 << doublings)
        .min(limits::BACKOFF_MAX);
    full / 4 * 3 + below(full / 4, jitter)
}

/// A random span that is shorter than `span`.
fn below(span: Duration, random: &mut Random) -> Duration {
    let nanos = u64::try_from(span.as_nanos()).unwrap_or(u64::MAX);
    Duration::from_nanos(random.draw().checked_rem(nanos).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn delays_grow_to_a_cap_and_stay_in_their_quarter() {
        let mut jitter = Random::new(7);
        for failures in 1..40 {
            let full = limits::BACKOFF_BASE
                .saturating_mul(1 << (failures - 1).min(16))
                .min(limits::BACKOFF_MAX);
            let delay = backoff(failures, &mut jitter);
            let least = full / 4 * 3;
            assert!(least <= delay && delay <= full, "{failures}: {delay:?}");
        }
    }

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    fn retries(max_tries: Option<u32>) -> Retries {
        Retries {
            max_tries,
            stall_timeout: secs(20),
            first_byte_timeout: secs(120),
            jitter: Random::new(1),
            no_stall_before: Timestamp::START,
        }
    }

    #[test]
    fn before_its_first_byte_a_reply_has_a_patience_of_its_own() {
        let retries = retries(None);
        let mut failures = Failures::default();
        let patience = |failures| retries.patience(false, Some(secs(1)), failures);
        assert_eq!(retries.patience(false, None, failures), secs(120));
        assert_eq!(retries.patience(true, None, failures), secs(20));
        assert_eq!(retries.patience(false, Some(secs(30)), failures), secs(90));
        assert_eq!(retries.patience(false, Some(secs(45)), failures), secs(120));
        assert_eq!(patience(failures), secs(20));
        for seconds in [40, 80, 120, 120] {
            failures.add(0);
            assert_eq!(patience(failures), secs(seconds));
        }
        let short = Retries {
            first_byte_timeout: secs(2),
            ..retries
        };
        assert_eq!(short.patience(false, Some(secs(1)), failures), secs(2));
    }

    #[test]
    fn a_worker_is_stalled_once_it_was_silent_for_the_timeout() {
        let after = |seconds| Timestamp::after_start(secs(seconds));
        let mut retries = retries(None);
        let heard = [
            (SegmentId(0), after(5), secs(20)),
            (SegmentId(1), after(9), secs(20)),
        ];
        let stalled = |retries: &mut Retries, now| retries.stalled(after(now), heard.into_iter());
        assert_eq!(stalled(&mut retries, 10), []);
        assert_eq!(retries.next_stall(), after(25));
        assert_eq!(stalled(&mut retries, 24), []);
        assert_eq!(stalled(&mut retries, 25), [SegmentId(0)]);
        assert_eq!(retries.next_stall(), after(29));
    }

    #[test]
    fn first_contact_is_tried_less_often() {
        let allowed =
            |max_tries, ever_began, class| retries(max_tries).allowed(ever_began, class, true);
        let both = |max_tries, class| {
            let [first, later] = [false, true].map(|began| allowed(max_tries, began, class));
            (first, later)
        };
        let (broken, stray) = (FailureClass::Interrupted, FailureClass::Stray);
        let silent = FailureClass::Unanswered;
        assert_eq!(both(None, broken), (3, 10));
        assert_eq!(both(None, stray), (3, 7));
        assert_eq!(both(None, silent), (1, 5));
        for class in [broken, stray, silent] {
            assert_eq!(retries(None).allowed(true, class, false), 10, "{class:?}");
            for told in [1, 2, 20] {
                assert_eq!(both(Some(told), class), (told, told), "{class:?}");
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_delays() {
        let delays = |seed| {
            let mut jitter = Random::new(seed);
            (1..20)
                .map(|failures| backoff(failures, &mut jitter))
                .collect::<Vec<_>>()
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
        let counts: Vec<u32> = (1..=20).map(|byte| failures.add(byte)).collect();
        assert_eq!(counts, (1..=20).collect::<Vec<_>>());
        let mut failures = Failures::default();
        let quarter = limits::PROGRESS_MIN / 4;
        let counts: Vec<u32> = (1..=9).map(|n| failures.add(n * quarter)).collect();
        assert_eq!(counts, [1; 9], "each makes up for more than one failure");
    }

    /// A tenth of what restores all makes up for one failure, whoever brings it, and what remains
    /// is kept for the next.
    #[test]
    fn progress_makes_up_for_so_many_failures() {
        let try_s = limits::PROGRESS_OF_A_TRY;
        let mut failures = Failures::default();
        let counts = |failures: &mut Failures, received: &[u64]| -> Vec<u32> {
            received.iter().map(|bytes| failures.add(*bytes)).collect()
        };
        assert_eq!(counts(&mut failures, &[0, 0, 0, 0, 0]), [1, 2, 3, 4, 5]);
        let halves = [try_s / 2, try_s, try_s, 4 * try_s];
        assert_eq!(counts(&mut failures, &halves), [6, 6, 7, 5]);
        let mut few = Failures::default();
        let last = (1..=40_u64).map(|n| few.add(n * try_s / 2)).max();
        assert!(last >= Some(10), "half of that brings an end: {last:?}");
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
