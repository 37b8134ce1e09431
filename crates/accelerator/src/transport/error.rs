//! Owns the failures between a request and the bytes of its reply. Knows no other part of a
//! download.

use std::error::Error as StdError;
use std::time::Duration;

use range_core::range::ByteRange;
use range_core::units::ByteCount;
use scheduler::failure::FailureClass;

use super::handshake::Refusal;
use super::head::Login;
use super::redirect::RedirectError;
use super::whom::{TlsPeer, Whom};
use crate::generation::Generation;
use crate::pin::Pin;
use crate::proxy::InvalidProxy;
use crate::redact::SafeUrl;

type Source = Box<dyn StdError + Send + Sync>;

/// The reason why an attempt got no, or no useful, bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("{}", whom.unreachable(unresolved.as_deref()))]
    Unreachable {
        whom: Whom,
        /// The name that has no address.
        unresolved: Option<String>,
        source: Source,
    },
    #[error("{peer}'s identity could not be verified")]
    Untrusted {
        peer: TlsPeer,
        /// True if it could be, were somebody else trusted.
        of_issuer: bool,
        source: Source,
    },
    #[error("the server has another key than the one it is pinned to: {actual}")]
    NotPinned { actual: Pin },
    /// The server would refuse again.
    #[error("{}", refusal.text(*peer))]
    NoTls {
        peer: TlsPeer,
        refusal: Refusal,
        source: Source,
    },
    #[error("the server has not answered")]
    Silent,
    #[error("the connection broke")]
    Interrupted { source: Source },
    #[error("the server did not speak HTTP that can be trusted")]
    NotHttp { source: Source },
    #[error("the server answered {status}{reason}{}", wish(*wanted))]
    Status {
        status: u16,
        reason: StatusReason,
        retry_after: Option<Duration>,
        wanted: Option<Login>,
    },
    #[error("the server sent the whole file when bytes {asked} were asked for")]
    RangeIgnored { asked: ByteRange },
    #[error("the reply does not say where its bytes belong: {what}")]
    Misplaced { what: &'static str },
    #[error("the server sent {what} in place of the file, as for an error or a login")]
    NotTheFile { what: &'static str },
    #[error("the remote file has changed: {what}")]
    Changed {
        what: &'static str,
        /// The version that the reply was of.
        sighted: Box<Generation>,
    },
    #[error(
        "the server sends the file in a content coding only, and has sent it without one before"
    )]
    Coded,
    #[error("the server codes the transfer in a way that was not asked for")]
    TransferCoded,
    #[error("the file {size} the {limit} that are allowed")]
    TooLarge { size: Size, limit: ByteCount },
    #[error("the file has {size}, where {expected} are expected")]
    OtherLength { size: Size, expected: ByteCount },
    #[error("a piece that it gave does not have the hash that the list has for it")]
    WrongPiece,
    #[error("the reply holds more bytes than it promised")]
    Surplus,
    /// The URL itself, and not a redirect.
    #[error("{at} is inside this machine or its network, and only hosts outside are wanted")]
    Inside { at: SafeUrl },
    #[error("the proxy that was chosen for this URL cannot be used: {0}")]
    NoProxy(#[from] InvalidProxy),
    #[error(transparent)]
    Redirect(#[from] RedirectError),
}

/// The usual name of a status, with a space before it; empty when it has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct StatusReason(pub(crate) Option<&'static str>);

impl std::fmt::Display for StatusReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.map_or(Ok(()), |reason| write!(f, " {reason}"))
    }
}

/// The size of a file that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Exactly(ByteCount),
    /// The size is unknown, as no reply stated it.
    More,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(size) => write!(f, "has {size}, more than"),
            Self::More => f.write_str("has more than"),
        }
    }
}

/// Returns the name of the login that a server wants and this crate does not speak.
fn wish(wanted: Option<Login>) -> &'static str {
    match wanted {
        None => "",
        Some(Login::Digest) => {
            ", and wants a login by Digest, where only Basic and Bearer are supported"
        }
        Some(Login::Negotiate) => {
            ", and wants a login by Kerberos, where only Basic and Bearer are supported"
        }
        Some(Login::Ntlm) => {
            ", and wants a login by NTLM, where only Basic and Bearer are supported"
        }
    }
}

impl TransportError {
    /// Reports whether the same request without a range may succeed: a server has taken this one,
    /// and there is no telling what it did not like.
    pub(crate) fn may_be_of_a_range(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Untrusted { .. }
            | Self::NotPinned { .. }
            | Self::NoTls { .. }
            | Self::NoProxy(_)
            | Self::Inside { .. }
            | Self::TooLarge { .. }
            | Self::OtherLength { .. }
            | Self::WrongPiece => false,
            Self::Silent
            | Self::Redirect(_)
            | Self::Interrupted { .. }
            | Self::NotHttp { .. }
            | Self::Status { .. }
            | Self::RangeIgnored { .. }
            | Self::Misplaced { .. }
            | Self::NotTheFile { .. }
            | Self::Changed { .. }
            | Self::Coded
            | Self::TransferCoded
            | Self::Surplus => true,
        }
    }

    /// Reports whether its text leaves open which server it is about.
    pub(crate) fn leaves_the_server_open(&self) -> bool {
        match self {
            Self::Unreachable { .. }
            | Self::Inside { .. }
            | Self::NoProxy(_)
            | Self::Redirect(_)
            | Self::TooLarge { .. } => false,
            Self::OtherLength { .. }
            | Self::WrongPiece
            | Self::Untrusted { .. }
            | Self::NotPinned { .. }
            | Self::NoTls { .. }
            | Self::Silent
            | Self::Interrupted { .. }
            | Self::NotHttp { .. }
            | Self::Status { .. }
            | Self::RangeIgnored { .. }
            | Self::Misplaced { .. }
            | Self::NotTheFile { .. }
            | Self::Changed { .. }
            | Self::Coded
            | Self::TransferCoded
            | Self::Surplus => true,
        }
    }

    pub(crate) fn disposition(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. } => FailureClass::Unreachable,
            Self::Untrusted { .. }
            | Self::NotPinned { .. }
            | Self::NoTls { .. }
            | Self::NoProxy(_) => FailureClass::Untrusted,
            // The file does not fit within the user's limit, whatever is asked next.
            Self::TooLarge { .. } => FailureClass::Storage,
            Self::Silent => FailureClass::Unanswered,
            // One connection that says something other than HTTP says nothing about the next one.
            Self::Interrupted { .. } | Self::NotHttp { .. } => FailureClass::Interrupted,
            Self::Status {
                // A request that is accepted may have its file later (RFC 9110 section 15.3.3).
                status: 202 | 408 | 425 | 429 | 500..=599,
                retry_after,
                ..
            } => FailureClass::Busy {
                retry_after: *retry_after,
            },
            // The server redirects, and wants to be followed later.
            Self::Status {
                status: 300..=399,
                retry_after: Some(wait),
                ..
            } => FailureClass::Busy {
                retry_after: Some(*wait),
            },
            Self::Status { .. }
            | Self::Redirect(_)
            | Self::Inside { .. }
            | Self::Coded
            | Self::OtherLength { .. }
            | Self::TransferCoded => FailureClass::Refused,
            Self::RangeIgnored { .. } => FailureClass::RangeIgnored,
            Self::Misplaced { .. } | Self::Surplus => FailureClass::Misplaced,
            // One reply proves nothing: `generations` says when there is a newer version.
            Self::NotTheFile { .. } | Self::Changed { .. } | Self::WrongPiece => {
                FailureClass::Stray
            }
        }
    }
}
