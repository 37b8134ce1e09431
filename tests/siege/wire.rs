//! Owns how clients connect: over TCP with small buffers, and over TLS. Knows nothing of HTTP.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use fastrand::Rng;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// Bytes that a client's system keeps unread: few, so that it is the server's side that has to.
const RECEIVED: u32 = 8 << 10;

/// The time a hostile client begins after the others: a thousand beginnings at once, of which
/// 300 agree on keys, take two cores a second, half of it on the side of the clients.
pub(crate) fn arrival(rng: &mut Rng) -> Duration {
    Duration::from_millis(rng.u64(..10_000))
}

/// A server, as its clients see it.
pub(crate) struct Target {
    address: SocketAddr,
    /// The certificate to trust, of a server that speaks TLS.
    trusted: Option<String>,
    /// Connections that hostile clients have made.
    pub(crate) sessions: AtomicU64,
    /// The rest that a hostile client takes between two packets it could send at once.
    pub(crate) rest: Duration,
}

impl Target {
    pub(crate) fn new(address: SocketAddr, trusted: Option<String>, rest: Duration) -> Self {
        let sessions = AtomicU64::default();
        Self {
            address,
            trusted,
            sessions,
            rest,
        }
    }

    pub(crate) fn is_secure(&self) -> bool {
        self.trusted.is_some()
    }

    /// A connection as ordinary clients have it.
    pub(crate) async fn connect(&self) -> std::io::Result<TcpStream> {
        TcpStream::connect(self.address).await
    }

    /// A connection that takes little.
    pub(crate) async fn connect_narrow(&self) -> std::io::Result<TcpStream> {
        self.sessions.fetch_add(1, Ordering::Relaxed);
        let socket = TcpSocket::new_v4()?;
        socket.set_recv_buffer_size(RECEIVED)?;
        socket.connect(self.address).await
    }

    /// Agrees on keys over a connection, and on this protocol.
    pub(crate) async fn secure(
        &self,
        stream: TcpStream,
        protocol: &str,
    ) -> std::io::Result<TlsStream<TcpStream>> {
        let trusted = self.trusted.as_deref().unwrap();
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap();
        roots.add(certificate).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![protocol.as_bytes().to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        TlsConnector::from(Arc::new(config))
            .connect(name, stream)
            .await
    }
}
