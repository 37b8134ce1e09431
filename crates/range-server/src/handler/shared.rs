//! Owns what all connections of a server share, and what of it a request is planned and paced by.
//! Answers nothing.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64};

use http::StatusCode;
use http::request::Parts;
use range_core::http::RangeHeader;
use range_core::units::BytesPerSecond;
use tokio::sync::Semaphore;

use crate::buffer::BufferPool;
use crate::connection::ConnectionState;
use crate::content::{Digests, ListingTurns, ServedDirectory};
use crate::host;
use crate::injection::{FaultPlan, FaultState, InFlight};
use crate::pace::Pace;
use crate::policy::Policy;
use crate::profile::Rules;
use crate::query::{Permitted, Query, QueryError};
use crate::record::RequestHook;
use crate::recorder::Recorder;
use crate::spelling::Spelling;
use crate::synthetic;
use crate::tls::TlsIdentity;

/// Why a fault in a URL does not apply.
const TOO_MANY_HELD: &str = "URLs hold up as many connections as they may";

/// The state that all connections of a server share.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    /// The path of the socket that it listens on, if that has no address.
    pub(crate) path: Option<PathBuf>,
    pub(crate) policy: Policy,
    pub(crate) faults_by_url: bool,
    pub(crate) directory: Option<ServedDirectory>,
    pub(crate) tls: Option<TlsIdentity>,
    pub(crate) rules: Rules,
    pub(crate) faults: FaultState,
    /// For each connection that a fault in a URL may hold up.
    pub(crate) holds: Arc<Semaphore>,
    pub(crate) version: AtomicU8,
    pub(crate) requests: AtomicU64,
    pub(crate) rate_per_connection: Option<BytesPerSecond>,
    pub(crate) pace: Option<Arc<Pace>>,
    pub(crate) buffers: BufferPool,
    pub(crate) digests: Arc<Digests>,
    pub(crate) listings: ListingTurns,
    pub(crate) spelling: Spelling,
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) on_request: Option<RequestHook>,
}

impl Shared {
    /// The wishes of a request in its query and the faults that apply to it, or why it is refused.
    pub(super) fn plan(
        &self,
        request: &Parts,
        range: Option<&RangeHeader>,
        number: u64,
        connection: &ConnectionState,
    ) -> Result<(Query, FaultPlan), (StatusCode, String)> {
        let path = request.uri.path();
        let by_url = self.faults_by_url || self.are_faults_harmless(request, path);
        let permitted = Permitted {
            faults: by_url,
            links: by_url || self.faults.are_set(),
        };
        let refused = |error: QueryError| (error.status(), error.to_string());
        let query = Query::parse(path, request.uri.query(), permitted).map_err(refused)?;
        let plan = self
            .faults
            .plan(request, &query, range, number, connection.number);
        let mut plan = plan.map_err(refused)?;
        let may_hold = |hold| connection.may_be_held(hold, &self.holds);
        if plan.hold_by_url.is_some_and(|hold| !may_hold(hold)) {
            return Err((StatusCode::SERVICE_UNAVAILABLE, TOO_MANY_HELD.to_owned()));
        }
        plan.entity_tag = plan.entity_tag.or(self.rules.entity_tag());
        Ok((query, plan))
    }

    /// Returns true if faults are nobody's loss: of content that is made up, for somebody who sits
    /// at this machine.
    fn are_faults_harmless(&self, request: &Parts, path: &str) -> bool {
        let is_asked_locally = || host::of(request).is_none_or(host::is_loopback);
        path.starts_with(synthetic::PREFIX)
            && self.policy.hosts.is_on_loopback()
            && is_asked_locally()
    }

    /// Counts a response in where a fault depends on how many there are.
    pub(super) fn admit(&self, plan: &mut FaultPlan, path: &str) -> Option<InFlight> {
        if plan.cap.is_none() && plan.crowd.is_none() {
            return None;
        }
        let most = plan.cap.map(|(most, _)| most);
        let in_flight = self.faults.concurrency.enter(path, most);
        if let (None, Some((_, excess))) = (&in_flight, plan.cap) {
            plan.exceed(excess);
        }
        in_flight
    }

    pub(super) fn paces(&self, plan: &FaultPlan, connection: &ConnectionState) -> Vec<Arc<Pace>> {
        // Both are kept: a fault makes a connection slower than it may be, never faster.
        let rates = plan.rate.into_iter().chain(self.rate_per_connection);
        let own = rates.map(|rate| Arc::new(Pace::new(rate)));
        let bucket = plan.bucket.map(|bucket| connection.bucket(bucket));
        own.chain(bucket).chain(self.pace.clone()).collect()
    }
}
