//! Owns the way of one request: count it, plan its faults, find its content, answer, record.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use http::header::{ACCEPT_ENCODING, HOST};
use http::request::Parts;
use http::{Method, Response, StatusCode, Version as HttpVersion};
use range_core::http::conditional::{self, RangePolicy};
use range_core::http::{AcceptEncoding, HttpDate};
use range_core::units::{ByteCount, BytesPerSecond};

use crate::body::{self, Body, Sending};
use crate::buffer::BufferPool;
use crate::clock;
use crate::config::RequestHook;
use crate::connection::ConnectionState;
use crate::content::{self, Digests, Found, ServedDirectory};
use crate::digest_fields;
use crate::fault::{self, Fault, FaultPlan, Version};
use crate::host;
use crate::pace::Pace;
use crate::random;
use crate::record::{Delivery, Ending, RequestRecord};
use crate::reply::{Reply, field};
use crate::tls::TlsIdentity;

/// What all connections of a server share.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    pub(crate) directory: Option<ServedDirectory>,
    pub(crate) tls: Option<TlsIdentity>,
    pub(crate) ranges: RangePolicy,
    pub(crate) faults: Vec<Fault>,
    pub(crate) version: AtomicU8,
    pub(crate) requests: AtomicU64,
    pub(crate) rate_per_connection: Option<BytesPerSecond>,
    pub(crate) pace: Option<Arc<Pace>>,
    pub(crate) buffers: BufferPool,
    pub(crate) digests: Arc<Digests>,
    pub(crate) on_request: Option<RequestHook>,
}

/// Answers one request. An HTTP/1.1 connection has one at a time.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    connection: Arc<ConnectionState>,
    request: Parts,
) -> Response<Body> {
    let (arrived, time) = (clock::now(), clock::wall());
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let plan = fault::plan(&shared.faults, number, request.uri.path());
    if !plan.delay_head.is_zero() {
        connection.hold(plan.delay_head).await;
    }
    let reply = answer(&shared, &request, &plan).await;

    let record = RequestRecord {
        number,
        time,
        connection: connection.number,
        peer: connection.peer,
        method: request.method,
        path: request
            .uri
            .path_and_query()
            .map_or_else(String::new, ToString::to_string),
        protocol: request.version,
        headers: request.headers,
        status: reply.status,
        response_headers: reply.headers.clone(),
        content_range: reply.content_range,
        parts: reply.parts,
        promised: ByteCount(reply.payload.length()),
        sent: ByteCount(0),
        elapsed: arrived.elapsed(),
        ending: Ending::Interrupted,
    };
    let sending = Sending {
        buffers: shared.buffers.clone(),
        connection,
        paces: shared.paces(&plan),
        cut_after: plan.cut_after.map(|bytes| bytes.0),
        delivery: Delivery {
            record,
            arrived,
            hook: shared.on_request.clone(),
        },
    };
    let mut response = Response::new(body::body(reply.payload, sending));
    *response.status_mut() = reply.status;
    *response.headers_mut() = reply.headers;
    response
}

impl Shared {
    fn paces(&self, plan: &FaultPlan) -> Vec<Arc<Pace>> {
        let own = plan.rate.or(self.rate_per_connection);
        own.map(|rate| Arc::new(Pace::new(rate)))
            .into_iter()
            .chain(self.pace.clone())
            .collect()
    }
}

async fn answer(shared: &Shared, request: &Parts, plan: &FaultPlan) -> Reply {
    let date = clock::date();
    if let Some(status) = refusal(shared.address, request) {
        return Reply::status(status, date);
    }
    match request.method {
        Method::GET => answer_get(shared, request, conditional::Method::Get, plan, date).await,
        Method::HEAD => {
            let reply = answer_get(shared, request, conditional::Method::Head, plan, date).await;
            reply.without_payload()
        }
        Method::OPTIONS => Reply::options(date),
        _ => Reply::method_not_allowed(date),
    }
}

/// The status for a request that is not meant for this server, if it is not.
fn refusal(address: SocketAddr, request: &Parts) -> Option<StatusCode> {
    // A target in absolute form overrides the field (RFC 9112 §3.2.2).
    if let Some(authority) = request.uri.authority() {
        let is_ours = host::is_meant_for(address, authority.as_str());
        return (!is_ours).then_some(StatusCode::MISDIRECTED_REQUEST);
    }
    let mut hosts = request.headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(host), None) => match host.to_str() {
            Ok(host) if host::is_meant_for(address, host) => None,
            Ok(_) => Some(StatusCode::MISDIRECTED_REQUEST),
            Err(_) => Some(StatusCode::BAD_REQUEST),
        },
        (None, _) if request.version < HttpVersion::HTTP_11 => None,
        _ => Some(StatusCode::BAD_REQUEST),
    }
}

async fn answer_get(
    shared: &Shared,
    request: &Parts,
    method: conditional::Method,
    plan: &FaultPlan,
    date: HttpDate,
) -> Reply {
    if let Some(instead) = &plan.instead {
        return Reply::instead(instead, date);
    }
    let version = plan
        .version
        .unwrap_or(Version(shared.version.load(Ordering::Relaxed)));
    let (path, query) = (request.uri.path(), request.uri.query());
    let fields = &request.headers;
    let accepted = field(fields, &ACCEPT_ENCODING)
        .map(|value| AcceptEncoding::parse(&value))
        .unwrap_or_default();
    let directory = shared.directory.as_ref();
    match content::find(directory, path, query, accepted, version, date).await {
        Found::Representation(representation) => {
            let (length, boundary) = (representation.length, random::boundary());
            let policy = shared.ranges;
            let mut reply =
                Reply::content(method, fields, representation, date, policy, boundary, plan);
            digest_fields::add(&mut reply, fields, method, length, &shared.digests).await;
            reply
        }
        Found::Listing(listing) => Reply::listing(listing, &request.headers, query, date),
        Found::WithSlash => Reply::with_slash(path, query, date),
        Found::Missing => Reply::status(StatusCode::NOT_FOUND, date),
        Found::Failed => Reply::status(StatusCode::SERVICE_UNAVAILABLE, date),
    }
}
