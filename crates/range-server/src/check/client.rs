//! Owns the asking: requests in HTTP/1.1 over a connection that is kept while the server keeps it.
//! Repairs nothing that a server sends, and judges nothing.

use std::io::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue};
use range_core::http::conditional::Method;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::ServerName;
use url::{Host, Url};

use super::conformance::{Fields, Reply};
use super::error::CheckError;
use super::trust::{self, Trust};
use super::wire::{Wire, WireError};

/// Names and values of fields that are sent with every request.
pub(super) type OwnFields = Vec<(HeaderName, HeaderValue)>;

/// Where a server is, and how it is spoken to.
#[derive(Clone)]
pub(super) struct Target {
    url: Url,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    fields: OwnFields,
}

/// The reason why a question has no reply.
#[derive(Debug, thiserror::Error)]
pub(super) enum AskError {
    /// There is no connection.
    #[error("{0}")]
    NotConnected(String),
    /// The server closed or reset the connection before a reply.
    #[error("the server closed the connection without a reply")]
    Closed,
    /// Bytes came that are no reply, though the connection had brought none before.
    #[error("what it sends is no HTTP/1.1")]
    NotHttp,
}

/// An answer, and what came on the connection before it.
pub(super) struct Asked {
    /// The reply.
    pub(super) reply: Result<Reply, AskError>,
    /// The number of bytes that followed the reply before this one, found only now.
    pub(super) stray: usize,
}

/// The number of times a server kept connections that it had not said it would close.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Persistence {
    /// Replies after which the connection should have stayed open, and it was seen whether it did.
    pub(super) promised: u32,
    /// Those after which it did not.
    pub(super) broken: u32,
}

/// A server, and the connection to it while there is one.
pub(super) struct Client {
    target: Target,
    open: Option<Wire>,
    pub(super) persistence: Persistence,
    /// True once the server left a connection open that it had said it would close; the next need
    /// not be waited for.
    leaves_open: bool,
}

impl Target {
    /// The server of a URL, and the fields it is sent.
    pub(super) fn new(url: Url, trust: &Trust, mut fields: OwnFields) -> Result<Self, CheckError> {
        let host = url.host().ok_or(CheckError::Url)?;
        let tls = match url.scheme() {
            "http" => None,
            "https" => {
                let name = match host {
                    Host::Domain(name) => ServerName::try_from(name.to_owned()).ok(),
                    Host::Ipv4(address) => Some(ServerName::from(std::net::IpAddr::from(address))),
                    Host::Ipv6(address) => Some(ServerName::from(std::net::IpAddr::from(address))),
                };
                let name = name.ok_or(CheckError::Url)?;
                Some((trust::connector(trust)?, name))
            }
            _ => return Err(CheckError::Url),
        };
        if !url.username().is_empty() || url.password().is_some() {
            fields.push((http::header::AUTHORIZATION, basic(&url)));
        }
        let port = url.port_or_known_default().ok_or(CheckError::Url)?;
        Ok(Self {
            url,
            port,
            tls,
            fields,
        })
    }

    pub(super) fn url(&self) -> &Url {
        &self.url
    }

    /// Opens a connection.
    async fn connect(&self) -> Result<Wire, AskError> {
        let failed = |error: std::io::Error| AskError::NotConnected(error.to_string());
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        let host = self.url.host_str().unwrap_or_default();
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let stream = TcpStream::connect((host, self.port))
            .await
            .map_err(failed)?;
        let _no_matter = stream.set_nodelay(true);
        match self.tls.clone() {
            None => Ok(Wire::new(Box::new(stream))),
            Some((connector, name)) => {
                let stream = connector.connect(name, stream).await.map_err(failed)?;
                Ok(Wire::new(Box::new(stream)))
            }
        }
    }

    /// The request, as it goes over the wire.
    fn request(&self, method: Method, fields: &Fields) -> Vec<u8> {
        let method = match method {
            Method::Get => "GET",
            Method::Head => "HEAD",
        };
        let (path, query) = (self.url.path(), self.url.query());
        let query = query.map(|query| format!("?{query}")).unwrap_or_default();
        let mut text = Vec::new();
        // Writing to a vector cannot fail.
        let _ = write!(text, "{method} {path}{query} HTTP/1.1\r\n");
        let mut line = |name: &str, value: &[u8]| {
            text.extend([name.as_bytes(), b": ", value, b"\r\n"].concat());
        };
        let own = |name: HeaderName| self.fields.iter().any(|(own, _)| *own == name);
        if !own(http::header::HOST) {
            line("Host", self.host_field().as_bytes());
        }
        if !own(http::header::USER_AGENT) {
            line(
                "User-Agent",
                concat!("sheave-check-server/", env!("CARGO_PKG_VERSION")).as_bytes(),
            );
        }
        if !own(http::header::ACCEPT) {
            line("Accept", b"*/*");
        }
        if !fields.iter().any(|(name, _)| *name == "accept-encoding") {
            line("Accept-Encoding", b"identity");
        }
        for (name, value) in &self.fields {
            line(name.as_str(), value.as_bytes());
        }
        for (name, value) in fields {
            line(name, value);
        }
        text.extend(b"\r\n");
        text
    }

    fn host_field(&self) -> String {
        let host = self.url.host_str().unwrap_or_default();
        let port = self.url.port();
        port.map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
    }
}

fn basic(url: &Url) -> HeaderValue {
    let decoded = |text: &str| percent_encoding::percent_decode_str(text).collect::<Vec<u8>>();
    let user = decoded(url.username());
    let password = decoded(url.password().unwrap_or_default());
    let encoded = STANDARD.encode([user.as_slice(), b":", &password].concat());
    let mut value = HeaderValue::try_from(format!("Basic {encoded}"))
        .expect("Base64 has no character that a field may not have");
    value.set_sensitive(true);
    value
}

impl Client {
    pub(super) fn new(target: Target) -> Self {
        Self {
            target,
            open: None,
            persistence: Persistence::default(),
            leaves_open: false,
        }
    }

    /// Sends a request and reads the reply, over the open connection if it still takes one.
    ///
    /// A server may close a connection between two requests at any time, and the request that
    /// meets the closing is asked anew on a fresh one (RFC 9112 §9.3.1). What is sent in place of
    /// a reply is an error all the same.
    pub(super) async fn ask(&mut self, method: Method, fields: &Fields) -> Asked {
        let request = self.target.request(method, fields);
        let mut stray = 0;
        if let Some(mut wire) = self.open.take() {
            self.persistence.promised += 1;
            match wire.exchange(&request, method).await {
                Ok(reply) => {
                    let reply = Ok(self.keep(wire, reply).await);
                    return Asked { reply, stray };
                }
                Err(WireError::Closed) => self.persistence.broken += 1,
                Err(WireError::NotHttp { bytes }) => stray = bytes,
            }
        }
        let reply = self.ask_afresh(&request, method).await;
        if matches!(reply, Err(AskError::NotHttp)) {
            // Then it is how this question is answered.
            stray = 0;
        }
        Asked { reply, stray }
    }

    async fn ask_afresh(&mut self, request: &[u8], method: Method) -> Result<Reply, AskError> {
        let mut wire = self.target.connect().await?;
        match wire.exchange(request, method).await {
            Ok(reply) => Ok(self.keep(wire, reply).await),
            Err(WireError::Closed) => Err(AskError::Closed),
            Err(WireError::NotHttp { .. }) => Err(AskError::NotHttp),
        }
    }

    /// Looks at the socket once more, and keeps the connection if the next reply can come on it.
    async fn keep(&mut self, mut wire: Wire, mut reply: Reply) -> Reply {
        let after = wire.look_after(&mut reply, self.leaves_open).await;
        if wire.persists() && after.is_closed {
            self.persistence.promised += 1;
            self.persistence.broken += 1;
        }
        self.leaves_open |= after.is_left_open;
        self.open =
            (wire.persists() && !after.is_closed && reply.faults.is_empty()).then_some(wire);
        reply
    }

    /// Gives up the connection: nobody knows what is still to come on it.
    pub(super) fn hang_up(&mut self) {
        self.open = None;
    }
}
