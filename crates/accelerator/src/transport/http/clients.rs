//! Owns the clients of the HTTP library: how each is made, and for which requests. Sends none.

use std::collections::HashMap;
use std::error::Error as StdError;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;

use super::super::address::Reach;
use super::super::error::TransportError;
use super::super::redirect::Trail;
use super::super::resolver::AddressBook;
use super::super::tls::Tls;
use super::super::whom::TlsPeer;
use crate::place::Place;
use crate::proxy::{Proxies, Proxy};
use crate::settings::InvalidSetting;
use crate::task::Task;

/// The longest time to wait for a connection, name look-up and TLS handshake included.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);

/// The time for which a connection that is not needed at the moment is kept. A host that divides
/// its rate among all open connections, or punishes too many, counts idle ones too; and one that
/// has idled for longer starts slowly again (RFC 5681 section 4.1), so that keeping it saves
/// little.
const IDLE_TIMEOUT: Duration = Duration::from_secs(1);

/// Most fields of a reply. The library limits the size of all of them together, to some 400 KiB.
const FIELDS_MAX: usize = 4096;

/// The clients of a download, each made when it is first needed: reading the system's
/// certificates takes longer than a small file, and plain HTTP has no use for them. Connections
/// are never shared between two of them.
#[derive(Debug)]
pub(super) struct Clients {
    tls: Tls,
    pub(super) proxies: Proxies,
    pub(super) addresses: Arc<AddressBook>,
    user_agent: HeaderValue,
    connections: usize,
    /// True if the user's certificate may be shown where the trail begins.
    is_at_home: bool,
    made: Mutex<HashMap<ClientKind, reqwest::Client>>,
}

/// The rights and duties of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct ClientKind {
    /// True if it is for https.
    secure: bool,
    /// True if it shows the user's certificate.
    identified: bool,
    /// The addresses that it connects to.
    reach: Reach,
    /// The way to the host.
    way: Way,
}

/// The way of a client to a host.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Way {
    /// It connects to the host.
    Direct,
    /// It goes through the proxy of its scheme.
    Proxy,
    /// It goes through the proxy to the host of the proxy, whose name is then one like any other.
    ProxyToItself,
}

impl Clients {
    pub(super) fn new(task: &Task, place: &Place) -> Result<Self, InvalidSetting> {
        let settings = &task.settings;
        Ok(Self {
            tls: Tls::new(settings)?,
            proxies: settings.proxies.clone(),
            addresses: Arc::new(AddressBook::default()),
            user_agent: task.user_agent.clone(),
            connections: task.connections.get().into(),
            is_at_home: place.is_at_home,
            made: Mutex::default(),
        })
    }

    /// Returns the client for the next request of a trail.
    pub(super) fn client_for(&self, trail: &Trail) -> Result<reqwest::Client, TransportError> {
        let secure = trail.here().scheme() == "https";
        let proxy = self.proxies.for_url(trail.here())?;
        let kind = ClientKind {
            secure,
            identified: secure && self.is_at_home && self.tls.has_identity() && trail.is_trusted(),
            reach: trail.reach(),
            way: match proxy {
                None => Way::Direct,
                Some(proxy) if proxy.is_at(trail.here()) => Way::ProxyToItself,
                Some(_) => Way::Proxy,
            },
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
                proxy: proxy
                    .filter(|_| kind.way == Way::Proxy)
                    .map(|proxy| proxy.host().to_owned()),
            })
            // A field that makes no sense is none, as in browsers. Fields that frame a message
            // still have to make sense.
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
        let config = if kind.secure || secure_proxy.is_some() {
            let proxy = secure_proxy.map(Proxy::host);
            self.tls.client(kind.identified, proxy)
        } else {
            self.tls.nobody()
        };
        let config = config.map_err(unmade)?;
        builder
            .tls_backend_preconfigured(config)
            .build()
            .map_err(unmade)
    }
}

/// The resolver that the HTTP library asks for addresses.
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

/// A client that cannot be made trusts nobody.
fn unmade(error: impl Into<Box<dyn StdError + Send + Sync>>) -> TransportError {
    TransportError::Untrusted {
        peer: TlsPeer::Server,
        of_issuer: true,
        source: error.into(),
    }
}
