//! Owns the two clocks of the crate: everything else is told the time.

use std::time::{Instant, SystemTime};

use range_core::http::date::HttpDate;
use scheduler::time::Timestamp;

/// The wall clock, for replies that do not say when they were made.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the wall clock"
)]
pub(crate) fn date() -> HttpDate {
    let since_epoch = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    HttpDate::from_unix_seconds(since_epoch.unwrap_or_default().as_secs())
}

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
