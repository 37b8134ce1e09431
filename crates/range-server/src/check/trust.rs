//! Owns whose certificates are believed. Knows no connection and no request.

use std::sync::Arc;

use rustls_platform_verifier::Verifier as PlatformVerifier;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use tokio_rustls::rustls::crypto::{CryptoProvider, ring};
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use tokio_rustls::rustls::server::ParsedCertificate;
use tokio_rustls::rustls::{
    self, CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore,
    SignatureScheme,
};

use super::error::CheckError;

/// Whose certificate is believed.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Certificates in PEM, of authorities or of servers, that are trusted too.
    pub pem: Option<Vec<u8>>,
    /// Trust nobody but those.
    pub only_pem: bool,
    /// Believe any certificate.
    pub anybody: bool,
}

/// The means to speak TLS with a server that is trusted.
pub(super) fn connector(trust: &Trust) -> Result<TlsConnector, CheckError> {
    // Named, because what else is linked may have chosen another for the whole process.
    let provider: Arc<CryptoProvider> = Arc::new(ring::default_provider());
    let own = certificates(trust.pem.as_deref())?;
    let inner: Arc<dyn ServerCertVerifier> = if trust.only_pem {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(own.iter().cloned());
        WebPkiServerVerifier::builder_with_provider(roots.into(), Arc::clone(&provider))
            .build()
            .map_err(|_| CheckError::Certificates)?
    } else {
        let extra = own.iter().cloned();
        let verifier = PlatformVerifier::new_with_extra_roots(extra, Arc::clone(&provider));
        Arc::new(verifier.map_err(|_| CheckError::Certificates)?)
    };
    let verifier = Verifier {
        inner,
        own,
        anybody: trust.anybody,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|_| CheckError::Certificates)?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}

fn certificates(pem: Option<&[u8]>) -> Result<Vec<CertificateDer<'static>>, CheckError> {
    let Some(pem) = pem else {
        return Ok(Vec::new());
    };
    let is_usable = |certificate: &CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    let found = CertificateDer::pem_slice_iter(pem).filter_map(Result::ok);
    let found: Vec<_> = found.filter(is_usable).collect();
    if found.is_empty() {
        return Err(CheckError::Certificates);
    }
    Ok(found)
}

/// Believes whom the system or the user trusts, and a server whose own certificate the user gave.
#[derive(Debug)]
struct Verifier {
    inner: Arc<dyn ServerCertVerifier>,
    own: Vec<CertificateDer<'static>>,
    anybody: bool,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        if self.anybody {
            return Ok(ServerCertVerified::assertion());
        }
        let inner = &self.inner;
        match inner.verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now) {
            Err(error) if is_about_the_issuer(&error) && self.own.contains(end_entity) => {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&certificate, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            verified => verified,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// Reports whether the one thing wrong with a certificate is who vouches for it: nobody, or itself
/// as an authority. Its dates were found right before that is looked at.
fn is_about_the_issuer(error: &rustls::Error) -> bool {
    let rustls::Error::InvalidCertificate(error) = error else {
        return false;
    };
    let is_authority = |other: &OtherError| {
        let cause = other.0.downcast_ref();
        matches!(cause, Some(webpki::Error::CaUsedAsEndEntity))
    };
    matches!(error, CertificateError::UnknownIssuer)
        || matches!(error, CertificateError::Other(other) if is_authority(other))
}
