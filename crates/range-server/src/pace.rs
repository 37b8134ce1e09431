//! Owns [`Pace`], which turns a rate into moments. Sleeps nowhere; time is an argument.

use std::num::NonZeroU64;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use range_core::units::BytesPerSecond;
use tokio::time::Instant;

/// A bucket that content is sent out of: `quantum` bytes at once, as often as `rate` has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bucket {
    pub(crate) rate: BytesPerSecond,
    pub(crate) quantum: NonZeroU64,
}

/// Spreads bytes over time at a rate. Shared by everything the rate is for.
pub(crate) struct Pace {
    rate: u64,
    flow: Mutex<Flow>,
}

/// The spread of bytes over time, and how far it has come.
enum Flow {
    /// Evenly. The next byte may be sent from this moment on, if there is one.
    Even { free_from: Option<Instant> },
    /// A quantum at once. So many bytes are left of the one that may be sent from this moment on.
    Quanta {
        quantum: NonZeroU64,
        paid: Instant,
        left: u64,
    },
}

impl Pace {
    /// An even pace; a rate of 0 counts as 1 byte per second.
    pub(crate) fn new(rate: BytesPerSecond) -> Self {
        Self::of(rate, Flow::Even { free_from: None })
    }

    /// A token bucket that is empty at first, holds one quantum, and gives it away whole.
    pub(crate) fn in_quanta(bucket: Bucket, now: Instant) -> Self {
        let Bucket { rate, quantum } = bucket;
        let (paid, left) = (now, 0);
        let flow = Flow::Quanta {
            quantum,
            paid,
            left,
        };
        Self::of(rate, flow)
    }

    fn of(rate: BytesPerSecond, flow: Flow) -> Self {
        Self {
            rate: rate.0.max(1),
            flow: Mutex::new(flow),
        }
    }

    /// The largest chunk that keeps the flow as it is to be: a twentieth of a second's worth, or
    /// what may be sent at once.
    pub(crate) fn chunk(&self) -> u64 {
        match *self.flow.lock().unwrap_or_else(PoisonError::into_inner) {
            Flow::Even { .. } => (self.rate / 20).max(1),
            Flow::Quanta {
                quantum, left: 0, ..
            } => quantum.get(),
            Flow::Quanta { left, .. } => left,
        }
    }

    /// Takes room for `bytes` and returns when they may be sent. Time that was not used is lost,
    /// but for what fills a bucket: a pause is not followed by a burst.
    pub(crate) fn reserve(&self, bytes: u64, now: Instant) -> Instant {
        let mut flow = self.flow.lock().unwrap_or_else(PoisonError::into_inner);
        match &mut *flow {
            Flow::Even { free_from } => {
                let start = free_from.map_or(now, |free_from| free_from.max(now));
                *free_from = Some(start + self.time(bytes));
                start
            }
            Flow::Quanta {
                quantum,
                paid,
                left,
            } => {
                // Streams of one connection share its bucket, so there may be less than there was
                // when the chunk was chosen.
                while *left < bytes {
                    *paid = (*paid + self.time(quantum.get())).max(now);
                    *left = left.saturating_add(quantum.get());
                }
                *left -= bytes;
                (*paid).max(now)
            }
        }
    }

    /// The time so many bytes take.
    fn time(&self, bytes: u64) -> Duration {
        let nanos = u128::from(bytes) * 1_000_000_000 / u128::from(self.rate);
        // Six centuries stand for anything longer.
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;

    fn bucket(rate: u64, quantum: u64) -> Bucket {
        Bucket {
            rate: BytesPerSecond(rate),
            quantum: NonZeroU64::new(quantum).unwrap(),
        }
    }

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

    #[test]
    fn a_bucket_is_empty_at_first_and_gives_whole_quanta() {
        let start = clock::now();
        let after = |millis| start + Duration::from_millis(millis);
        let pace = Pace::in_quanta(bucket(1000, 500), start);
        assert_eq!(pace.chunk(), 500);
        assert_eq!(pace.reserve(300, start), after(500));
        assert_eq!(pace.chunk(), 200);
        assert_eq!(pace.reserve(200, after(500)), after(500));
        assert_eq!(pace.reserve(500, after(500)), after(1000));
        // It has been full since 1500, and began to fill again when it was emptied.
        assert_eq!(pace.reserve(500, after(1700)), after(1700));
        assert_eq!(pace.reserve(500, after(1700)), after(2200));
        // More than one quantum, as another stream has taken of it.
        assert_eq!(pace.reserve(100, after(2200)), after(2700));
        assert_eq!(pace.reserve(500, after(2700)), after(3200));
        assert_eq!(pace.chunk(), 400);
    }

    #[test]
    fn the_slowest_pace_still_has_moments() {
        let start = clock::now();
        let pace = Pace::in_quanta(bucket(1, u64::MAX), start);
        assert!(pace.reserve(1, start) > start);
        let even = Pace::new(BytesPerSecond(1));
        assert_eq!(even.reserve(u64::MAX, start), start);
        assert!(even.reserve(1, start) > start);
    }
}
