//! A client of HTTP/2 that writes frames itself, because what libraries refuse to send is what has
//! to be tried.

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

/// Kinds of frames (RFC 9113 §6).
pub(crate) const SETTINGS: u8 = 4;
pub(crate) const PING: u8 = 6;
const HEADERS: u8 = 1;

/// The flags of a request without content, whose fields are all there.
const END_STREAM_AND_HEADERS: u8 = 0x5;

/// A connection that has sent its preface and `settings`.
pub(crate) struct Frames {
    stream: StreamOwned<ClientConnection, TcpStream>,
}

impl Frames {
    pub(crate) fn connect(address: std::net::SocketAddr, trusted: &str, settings: &[u8]) -> Self {
        let mut roots = RootCertStore::empty();
        let certificate = CertificateDer::from_pem_slice(trusted.as_bytes()).unwrap();
        roots.add(certificate).unwrap();
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let name = ServerName::try_from("localhost").unwrap();
        let connection = ClientConnection::new(Arc::new(config), name).unwrap();
        let stream = TcpStream::connect(address).unwrap();
        let moment = Some(Duration::from_millis(20));
        let mut this = Self {
            stream: StreamOwned::new(connection, stream),
        };
        this.stream
            .write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
            .unwrap();
        this.send(SETTINGS, 0, 0, settings).unwrap();
        this.stream.sock.set_read_timeout(moment).unwrap();
        this
    }

    pub(crate) fn send(
        &mut self,
        kind: u8,
        flags: u8,
        stream: u32,
        payload: &[u8],
    ) -> std::io::Result<()> {
        let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
        let mut frame = length[1..].to_vec();
        frame.extend([kind, flags]);
        frame.extend(stream.to_be_bytes());
        frame.extend(payload);
        self.stream.write_all(&frame)?;
        self.stream.flush()
    }

    /// Asks for a path on a stream, with no content of its own.
    pub(crate) fn get(&mut self, stream: u32, path: &str) -> std::io::Result<()> {
        // `:method: GET` and `:scheme: https` of the static table, then two literals.
        let mut block = vec![0x82, 0x87, 0x01];
        for (literal, next) in [("localhost", Some(0x04)), (path, None)] {
            block.push(u8::try_from(literal.len()).unwrap());
            block.extend(literal.as_bytes());
            block.extend(next);
        }
        self.send(HEADERS, END_STREAM_AND_HEADERS, stream, &block)
    }

    /// Does `meanwhile` again and again, reading what comes, and returns how long it took until the
    /// server ended the connection; `None` when it still lives after `patience`.
    pub(crate) fn until_ended(
        &mut self,
        patience: Duration,
        mut meanwhile: impl FnMut(&mut Self) -> std::io::Result<()>,
    ) -> Option<Duration> {
        let begin = Instant::now();
        let mut bytes = vec![0; 64 << 10];
        while begin.elapsed() < patience {
            if meanwhile(self).is_err() {
                return Some(begin.elapsed());
            }
            match self.stream.read(&mut bytes) {
                Ok(0) => return Some(begin.elapsed()),
                Ok(_) => {}
                Err(error)
                    if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(_) => return Some(begin.elapsed()),
            }
        }
        None
    }
}
