//! Owns the HTTP client. The only file that names the HTTP library; retries and redirects of the
//! library are off, because the scheduler and `redirect` decide about them.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION, RANGE};
use http::{HeaderMap, HeaderValue};
use range_core::http::range_header::RangeRequest;
use scheduler::{Request, Route};
use url::Url;

use super::address::Reach;
use super::error::TransportError;
use super::head::Head;
use super::redirect::{RedirectError, Trail};
use super::resolver::{AddressBook, LookUpError};
use super::turnover::{Turn, Turnover};
use crate::clock;
use crate::error_chain::causes;
use crate::proxy::{Proxies, Proxy};
use crate::redact::SafeUrl;
use crate::settings::{InvalidSetting, TlsVersion};
use crate::task::Task;

/// Longest time to wait for a connection, name look-up and TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection that is not needed at the moment is kept. A host that divides its rate
/// among all open connections, or punishes too many, counts idle ones too; and one that has idled
/// for longer starts slowly again (RFC 5681 section 4.1), so that keeping it saves little.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Sends the requests of one download.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    clients: Clients,
    original: Url,
    headers: HeaderMap,
    allow_private: bool,
    stall_timeout: Duration,
    /// Where the last redirects led, so that each segment need not follow them again.
    known: Mutex<Option<Trail>>,
    requests: AtomicU64,
    turnover: Turnover,
}

/// The clients of a download, each made when it is first needed: reading the system's
/// certificates takes longer than a small file, and plain HTTP has no use for them. Connections
/// are never shared between two of them.
#[derive(Debug)]
struct Clients {
    roots: Vec<reqwest::Certificate>,
    identity: Option<reqwest::Identity>,
    oldest_tls: TlsVersion,
    proxies: Proxies,
    addresses: Arc<AddressBook>,
    user_agent: HeaderValue,
    connections: usize,
    made: Mutex<HashMap<ClientKind, reqwest::Client>>,
}

/// What a client may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ClientKind {
    /// Whether it is for https.
    secure: bool,
    /// Whether it shows the user's certificate.
    identified: bool,
    /// Which addresses it connects to.
    reach: Reach,
    /// Whether it goes through the proxy of its scheme.
    proxied: bool,
}

impl Clients {
    fn new(task: &Task) -> Result<Self, InvalidSetting> {
        let settings = &task.settings;
        let mut roots = Vec::new();
        for pem in &settings.authorities {
            let found = reqwest::Certificate::from_pem_bundle(pem);
            let found = found.ok().filter(|found| !found.is_empty());
            roots.extend(found.ok_or(InvalidSetting::Authorities)?);
        }
        let identity = settings.identity.as_ref().map(|pem| {
            reqwest::Identity::from_pem(pem.reveal()).map_err(|_| InvalidSetting::Identity)
        });
        Ok(Self {
            roots,
            identity: identity.transpose()?,
            oldest_tls: settings.oldest_tls,
            proxies: settings.proxies.clone(),
            addresses: Arc::new(AddressBook::new(settings.proxies.hosts())),
            user_agent: task.user_agent.clone(),
            connections: task.connections.get().into(),
            made: Mutex::default(),
        })
    }

    /// The client for the next request of a trail.
    fn client_for(&self, trail: &Trail) -> Result<reqwest::Client, TransportError> {
        let secure = trail.here().scheme() == "https";
        let proxy = self.proxies.for_url(trail.here())?;
        let kind = ClientKind {
            secure,
            identified: secure && self.identity.is_some() && trail.is_trusted(),
            reach: trail.reach(),
            proxied: proxy.is_some(),
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&kind) {
            return Ok(client.clone());
        }
        let client = self.make(kind, proxy).map_err(untrusted)?;
        made.insert(kind, client.clone());
        Ok(client)
    }

    fn make(
        &self,
        kind: ClientKind,
        proxy: Option<&Proxy>,
    ) -> Result<reqwest::Client, reqwest::Error> {
        let mut builder = reqwest::Client::builder()
            .user_agent(self.user_agent.clone())
            .http1_only()
            .redirect(reqwest::redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .dns_resolver(Resolver {
                addresses: Arc::clone(&self.addresses),
                reach: kind.reach,
            })
            .tls_version_min(match self.oldest_tls {
                TlsVersion::V1_2 => reqwest::tls::Version::TLS_1_2,
                TlsVersion::V1_3 => reqwest::tls::Version::TLS_1_3,
            })
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.connections);
        if let Some(proxy) = proxy {
            builder = builder.proxy(reqwest::Proxy::all(proxy.secret_url().clone())?);
        }
        builder = if kind.secure || proxy.is_some_and(Proxy::is_secure) {
            builder.tls_certs_merge(self.roots.clone())
        } else {
            builder.tls_certs_only([])
        };
        if let Some(identity) = self.identity.clone().filter(|_| kind.identified) {
            builder = builder.identity(identity);
        }
        builder.build()
    }
}

/// What the HTTP library asks for addresses.
#[derive(Debug)]
struct Resolver {
    addresses: Arc<AddressBook>,
    reach: Reach,
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let (addresses, reach) = (Arc::clone(&self.addresses), self.reach);
        Box::pin(async move {
            let found = addresses.look_up(name.as_str(), reach).await?;
            Ok(Box::new(found.into_iter()) as reqwest::dns::Addrs)
        })
    }
}

/// A reply whose body has not been read.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) head: Head,
    response: reqwest::Response,
    _turn: Turn,
}

impl HttpTransport {
    pub(crate) fn new(task: &Task) -> Result<Self, InvalidSetting> {
        Ok(Self {
            clients: Clients::new(task)?,
            original: task.url.clone(),
            headers: task.headers.clone(),
            allow_private: task.settings.allow_private,
            stall_timeout: task.settings.stall_timeout,
            known: Mutex::new(None),
            requests: AtomicU64::new(0),
            turnover: Turnover::default(),
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
            if !self.allow_private {
                trail.answered(self.address_of(&trail, &response));
            }
            let status = response.status();
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                let head = Head::new(status, response.headers(), clock::date());
                if status.is_success() {
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(trail.shortcut());
                }
                return Ok(Reply {
                    head,
                    response,
                    _turn: self.turnover.begin(),
                });
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
        self.turnover.settle().await;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let client = self.clients.client_for(trail)?;
        let request = client.get(trail.here().clone()).headers(headers);
        let looked_up = self.looked_up_for(trail.here());
        let reply = self.answer(request.send(), looked_up.as_deref()).await?;
        reply.map_err(|error| {
            let error = classify_head(error, trail);
            if let (TransportError::Unreachable { .. }, Some(host)) = (&error, &looked_up) {
                self.clients.addresses.silent(host);
            }
            error
        })
    }

    /// Waits for a reply, but only half the time that silence is borne if the host has addresses
    /// that were never tried: one of them may answer.
    async fn answer<T>(
        &self,
        reply: impl Future<Output = T>,
        looked_up: Option<&str>,
    ) -> Result<T, TransportError> {
        tokio::pin!(reply);
        if let Ok(reply) = tokio::time::timeout(self.stall_timeout / 2, &mut reply).await {
            return Ok(reply);
        }
        match looked_up {
            Some(host) if self.clients.addresses.has_another(host) => {
                self.clients.addresses.silent(host);
                Err(TransportError::Silent)
            }
            Some(_) | None => Ok(reply.await),
        }
    }

    /// The name whose addresses are connected to for a URL: its own, or that of a proxy.
    fn looked_up_for(&self, url: &Url) -> Option<String> {
        let connected_to = match self.clients.proxies.for_url(url) {
            Ok(Some(proxy)) => proxy.secret_url(),
            Ok(None) | Err(_) => url,
        };
        connected_to.domain().map(str::to_owned)
    }

    /// Where the host of a URL answered from; `None` behind a proxy, whose address says nothing.
    fn address_of(&self, trail: &Trail, response: &reqwest::Response) -> Option<IpAddr> {
        let is_direct = self.clients.proxies.for_url(trail.here()) == Ok(None);
        let address = response.remote_addr().filter(|_| is_direct);
        address.map(|address| address.ip())
    }
}

impl Reply {
    /// The next bytes of the body; `None` at its end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no byte.
    pub(crate) async fn chunk(&mut self) -> Result<Option<Bytes>, TransportError> {
        self.response.chunk().await.map_err(classify_body)
    }
}

/// Errors keep their causes but lose their URL, which may hold secrets.
fn classify_head(error: reqwest::Error, trail: &Trail) -> TransportError {
    let error = error.without_url();
    let is_inside = causes(&error)
        .filter_map(|cause| cause.downcast_ref())
        .any(|error| matches!(error, LookUpError::Inside { .. }));
    let is_parse = causes(&error)
        .filter_map(|cause| cause.downcast_ref::<hyper::Error>())
        .any(hyper::Error::is_parse);
    let is_connect = error.is_connect();
    if is_inside {
        let to = SafeUrl::new(trail.here());
        RedirectError::Private { to }.into()
    } else if causes(&error).any(is_certificate_error) {
        untrusted(error)
    } else if is_connect {
        let source = Box::new(error);
        TransportError::Unreachable { source }
    } else if is_parse {
        let source = Box::new(error);
        TransportError::NotHttp { source }
    } else {
        classify_body(error)
    }
}

fn classify_body(error: reqwest::Error) -> TransportError {
    TransportError::Interrupted {
        source: Box::new(error.without_url()),
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
