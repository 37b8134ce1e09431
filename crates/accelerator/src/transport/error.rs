//! Owns what can go wrong between a request and the bytes of its reply.

use std::error::Error as StdError;
use std::time::Duration;

use range_core::range::ByteRange;
use scheduler::failure::FailureClass;

use super::redirect::RedirectError;
use crate::generation::Generation;
use crate::proxy::InvalidProxy;

type Source = Box<dyn StdError + Send + Sync>;

/// Why an attempt got no, or no useful, bytes.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TransportError {
    #[error("the server could not be reached")]
    Unreachable { source: Source },
    #[error("the server's identity could not be verified")]
    Untrusted { source: Source },
    #[error("an address of the server connects and does not answer")]
    Silent,
    #[error("the connection broke")]
    Interrupted { source: Source },
    #[error("the server did not speak HTTP that can be trusted")]
    NotHttp { source: Source },
    #[error("the server answered {status}{reason}")]
    Status {
        status: u16,
        reason: StatusReason,
        retry_after: Option<Duration>,
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

impl TransportError {
    pub(crate) fn disposition(&self) -> FailureClass {
        match self {
            Self::Unreachable { .. } => FailureClass::Unreachable,
            Self::Untrusted { .. } | Self::NoProxy(_) => FailureClass::Untrusted,
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
            Self::Status { .. } | Self::Redirect(_) | Self::Coded => FailureClass::Refused,
            Self::RangeIgnored { .. } => FailureClass::RangeIgnored,
            Self::Misplaced { .. } | Self::Surplus => FailureClass::Misplaced,
            // One reply proves nothing: `generations` says when there is a newer version.
            Self::Instead { .. } | Self::Changed { .. } => FailureClass::Stray,
        }
    }
}
