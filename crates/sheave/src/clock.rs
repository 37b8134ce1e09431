//! Owns the one place where the program reads the time.

use std::time::Instant;

/// The time, for measuring how long something took.
pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "this is the clock")]
    Instant::now()
}
