//! Owns the HTTP client. The only file that names the HTTP library; retries and redirects of the
//! library are off, because the scheduler and `redirect` decide about them.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::net::IpAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::header::{ACCEPT, ACCEPT_ENCODING, LOCATION, RANGE, SET_COOKIE};
use http::{HeaderMap, HeaderValue};
use range_core::http::range_header::RangeRequest;
use range_core::units::ByteCount;
use scheduler::{Request, Route};
use url::Url;

use super::address::Reach;
use super::error::{Size, TransportError};
use super::fields;
use super::handshake::{self, Verdict};
use super::head::Head;
use super::judge_reply;
use super::redirect::{RedirectError, Trail};
use super::resolver::{AddressBook, LookUpError};
use super::tls::Tls;
use super::turnover::{Turn, Turnover};
use crate::clock;
use crate::cookies::Cookies;
use crate::error_chain::causes;
use crate::proxy::{Proxies, Proxy};
use crate::redact::SafeUrl;
use crate::settings::InvalidSetting;
use crate::task::Task;

/// Longest time to wait for a connection, name look-up and TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// How long a connection that is not needed at the moment is kept. A host that divides its rate
/// among all open connections, or punishes too many, counts idle ones too; and one that has idled
/// for longer starts slowly again (RFC 5681 section 4.1), so that keeping it saves little.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Most fields of a reply. What they may take together, some 400 KiB, is the library's limit.
const FIELDS_MAX: usize = 4096;

/// Sends the requests of one download.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    clients: Clients,
    original: Url,
    headers: HeaderMap,
    cookies: Cookies,
    allow_private: bool,
    stall_timeout: Duration,
    max_size: Option<ByteCount>,
    /// The redirect that asked for more patience than a request has, and got it.
    waited_at: Mutex<Option<Url>>,
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
    tls: Tls,
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
        Ok(Self {
            tls: Tls::new(settings)?,
            proxies: settings.proxies.clone(),
            addresses: Arc::new(AddressBook::default()),
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
            identified: secure && self.tls.has_identity() && trail.is_trusted(),
            reach: trail.reach(),
            proxied: proxy.is_some(),
        };
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = made.get(&kind) {
            return Ok(client.clone());
        }
        let client = self.make(kind, proxy)?;
        made.insert(kind, client.clone());
        Ok(client)
    }

    fn make(
        &self,
        kind: ClientKind,
        proxy: Option<&Proxy>,
    ) -> Result<reqwest::Client, TransportError> {
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
                proxy: proxy.map(|proxy| proxy.host().to_owned()),
            })
            // A field that makes no sense is none, as in browsers. What frames a message still has
            // to make sense.
            .http1_ignore_invalid_headers_in_responses(true)
            .http1_allow_spaces_after_header_name_in_responses(true)
            .http1_allow_obsolete_multiline_headers_in_responses(true)
            .http1_max_headers(FIELDS_MAX)
            .tcp_nodelay(true)
            .connect_timeout(CONNECT_TIMEOUT)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .pool_max_idle_per_host(self.connections);
        if let Some(proxy) = proxy {
            let proxy = reqwest::Proxy::all(proxy.secret_url().clone()).map_err(unmade)?;
            builder = builder.proxy(proxy);
        }
        let secure_proxy = proxy.filter(|proxy| proxy.is_secure());
        builder = if kind.secure || secure_proxy.is_some() {
            let proxy = secure_proxy.map(Proxy::host);
            let config = self.tls.client(kind.identified, proxy).map_err(unmade)?;
            builder.tls_backend_preconfigured(config)
        } else {
            builder.tls_certs_only([])
        };
        builder.build().map_err(unmade)
    }
}

/// What the HTTP library asks for addresses.
#[derive(Debug)]
struct Resolver {
    addresses: Arc<AddressBook>,
    reach: Reach,
    /// The proxy that requests go through. The user named it, so that it may be anywhere.
    proxy: Option<String>,
}

impl reqwest::dns::Resolve for Resolver {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let addresses = Arc::clone(&self.addresses);
        let reach = match &self.proxy {
            Some(proxy) if proxy == name.as_str() => Reach::Anywhere,
            Some(_) | None => self.reach,
        };
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
    /// The most bytes that may still come, if there is a limit on the file.
    room: Option<u64>,
    limit: Option<ByteCount>,
    _turn: Turn,
}

impl HttpTransport {
    pub(crate) fn new(task: &Task) -> Result<Self, InvalidSetting> {
        Ok(Self {
            clients: Clients::new(task)?,
            original: task.url.clone(),
            headers: task.headers.clone(),
            cookies: task.settings.cookies.clone(),
            waited_at: Mutex::new(None),
            allow_private: task.settings.allow_private,
            stall_timeout: task.settings.stall_timeout,
            max_size: task.settings.max_size,
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
            let now = clock::date();
            let head = Head::new(status, response.headers(), now);
            if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
                if status.is_success() {
                    *self.known.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some(trail.shortcut());
                }
                self.check_size(&head)?;
                return Ok(Reply {
                    head,
                    response,
                    room: self.max_size.map(|most| most.0),
                    limit: self.max_size,
                    _turn: self.turnover.begin(),
                });
            }
            for cookie in response.headers().get_all(SET_COOKIE) {
                trail.set_cookie(cookie.as_bytes(), now);
            }
            let location = response.headers().get(LOCATION).cloned();
            drop(response);
            if let Some(wait) = head.retry_after {
                self.wait_to_follow(&trail, &head, wait).await?;
            }
            trail.follow(location.as_ref().map(HeaderValue::as_bytes))?;
        }
    }

    fn check_size(&self, head: &Head) -> Result<(), TransportError> {
        let is_of_the_file = matches!(head.status, 200..=299 | 416);
        let size = head.complete_length().filter(|_| is_of_the_file);
        match (size, self.max_size) {
            (Some(size), Some(limit)) if size > limit.0 => Err(TransportError::TooLarge {
                size: Size::Exactly(ByteCount(size)),
                limit,
            }),
            _ => Ok(()),
        }
    }

    /// Waits as long as a redirect asks for (RFC 9110 section 10.2.3). What is longer than a
    /// request may be silent is left to the one who tries again, once: the same redirect is
    /// followed then, whatever it asks for.
    async fn wait_to_follow(
        &self,
        trail: &Trail,
        head: &Head,
        wait: Duration,
    ) -> Result<(), TransportError> {
        let shortest = wait.min(self.stall_timeout / 2);
        if shortest < wait {
            let mut waited_at = self
                .waited_at
                .lock()
                .unwrap_or_else(PoisonError::into_inner);
            if waited_at.as_ref() != Some(trail.here()) {
                *waited_at = Some(trail.here().clone());
                return Err(judge_reply::status(head));
            }
            return Ok(());
        }
        tokio::time::sleep(wait).await;
        Ok(())
    }

    fn trail(&self, route: Route) -> Trail {
        let known = self
            .known
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        match (route, known) {
            (Route::Known, Some(trail)) => trail,
            (Route::Known | Route::Original, _) => {
                Trail::new(self.original.clone(), self.cookies.clone())
            }
        }
    }

    async fn send(
        &self,
        trail: &Trail,
        request: Request,
    ) -> Result<reqwest::Response, TransportError> {
        let mut headers = fields::for_hop(&self.headers, trail, clock::date());
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
        let chunk = self.response.chunk().await.map_err(classify_body)?;
        let length = chunk.as_ref().map_or(0, Bytes::len) as u64;
        if let (Some(room), Some(limit)) = (&mut self.room, self.limit) {
            let size = Size::More;
            *room = room
                .checked_sub(length)
                .ok_or(TransportError::TooLarge { size, limit })?;
        }
        Ok(chunk)
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
    let of_tls = causes(&error).find_map(tls_error);
    if is_inside {
        let to = SafeUrl::new(trail.here());
        RedirectError::Private { to }.into()
    } else if let Some(verdict) = of_tls.and_then(|error| handshake::judge(error, is_connect)) {
        let source = Box::new(error);
        match verdict {
            Verdict::Untrusted => TransportError::Untrusted { source },
            Verdict::NotPinned(actual) => TransportError::NotPinned { actual },
            Verdict::Refused(refusal) => TransportError::NoTls { refusal, source },
        }
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
fn tls_error<'a>(error: &'a (dyn StdError + 'static)) -> Option<&'a rustls::Error> {
    if let Some(carrier) = error.downcast_ref::<std::io::Error>() {
        return carrier.get_ref().and_then(|inner| tls_error(inner));
    }
    error.downcast_ref()
}

/// A client that cannot be made has nobody to trust.
fn unmade(error: impl Into<Box<dyn StdError + Send + Sync>>) -> TransportError {
    TransportError::Untrusted {
        source: error.into(),
    }
}
