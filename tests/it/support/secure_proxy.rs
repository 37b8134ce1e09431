//! TLS before a proxy, so that `https://` is how it is spoken to.

use std::sync::Arc;

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivatePkcs8KeyDer;

use super::proxy::Proxy;

/// The end of TLS before a proxy. It ends when dropped.
pub(crate) struct SecureProxy {
    port: u16,
    certificate: String,
    _running: Runtime,
}

impl SecureProxy {
    /// Starts it before a proxy that speaks HTTP, with a certificate that nobody trusts yet.
    pub(crate) fn before(proxy: &Proxy) -> Self {
        let running = Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let pair = rcgen::generate_simple_self_signed(["localhost".into(), "127.0.0.1".into()]);
        let pair = pair.unwrap();
        let key = PrivatePkcs8KeyDer::from(pair.signing_key.serialize_der());
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![pair.cert.der().clone()], key.into())
            .unwrap();
        let listener = running.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let port = listener.local_addr().unwrap().port();
        running.spawn(accept(
            listener,
            TlsAcceptor::from(Arc::new(config)),
            proxy.authority(),
        ));
        Self {
            port,
            certificate: pair.cert.pem(),
            _running: running,
        }
    }

    pub(crate) fn authority(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// Its certificate, in PEM.
    pub(crate) fn certificate(&self) -> &str {
        &self.certificate
    }
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor, behind: String) {
    loop {
        let Ok((client, _)) = listener.accept().await else {
            continue;
        };
        let (acceptor, behind) = (acceptor.clone(), behind.clone());
        tokio::spawn(async move {
            let mut client = acceptor.accept(client).await?;
            let mut proxy = TcpStream::connect(behind).await?;
            // An end is passed on as one. An error is passed on as well: by a connection that ends
            // without the word of TLS for it.
            copy_bidirectional(&mut client, &mut proxy).await
        });
    }
}
