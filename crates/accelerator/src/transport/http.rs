//! Owns the HTTP client. The only file that names the HTTP library; retries and redirects of the
//! library are off, because the scheduler and `redirect` decide about them.

use std::error::Error as StdError;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION, RANGE};
use http::{HeaderMap, HeaderValue};
use range_core::http::range_header::RangeRequest;
use range_core::scheduler::{Request, Route};
use url::Url;

use super::error::TransportError;
use super::head::Head;
use super::redirect::Trail;
use crate::error::causes;

/// Longest time to wait for a connection, name look-up and TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection that is not needed at the moment is kept.
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

/// What a client is made of.
pub(crate) struct ClientSettings {
    pub(crate) url: Url,
    /// Sent to the origin of `url` only.
    pub(crate) headers: HeaderMap,
    /// PEM certificates trusted beside the system's.
    pub(crate) extra_roots: Vec<Vec<u8>>,
    pub(crate) connections: usize,
}

/// Sends the requests of one download.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    clients: Clients,
    original: Url,
    headers: HeaderMap,
    /// Where the last redirects led, so that each segment need not follow them again.
    known: Mutex<Option<Trail>>,
    requests: AtomicU64,
}

/// One client a scheme, made when it is first needed: reading the system's certificates takes
/// longer than a small file, and plain HTTP has no use for them.
#[derive(Debug)]
struct Clients {
    extra_roots: Vec<reqwest::Certificate>,
    connections: usize,
    plain: OnceLock<reqwest::Client>,
    secure: OnceLock<reqwest::Client>,
}

impl Clients {
    fn for_scheme(&self, scheme: &str) -> Result<&reqwest::Client, TransportError> {
        let is_secure = scheme == "https";
        let slot = if is_secure { &self.secure } else { &self.plain };
        if let Some(client) = slot.get() {
            return Ok(client);
        }
        let builder = if is_secure {
            self.builder().tls_certs_merge(self.extra_roots.clone())
        } else {
            self.builder().tls_certs_only([])
        };
        let client = builder.build().map_err(untrusted)?;
        // Of two workers that come first, one keeps its client.
        Ok(slot.get_or_init(|| client))
    }

    fn builder(&self) -> reqwest::ClientBuilder {
        reqwest::Client::builder()
            .user_agent(concat!("sheave/", env!("CARGO_PKG_VERSION")))
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.connections)
    }
}

/// A reply whose body has not been read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    response: reqwest::Response,
}

impl HttpTransport {
    pub(crate) fn new(settings: ClientSettings) -> Result<Self, TransportError> {
        let mut extra_roots = Vec::new();
        for pem in &settings.extra_roots {
            extra_roots.extend(reqwest::Certificate::from_pem_bundle(pem).map_err(untrusted)?);
        }
        Ok(Self {
            clients: Clients {
                extra_roots,
                connections: settings.connections,
                plain: OnceLock::new(),
                secure: OnceLock::new(),
            },
            original: settings.url,
            headers: settings.headers,
            known: Mutex::new(None),
            requests: AtomicU64::new(0),
        })
    }

    /// How many requests were sent.
    pub(crate) fn requests(&self) -> u64 {
        self.requests.load(Ordering::Relaxed)
    }

    /// Sends a request and follows its redirects. The body of the reply is not read.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; nothing else changes.
    pub(crate) async fn open(
        &self,
        request: Request,
        route: Route,
    ) -> Result<Reply, TransportError> {
        let mut trail = self.trail(route);
        loop {
            let response = self.send(&trail, request).await?;
            let status = response.status();
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let head = Head::new(status, response.headers());
                if status.is_success() {
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(trail.shortcut());
                }
                return Ok(Reply { head, response });
            }
            trail.follow(response.headers().get(LOCATION).map(HeaderValue::as_bytes))?;
        }
    }

    fn trail(&self, route: Route) -> Trail {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match (route, known) {
            (Route::Known, Some(trail)) => trail,
            (Route::Known | Route::Original, _) => Trail::new(self.original.clone()),
        }
    }

    async fn send(
        &self,
        trail: &Trail,
        request: Request,
    ) -> Result<reqwest::Response, TransportError> {
        let mut headers = if trail.is_trusted() {
            self.headers.clone()
        } else {
            HeaderMap::new()
        };
        headers
            .entry(ACCEPT)
            .or_insert(HeaderValue::from_static("*/*"));
        // Ranges count coded bytes, so no coding is wanted, whatever the user's headers say.
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        headers.remove(RANGE);
        let range = match request {
            Request::First => Some(RangeRequest::From(0)),
            Request::Part(range) => Some(RangeRequest::Exactly(range)),
            Request::Whole => None,
        };
        if let Some(range) = range {
            let value = HeaderValue::try_from(range.to_string()).expect("ranges are ASCII");
            headers.insert(RANGE, value);
        }
        self.requests.fetch_add(1, Ordering::Relaxed);
        let client = self.clients.for_scheme(trail.here().scheme())?;
        let request = client.get(trail.here().clone()).headers(headers);
        request
            .send()
            .await
            .map_err(|error| classify(error, Stage::Head))
    }
}

impl Reply {
    /// The next bytes of the body; `None` at its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.response
            .chunk()
            .await
            .map_err(|error| classify(error, Stage::Body))
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Head,
    Body,
}

/// Errors keep their causes but lose their URL, which may hold secrets.
fn classify(error: reqwest::Error, stage: Stage) -> TransportError {
    let error = error.without_url();
    let is_certificate = causes(&error).any(is_certificate_error);
    let is_parse = causes(&error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse);
    let is_connect = error.is_connect();
    let source = Box::new(error);
    if is_certificate {
        TransportError::Untrusted { source }
    } else if is_connect {
        TransportError::Unreachable { source }
    } else if is_parse && stage == Stage::Head {
        TransportError::NotHttp { source }
    } else {
        TransportError::Interrupted { source }
    }
}

/// TLS errors travel inside I/O errors, at times several deep, which do not list them as their
/// source.
fn is_certificate_error(error: &(dyn StdError + 'static)) -> bool {
    if let Some(carrier) = error.downcast_ref::<std::io::Error>() {
        return carrier
            .get_ref()
            .is_some_and(|inner| is_certificate_error(inner));
    }
    matches!(
        error.downcast_ref(),
        Some(rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented)
    )
}

fn untrusted(error: reqwest::Error) -> TransportError {
    TransportError::Untrusted {
        source: Box::new(error.without_url()),
    }
}
