//! Owns [`Pace`], which turns a rate into moments. Sleeps nowhere; time is an argument.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use range_core::units::BytesPerSecond;
use tokio::time::Instant;

/// Spreads bytes evenly over time at a rate. Shared by everything the rate is for.
pub(crate) struct Pace {
    rate: u64,
    free_from: Mutex<Option<Instant>>,
}

impl Pace {
    /// A pace; a rate of 0 counts as 1 byte per second.
    pub(crate) fn new(rate: BytesPerSecond) -> Self {
        Self {
            rate: rate.0.max(1),
            free_from: Mutex::new(None),
        }
    }

    /// The largest chunk that keeps the flow even: a twentieth of a second's worth.
    pub(crate) fn chunk(&self) -> u64 {
        (self.rate / 20).max(1)
    }

    /// Takes room for `bytes` and returns when they may be sent. Time that was not used is lost:
    /// a pause is not followed by a burst.
    pub(crate) fn reserve(&self, bytes: u64, now: Instant) -> Instant {
        let mut free_from = self
            .free_from
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let start = free_from.map_or(now, |free_from| free_from.max(now));
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.rate);
        *free_from = Some(start + Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)));
        start
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    #[test]
    fn bytes_are_spread_at_the_rate() {
        let start = clock::now();
        let after = |millis| start + Duration::from_millis(millis);
        let pace = Pace::new(BytesPerSecond(1000));
        assert_eq!(pace.chunk(), 50);
        assert_eq!(pace.reserve(500, start), start);
        assert_eq!(pace.reserve(100, start), after(500));
        assert_eq!(pace.reserve(100, after(550)), after(600));
        assert_eq!(pace.reserve(100, after(5000)), after(5000));
        assert_eq!(pace.reserve(100, after(5000)), after(5100));
    }
}
