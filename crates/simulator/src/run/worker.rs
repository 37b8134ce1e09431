//! Owns one virtual worker: what it has been leased, has written and has told, and how often it
//! tells. Knows no run, link, world or policy.

use range_core::ByteRange;
use scheduler::limits;

use crate::network::ConnectionId;
use crate::server::Asked;
use crate::world::World;

/// The interval at which workers report.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grain {
    pub(super) bytes: u64,
    pub(super) interval: f64,
}

impl Grain {
    /// As the product's workers do, but coarser in worlds that take long, so that hours of
    /// downloading are simulated in a second.
    pub(super) fn of(world: &World, bound: f64) -> Self {
        // Only reports tell how much of a limit is left.
        let is_fine = world.rate_limit.is_some();
        let (bytes, interval) = if is_fine {
            (0, 0.0)
        } else {
            (world.length / 1024, (bound / 400.0).min(0.1))
        };
        Self {
            bytes: limits::REPORT_BYTES.max(bytes),
            interval: limits::REPORT_INTERVAL.as_secs_f64().max(interval),
        }
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Worker {
    pub(super) connection: ConnectionId,
    pub(super) asked: Asked,
    /// The bytes it may write; `None` before the grant.
    pub(super) attempt: Option<ByteRange>,
    pub(super) position: u64,
    pub(super) reported: u64,
    pub(super) reported_at: f64,
    /// The bytes its reply brings, once its head has come.
    pub(super) reply: Option<ByteRange>,
    /// Offset of the reply's first byte.
    pub(super) reply_start: u64,
    /// True if a reply to a request for a part has told of its first bytes.
    pub(super) has_begun: bool,
    /// Offset it may write up to, under a limit on the rate.
    pub(super) allowed: u64,
    /// Since when it has streamed without credit.
    pub(super) without: Option<f64>,
    /// The bytes of its reply that had come when it last told of any.
    pub(super) told: f64,
}

impl Worker {
    /// Returns how far it could have written. Half a byte forgives what rounding lost over a long
    /// reply.
    pub(super) fn reached(&self, arrived: f64) -> u64 {
        let reached = self.reply_start + (arrived + 0.5) as u64;
        self.end().map_or(self.position, |end| {
            reached.clamp(self.position, end.max(self.position))
        })
    }

    /// Returns the offset at which its reply begins, if that has brought nothing.
    pub(super) fn barren_at(&self) -> Option<u64> {
        (self.reply.is_some() && self.position == self.reply_start).then_some(self.reply_start)
    }

    /// Returns whether it is to tell of its first bytes.
    pub(super) const fn is_to_begin(&self) -> bool {
        self.reply.is_some() && !self.has_begun
    }

    /// Returns the offset one past the last byte of its reply, once its head has told.
    pub(super) fn reply_end(&self) -> u64 {
        self.reply.map_or(u64::MAX, ByteRange::end)
    }

    /// Returns whether it has written and told all of its lease, and waits for an order.
    pub(super) fn holds(&self) -> bool {
        let end = self.attempt.map(ByteRange::end);
        end.is_some_and(|end| self.position == end && self.reported == end)
    }

    /// Returns whether bytes have come, again, that lie before its lease.
    pub(super) fn discards(&self, arrived: f64) -> bool {
        let is_before = self.reply_start as f64 + arrived < self.position as f64 - 0.5;
        self.attempt.is_some() && is_before && arrived > self.told
    }

    /// The bytes its reply would bring beyond those it has written.
    pub(super) fn rest(&self) -> Option<ByteRange> {
        ByteRange::new(self.position, self.reply_end())
    }

    /// Returns how many bytes it has written.
    pub(super) const fn brought(&self) -> u64 {
        self.position - self.reply_start
    }

    /// Returns whether it has written all it may.
    pub(super) fn is_done(&self) -> bool {
        self.attempt
            .is_some_and(|attempt| self.position == attempt.end())
    }

    /// Returns how long after its last report it tells of a byte: of the first ones soon.
    pub(super) fn interval(&self, grain: Grain) -> f64 {
        if self.reported == self.reply_start {
            grain.interval.min(limits::REPORT_INTERVAL.as_secs_f64())
        } else {
            grain.interval
        }
    }

    /// Returns how far it may write now.
    pub(super) fn end(&self) -> Option<u64> {
        let most = self.allowed.min(self.reply_end());
        self.attempt.map(|attempt| attempt.end().min(most))
    }
}
