//! Owns the judgement of a failed handshake of TLS: whether the server cannot be trusted, refuses,
//! or speaks something else. Pure: sees one error, and no connection.
#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the enums are another's and long, and what is not named is treated alike"
)]

use rustls::{AlertDescription, CertificateError, Error, InvalidMessage, PeerIncompatible};

use super::tls::NotPinned;
use super::whom::TlsPeer;
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
    /// It chose a way to agree on keys, or to prove who it is, that is not offered.
    Unspoken,
    /// Nothing it was offered will do, and there is no telling what it misses: servers say no more
    /// of a cipher, a kind of certificate, a name that they do not know or a client without a
    /// certificate.
    Unexplained,
    /// It wants a certificate of the user, or another one.
    Certificate,
    /// It has nothing under the name it was asked for.
    Name,
    /// It has said no more than that.
    Other,
}

impl Refusal {
    /// Says what the peer did.
    pub(super) fn text(self, peer: TlsPeer) -> String {
        let rest = match self {
            Self::SpeaksNone => "does not speak TLS on this port; it may be one for http://",
            Self::Version => "knows no version of TLS that is accepted; 1.1 and older are never",
            Self::Unspoken => {
                "chose for TLS what is not spoken: a cipher, an exchange of keys or a kind of \
                 signature"
            }
            Self::Unexplained => {
                "refused the TLS handshake without saying why; it may have no certificate for the \
                 host, want one of the client, or know nothing that is spoken: the exchange of \
                 keys by RSA, certificates with a P-521 key and TLS before 1.2 are not"
            }
            Self::Certificate => {
                "refused the TLS handshake for the client's certificate, or the lack of one"
            }
            Self::Name => "refused the TLS handshake: it does not know the host's name",
            Self::Other => "refused the TLS handshake",
        };
        format!("{peer} {rest}")
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
        Alert::HandshakeFailure | Alert::InsufficientSecurity => Some(Refusal::Unexplained),
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
        | PeerIncompatible::NamedGroupsExtensionRequired => Refusal::Unspoken,
        _ => Refusal::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustls::{OtherError, PeerMisbehaved};
    use std::sync::Arc;

    #[test]
    fn what_would_fail_again_is_told_from_what_may_pass() {
        use AlertDescription as Alert;
        let refused = |refusal| Some(FinalFailure::Refused(refusal));
        let other = CertificateError::Other(OtherError(Arc::new(std::fmt::Error)));
        for (error, connecting, later) in [
            (
                Error::AlertReceived(Alert::HandshakeFailure),
                refused(Refusal::Unexplained),
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
                Error::PeerIncompatible(PeerIncompatible::NoKxGroupsInCommon),
                refused(Refusal::Unspoken),
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
