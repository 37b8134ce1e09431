//! Owns the bare connection the table is asked over: open, ask, read a bounded reply, reuse where
//! the server permits. Repairs nothing that a server sends.

use std::error::Error;
use std::io;
use std::sync::Arc;

use super::conformance::{Fields, Reply};
use http::header::{ACCEPT_ENCODING, HOST, HeaderValue};
use http::{Request, Response, Uri};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use range_core::http::conditional::Method;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::{CryptoProvider, aws_lc_rs};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

use super::error::CheckError;

/// Most bytes read of one reply. Ranges beyond are judged by their heads alone.
pub const MOST_READ: usize = 1 << 20;

/// Whose certificate is believed.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Trust {
    /// Nobody's: http only.
    Nobody,
    /// Certificates, in PEM, one of which the server's has to lead to.
    Pem(Vec<u8>),
}

/// A server, and the connection to it while there is one.
pub(super) struct Client {
    uri: Uri,
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
    sender: Option<SendRequest<Empty<Bytes>>>,
    connections: JoinSet<()>,
}

impl Client {
    pub(super) fn new(uri: Uri, trust: &Trust) -> Result<Self, CheckError> {
        let is_secure = match uri.scheme_str() {
            Some("http") => false,
            Some("https") => true,
            _ => return Err(CheckError::Url),
        };
        let host = uri.host().ok_or(CheckError::Url)?;
        // An IPv6 address stands in brackets in a URL, and nowhere else.
        let host = host
            .trim_start_matches('[')
            .trim_end_matches(']')
            .to_owned();
        let tls = if is_secure {
            let name = ServerName::try_from(host.clone()).map_err(|_| CheckError::Url)?;
            Some((connector(trust)?, name))
        } else {
            None
        };
        let port = uri.port_u16().unwrap_or(if is_secure { 443 } else { 80 });
        let connections = JoinSet::new();
        Ok(Self {
            uri,
            host,
            port,
            tls,
            sender: None,
            connections,
        })
    }

    /// Sends a request and reads the reply, over the open connection if it still takes one.
    ///
    /// A server may close a connection between two requests at any time, and the request that
    /// meets the closing is asked anew on a fresh one (RFC 9112 §9.3.1). What is sent in place of
    /// a reply is an error all the same.
    pub(super) async fn ask(&mut self, method: Method, fields: &Fields) -> Result<Reply, String> {
        if let Some(mut sender) = self.idle().await {
            match sender.send_request(self.request(method, fields)?).await {
                Ok(response) => return self.receive(sender, response).await,
                Err(error) if met_the_closing(&error) => {}
                Err(error) => return Err(error.to_string()),
            }
        }
        let mut sender = self.connect().await?;
        let response = sender.send_request(self.request(method, fields)?).await;
        let response = response.map_err(|error| error.to_string())?;
        self.receive(sender, response).await
    }

    /// Reads a reply, and keeps the connection if the next can come on it.
    async fn receive(
        &mut self,
        sender: SendRequest<Empty<Bytes>>,
        response: Response<Incoming>,
    ) -> Result<Reply, String> {
        let (head, body) = response.into_parts();
        let fields = head.headers.iter();
        let mut reply = Reply {
            status: head.status.as_u16(),
            fields: fields
                .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
                .collect(),
            ..Reply::default()
        };
        read(body, &mut reply).await?;
        // The rest of a long reply would have to be read before the next could come.
        self.sender = reply.is_complete.then_some(sender);
        Ok(reply)
    }

    /// The open connection, if the server has left it open.
    async fn idle(&mut self) -> Option<SendRequest<Empty<Bytes>>> {
        let mut sender = self.sender.take()?;
        sender.ready().await.ok()?;
        Some(sender)
    }

    /// Gives up the connection: nobody knows what is still to come on it.
    pub(super) fn hang_up(&mut self) {
        self.sender = None;
        self.connections.abort_all();
    }

    fn request(&self, method: Method, fields: &Fields) -> Result<Request<Empty<Bytes>>, String> {
        let method = match method {
            Method::Get => http::Method::GET,
            Method::Head => http::Method::HEAD,
        };
        let authority = self
            .uri
            .authority()
            .map_or("", http::uri::Authority::as_str);
        let host = authority.rsplit('@').next().unwrap_or_default();
        let target = self
            .uri
            .path_and_query()
            .map_or("/", http::uri::PathAndQuery::as_str);
        let mut request = Request::builder()
            .method(method)
            .uri(target)
            .header(HOST, host)
            .header(ACCEPT_ENCODING, "identity");
        for (name, value) in fields {
            let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
            request = request.header(*name, value);
        }
        request
            .body(Empty::new())
            .map_err(|error| error.to_string())
    }

    async fn connect(&mut self) -> Result<SendRequest<Empty<Bytes>>, String> {
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await;
        let stream = stream.map_err(|error| error.to_string())?;
        match self.tls.clone() {
            None => self.shake_hands(stream).await,
            Some((connector, name)) => {
                let stream = connector.connect(name, stream).await;
                self.shake_hands(stream.map_err(|error| error.to_string())?)
                    .await
            }
        }
    }

    async fn shake_hands(
        &mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<SendRequest<Empty<Bytes>>, String> {
        let connection = http1::handshake(TokioIo::new(stream)).await;
        let (sender, connection) = connection.map_err(|error| error.to_string())?;
        self.connections.abort_all();
        // Its error reaches whoever waits for a reply.
        self.connections
            .spawn(async move { drop(connection.await) });
        Ok(sender)
    }
}

/// Returns true if a request failed because the server had closed the connection, rather than by
/// what it sent. A close with the request unread resets the connection.
fn met_the_closing(error: &hyper::Error) -> bool {
    let cause = error
        .source()
        .and_then(|cause| cause.downcast_ref::<io::Error>());
    let is_reset = cause.is_some_and(|cause| {
        matches!(
            cause.kind(),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
        )
    });
    is_reset || error.is_canceled() || error.is_closed() || error.is_incomplete_message()
}

async fn read(mut body: Incoming, reply: &mut Reply) -> Result<(), String> {
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| error.to_string())?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        let room = MOST_READ - reply.content.len();
        reply
            .content
            .extend_from_slice(&data[..data.len().min(room)]);
        if data.len() > room {
            return Ok(());
        }
    }
    reply.is_complete = true;
    Ok(())
}

fn connector(trust: &Trust) -> Result<TlsConnector, CheckError> {
    let Trust::Pem(pem) = trust else {
        return Err(CheckError::NobodyTrusted);
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate = certificate.map_err(|_| CheckError::Certificates)?;
        roots
            .add(certificate)
            .map_err(|_| CheckError::Certificates)?;
    }
    if roots.is_empty() {
        return Err(CheckError::Certificates);
    }
    // Named, because what else is linked may have chosen another for the whole process.
    let provider: Arc<CryptoProvider> = Arc::new(aws_lc_rs::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| CheckError::Certificates)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
