//! Owns what faults have to remember between requests, and the step from a request to its plan.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

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
    faults: Vec<Fault>,
    started: Instant,
    pub(crate) concurrency: Concurrency,
    pub(crate) links: Links,
    onsets: Mutex<Onsets>,
    urls: Mutex<HashMap<Name, Tally>>,
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
            faults,
            started: clock::now(),
            concurrency: Concurrency::default(),
            links: Links::default(),
            onsets: Mutex::default(),
            urls: Mutex::default(),
        }
    }

    /// Returns true if the server has faults of its own, whatever a URL asks for.
    pub(crate) fn are_set(&self) -> bool {
        !self.faults.is_empty()
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
        let facts = RequestFacts {
            request: number,
            connection,
            elapsed: self.started.elapsed(),
            path: request.uri.path(),
            method: &request.method,
            range,
        };
        if !self.faults.is_empty() {
            let mut onsets = self.onsets.lock().unwrap_or_else(PoisonError::into_inner);
            plan.add(&self.faults, &facts, &mut onsets);
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
