//! Owns what the server does wrong on purpose and when, as values: effects, conditions, and how
//! both are written. Does none of it.

mod effect;
mod grammar;
pub mod scenario;
mod trigger;

use std::ops::RangeBounds;
use std::time::Duration;

use http::Method;
use range_core::ByteRange;

pub use effect::{
    ContentLength, Effect, EntityTagFault, Excess, IfRange, Position, Redirect, RetryAfter,
    StatusBody, Stop,
};
pub use grammar::FaultError;
pub use trigger::Probability;
pub(crate) use trigger::{RequestFacts, Span, Trigger};

/// Something done wrong to some requests: an [`Effect`], and conditions that all have to hold.
///
/// Requests, connections and time are counted by the server: its first request and connection
/// have number 1, whatever they are for, and its time starts with it. Faults that a URL names in
/// its query count what is asked of that very URL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    pub(crate) effect: Effect,
    pub(crate) trigger: Trigger,
}

impl Fault {
    /// A fault for every request.
    pub fn always(effect: Effect) -> Self {
        let trigger = Trigger::default();
        Self { effect, trigger }
    }

    /// A fault for some requests, by their number.
    pub fn on(requests: impl RangeBounds<u64>, effect: Effect) -> Self {
        let mut fault = Self::always(effect);
        fault.trigger.requests = Span::numbers(requests);
        fault
    }

    /// Restricts the fault to requests whose number is a multiple of `number`; 0 leaves none.
    #[must_use]
    pub fn every(mut self, number: u64) -> Self {
        self.trigger.every = Some(number);
        self
    }

    /// Restricts the fault to requests for this path, without the query.
    #[must_use]
    pub fn at(mut self, path: impl Into<String>) -> Self {
        self.trigger.path = Some(path.into());
        self
    }

    /// Restricts the fault to requests on some connections, by their number.
    #[must_use]
    pub fn on_connections(mut self, connections: impl RangeBounds<u64>) -> Self {
        self.trigger.connections = Span::numbers(connections);
        self
    }

    /// Restricts the fault to a time after the server was started.
    #[must_use]
    pub fn during(mut self, elapsed: impl RangeBounds<Duration>) -> Self {
        self.trigger.elapsed = Span::of(elapsed, Duration::ZERO);
        self
    }

    /// Restricts the fault to requests with this method.
    #[must_use]
    pub fn for_method(mut self, method: Method) -> Self {
        self.trigger.method = Some(method);
        self
    }

    /// Restricts the fault to requests for some of these bytes. A request without a range asks
    /// for all, and one for a suffix for the end of the longest file there is.
    #[must_use]
    pub fn touching(mut self, bytes: ByteRange) -> Self {
        self.trigger.bytes = Some(bytes);
        self
    }

    /// Restricts the fault to requests for ranges that do not start at 0.
    #[must_use]
    pub fn when_resumed(mut self) -> Self {
        self.trigger.only_resumed = true;
        self
    }

    /// Restricts the fault to some requests by chance. The same seed picks the same numbers.
    #[must_use]
    pub fn by_chance(mut self, probability: Probability, seed: u64) -> Self {
        self.trigger.probability = Some(probability);
        self.trigger.seed = Some(seed);
        self
    }
}

#[cfg(test)]
mod tests;
