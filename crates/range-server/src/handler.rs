//! Owns the way of one request: count it, plan its faults, find its content, answer, record.

mod exchange;
mod shared;

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::SystemTime;

use http::header::{CONNECTION, CONTENT_ENCODING, CONTENT_LENGTH};
use http::request::Parts;
use http::{Method, Response, StatusCode, Uri, Version as HttpVersion};
use range_core::http::{HttpDate, conditional};
use range_core::units::ByteCount;
use tokio::sync::mpsc;
use tokio::time::Instant;

use crate::body::{self, Body, CrowdPace, Sending};
use crate::clock;
use crate::connection::{ConnectionState, UnderWay};
use crate::fault::{ContentLength, Stop};
use crate::injection::{self, FaultPlan, Outage, ResponseStart, WireResponse};
use crate::record::{Delivery, Ending, RequestRecord};
use crate::recorder::{PATH, Recorder};
use crate::reply::{Payload, Reply};
use crate::request_fields::{Conditions, field};
use crate::target;
use exchange::Exchange;
pub(crate) use shared::Shared;

/// The reason why the requests there were are not told.
const TOO_MANY_PAGES: &str = "too many pages of requests are on their way; try again later";

/// Answers one request. An HTTP/1.1 connection has one at a time, and answers past hyper by
/// `wire`.
pub(crate) async fn respond(
    shared: Arc<Shared>,
    (connection, mut under_way): (Arc<ConnectionState>, UnderWay),
    mut request: Parts,
    wire: Option<mpsc::Sender<WireResponse>>,
) -> Response<Body> {
    let sent = request.uri.clone();
    target::normalise(&mut request.uri);
    let recorder = shared.recorder.as_deref();
    if let Some(recorder) = recorder.filter(|_| request.uri.path() == PATH) {
        under_way.wait_for_turn().await;
        return shared.tell_requests(recorder, &request, (connection, under_way));
    }
    respond_to(shared, (connection, under_way), (request, sent), wire).await
}

impl Shared {
    /// The answer to who asks for the requests there were, if its preconditions want none of them.
    fn without_requests(&self, request: &Parts, date: HttpDate) -> Option<Reply> {
        let method = match request.method {
            Method::GET => conditional::Method::Get,
            Method::HEAD => conditional::Method::Head,
            _ => return None,
        };
        let conditions = Conditions::read(&request.headers, self.rules.range_policy());
        Reply::without_page(method, &conditions, date, self.rules)
    }

    /// Answers who asks for the requests there were, which is none of them.
    fn tell_requests(
        &self,
        recorder: &Recorder,
        request: &Parts,
        (connection, under_way): (Arc<ConnectionState>, UnderWay),
    ) -> Response<Body> {
        let date = clock::date();
        let mut room = None;
        let refusal = self.policy.refuse(request, date);
        let mut reply = match refusal.or_else(|| self.without_requests(request, date)) {
            Some(reply) => reply,
            None => match request.method {
                Method::GET => {
                    let status = StatusCode::SERVICE_UNAVAILABLE;
                    let refused = || (Reply::explanation(status, &TOO_MANY_PAGES, date), None);
                    let told = |(page, room)| (Reply::requests(page, date), room);
                    let (reply, taken) = recorder.page().map_or_else(refused, told);
                    room = taken;
                    reply
                }
                Method::HEAD => Reply::requests_head(date),
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
        self.policy.add_fields(request, &mut reply);
        let text = match reply.payload {
            Payload::Text(text) => text,
            Payload::Empty | Payload::Content { .. } => bytes::Bytes::new(),
        };
        let mut response = Response::new(body::text(text, connection, (under_way, room)));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response
    }
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
    shared.policy.add_fields(&request, &mut reply);
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
