//! Owns what one direction of a link does to packets, in virtual time: which are lost, and when the
//! others arrive. Moves none, and reads no clock.
use std::time::Duration;

use fastrand::Rng;

/// The properties of one direction of the link.
#[derive(Clone, Copy, Debug)]
pub(super) struct Shape {
    /// From the end of a packet's transmission to its arrival.
    pub(super) delay: Duration,
    /// Bits of IP packets in a second.
    pub(super) rate: u64,
    /// The share of packets that is transmitted and never arrives.
    pub(super) loss: f64,
    /// The number of bytes that may wait for transmission; a packet beyond that is dropped.
    pub(super) room: u64,
}

/// The fate of a packet.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Fate {
    /// It is there at this time.
    Arrives(Duration),
    /// It was transmitted, by chance to nobody.
    Lost,
    /// There was no room for it to wait.
    Dropped,
}

/// A transmitter with packets waiting before it. Times count from any one moment.
#[derive(Debug)]
pub(super) struct Queue {
    shape: Shape,
    random: Rng,
    /// When all that has been accepted is transmitted.
    idle_from: Duration,
}

impl Queue {
    /// The same seed and the same packets have the same fates.
    pub(super) fn new(shape: Shape, seed: u64) -> Self {
        Self {
            shape,
            random: Rng::with_seed(seed),
            idle_from: Duration::ZERO,
        }
    }

    /// Takes a packet of so many bytes. What arrives does so in the order of the offers.
    pub(super) fn offer(&mut self, now: Duration, length: u64) -> Fate {
        let busy = self.idle_from.saturating_sub(now);
        if self.waiting(busy) + length > self.shape.room {
            return Fate::Dropped;
        }
        self.idle_from = now + busy + self.transmission(length);
        if self.shape.loss > 0.0 && self.random.f64() < self.shape.loss {
            return Fate::Lost;
        }
        Fate::Arrives(self.idle_from + self.shape.delay)
    }

    /// Returns how many bytes are transmitted in a time.
    fn waiting(&self, busy: Duration) -> u64 {
        let bits = busy.as_nanos() * u128::from(self.shape.rate) / 1_000_000_000;
        u64::try_from(bits / 8).unwrap_or(u64::MAX)
    }

    fn transmission(&self, length: u64) -> Duration {
        let nanoseconds = u128::from(length) * 8_000_000_000 / u128::from(self.shape.rate.max(1));
        Duration::from_nanos(u64::try_from(nanoseconds).unwrap_or(u64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, Fate, Queue, Shape};

    /// A packet of 1000 bytes takes a millisecond.
    const SHAPE: Shape = Shape {
        delay: Duration::from_millis(20),
        rate: 8_000_000,
        loss: 0.0,
        room: 3_000,
    };

    #[test]
    fn packets_follow_each_other_at_the_rate_and_arrive_after_the_delay() {
        let mut queue = Queue::new(SHAPE, 1);
        let at = |milliseconds| Fate::Arrives(Duration::from_millis(milliseconds));
        assert_eq!(queue.offer(Duration::ZERO, 1_000), at(21));
        assert_eq!(queue.offer(Duration::ZERO, 1_000), at(22));
        assert_eq!(queue.offer(Duration::from_millis(10), 1_000), at(31));
    }

    #[test]
    fn what_finds_no_room_is_dropped_and_room_returns_at_the_rate() {
        let mut queue = Queue::new(SHAPE, 1);
        for _ in 0..3 {
            let fate = queue.offer(Duration::ZERO, 1_000);
            assert!(matches!(fate, Fate::Arrives(_)), "{fate:?}");
        }
        assert_eq!(queue.offer(Duration::ZERO, 1_000), Fate::Dropped);
        let later = Duration::from_micros(999);
        assert_eq!(queue.offer(later, 1_000), Fate::Dropped);
        let arrives = Fate::Arrives(Duration::from_millis(24));
        assert_eq!(queue.offer(Duration::from_millis(1), 1_000), arrives);
    }

    #[test]
    fn the_rate_is_kept_over_a_million_packets() {
        let fast = Shape {
            rate: 1_000_000_000,
            room: u64::MAX,
            ..SHAPE
        };
        let mut queue = Queue::new(fast, 1);
        let last = (0..1_000_000).map(|_| queue.offer(Duration::ZERO, 1_500));
        let Some(Fate::Arrives(last)) = last.last() else {
            panic!("nothing is lost without loss");
        };
        let (ideal, actual) = (12.02, last.as_secs_f64());
        assert!((actual / ideal - 1.0).abs() < 0.001, "{actual} s");
    }

    #[test]
    fn the_share_that_is_lost_is_as_asked_and_the_same_for_one_seed() {
        let lossy = Shape {
            loss: 0.01,
            room: u64::MAX,
            ..SHAPE
        };
        let lost = |seed| {
            let mut queue = Queue::new(lossy, seed);
            let fates = (0..1_000_000).map(|_| queue.offer(Duration::ZERO, 100));
            fates.filter(|&fate| fate == Fate::Lost).count()
        };
        assert_eq!(lost(7), lost(7));
        assert_ne!(lost(7), lost(8));
        assert!((9_700..=10_300).contains(&lost(7)), "{}", lost(7));
    }
}
