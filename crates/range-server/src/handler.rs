//! Owns the way of one request: count it, plan its faults, find its content, answer, record.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::time::SystemTime;

use http::header::{ACCEPT_ENCODING, CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http::{Method, Response, StatusCode, Uri, Version as HttpVersion};
use range_core::http::conditional;
use range_core::http::{AcceptEncoding, HttpDate, RangeHeader};
use range_core::units::{ByteCount, BytesPerSecond};
use rustix::io::Errno;
use tokio::sync::{Semaphore, mpsc};
use tokio::time::Instant;

use crate::accept;
use crate::body::{self, Body, CrowdPace, Sending};
use crate::buffer::BufferPool;
use crate::clock;
use crate::connection::{ConnectionState, UnderWay};
use crate::content::version::Version;
use crate::content::{self, Digests, Found, ListingTurns, MAX_LISTED, ServedDirectory, Style};
use crate::digest_fields;
use crate::fault::{ContentLength, Stop};
use crate::host;
use crate::injection::{
    self, FaultPlan, FaultState, InFlight, Outage, ResponseStart, WireResponse,
};
use crate::pace::Pace;
use crate::policy::Policy;
use crate::profile::Rules;
use crate::query::{Permitted, Query, QueryError};
use crate::random;
use crate::record::{Delivery, Ending, RequestHook, RequestRecord};
use crate::recorder::{PATH, Recorder};
use crate::reply::{Payload, Reply};
use crate::request_fields::{Conditions, field};
use crate::synthetic;
use crate::target;
use crate::tls::TlsIdentity;

/// Why a fault in a URL does not apply.
const TOO_MANY_HELD: &str = "URLs hold up as many connections as they may";

/// The reason why a directory is not listed.
const TOO_MANY_LISTINGS: &str = "too many long listings are on their way; try again later";

/// The state that all connections of a server share.
pub(crate) struct Shared {
    pub(crate) address: SocketAddr,
    /// Where it listens instead, if it does not listen at an address.
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
    pub(crate) recorder: Option<Arc<Recorder>>,
    pub(crate) on_request: Option<RequestHook>,
}

/// Answers one request. An HTTP/1.1 connection has one at a time, and answers past hyper by
/// `wire`.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    (connection, under_way): (Arc<ConnectionState>, UnderWay),
    mut request: Parts,
    wire: Option<mpsc::Sender<WireResponse>>,
) -> Response<Body> {
    let sent = request.uri.clone();
    target::normalise(&mut request.uri);
    let recorder = shared.recorder.as_deref();
    if let Some(recorder) = recorder.filter(|_| request.uri.path() == PATH) {
        return shared.tell_requests(recorder, &request);
    }
    respond_to(shared, (connection, under_way), (request, sent), wire).await
}

/// Answers one request, whose URI was sent as `sent`.
async fn respond_to(
    shared: Arc<Shared>,
    (connection, mut under_way): (Arc<ConnectionState>, UnderWay),
    (mut request, sent): (Parts, Uri),
    wire: Option<mpsc::Sender<WireResponse>>,
) -> Response<Body> {
    let (arrived, time) = (clock::now(), clock::wall());
    let number = shared.requests.fetch_add(1, Ordering::Relaxed) + 1;
    let mut conditions = Conditions::read(&request.headers, shared.rules.range_policy());
    let planned = shared.plan(&request, conditions.range_header(), number, &connection);
    let ((query, mut plan), refusal) = planned.map_or_else(
        |refusal| (Default::default(), Some(refusal)),
        |planned| (planned, None),
    );
    plan.reread(&mut conditions);
    let is_away = meets_outage(plan.outage, arrived, &connection);
    let in_flight = shared.admit(&mut plan, request.uri.path());
    let is_early = plan.delay_head.is_zero() || is_away;
    let has_left = !is_early && !connection.hold(plan.delay_head).await;
    under_way.wait_for_turn().await;
    let exchange = Exchange {
        shared: &shared,
        request: &request,
        query: &query,
        conditions: &conditions,
        plan: &plan,
        connection: &connection,
        date: clock::date(),
    };
    let reply = match refusal {
        Some((status, why)) => Reply::explanation(status, &why, exchange.date),
        None => exchange.answer().await,
    };
    let mut reply = reply.signed(shared.rules.server());
    shared.policy.dress(&request, &mut reply);
    let stop = if is_away {
        Some((Stop::Reset, 0))
    } else {
        plan.wire.stop_after(&reply.payload)
    };
    let has_content = request.method != Method::HEAD && may_have_content(reply.status);
    let closes = asks_to_close(&request);

    request.uri = sent;
    let record = record(number, time, &connection, request, &reply, arrived);
    let record = RequestRecord {
        faults: std::mem::take(&mut plan.fired),
        ..record
    };
    let sending = Sending {
        buffers: shared.buffers.clone(),
        paces: shared.paces(&plan, &connection),
        crowd: plan.crowd.map(CrowdPace::new),
        in_flight,
        kept: (under_way, reply.room),
        stop_after: stop.map(|(_, bytes)| bytes),
        corrupt: plan.content.corrupt,
        delivery: Delivery {
            record,
            arrived,
            connection: Arc::clone(&connection),
            hook: shared.on_request.clone(),
        },
    };
    if has_left {
        // The record tells, and the connection ends.
        return Response::new(Body::default());
    }
    // A reply in place of the content does not say that it is coded, and so it is not.
    plan.content.gzip &= reply.headers.contains_key(CONTENT_ENCODING);
    let mut body = body::body(reply.payload, sending);
    if has_content {
        body = injected(body, &plan, &connection);
    }
    let start = ResponseStart {
        status: reply.status,
        headers: reply.headers,
        has_content,
        closes,
    };
    let Some(wire) = wire.filter(|_| plan.wire.is_needed()) else {
        return response(start, body, &plan);
    };
    let response = WireResponse::new(start, body, plan.wire, stop);
    // Fails only when the connection is over, and then so is this.
    let _ = wire.send(response).await;
    std::future::pending().await
}

/// A response that hyper writes.
fn response(start: ResponseStart, body: Body, plan: &FaultPlan) -> Response<Body> {
    let mut response = Response::new(body);
    *response.status_mut() = start.status;
    *response.headers_mut() = start.headers;
    if plan.wire.content_length == Some(ContentLength::Chunked) {
        response.headers_mut().remove(CONTENT_LENGTH);
    }
    response
}

/// Content as a plan has it.
fn injected(mut body: Body, plan: &FaultPlan, connection: &Arc<ConnectionState>) -> Body {
    if plan.content.gzip {
        body = injection::compressed(body);
    }
    if !plan.delay_content.is_zero() {
        body = injection::late(body, plan.delay_content, Arc::clone(connection));
    }
    body
}

/// The record of a response that has not begun.
fn record(
    number: u64,
    time: SystemTime,
    connection: &ConnectionState,
    request: Parts,
    reply: &Reply,
    arrived: Instant,
) -> RequestRecord {
    let target = request.uri.path_and_query();
    RequestRecord {
        number,
        time,
        connection: connection.number,
        peer: connection.peer,
        method: request.method,
        path: target.map_or_else(String::new, ToString::to_string),
        protocol: request.version,
        headers: request.headers,
        status: reply.status,
        response_headers: reply.headers.clone(),
        content_range: reply.content_range,
        parts: reply.parts().to_vec(),
        promised: ByteCount(reply.payload.length()),
        sent: ByteCount(0),
        elapsed: arrived.elapsed(),
        ending: Ending::Interrupted,
        why: reply.why.clone(),
        faults: Vec::new(),
    }
}

/// Breaks the connection when the server is to be away. Returns true if it is already.
fn meets_outage(outage: Option<Outage>, now: Instant, connection: &ConnectionState) -> bool {
    let moment = match outage {
        None => None,
        Some(Outage::Now) => Some(now),
        Some(Outage::In(time)) => now.checked_add(time),
    };
    if let Some(moment) = moment {
        connection.break_at(moment);
    }
    outage == Some(Outage::Now)
}

fn may_have_content(status: StatusCode) -> bool {
    !matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT)
}

/// Returns true if the peer does not expect another answer on the connection.
fn asks_to_close(request: &Parts) -> bool {
    let option = field(&request.headers, &CONNECTION).unwrap_or_default();
    let named = |name: &[u8]| {
        let mut options = option.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        options.any(|option| option.eq_ignore_ascii_case(name))
    };
    named(b"close") || (request.version < HttpVersion::HTTP_11 && !named(b"keep-alive"))
}

impl Shared {
    /// The wishes of a request in its query and the faults that apply to it, or why it is refused.
    fn plan(
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

    /// Answers who asks for the requests there were, which is none of them.
    fn tell_requests(&self, recorder: &Recorder, request: &Parts) -> Response<Body> {
        let date = clock::date();
        let mut reply = match self.policy.refuse(request, date) {
            Some(refusal) => refusal,
            None => match request.method {
                Method::GET | Method::HEAD => Reply::requests(recorder.json(), date),
                Method::DELETE => {
                    recorder.clear();
                    Reply::status(StatusCode::NO_CONTENT, date)
                }
                Method::OPTIONS => Reply::options(date),
                _ => Reply::method_not_allowed(date),
            },
        };
        if request.method == Method::HEAD {
            reply = reply.without_payload();
        }
        self.policy.dress(request, &mut reply);
        let text = match reply.payload {
            Payload::Text(text) => text,
            Payload::Empty | Payload::Content { .. } => bytes::Bytes::new(),
        };
        let mut response = Response::new(body::text(text));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }

    /// Counts a response in where a fault depends on how many there are.
    fn admit(&self, plan: &mut FaultPlan, path: &str) -> Option<InFlight> {
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

    fn paces(&self, plan: &FaultPlan, connection: &ConnectionState) -> Vec<Arc<Pace>> {
        // Both are kept: a fault makes a connection slower than it may be, never faster.
        let rates = plan.rate.into_iter().chain(self.rate_per_connection);
        let own = rates.map(|rate| Arc::new(Pace::new(rate)));
        let bucket = plan.bucket.map(|bucket| connection.bucket(bucket));
        own.chain(bucket).chain(self.pace.clone()).collect()
    }
}

/// A request and all that its answer depends on.
struct Exchange<'a> {
    shared: &'a Shared,
    request: &'a Parts,
    query: &'a Query,
    conditions: &'a Conditions<'a>,
    plan: &'a FaultPlan,
    connection: &'a ConnectionState,
    date: HttpDate,
}

impl Exchange<'_> {
    async fn answer(&self) -> Reply {
        // The time it takes is not the peer's.
        let _held = self.connection.hold_on();
        let date = self.date;
        if let Some(refusal) = self.shared.policy.refuse(self.request, date) {
            return refusal;
        }
        let method = match self.request.method {
            Method::GET => conditional::Method::Get,
            Method::HEAD => conditional::Method::Head,
            Method::OPTIONS => return Reply::options(date),
            // Known to everybody, and not served here (RFC 9110 §15.5.6, §15.6.2).
            Method::POST
            | Method::PUT
            | Method::DELETE
            | Method::PATCH
            | Method::CONNECT
            | Method::TRACE => return Reply::method_not_allowed(date),
            _ => return Reply::status(StatusCode::NOT_IMPLEMENTED, date),
        };
        let reply = match self.replacement() {
            Some(reply) => reply,
            None => self.answer_get(method).await,
        };
        match method {
            conditional::Method::Get => reply,
            conditional::Method::Head => reply.without_payload(),
        }
    }

    /// The answer before any content is looked for, if a fault or a link that expired wants
    /// it.
    fn replacement(&self) -> Option<Reply> {
        let since_epoch = clock::since_epoch();
        let (link, links) = (self.query.link, &self.shared.faults.links);
        if !link.is_valid(links, since_epoch) {
            return Some(Reply::status(StatusCode::FORBIDDEN, self.date));
        }
        let scheme = self.shared.tls.as_ref().map_or("http", |_| "https");
        let replacement = self.plan.replacement.as_ref()?;
        replacement.reply(self.request, scheme, (link, links), self.date, since_epoch)
    }

    async fn answer_get(&self, method: conditional::Method) -> Reply {
        let Self {
            shared,
            request,
            query,
            plan,
            date,
            ..
        } = *self;
        let version = plan
            .version
            .unwrap_or(Version(shared.version.load(Ordering::Relaxed)));
        let (path, seed) = (request.uri.path(), query.presentation.seed);
        let fields = &request.headers;
        let accepted = field(fields, &ACCEPT_ENCODING)
            .map(|value| AcceptEncoding::parse(&value))
            .unwrap_or_default();
        let directory = shared.directory.as_ref();
        match content::find(directory, path, seed, accepted, version, date).await {
            Found::Representation(mut representation) => {
                let tag = representation.entity_tag.clone();
                plan.replace(&mut representation, self.connection.number);
                let (length, boundary) = (representation.length, random::boundary());
                let (conditions, rules) = (self.conditions, shared.rules);
                let mut reply =
                    Reply::content(method, conditions, representation, date, rules, boundary);
                let wanted = digest_fields::Wanted::read(fields, method);
                wanted
                    .add(&mut reply, length, &shared.digests, self.connection)
                    .await;
                plan.reshape(reply, tag.as_ref(), boundary, date)
            }
            Found::Directory(unread) => {
                let style = if accept::prefers_json(fields) {
                    Style::Json
                } else {
                    Style::Html(query.order)
                };
                match method {
                    conditional::Method::Head => Reply::listing_head(style, date),
                    conditional::Method::Get => match unread.page(style, &shared.listings).await {
                        Ok(Some(page)) => Reply::listing(page, style, date),
                        Ok(None) => Reply::explanation(
                            StatusCode::SERVICE_UNAVAILABLE,
                            &TOO_MANY_LISTINGS,
                            date,
                        ),
                        Err(Errno::TOOBIG) => {
                            let why =
                                format!("a directory of over {MAX_LISTED} names is not listed");
                            let status = StatusCode::INTERNAL_SERVER_ERROR;
                            Reply::explanation(status, &why, date).because(Some(why))
                        }
                        Err(error) => Reply::status(StatusCode::SERVICE_UNAVAILABLE, date)
                            .because(Some(error)),
                    },
                }
            }
            Found::WithSlash => Reply::with_slash(path, request.uri.query(), date),
            Found::Missing(missing) => {
                Reply::status(StatusCode::NOT_FOUND, date).because(missing.why())
            }
            Found::Failed(error) => {
                Reply::status(StatusCode::SERVICE_UNAVAILABLE, date).because(Some(error))
            }
        }
    }
}
