//! Owns the only clock of the crate: everything else is told the time.

use std::time::Instant;

use scheduler::time::Timestamp;

/// Counts the time since a download began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Clock {
    start: Instant,
}

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    pub(crate) fn start() -> Self {
        Self {
            start: Instant::now(),
        }
    }

    pub(crate) fn now(self) -> Timestamp {
        Timestamp::after_start(self.start.elapsed())
    }
}
