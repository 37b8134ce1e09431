//! Owns the judgement of a failed handshake of TLS: whether the server cannot be trusted, refuses,
//! or speaks something else. Pure: sees one error, and no connection.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are another's and long, and what is not named is treated alike"
)]

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::tls::NotPinned;
use crate::pin::Pin;

/// The result of a handshake that another try would have too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum FinalFailure {
    Untrusted,
    NotPinned(Pin),
    Refused(Refusal),
}

/// The reason why there is no TLS with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The server sends something else.
    SpeaksNone,
    /// Its versions are all too old.
    Version,
    /// There is no way to agree on keys that both know.
    Ciphers,
    /// It wants a certificate of the user, or another one.
    Certificate,
    /// It has nothing under the name it was asked for.
    Name,
    /// It has said no more than that.
    Other,
}

impl Refusal {
    pub(super) const fn text(self) -> &'static str {
        match self {
            Self::SpeaksNone => {
                "the server does not speak TLS on this port; it may be one for http://"
            }
            Self::Version => {
                "the server knows no version of TLS that is accepted; 1.1 and older are never"
            }
            Self::Ciphers => {
                "the server refused the TLS handshake; it may know nothing but the exchange of \
                 keys by RSA, or a TLS older than 1.2, which are not spoken"
            }
            Self::Certificate => {
                "the server refused the TLS handshake for the client's certificate, or the lack \
                 of one"
            }
            Self::Name => "the server refused the TLS handshake: it does not know the host's name",
            Self::Other => "the server refused the TLS handshake",
        }
    }
}

/// Judges an error of TLS. `None` if another try may well succeed: connections break, and a server
/// may be overloaded.
pub(super) fn judge(error: &Error, is_connecting: bool) -> Option<FinalFailure> {
    let refused = |refusal| Some(FinalFailure::Refused(refusal));
    match error {
        Error::InvalidCertificate(CertificateError::Other(other)) => {
            let pinned = other.0.downcast_ref::<NotPinned>();
            Some(pinned.map_or(FinalFailure::Untrusted, |error| {
                FinalFailure::NotPinned(error.actual)
            }))
        }
        Error::InvalidCertificate(_) | Error::NoCertificatesPresented => {
            Some(FinalFailure::Untrusted)
        }
        // With TLS 1.3 a server judges a certificate once the handshake is over for the client.
        Error::AlertReceived(alert) => match certificate_or_name(*alert) {
            Some(refusal) => refused(refusal),
            None if is_connecting => of_alert(*alert).map(FinalFailure::Refused),
            None => None,
        },
        Error::PeerIncompatible(incompatible) if is_connecting => {
            refused(of_incompatible(incompatible))
        }
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) if is_connecting => refused(Refusal::SpeaksNone),
        _ => None,
    }
}

/// Says why a certificate proves nothing, where the text of the library is a name of its code.
pub(super) fn in_words(error: &Error) -> Option<&'static str> {
    let Error::InvalidCertificate(certificate) = error else {
        return None;
    };
    match certificate {
        CertificateError::UnknownIssuer => {
            Some("nobody who is trusted has signed its certificate (UnknownIssuer)")
        }
        CertificateError::Other(other)
            if other.0.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
        {
            Some("nobody but itself has signed its certificate")
        }
        _ => None,
    }
}

fn certificate_or_name(alert: AlertDescription) -> Option<Refusal> {
    use AlertDescription as Alert;
    match alert {
        Alert::AccessDenied
        | Alert::BadCertificate
        | Alert::CertificateExpired
        | Alert::CertificateRequired
        | Alert::CertificateRevoked
        | Alert::CertificateUnknown
        | Alert::NoCertificate
        | Alert::UnknownCA
        | Alert::UnsupportedCertificate => Some(Refusal::Certificate),
        Alert::UnrecognisedName => Some(Refusal::Name),
        _ => None,
    }
}

fn of_alert(alert: AlertDescription) -> Option<Refusal> {
    use AlertDescription as Alert;
    match alert {
        Alert::HandshakeFailure | Alert::InsufficientSecurity => Some(Refusal::Ciphers),
        Alert::ProtocolVersion => Some(Refusal::Version),
        // These failures pass.
        Alert::CloseNotify | Alert::InternalError | Alert::UserCanceled => None,
        _ => Some(Refusal::Other),
    }
}

fn of_incompatible(incompatible: &PeerIncompatible) -> Refusal {
    match incompatible {
        PeerIncompatible::ServerDoesNotSupportTls12Or13
        | PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig => Refusal::Version,
        PeerIncompatible::NoCipherSuitesInCommon
        | PeerIncompatible::NoKxGroupsInCommon
        | PeerIncompatible::NoSignatureSchemesInCommon
        | PeerIncompatible::EcPointsExtensionRequired
        | PeerIncompatible::NamedGroupsExtensionRequired => Refusal::Ciphers,
        _ => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{OtherError, PeerMisbehaved};
    use std::sync::Arc;

    #[test]
    fn no_name_of_code_says_why_a_certificate_proves_nothing() {
        let other = |error: webpki::Error| CertificateError::Other(OtherError(Arc::new(error)));
        for (certificate, expected) in [
            (
                other(webpki::Error::CaUsedAsEndEntity),
                Some("nobody but itself"),
            ),
            (
                CertificateError::UnknownIssuer,
                Some("nobody who is trusted"),
            ),
            (other(webpki::Error::MaximumPathDepthExceeded), None),
            (CertificateError::Expired, None),
        ] {
            let found = in_words(&Error::InvalidCertificate(certificate));
            let begins = expected
                .zip(found)
                .is_some_and(|(begin, text)| text.starts_with(begin));
            assert!(begins || expected == found, "{found:?}");
        }
        assert_eq!(in_words(&Error::DecryptError), None);
    }

    #[test]
    fn what_would_fail_again_is_told_from_what_may_pass() {
        use AlertDescription as Alert;
        let refused = |refusal| Some(FinalFailure::Refused(refusal));
        let other = CertificateError::Other(OtherError(Arc::new(std::fmt::Error)));
        for (error, connecting, later) in [
            (
                Error::AlertReceived(Alert::HandshakeFailure),
                refused(Refusal::Ciphers),
                None,
            ),
            (
                Error::AlertReceived(Alert::ProtocolVersion),
                refused(Refusal::Version),
                None,
            ),
            (
                Error::AlertReceived(Alert::CertificateRequired),
                refused(Refusal::Certificate),
                refused(Refusal::Certificate),
            ),
            (
                Error::AlertReceived(Alert::UnrecognisedName),
                refused(Refusal::Name),
                refused(Refusal::Name),
            ),
            (
                Error::AlertReceived(Alert::NoApplicationProtocol),
                refused(Refusal::Other),
                None,
            ),
            (Error::AlertReceived(Alert::InternalError), None, None),
            (Error::AlertReceived(Alert::CloseNotify), None, None),
            (
                Error::AlertReceived(Alert::BadRecordMac),
                refused(Refusal::Other),
                None,
            ),
            (
                Error::PeerIncompatible(PeerIncompatible::ServerDoesNotSupportTls12Or13),
                refused(Refusal::Version),
                None,
            ),
            (
                Error::InvalidMessage(InvalidMessage::InvalidContentType),
                refused(Refusal::SpeaksNone),
                None,
            ),
            (
                Error::InvalidCertificate(CertificateError::Expired),
                Some(FinalFailure::Untrusted),
                Some(FinalFailure::Untrusted),
            ),
            (
                Error::InvalidCertificate(other),
                Some(FinalFailure::Untrusted),
                Some(FinalFailure::Untrusted),
            ),
            (Error::DecryptError, None, None),
            (
                Error::PeerMisbehaved(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec),
                None,
                None,
            ),
        ] {
            assert_eq!(judge(&error, true), connecting, "{error:?}");
            assert_eq!(judge(&error, false), later, "{error:?}");
        }
    }
}
