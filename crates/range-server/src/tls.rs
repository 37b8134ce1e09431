//! Owns the server's certificate and what is offered in a TLS handshake. Knows nothing of
//! requests, and reads no files: certificates and keys come as PEM text.

use std::collections::BTreeSet;
use std::sync::Arc;

use rcgen::{CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, KeyPair};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::{self, PemObject};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::rustls::{self, ServerConfig};

/// Names every generated certificate is for.
const LOOPBACK_NAMES: [&str; 3] = ["localhost", "127.0.0.1", "::1"];

/// The name of HTTP/2 in a handshake (RFC 9113 §3.1).
pub(crate) const ALPN_HTTP_2: &[u8] = b"h2";

/// A certificate with its private key: what makes a server an https server.
///
/// TLS 1.2 and 1.3; over ALPN `h2` is offered before `http/1.1`, and who asks for nothing gets
/// the latter. Cheap to clone.
#[derive(Clone)]
pub struct TlsIdentity {
    acceptor: TlsAcceptor,
    certificate_pem: Arc<str>,
}

/// Why there is no [`TlsIdentity`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// The certificates are not PEM, or there is none.
    #[error("read the certificates")]
    Certificates(#[source] pem::Error),
    /// The key is not a PEM private key in PKCS #8, PKCS #1 or SEC 1 form, without a password.
    #[error("read the private key")]
    Key(#[source] pem::Error),
    /// Certificate and key do not belong together, or are of a kind that is not supported.
    #[error("use the certificate with its key")]
    Unusable(#[source] rustls::Error),
    /// A name cannot stand in a certificate.
    #[error("generate a certificate")]
    Generate(#[source] rcgen::Error),
}

impl TlsIdentity {
    /// Makes a key, and a certificate signed by itself for `localhost`, `127.0.0.1`, `::1` and
    /// these names and IP addresses. Clients have to be told to trust [`Self::certificate_pem`];
    /// as it is no authority, nothing else can be signed with it. The key never leaves the
    /// process.
    pub fn generate(names: impl IntoIterator<Item = String>) -> Result<Self, TlsError> {
        let loopback = LOOPBACK_NAMES.map(str::to_owned);
        let names: BTreeSet<String> = loopback.into_iter().chain(names).collect();
        let names: Vec<String> = names.into_iter().collect();
        let mut params = CertificateParams::new(names).map_err(TlsError::Generate)?;
        let mut subject = DistinguishedName::new();
        subject.push(
            DnType::CommonName,
            "range-server, generated when it started",
        );
        params.distinguished_name = subject;
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        let key = KeyPair::generate().map_err(TlsError::Generate)?;
        let certificate = params.self_signed(&key).map_err(TlsError::Generate)?;
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        Self::new(
            vec![certificate.der().clone()],
            key,
            certificate.pem().into(),
        )
    }

    /// Reads a certificate, followed by those that lead to its authority, and its key.
    pub fn from_pem(certificates: &str, key: &str) -> Result<Self, TlsError> {
        let chain = CertificateDer::pem_slice_iter(certificates.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .map_err(TlsError::Certificates)?;
        if chain.is_empty() {
            return Err(TlsError::Certificates(pem::Error::NoItemsFound));
        }
        let key = PrivateKeyDer::from_pem_slice(key.as_bytes()).map_err(TlsError::Key)?;
        Self::new(chain, key, certificates.into())
    }

    fn new(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
        certificate_pem: Arc<str>,
    ) -> Result<Self, TlsError> {
        // Named, because what else is linked may have chosen another for the whole process.
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(chain, key))
            .map_err(TlsError::Unusable)?;
        config.alpn_protocols = vec![ALPN_HTTP_2.to_vec(), b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            certificate_pem,
        })
    }

    /// The certificates as PEM: for a generated one what clients have to trust, as with
    /// `curl --cacert`.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// Offers nothing but HTTP/1.1, as for faults, which are about bytes on a connection of their
    /// own: over HTTP/2 a cut would take other responses with it, and not be exact.
    #[must_use]
    pub fn without_http_2(self) -> Self {
        let mut config = ServerConfig::clone(self.acceptor.config());
        config.alpn_protocols.retain(|name| name != ALPN_HTTP_2);
        Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            ..self
        }
    }

    pub(crate) fn acceptor(&self) -> &TlsAcceptor {
        &self.acceptor
    }
}
