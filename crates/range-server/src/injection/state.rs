//! Owns what faults have to remember between requests, and the step from a request to its plan.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use http::Version as HttpVersion;
use http::request::Parts;
use range_core::http::RangeHeader;
use tokio::time::Instant;

use super::{Concurrency, FaultPlan, Links, Name, Onsets};
use crate::clock;
use crate::fault::{Fault, RequestFacts};
use crate::host;
use crate::query::{Query, QueryError};

/// URLs with faults of their own that are remembered. The one first seen is forgotten first.
const MAX_URLS: usize = 1024;

/// Connections of one URL that are told apart. Further ones count as the next.
const MAX_CONNECTIONS: usize = 256;

/// The faults of a server, and what they remember.
pub(crate) struct FaultState {
    scenario: RwLock<Arc<Scenario>>,
    pub(crate) concurrency: Concurrency,
    pub(crate) links: Links,
    urls: Mutex<HashMap<Name, Tally>>,
}

/// The faults that the server has whatever a URL asks for, and what they remember.
struct Scenario {
    faults: Vec<Fault>,
    started: Instant,
    /// The requests there were before.
    requests_before: u64,
    onsets: Mutex<Onsets>,
}

impl Scenario {
    fn new(faults: Vec<Fault>, requests_before: u64) -> Arc<Self> {
        Arc::new(Self {
            faults,
            started: clock::now(),
            requests_before,
            onsets: Mutex::default(),
        })
    }
}

/// The count of requests for one URL.
struct Tally {
    began: Instant,
    requests: u64,
    connections: Vec<u64>,
    onsets: Onsets,
}

impl FaultState {
    pub(crate) fn new(faults: Vec<Fault>) -> Self {
        Self {
            scenario: RwLock::new(Scenario::new(faults, 0)),
            concurrency: Concurrency::default(),
            links: Links::default(),
            urls: Mutex::default(),
        }
    }

    /// Has other faults from now on, which count requests and time from now on.
    pub(crate) fn set(&self, faults: Vec<Fault>, requests_before: u64) {
        let scenario = Scenario::new(faults, requests_before);
        *self
            .scenario
            .write()
            .unwrap_or_else(PoisonError::into_inner) = scenario;
    }

    fn scenario(&self) -> Arc<Scenario> {
        let scenario = self.scenario.read();
        Arc::clone(&scenario.unwrap_or_else(PoisonError::into_inner))
    }

    /// Returns true if the server has faults of its own, whatever a URL asks for.
    pub(crate) fn are_set(&self) -> bool {
        !self.scenario().faults.is_empty()
    }

    /// Everything that is done wrong to the request of this number on the connection of that.
    /// Faults a URL names count its own requests and connections, and its time from the first.
    pub(crate) fn plan(
        &self,
        request: &Parts,
        query: &Query,
        range: Option<&RangeHeader>,
        number: u64,
        connection: u64,
    ) -> Result<FaultPlan, QueryError> {
        let mut plan = FaultPlan::default();
        let scenario = self.scenario();
        let facts = RequestFacts {
            request: number.saturating_sub(scenario.requests_before),
            connection,
            elapsed: scenario.started.elapsed(),
            path: request.uri.path(),
            method: &request.method,
            range,
        };
        if !scenario.faults.is_empty() {
            let mut onsets = scenario
                .onsets
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            plan.add(&scenario.faults, &facts, &mut onsets);
        }
        if !query.faults.is_empty() {
            let url = request.uri.path_and_query().map_or("", |url| url.as_str());
            if query.leads_to_another_name() && !host::of(request).is_some_and(host::is_loopback) {
                return Err(QueryError::NoOtherName);
            }
            self.add_for_url(&mut plan, &query.faults, url, &facts);
        }
        if plan.wire.is_needed() && request.version > HttpVersion::HTTP_11 {
            return Err(QueryError::OtherProtocol);
        }
        plan.present(&query.presentation);
        Ok(plan)
    }

    /// Adds faults that a URL names, for the facts as the URL has it.
    fn add_for_url(
        &self,
        plan: &mut FaultPlan,
        faults: &[Fault],
        url: &str,
        facts: &RequestFacts<'_>,
    ) {
        let mut urls = self.urls.lock().unwrap_or_else(PoisonError::into_inner);
        let url = Name::of(url);
        if urls.len() >= MAX_URLS && !urls.contains_key(&url) {
            let oldest = urls.iter().min_by_key(|(_, tally)| tally.began);
            let oldest = oldest.map(|(&url, _)| url);
            oldest.and_then(|url| urls.remove(&url));
        }
        let tally = urls.entry(url).or_insert_with(|| Tally {
            began: clock::now(),
            requests: 0,
            connections: Vec::new(),
            onsets: Onsets::new(),
        });
        tally.requests += 1;
        let known = tally
            .connections
            .iter()
            .position(|&known| known == facts.connection);
        let index = known.unwrap_or(tally.connections.len());
        if known.is_none() && index < MAX_CONNECTIONS {
            tally.connections.push(facts.connection);
        }
        let facts = RequestFacts {
            request: tally.requests,
            connection: u64::try_from(index + 1).expect("an index fits 64 bits"),
            elapsed: tally.began.elapsed(),
            ..*facts
        };
        plan.hold_by_url = plan.add(faults, &facts, &mut tally.onsets);
    }
}
