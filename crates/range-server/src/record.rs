//! Owns what is told about a response once it has ended. Does not know who listens.

mod json;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use range_core::ByteRange;
use range_core::http::{ContentRange, HttpDate};
use range_core::units::ByteCount;
use tokio::time::Instant;

use crate::clock;
use crate::connection::ConnectionState;

/// Called once for every response, when it ends, on the task of its connection: it has to be
/// quick and must not block. What is refused before it is a request, such as a malformed or
/// overlong head, has no record.
pub type RequestHook = Arc<dyn Fn(&RequestRecord) + Send + Sync>;

/// One request and how its response ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RequestRecord {
    /// The number of the request, counted from 1 over all connections in the order in
    /// which heads arrived.
    pub number: u64,
    /// When its head arrived.
    pub time: SystemTime,
    /// The number of its connection, counted from 1.
    pub connection: u64,
    /// The other end. Over a socket with a path, port 0 of loopback.
    pub peer: SocketAddr,
    /// The method.
    pub method: http::Method,
    /// Path and query, as sent.
    pub path: String,
    /// The version of HTTP it was sent in.
    pub protocol: http::Version,
    /// The request's header fields. They may hold credentials: pick what to print.
    pub headers: http::HeaderMap,
    /// The status of the response.
    pub status: http::StatusCode,
    /// The response's header fields.
    pub response_headers: http::HeaderMap,
    /// `Content-Range` of the response.
    pub content_range: Option<ContentRange>,
    /// The ranges of a `multipart/byteranges` response in the order they are sent; none for any
    /// other. Such a response has no `Content-Range` in its head.
    pub parts: Vec<ByteRange>,
    /// The number of content bytes the response head announced; for HEAD none, although
    /// `Content-Length` is sent.
    pub promised: ByteCount,
    /// The number of content bytes handed to the connection, which buffers less than 1 MiB.
    pub sent: ByteCount,
    /// From the arrival of the request head to the end.
    pub elapsed: Duration,
    /// The way it ended.
    pub ending: Ending,
    /// The reason why nothing was served, or not all of it, where the status does not say: the peer
    /// is not told.
    pub why: Option<String>,
    /// The faults that applied, by [`Effect::name`](crate::Effect::name), in the order they were
    /// listed.
    pub faults: Vec<&'static str>,
}

impl RequestRecord {
    /// [`Self::time`] as RFC 3339 has it, in UTC and to the millisecond.
    pub fn time_stamp(&self) -> String {
        let since_epoch = self.time.duration_since(SystemTime::UNIX_EPOCH);
        let since_epoch = since_epoch.unwrap_or_default();
        let seconds = HttpDate::from_unix_seconds(since_epoch.as_secs()).rfc_3339();
        let whole = seconds.trim_end_matches('Z');
        format!("{whole}.{:03}Z", since_epoch.subsec_millis())
    }

    /// A request header field as text, or `None` when it is absent or not visible ASCII.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// A response header field as text, or `None` when it is absent or not visible ASCII.
    pub fn response_header(&self, name: &str) -> Option<&str> {
        self.response_headers.get(name)?.to_str().ok()
    }

    /// The `Range` that was asked for.
    pub fn range(&self) -> Option<&str> {
        self.header(http::header::RANGE.as_str())
    }
}

/// The way a response ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was handed to the connection.
    Complete,
    /// The peer went away, a timeout struck or the server was stopped.
    Interrupted,
    /// A fault stopped it.
    Cut,
    /// The file shrank, changed or could not be read, and the connection was aborted.
    Failed,
}

/// A record in the making. Reports itself when dropped, so that no response goes unreported.
pub(crate) struct Delivery {
    pub(crate) record: RequestRecord,
    pub(crate) arrived: Instant,
    pub(crate) connection: Arc<ConnectionState>,
    pub(crate) hook: Option<RequestHook>,
}

impl Delivery {
    /// Reports the response as ended in the given way.
    pub(crate) fn end(mut self, ending: Ending) {
        self.record.ending = ending;
    }

    pub(crate) fn add_sent(&mut self, bytes: usize) {
        self.record.sent.0 += u64::try_from(bytes).expect("a chunk's length fits 64 bits");
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        let Some(hook) = &self.hook else { return };
        if self.record.ending == Ending::Interrupted && self.connection.meets_outage() {
            self.record.ending = Ending::Cut;
            self.record.faults.push("outage");
        }
        self.record.elapsed = clock::now().duration_since(self.arrived);
        hook(&self.record);
    }
}
