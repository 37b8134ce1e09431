//! Owns the two clocks of the server. Everything else takes time as an argument.

use std::time::{Duration, SystemTime};

use range_core::http::HttpDate;
use tokio::time::Instant;

/// The moment on the monotonic clock, which timeouts and rates count on.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the monotonic clock"
)]
pub(crate) fn now() -> Instant {
    Instant::now()
}

/// The wall clock, which records are stamped with.
#[expect(
    clippy::disallowed_methods,
    reason = "the one reader of the wall clock"
)]
pub(crate) fn wall() -> SystemTime {
    SystemTime::now()
}

/// The wall clock as time since 1970, which links expire by.
pub(crate) fn since_epoch() -> Duration {
    wall()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or_default()
}

/// The wall clock as `Date` shows it, which ages of files are counted on.
pub(crate) fn date() -> HttpDate {
    HttpDate::from_unix_seconds(since_epoch().as_secs())
}
