//! Owns the time that a download has waited for the disk. No server was silent in that time, so
//! that it has no part in the time by which servers are judged.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use scheduler::time::Timestamp;

use crate::clock::Clock;

/// The time a call may take before the download counts as waiting for the disk. A disk at work
/// takes less, and no server is judged by less.
const BLOCKED: Duration = Duration::from_millis(250);

/// The time that has passed, but for waits for the disk. Clones share one.
#[derive(Clone, Debug)]
pub(crate) struct DiskTime {
    clock: Clock,
    waits: Arc<Mutex<Waits>>,
}

/// A call that may wait for the disk, until it is dropped.
#[derive(Debug)]
pub(crate) struct DiskCall<'a> {
    time: &'a DiskTime,
    begun: Timestamp,
}

#[derive(Debug, Default)]
struct Waits {
    /// The beginning of each call that is under way.
    under_way: Vec<Timestamp>,
    /// The waits so far, out of the time before `seen`. Calls that wait at the same time count
    /// once.
    waited: Duration,
    /// The time that passed before the clock was started.
    before: Duration,
    seen: Timestamp,
}

impl DiskTime {
    pub(crate) fn new(clock: Clock) -> Self {
        Self {
            clock,
            waits: Arc::default(),
        }
    }

    /// Notes that a call begins that may wait for the disk.
    pub(crate) fn call(&self) -> DiskCall<'_> {
        let begun = self.clock.now();
        self.lock().under_way.push(begun);
        DiskCall { time: self, begun }
    }

    /// Returns the time by which servers are judged. It stands while a call waits.
    pub(crate) fn now(&self) -> Timestamp {
        let mut waits = self.lock();
        let now = self.clock.now();
        waits.see(now);
        let passed = now.since_start() + waits.before;
        Timestamp::after_start(passed.saturating_sub(waits.waited))
    }

    /// Adds time that passed before the clock was started.
    pub(crate) fn pass(&self, span: Duration) {
        self.lock().before += span;
    }

    fn lock(&self) -> MutexGuard<'_, Waits> {
        // Nothing panics while the lock is held.
        self.waits.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for DiskCall<'_> {
    fn drop(&mut self) {
        let mut waits = self.time.lock();
        let now = self.time.clock.now();
        waits.end(self.begun, now);
    }
}

impl Waits {
    /// Counts the waits until now.
    fn see(&mut self, now: Timestamp) {
        let Some(oldest) = self.under_way.iter().min() else {
            return;
        };
        let from = (*oldest + BLOCKED).max(self.seen);
        if from < now {
            self.waited += now.since(from);
            self.seen = now;
        }
    }

    fn end(&mut self, begun: Timestamp, now: Timestamp) {
        self.see(now);
        let at = self.under_way.iter().position(|call| *call == begun);
        self.under_way.swap_remove(at.expect("it was pushed"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(milliseconds: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_millis(milliseconds))
    }

    fn begin(waits: &mut Waits, milliseconds: u64) {
        waits.under_way.push(at(milliseconds));
    }

    #[test]
    fn a_call_that_is_short_is_no_wait() {
        let mut waits = Waits::default();
        for start in 0..100 {
            begin(&mut waits, start * 300);
            waits.see(at(start * 300 + 200));
            waits.end(at(start * 300), at(start * 300 + 250));
        }
        assert_eq!(waits.waited, Duration::ZERO);
    }

    #[test]
    fn a_wait_counts_while_it_lasts_and_once_it_has_ended() {
        let mut waits = Waits::default();
        begin(&mut waits, 1000);
        waits.see(at(1250));
        assert_eq!(waits.waited, Duration::ZERO);
        waits.see(at(5250));
        assert_eq!(waits.waited, Duration::from_secs(4));
        waits.see(at(5250));
        waits.end(at(1000), at(21_250));
        assert_eq!(waits.waited, Duration::from_secs(20));
        waits.see(at(60_000));
        assert_eq!(waits.waited, Duration::from_secs(20));
    }

    #[test]
    fn calls_that_wait_at_once_wait_once() {
        let mut waits = Waits::default();
        begin(&mut waits, 0);
        begin(&mut waits, 5000);
        waits.end(at(5000), at(6000));
        begin(&mut waits, 9000);
        waits.end(at(0), at(10_250));
        assert_eq!(waits.waited, Duration::from_secs(10));
        waits.end(at(9000), at(12_250));
        assert_eq!(waits.waited, Duration::from_secs(12));
    }

    #[test]
    fn the_time_never_goes_back() {
        let mut waits = Waits::default();
        let mut before = Duration::ZERO;
        begin(&mut waits, 0);
        for now in (0..5000).step_by(10) {
            if now == 2000 {
                begin(&mut waits, 2000);
                waits.end(at(0), at(2000));
            }
            waits.see(at(now));
            let time = at(now).since(Timestamp::after_start(waits.waited));
            assert!(time >= before, "{time:?} after {before:?}");
            before = time;
        }
    }
}
