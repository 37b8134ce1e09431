//! Owns what is said while nothing arrives, and which failures are told of at all: those that are
//! news. Reads no clock.

use std::collections::BTreeMap;
use std::time::Duration;

use accelerator::Tries;

use crate::duration;

/// The time for which nothing has to arrive before that is worth saying.
const QUIET: Duration = Duration::from_secs(5);

/// The time after which a failure is news again that was not seen in it, if something has arrived.
const FORGET: Duration = Duration::from_secs(10);

/// The number of causes that are kept apart: texts may come from a server.
const CAUSES_MAX: usize = 32;

/// The last failure, while nothing has arrived after it.
#[derive(Debug)]
struct Failure {
    cause: String,
    /// The moment of the next try.
    due: Duration,
    tries: Tries,
}

/// The state of a download that may stand still. All moments are times since its beginning.
#[derive(Debug, Default)]
pub(crate) struct Standstill {
    fetched: u64,
    /// The last moment at which something had arrived.
    arrived: Duration,
    /// The moment from which on nothing has arrived although there were connections.
    quiet: Duration,
    failure: Option<Failure>,
    /// The last time of each cause.
    seen: BTreeMap<String, Duration>,
}

impl Standstill {
    /// Notes how many bytes have arrived. Without a connection there is nobody to be silent.
    pub(crate) fn note(&mut self, now: Duration, fetched: u64, connections: usize) {
        let has_arrived = fetched != self.fetched;
        if has_arrived {
            self.failure = None;
            (self.fetched, self.arrived) = (fetched, now);
        }
        if has_arrived || connections == 0 {
            self.quiet = now;
        }
    }

    /// Notes a failure, and returns whether it is news. Of several that wait, the one that is tried
    /// first counts.
    pub(crate) fn failed(
        &mut self,
        now: Duration,
        cause: &str,
        delay: Duration,
        tries: Tries,
    ) -> bool {
        let waiting = self.failure.as_ref().filter(|failure| failure.due > now);
        let due = waiting.map_or(now + delay, |other| other.due.min(now + delay));
        let most = waiting.map_or(0, |other| other.tries.failed);
        self.failure = Some(Failure {
            cause: cause.to_owned(),
            due,
            tries: Tries {
                failed: tries.failed.max(most),
                ..tries
            },
        });
        let arrived = self.arrived;
        self.seen
            .retain(|_, last| *last >= arrived || now.saturating_sub(*last) < FORGET);
        if self.seen.len() >= CAUSES_MAX {
            self.seen.clear();
        }
        self.seen.insert(cause.to_owned(), now).is_none()
    }

    /// Returns what the download waits for, if it stands still.
    pub(crate) fn phrase(&self, now: Duration) -> Option<String> {
        let Some(Failure { cause, due, tries }) = &self.failure else {
            let quiet = now.saturating_sub(self.quiet);
            return (quiet >= QUIET).then(|| format!("nothing received for {} s", quiet.as_secs()));
        };
        let count = of_tries(*tries);
        let wait = due.saturating_sub(now);
        Some(if wait.is_zero() {
            format!("trying again{count}: {cause}")
        } else {
            let wait = duration::estimated(wait);
            format!("next try in {wait}{count}: {cause}")
        })
    }
}

/// Returns which try comes next, and how many there are at most, if anybody would count so far.
pub(crate) fn of_tries(Tries { failed, allowed }: Tries) -> String {
    let next = failed.saturating_add(1);
    match allowed {
        0..1000 if next <= allowed => format!(" ({next} of {allowed})"),
        _ => format!(" ({next})"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    const fn tries(failed: u32) -> Tries {
        Tries {
            failed,
            allowed: 10,
        }
    }

    #[test]
    fn a_download_that_moves_says_nothing() {
        let mut still = Standstill::default();
        for second in 0..20 {
            still.note(secs(second), second, 8);
            assert_eq!(still.phrase(secs(second)), None);
        }
        assert_eq!(still.phrase(secs(23)), None);
        let phrase = still.phrase(secs(24));
        assert_eq!(phrase.as_deref(), Some("nothing received for 5 s"));
    }

    #[test]
    fn nobody_is_silent_where_nobody_was_asked() {
        let mut still = Standstill::default();
        still.note(secs(100), 0, 0);
        assert_eq!(still.phrase(secs(100)), None);
    }

    #[test]
    fn a_failure_is_counted_down_until_something_arrives() {
        let mut still = Standstill::default();
        still.note(secs(1), 7, 8);
        assert!(still.failed(secs(2), "503", secs(20), tries(2)));
        let phrase = |still: &Standstill, second| still.phrase(secs(second)).unwrap();
        assert_eq!(phrase(&still, 2), "next try in 20 s (3 of 10): 503");
        assert_eq!(phrase(&still, 21), "next try in 1 s (3 of 10): 503");
        assert_eq!(phrase(&still, 22), "trying again (3 of 10): 503");
        still.note(secs(23), 7, 1);
        assert_eq!(phrase(&still, 23), "trying again (3 of 10): 503");
        still.note(secs(24), 8, 1);
        assert_eq!(still.phrase(secs(24)), None);
    }

    #[test]
    fn of_several_failures_the_first_try_counts() {
        let mut still = Standstill::default();
        still.failed(secs(0), "reset", secs(3), tries(2));
        still.failed(secs(1), "refused", secs(9), tries(1));
        let phrase = still.phrase(secs(1)).unwrap();
        assert_eq!(phrase, "next try in 2 s (3 of 10): refused");
    }

    #[test]
    fn a_cause_is_news_once_while_nothing_arrives_and_until_it_is_gone() {
        let mut still = Standstill::default();
        let is_news = |still: &mut Standstill, second, cause| {
            still.failed(secs(second), cause, secs(1), tries(1))
        };
        for (second, cause, expected) in [(1, "a", true), (30, "a", false), (60, "b", true)] {
            assert_eq!(is_news(&mut still, second, cause), expected, "{second}");
        }
        still.note(secs(61), 1, 8);
        for (second, cause, expected) in [
            (62, "b", false),
            (63, "a", true),
            (71, "b", false),
            (80, "a", true),
        ] {
            still.note(secs(second), second, 8);
            assert_eq!(is_news(&mut still, second, cause), expected, "{second}");
        }
    }

    #[test]
    fn causes_that_a_server_makes_up_are_not_kept_for_ever() {
        let mut still = Standstill::default();
        for number in 0..1000 {
            assert!(still.failed(secs(0), &number.to_string(), secs(1), tries(1)));
            assert!(still.seen.len() <= CAUSES_MAX);
        }
    }

    #[test]
    fn tries_without_end_are_only_counted() {
        let endless = Tries {
            failed: 3,
            allowed: u32::MAX,
        };
        assert_eq!(of_tries(endless), " (4)");
        // A request that is spared while others are served may fail more often.
        let spared = Tries {
            failed: 12,
            allowed: 10,
        };
        assert_eq!(of_tries(spared), " (13)");
    }
}
