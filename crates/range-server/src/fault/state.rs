//! Owns what faults have to remember between requests, and the step from a request to its plan.

use http::header::RANGE;
use http::request::Parts;
use tokio::time::Instant;

use super::{Crowds, Fault, FaultPlan, Links, Occasion};
use crate::clock;
use crate::reply::field;

/// The faults of a server, and what they remember.
pub(crate) struct FaultState {
    faults: Vec<Fault>,
    started: Instant,
    pub(crate) crowds: Crowds,
    pub(crate) links: Links,
}

impl FaultState {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self {
            faults,
            started: clock::now(),
            crowds: Crowds::default(),
            links: Links::default(),
        }
    }

    /// Everything that is done wrong to the request of this number on the connection of that.
    pub(crate) fn plan(&self, request: &Parts, number: u64, connection: u64) -> FaultPlan {
        let mut plan = FaultPlan::default();
        let range = field(&request.headers, &RANGE);
        let occasion = Occasion {
            request: number,
            connection,
            elapsed: self.started.elapsed(),
            path: request.uri.path(),
            method: &request.method,
            range: range.as_deref(),
        };
        plan.add(&self.faults, &occasion);
        plan
    }
}
