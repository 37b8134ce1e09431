//! Owns when bytes come within a source's replies: how long after its head a body begins, how long
//! it pauses, and so for how long silence says nothing. Knows no worker.

use core::time::Duration;

use crate::limits;

/// The times at which a source's replies bring bytes, as of the latest ones.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Rhythm {
    has_begun: bool,
    /// From a reply's head to its first byte, recent ones counting most.
    first_byte: Duration,
    /// The longest of these that are not long ago.
    first_byte_most: Duration,
    /// The pause in which a moment of a reply falls, on average: long pauses count for their
    /// length. So one accident among many short pauses is forgotten soon, and pauses between
    /// bursts, in which most of the time passes, are not.
    pause: Duration,
}

impl Rhythm {
    /// A reply's first bytes have come so long after its head: at once, where that is no longer
    /// than reports take.
    pub(crate) fn began(&mut self, after: Duration) {
        let wait = if after <= limits::REPORT_INTERVAL {
            Duration::ZERO
        } else {
            after
        };
        self.first_byte = blended(self.has_begun, self.first_byte, wait);
        self.has_begun = true;
        self.waited(wait);
        self.moved(after);
    }

    /// Replies have brought nothing for so long after their heads, and may take longer yet: the
    /// first one, or more than have brought anything.
    pub(crate) fn waits(&mut self, span: Duration) {
        self.first_byte = span;
    }

    /// A reply was given up that had brought nothing for so long.
    pub(crate) fn waited(&mut self, span: Duration) {
        let before = self.first_byte_most;
        self.first_byte_most = span.max(before / 4 * 3);
    }

    /// A reply has brought bytes so long after the ones before, or after its head. A report comes
    /// with the first bytes after an interval: where some come in each interval, it may take almost
    /// two, and says nothing of a pause.
    pub(crate) fn moved(&mut self, after: Duration) {
        let pause = if after < limits::REPORT_INTERVAL * 2 {
            Duration::ZERO
        } else {
            after.saturating_sub(limits::REPORT_INTERVAL)
        };
        let (passed, memory) = (after.as_micros(), limits::PAUSE_MEMORY.as_micros());
        let sum = pause.as_micros() * passed + self.pause.as_micros() * memory;
        let micros = sum / (passed + memory);
        self.pause = Duration::from_micros(u64::try_from(micros).unwrap_or(u64::MAX));
    }

    /// Reports whether any reply has ever brought bytes.
    pub(crate) const fn has_begun(&self) -> bool {
        self.has_begun
    }

    /// Returns the time from a reply's head to its first byte.
    pub(crate) const fn first_byte(&self) -> Duration {
        self.first_byte
    }

    /// Returns the time for which a reply ordinarily pauses.
    pub(crate) const fn pause(&self) -> Duration {
        self.pause
    }

    /// Returns the time for which a reply may bring nothing after its head before its bytes are
    /// asked for anew, when `barren` replies have been given up for that already.
    pub(crate) fn patience(&self, latency: Duration, barren: u32) -> Duration {
        let several = limits::FIRST_BYTE_PATIENCE
            .max(self.first_byte_most * limits::PATIENCE_FACTOR)
            .max(latency * 4);
        several.saturating_mul(1 << barren.min(16))
    }

    /// Returns the time for which a reply that has brought bytes may be silent before that says
    /// anything.
    pub(crate) fn silence(&self, latency: Duration) -> Duration {
        limits::TAIL_SILENCE
            .max(latency * 4)
            .max(self.pause * limits::PATIENCE_FACTOR)
    }
}

/// Returns a latency with one more measurement in it; the first one stands for itself.
pub(crate) fn blended(is_known: bool, before: Duration, latest: Duration) -> Duration {
    if is_known {
        (before + latest) / 2
    } else {
        latest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn millis(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn patience_follows_first_bytes_up_at_once_and_down_with_time() {
        let mut rhythm = Rhythm::default();
        let patience = |rhythm: &Rhythm| rhythm.patience(millis(1), 0);
        assert_eq!(patience(&rhythm), limits::FIRST_BYTE_PATIENCE);
        rhythm.began(millis(2000));
        assert_eq!(rhythm.first_byte(), millis(2000));
        assert_eq!(patience(&rhythm), millis(6000));
        rhythm.began(millis(10));
        assert_eq!(rhythm.first_byte(), millis(1000));
        for _ in 0..20 {
            rhythm.began(millis(10));
        }
        assert_eq!(patience(&rhythm), limits::FIRST_BYTE_PATIENCE);
    }

    #[test]
    fn patience_doubles_with_each_reply_that_brought_nothing() {
        let rhythm = Rhythm::default();
        for barren in 0..10 {
            let twice = rhythm.patience(millis(1), barren) * 2;
            assert_eq!(rhythm.patience(millis(1), barren + 1), twice);
        }
    }

    /// A server that paces its replies sends a chunk every 50 ms: whichever of them a report misses
    /// by a hair, it comes with the next.
    #[test]
    fn a_report_that_waits_for_the_next_bytes_is_no_pause() {
        let mut rhythm = Rhythm::default();
        for after in [50, 99, 51, 98, 99, 50] {
            rhythm.moved(millis(after));
        }
        assert_eq!(rhythm.pause(), Duration::ZERO);
        rhythm.moved(millis(100));
        assert!(rhythm.pause() > Duration::ZERO);
    }

    #[test]
    fn a_pause_is_ordinary_where_most_of_the_time_passes_in_such() {
        let mut rhythm = Rhythm::default();
        for _ in 0..8 {
            rhythm.moved(millis(1000));
            for _ in 0..30 {
                rhythm.moved(millis(1));
            }
        }
        assert!(rhythm.silence(millis(1)) > millis(1500), "{rhythm:?}");
        for _ in 0..100 {
            rhythm.moved(millis(50));
        }
        assert_eq!(rhythm.silence(millis(1)), limits::TAIL_SILENCE);
        rhythm.moved(millis(1500));
        for _ in 0..60 {
            rhythm.moved(millis(50));
        }
        assert_eq!(
            rhythm.silence(millis(1)),
            limits::TAIL_SILENCE,
            "one accident"
        );
    }
}
