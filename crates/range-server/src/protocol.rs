//! Owns the protocol of a connection: TLS where it is on, then HTTP/1.1 or what was agreed. Knows
//! nothing of what is answered.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::{Request, Response, Version};
use http_body::Body as _;
use hyper::body::Incoming;
use hyper::rt::Executor;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulConnection;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, watch};
use tokio::task::JoinSet;

use crate::body::Body;
use crate::clock;
use crate::connection::{Activity, ConnectionState, WatchedStream};
use crate::handler::{self, Shared};
use crate::injection::WireResponse;
use crate::limits::Limits;
use crate::request_line::ShortLines;
use crate::tls::{ALPN_HTTP_2, TlsIdentity};

/// Longest request head that is read.
const MAX_HEAD_BYTES: u32 = 32 << 10;

/// Responses under way at once on an HTTP/2 connection: what browsers expect, and RFC 9113 §6.5.2
/// recommends as the least.
const MAX_STREAMS: u32 = 100;

/// Content an HTTP/2 stream may have waiting for its turn. A hundred streams nobody reads then
/// hold a few MiB, beside the buffer each is filled from.
const MAX_STREAM_BACKLOG: usize = 64 << 10;

/// The shortest time between two looks at whether an HTTP/2 connection stands still.
const STILL_CHECK: Duration = Duration::from_millis(10);

/// The time an HTTP/2 peer has to take note that its connection ends.
const GOODBYE: Duration = Duration::from_secs(1);

/// Serves one connection until it ends. The records tell how.
pub(crate) async fn serve(
    stream: TcpStream,
    state: Arc<ConnectionState>,
    shared: Arc<Shared>,
    limits: Limits,
    stopped: watch::Receiver<bool>,
) {
    // The last, short segment of a response would otherwise wait for an acknowledgement.
    let _ = stream.set_nodelay(true);
    let stream = WatchedStream::new(stream, Arc::clone(&state), limits.stall_timeout);
    // Boxed too: the largest of the ways is an HTTP/2 connection, and idle ones are many.
    let Some(tls) = shared.tls.clone() else {
        return Box::pin(speak_http_1(stream, state, shared, limits, stopped)).await;
    };
    let securing = secure(stream, tls, state, shared, limits, stopped);
    Box::pin(securing).await;
}

/// Agrees on keys and on a protocol, then speaks it.
async fn secure(
    stream: WatchedStream,
    tls: TlsIdentity,
    state: Arc<ConnectionState>,
    shared: Arc<Shared>,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) {
    let handshake = tls.acceptor().accept(stream);
    let secured = tokio::select! {
        secured = tokio::time::timeout(limits.header_timeout, handshake) => secured,
        _ = stopped.wait_for(|&stopped| stopped) => return,
    };
    let Ok(Ok(stream)) = secured else { return };
    if stream.get_ref().1.alpn_protocol() == Some(ALPN_HTTP_2) {
        speak_http_2(stream, state, shared, limits, stopped).await;
    } else {
        speak_http_1(stream, state, shared, limits, stopped).await;
    }
}

fn service(
    state: Arc<ConnectionState>,
    shared: Arc<Shared>,
    wire: Option<mpsc::Sender<WireResponse>>,
    has_content: Arc<AtomicBool>,
) -> impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> {
    service_fn(move |request: Request<Incoming>| {
        if !request.body().is_end_stream() {
            has_content.store(true, Ordering::Relaxed);
        }
        let (request, _content) = request.into_parts();
        let shared = Arc::clone(&shared);
        let answering = (Arc::clone(&state), state.begin());
        let http_1 = (request.version < Version::HTTP_2).then(|| Arc::clone(&shared));
        // Boxed, so that a connection without a request does not hold the room for one.
        let response = Box::pin(handler::respond(shared, answering, request, wire.clone()));
        async move {
            let mut response = response.await;
            if let Some(shared) = http_1 {
                *response.extensions_mut() = shared.spelling.for_hyper().await;
            }
            Ok(response)
        }
    })
}

async fn speak_http_1<S>(
    mut stream: S,
    state: Arc<ConnectionState>,
    shared: Arc<Shared>,
    limits: Limits,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin + 'static,
{
    let max_head = usize::try_from(MAX_HEAD_BYTES).expect("a head fits memory");
    let (hand_over, mut handed_over) = mpsc::channel(1);
    loop {
        let wire = Some(hand_over.clone());
        let lines = ShortLines::new(stream);
        let has_content = lines.switch();
        let service = service(Arc::clone(&state), Arc::clone(&shared), wire, has_content);
        let mut connection = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_header_size(max_head)
            // Also what hyper gathers before it writes.
            .max_buf_size(max_head)
            // A peer that has said all it wants to say still listens (RFC 9112 §9.6).
            .half_close(true)
            // All that `spelling` has no other for.
            .title_case_headers(true)
            .serve_connection(TokioIo::new(lines), service);
        let mut is_stopping = false;
        let response = loop {
            tokio::select! {
                _ = &mut connection => break None,
                // Nobody asks the socket while a response waits for something else.
                () = state.until_broken() => return,
                Some(response) = handed_over.recv() => break Some(response),
                _ = stopped.wait_for(|&stopped| stopped), if !is_stopping => {
                    shut_down(&mut connection);
                    is_stopping = true;
                }
            }
        };
        let parts = connection.into_parts();
        let lines = parts.io.into_inner();
        let Some(response) = response else {
            return lines.refuse().await;
        };
        let written = response.write(lines.into_inner(), &state, stopped.clone());
        // Requests that were sent before this answer are not looked at.
        let Some(again) = written.await.filter(|_| parts.read_buf.is_empty()) else {
            return;
        };
        stream = again;
    }
}

async fn speak_http_2(
    stream: impl AsyncRead + AsyncWrite + Unpin + 'static,
    state: Arc<ConnectionState>,
    shared: Arc<Shared>,
    limits: Limits,
    stopped: watch::Receiver<bool>,
) {
    let service = service(Arc::clone(&state), shared, None, Arc::default());
    let connection = http2::Builder::new(StreamTasks::default())
        .timer(TokioTimer::new())
        .max_concurrent_streams(MAX_STREAMS)
        .max_header_list_size(MAX_HEAD_BYTES)
        .max_send_buf_size(MAX_STREAM_BACKLOG)
        .serve_connection(TokioIo::new(stream), service);
    let mut connection = std::pin::pin!(connection);
    let activity = tokio::select! {
        () = until_ended(connection.as_mut(), stopped) => return,
        activity = until_still(&state, limits) => activity,
    };
    if activity == Activity::Idle {
        connection.as_mut().graceful_shutdown();
        if tokio::time::timeout(GOODBYE, connection).await.is_ok() {
            return;
        }
    }
    state.reset_at_end();
}

/// Ends when no stream has been open for as long as a request may take, or none has come further
/// for as long as a connection may stand still. The socket does not tell: pings are bytes too.
async fn until_still(state: &ConnectionState, limits: Limits) -> Activity {
    loop {
        let (activity, still) = state.activity(clock::now());
        let longest = match activity {
            Activity::Idle => limits.header_timeout,
            Activity::Sending => limits.stall_timeout,
            Activity::Held => Duration::MAX,
        };
        if still >= longest {
            return activity;
        }
        let next = longest.saturating_sub(still).min(limits.header_timeout);
        tokio::time::sleep(next.max(STILL_CHECK)).await;
    }
}

/// Lets the response under way be the last.
fn shut_down(connection: &mut (impl GracefulConnection + Unpin)) {
    Pin::new(connection).graceful_shutdown();
}

/// Answers requests until the peer or the server has had enough.
async fn until_ended(
    mut connection: Pin<&mut impl GracefulConnection>,
    mut stopped: watch::Receiver<bool>,
) {
    tokio::select! {
        _ = connection.as_mut() => return,
        _ = stopped.wait_for(|&stopped| stopped) => connection.as_mut().graceful_shutdown(),
    }
    let _ = connection.await;
}

/// Runs the streams of one HTTP/2 connection, and ends them with it.
#[derive(Clone, Default)]
struct StreamTasks(Arc<Mutex<JoinSet<()>>>);

impl<F> Executor<F> for StreamTasks
where
    F: Future<Output = ()> + Send + 'static,
{
    fn execute(&self, stream: F) {
        let mut tasks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Ended tasks are kept by the set until they are joined.
        while tasks.try_join_next().is_some() {}
        tasks.spawn(stream);
    }
}
