//! Owns the trust of a download over TLS, and the identity it shows: certificates and keys in, a
//! configuration of rustls out. Knows no connection and no request.

use std::error::Error as StdError;
use std::sync::Arc;

use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, InconsistentKeys, OtherError,
    RootCertStore, SignatureScheme, SupportedProtocolVersion, version,
};
use sha2::{Digest as _, Sha256};

use crate::pin::Pin;
use crate::settings::{InvalidSetting, Settings, TlsVersion};

static NEWEST: &[&SupportedProtocolVersion] = &[&version::TLS13];

/// The common part of a download's TLS connections.
#[derive(Debug)]
pub(super) struct Tls {
    provider: Arc<CryptoProvider>,
    /// Certificates the user trusts.
    own: Vec<CertificateDer<'static>>,
    only_own: bool,
    pins: Vec<Pin>,
    identity: Option<Arc<CertifiedKey>>,
    versions: &'static [&'static SupportedProtocolVersion],
}

/// A server has none of the keys that the user wants it to have.
#[derive(Debug, thiserror::Error)]
#[error("its key is {actual}")]
pub(super) struct NotPinned {
    pub(super) actual: Pin,
}

impl Tls {
    pub(super) fn new(settings: &Settings) -> Result<Self, InvalidSetting> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut own = Vec::new();
        for pem in &settings.authorities {
            let found = authorities(pem);
            if found.is_empty() {
                return Err(InvalidSetting::Authorities);
            }
            own.extend(found);
        }
        let identity = settings.identity.as_ref();
        let identity = identity.map(|pem| identity_of(pem.reveal(), &provider));
        Ok(Self {
            own,
            only_own: settings.only_authorities,
            pins: settings.pins.clone(),
            identity: identity.transpose()?.map(Arc::new),
            versions: match settings.oldest_tls {
                TlsVersion::V1_2 => rustls::DEFAULT_VERSIONS,
                TlsVersion::V1_3 => NEWEST,
            },
            provider,
        })
    }

    pub(super) fn has_identity(&self) -> bool {
        self.identity.is_some()
    }

    /// Makes the configuration of a client that speaks no TLS, should it be asked to: it trusts
    /// nobody.
    pub(super) fn nobody(&self) -> Result<ClientConfig, rustls::Error> {
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions)?
            .with_root_certificates(RootCertStore::empty());
        Ok(config.with_no_client_auth())
    }

    /// Makes the configuration of a client. `proxy` is the host of a proxy that is spoken to over
    /// TLS: pins are not for it.
    pub(super) fn client(
        &self,
        is_identified: bool,
        proxy: Option<&str>,
    ) -> Result<ClientConfig, rustls::Error> {
        let provider = Arc::clone(&self.provider);
        let verifier: Arc<dyn ServerCertVerifier> = if self.only_own {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(self.own.iter().cloned());
            let built = WebPkiServerVerifier::builder_with_provider(roots.into(), provider).build();
            built.map_err(|error| rustls::Error::General(error.to_string()))?
        } else {
            Arc::new(rustls_platform_verifier::Verifier::new_with_extra_roots(
                self.own.iter().cloned(),
                provider,
            )?)
        };
        let verifier = Verifier {
            inner: verifier,
            own: self.own.clone(),
            pins: self.pins.clone(),
            proxy: proxy.map(str::to_owned),
        };
        let config = ClientConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_protocol_versions(self.versions)?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier));
        let mut config = match self.identity.clone().filter(|_| is_identified) {
            Some(identity) => {
                config.with_client_cert_resolver(Arc::new(SingleCertAndKey::from(identity)))
            }
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

/// Returns the usable certificates in a file of authorities. Such files hold damaged and old ones,
/// which prove nothing and harm nobody.
fn authorities(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    let is_usable = |certificate: &CertificateDer<'static>| {
        RootCertStore::empty().add(certificate.clone()).is_ok()
    };
    certificates(pem).into_iter().filter(is_usable).collect()
}

/// Returns the certificates in a text, under each of the labels that OpenSSL writes. A trusted
/// certificate is followed by the purposes it is trusted for.
fn certificates(pem: &[u8]) -> Vec<CertificateDer<'static>> {
    // Editors put this mark in front of a text, and files are put behind one another.
    let mut text = String::from_utf8_lossy(pem).replace('\u{feff}', "");
    for label in ["TRUSTED CERTIFICATE", "X509 CERTIFICATE"] {
        text = text.replace(&format!(" {label}-----"), " CERTIFICATE-----");
    }
    CertificateDer::pem_slice_iter(text.as_bytes())
        .filter_map(Result::ok)
        .map(|der| first_element(&der).unwrap_or(&der).to_vec().into())
        .collect()
}

/// Returns the first element of DER, without the rest.
fn first_element(der: &[u8]) -> Option<&[u8]> {
    let (header, length) = match *der.get(1)? {
        short @ 0..=0x7f => (2, usize::from(short)),
        long => {
            let digits = usize::from(long & 0x7f);
            let bytes = der.get(2..2 + digits).filter(|_| digits <= 4)?;
            let fold = |length, byte: &u8| length << 8 | usize::from(*byte);
            (2 + digits, bytes.iter().fold(0, fold))
        }
    };
    der.get(..header + length)
}

/// Reads the certificates and the key that identify the user. It is the server that judges a
/// certificate, so one that is too old to be read here will do; but the key has to be its own.
fn identity_of(pem: &[u8], provider: &CryptoProvider) -> Result<CertifiedKey, InvalidSetting> {
    let chain = certificates(pem);
    if chain.is_empty() {
        return Err(InvalidSetting::Identity);
    }
    let text = String::from_utf8_lossy(pem).replace('\u{feff}', "");
    let key = PrivateKeyDer::from_pem_slice(text.as_bytes()).map_err(|_| {
        if is_encrypted(&text) {
            InvalidSetting::EncryptedKey
        } else {
            InvalidSetting::NoKey
        }
    })?;
    let key = provider.key_provider.load_private_key(key);
    let key = key.map_err(|_| InvalidSetting::NoKey)?;
    let identity = CertifiedKey::new(chain, key);
    match identity.keys_match() {
        Err(rustls::Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(InvalidSetting::KeyOfAnother)
        }
        Ok(()) | Err(_) => Ok(identity),
    }
}

/// Reports whether the text of a key is one that a password protects: PKCS#8 and older PEM say so
/// each in its way.
fn is_encrypted(text: &str) -> bool {
    text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED")
}

/// Believes a server that the system or the user trusts and, if there are pins, that has a pinned
/// key.
#[derive(Debug)]
struct Verifier {
    inner: Arc<dyn ServerCertVerifier>,
    own: Vec<CertificateDer<'static>>,
    pins: Vec<Pin>,
    proxy: Option<String>,
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
        let verified = self.inner.verify_server_cert(
            end_entity,
            intermediates,
            server_name,
            ocsp_response,
            now,
        );
        match verified {
            Err(error) if is_about_the_issuer(&error) && self.own.contains(end_entity) => {
                let certificate = ParsedCertificate::try_from(end_entity)?;
                rustls::client::verify_server_name(&certificate, server_name)?;
            }
            Err(error) => return Err(error),
            Ok(_) => {}
        }
        let is_proxy = |name: &String| *name == *server_name.to_str();
        if self.pins.is_empty() || self.proxy.as_ref().is_some_and(is_proxy) {
            return Ok(ServerCertVerified::assertion());
        }
        let certificate = ParsedCertificate::try_from(end_entity)?;
        let key = certificate.subject_public_key_info();
        let actual = Pin::of_key(Sha256::digest(key.as_ref()).into());
        if self.pins.contains(&actual) {
            return Ok(ServerCertVerified::assertion());
        }
        let cause: Arc<dyn StdError + Send + Sync> = Arc::new(NotPinned { actual });
        Err(CertificateError::Other(OtherError(cause)).into())
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

/// Reports whether the one fault of a server's certificate is its issuer: nobody, or itself as an
/// authority. Its dates were found right before that is looked at.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_ends_where_it_says() {
        for (der, expected) in [
            (&[0x30, 1, 7, 9][..], Some(3)),
            (&[0x30, 0x81, 2, 1, 2, 9], Some(5)),
            (&[0x30, 0x82, 0, 1, 1], Some(5)),
            (&[0x30, 0x82, 0, 2, 1], None),
            (&[0x30, 0x85, 0, 0, 0, 0, 1, 1], None),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], None),
            (&[0x30], None),
            (&[], None),
        ] {
            let found = first_element(der).map(<[u8]>::len);
            assert_eq!(found, expected, "{der:?}");
        }
    }

    /// A certificate of version 1, as `openssl x509 -req` makes it, and its key.
    const OLD: &str = "-----BEGIN CERTIFICATE-----
MIIBFTCBuwIUC7nDYwBoG8WOaJIdVOGpCyr0gT8wCgYIKoZIzj0EAwIwDDEKMAgG
A1UEAwwBYzAgFw0yNjExMjgxNDEwMTlaGA8yMTI2MTEwNDE0MTAxOVowDDEKMAgG
A1UEAwwBYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPPlxXpYkNm2xKWiAC2u
tS9MJgRMG7YRoSxyhn0CIOoVJxQqxkQQZjpReQBuq2o4oyMqztFuCx32HDzQxHTG
oa8wCgYIKoZIzj0EAwIDSQAwRgIhANRwkXpkuVWUnLMp0Vb875PbCRt9tYwrXV2W
6V+Dod8rAiEApuWf2ZdtRgl5fJ2ZoJ3wNkmCLLJA4LZ3xjEFKJv8F1E=
-----END CERTIFICATE-----
";
    const KEY: &str = "-----BEGIN PRIVATE KEY-----
MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQglyON+yG2hC6w/WUl
JgqJzs49LQY90ZsVNA+IOIkU2TShRANCAATz5cV6WJDZtsSlogAtrrUvTCYETBu2
EaEscoZ9AiDqFScUKsZEEGY6UXkAbqtqOKMjKs7Rbgsd9hw80MR0xqGv
-----END PRIVATE KEY-----
";
    /// The same as `openssl x509 -trustout` writes it.
    const TRUSTED: &str = "-----BEGIN TRUSTED CERTIFICATE-----
MIIBFTCBuwIUC7nDYwBoG8WOaJIdVOGpCyr0gT8wCgYIKoZIzj0EAwIwDDEKMAgG
A1UEAwwBYzAgFw0yNjExMjgxNDEwMTlaGA8yMTI2MTEwNDE0MTAxOVowDDEKMAgG
A1UEAwwBYzBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABPPlxXpYkNm2xKWiAC2u
tS9MJgRMG7YRoSxyhn0CIOoVJxQqxkQQZjpReQBuq2o4oyMqztFuCx32HDzQxHTG
oa8wCgYIKoZIzj0EAwIDSQAwRgIhANRwkXpkuVWUnLMp0Vb875PbCRt9tYwrXV2W
6V+Dod8rAiEApuWf2ZdtRgl5fJ2ZoJ3wNkmCLLJA4LZ3xjEFKJv8F1EwDDAKBggr
BgEFBQcDAQ==
-----END TRUSTED CERTIFICATE-----
";

    #[test]
    fn a_certificate_is_shown_whatever_its_version() {
        let provider = rustls::crypto::ring::default_provider();
        for pem in [
            format!("{OLD}{KEY}"),
            format!("{KEY}\r\nnotes\r\n{OLD}"),
            format!("\u{feff}{OLD}\u{feff}{KEY}"),
        ] {
            let identity = identity_of(pem.as_bytes(), &provider).unwrap();
            assert_eq!(identity.cert.len(), 1);
        }
    }

    #[test]
    fn certificates_are_found_under_each_label() {
        let plain = certificates(OLD.as_bytes());
        assert_eq!(plain.len(), 1);
        let old_label = OLD.replace(" CERTIFICATE", " X509 CERTIFICATE");
        let around = format!("Subject: c\n{OLD}# end\n").replace('\n', "\r\n");
        let marked = format!("\u{feff}{around}");
        for pem in [TRUSTED, &old_label, &around, &marked] {
            assert_eq!(certificates(pem.as_bytes()), plain, "{pem}");
        }
        assert!(certificates(KEY.as_bytes()).is_empty());
        assert!(
            authorities(b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
                .is_empty()
        );
    }

    #[test]
    fn a_key_with_a_password_is_told_from_what_is_no_key() {
        let provider = rustls::crypto::ring::default_provider();
        let refused = |pem: &str| identity_of(pem.as_bytes(), &provider).unwrap_err();
        let of_old = |key: &str| refused(&format!("{OLD}{key}"));
        for pem in [
            "-----BEGIN ENCRYPTED PRIVATE KEY-----\nMIIB\n-----END ENCRYPTED PRIVATE KEY-----\n",
            "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n\
             MIIB\n-----END RSA PRIVATE KEY-----\n",
        ] {
            let error = of_old(pem);
            assert!(matches!(error, InvalidSetting::EncryptedKey), "{error:?}");
        }
        assert!(matches!(refused("key"), InvalidSetting::Identity));
        assert!(matches!(refused(KEY), InvalidSetting::Identity));
        assert!(matches!(of_old("key"), InvalidSetting::NoKey));
        assert!(matches!(of_old(""), InvalidSetting::NoKey));
    }
}
