//! Owns what a limit on the rate lets through, as a user would count it. Knows no scheduler.

use std::time::Duration;

use range_core::units::RateLimit;
use scheduler::limits;

/// The bytes that a limit has let through, and the time it had for them.
pub(super) struct Budget {
    rate: u64,
    micros: u128,
    spent: u64,
}

impl Budget {
    pub(super) fn new(limit: RateLimit) -> Self {
        Self {
            rate: limit.get(),
            // The bytes that were allowed under another limit are on their way.
            micros: limits::RATE_BURST.as_micros() * 10,
            spent: 0,
        }
    }

    pub(super) fn pass(&mut self, span: Duration) {
        self.micros += span.as_micros();
    }

    pub(super) fn spend(&mut self, bytes: u64) {
        self.spent += bytes;
        let most = u128::from(self.rate) * self.micros / 1_000_000;
        assert!(u128::from(self.spent) <= most, "{} of {most}", self.spent);
    }
}
