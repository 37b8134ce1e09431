//! Owns one connection: what it is at, what slow start, its path and its server allow it, and what
//! its reply has brought. Knows no other connection.

use scheduler::SourceId;

use crate::world::Oddity;

/// The bytes that a fresh connection sends before the first acknowledgement: ten packets (RFC
/// 6928).
pub(crate) const INITIAL_WINDOW: f64 = 14_600.0;

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum State {
    /// A request is under way; its reply's head arrives then.
    Asking { until: f64 },
    /// A reply's body arrives.
    Streaming,
    /// The reply has arrived in full; another request may follow.
    Idle,
    /// The client has let go, but what was sent until the server learnt of it still arrives.
    Closing { until: f64 },
}

#[derive(Clone, Debug)]
pub(super) struct Connection {
    pub(super) source: SourceId,
    pub(super) state: State,
    /// The rate that slow start allows, in bytes per second.
    pub(super) ramp: f64,
    pub(super) next_doubling: f64,
    /// Which of the user's paths it takes.
    pub(super) path: usize,
    /// The rate that its path and the server allow.
    pub(super) most: f64,
    /// Bytes it may bring before the server slows it down.
    pub(super) before_throttle: f64,
    /// From when on anything comes.
    pub(super) flows_at: f64,
    /// Bytes of a burst that are still to be sent, and when the next one is.
    pub(super) burst: f64,
    pub(super) next_burst: f64,
    pub(super) rate: f64,
    /// Bytes of this reply that have arrived, and those still to come.
    pub(super) arrived: f64,
    pub(super) left: f64,
    /// Bytes of this reply that the client takes before it holds the sender back.
    pub(super) takes: f64,
    /// The oddity of this reply, if any.
    pub(super) oddity: Option<Oddity>,
    pub(super) stalled: bool,
}

impl Connection {
    pub(super) fn limit(&self) -> f64 {
        let crawl = match self.oddity {
            Some(Oddity::Crawls(rate)) => rate,
            Some(Oddity::Stalls(_) | Oddity::Resets(_)) | None => f64::INFINITY,
        };
        self.ramp.min(self.most).min(crawl)
    }

    /// Returns whether the client takes nothing more. A quarter of a byte forgives rounding.
    pub(super) fn is_held(&self) -> bool {
        self.takes - self.arrived < 0.25
    }

    /// Returns whether the server has nothing to send yet.
    pub(super) fn is_dry(&self) -> bool {
        self.flows_at > 0.0 || self.burst < 0.25
    }

    /// Returns how long it goes on as it does.
    pub(super) fn time_until_it_changes(&self) -> f64 {
        let bytes = self.before_throttle.min(self.odd_after() - self.arrived);
        let bytes = bytes.min(self.takes - self.arrived).min(self.burst);
        if self.rate > 0.0 && bytes < f64::INFINITY {
            (bytes / self.rate).max(0.0)
        } else {
            f64::INFINITY
        }
    }

    /// Returns how many bytes of the reply come before it shows that it is odd.
    pub(super) fn odd_after(&self) -> f64 {
        match self.oddity {
            Some(Oddity::Stalls(after) | Oddity::Resets(after)) => after,
            Some(Oddity::Crawls(_)) | None => f64::INFINITY,
        }
    }
}
