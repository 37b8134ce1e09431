//! Owns what can go wrong between a request and the bytes of its reply.

use std::error::Error as StdError;
use std::time::Duration;

use range_core::range::ByteRange;
use range_core::units::ByteCount;
use scheduler::failure::FailureClass;

use super::handshake::Refusal;
use super::head::Login;
use super::redirect::RedirectError;
use crate::generation::Generation;
use crate::pin::Pin;
use crate::proxy::InvalidProxy;

type Source = Box<dyn StdError + Send + Sync>;

/// Why an attempt got no, or no useful, bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("the server could not be reached")]
    Unreachable { source: Source },
    #[error("the server's identity could not be verified")]
    Untrusted { source: Source },
    #[error("the server has another key than the one it is pinned to: {actual}")]
    NotPinned { actual: Pin },
    /// Asked again, it would say the same.
    #[error("{}", refusal.text())]
    NoTls { refusal: Refusal, source: Source },
    #[error("an address of the server connects and does not answer")]
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
    Instead { what: &'static str },
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
    #[error("the file has {size}, and at most {limit} are wanted")]
    TooLarge { size: Size, limit: ByteCount },
    #[error("the reply holds more bytes than it promised")]
    Surplus,
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

/// How large a file is that is too large.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Size {
    Exactly(ByteCount),
    /// No reply has said.
    More,
}

impl std::fmt::Display for Size {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Exactly(size) => size.fmt(f),
            Self::More => f.write_str("more bytes than the server says"),
        }
    }
}

/// What a server wants that is not spoken.
fn wish(wanted: Option<Login>) -> &'static str {
    match wanted {
        None => "",
        Some(Login::Digest) => ", and wants a login by Digest; Basic and Bearer are spoken",
        Some(Login::Negotiate) => ", and wants a login by Kerberos; Basic and Bearer are spoken",
        Some(Login::Ntlm) => ", and wants a login by NTLM; Basic and Bearer are spoken",
    }
}

impl TransportError {
    pub(crate) fn disposition(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. } => FailureClass::Unreachable,
            Self::Untrusted { .. }
            | Self::NotPinned { .. }
            | Self::NoTls { .. }
            | Self::NoProxy(_) => FailureClass::Untrusted,
            // There is no room for it, wherever the user has drawn the line.
            Self::TooLarge { .. } => FailureClass::Storage,
            Self::Silent => FailureClass::Stalled,
            // What one connection says that is not HTTP says nothing about the next one.
            Self::Interrupted { .. } | Self::NotHttp { .. } => FailureClass::Interrupted,
            Self::Status {
                status: 408 | 425 | 429 | 500..=599,
                retry_after,
                ..
            } => FailureClass::Busy {
                retry_after: *retry_after,
            },
            // A redirect that wants to be followed later.
            Self::Status {
                status: 300..=399,
                retry_after: Some(wait),
                ..
            } => FailureClass::Busy {
                retry_after: Some(*wait),
            },
            Self::Status { .. } | Self::Redirect(_) | Self::Coded | Self::TransferCoded => {
                FailureClass::Refused
            }
            Self::RangeIgnored { .. } => FailureClass::RangeIgnored,
            Self::Misplaced { .. } | Self::Surplus => FailureClass::Misplaced,
            // One reply proves nothing: `generations` says when there is a newer version.
            Self::Instead { .. } | Self::Changed { .. } => FailureClass::Stray,
        }
    }
}
