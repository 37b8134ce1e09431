//! Owns what a caller may branch on: the kind of a failure, the setting that would have helped, and
//! the loss of bytes. Knows no text.

use range_store::{StoreError, StoreFailure};

use crate::transport::error::TransportError;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// It was cancelled.
    Cancelled,
    /// The remote file changed, and the server refuses to give the new one, or bytes of the old one
    /// were written to where they cannot be taken back.
    Changed,
    /// The file is complete, and its digest is another one than expected.
    Corrupt,
    /// The part file or its directory failed: full, not permitted, broken. Or the caller's writer
    /// did.
    Disk,
    /// The output exists, or something that is not ours is in its place.
    Exists,
    /// Another process is downloading to the same output.
    InUse,
    /// A bug.
    Internal,
    /// A setting makes no sense.
    Invalid,
    /// The server could not be reached, stalled, or broke off too often.
    Network,
    /// The server refused the request, or its redirects must not be followed.
    Refused,
    /// The server could not prove its identity.
    Untrusted,
    /// The one who read what was written is gone, or wants no more.
    Unread,
}

/// A setting with which a download that failed would have got further.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Remedy {
    /// [`Settings::allow_private`](crate::Settings::allow_private): a server out in the world
    /// redirects to an address inside.
    AllowPrivate,
    /// [`Settings::authorities`](crate::Settings::authorities): no trusted authority vouches for
    /// the server.
    Authorities,
    /// [`Settings::credentials`](crate::Settings::credentials): the server wants a login, or
    /// another one, and does not ask for a kind that is not spoken here.
    Credentials,
    /// [`Settings::first_byte_timeout`](crate::Settings::first_byte_timeout): the server has taken
    /// the request and has not begun to answer.
    FirstByteTimeout,
    /// The host and the port of the URL, or the network: nobody answers there.
    Host,
    /// [`Settings::max_size`](crate::Settings::max_size): the file is larger.
    MaxSize,
    /// Another directory for the file: this one cannot be written to, or is full.
    OtherDirectory,
    /// Another name for the file: what has its name is no file, or files of another program have
    /// the names of its part file and journal.
    OtherName,
    /// [`Exists::Overwrite`](crate::Exists::Overwrite), or another name for the file.
    Overwrite,
    /// [`WriteMode::Auto`](crate::WriteMode::Auto): a mapping was asked for, and is not safe here.
    OtherWriteMode,
    /// [`Settings::server_digests`](crate::Settings::server_digests): the file does not have the
    /// digest that its server claims.
    ServerDigests,
    /// [`Settings::proxies`](crate::Settings::proxies): the server was to be reached through one.
    Proxies,
    /// [`Settings::stall_timeout`](crate::Settings::stall_timeout): nothing followed what had
    /// arrived of a reply.
    StallTimeout,
    /// [`Download::to_writer`](crate::Download::to_writer): what has the name of the file is none,
    /// and may be written to.
    Writer,
}

/// The reason why another run may have to fetch again what was fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Loss {
    /// Nothing can tell whether other bytes belong to them: the server gives neither a strong
    /// validator nor a length, or a content coding.
    Unlinked,
    /// They came in one stream, and the server has not served ranges. They are kept, and continued
    /// if it does then.
    NoRanges,
}

pub(super) fn of_store(error: &StoreError) -> ErrorKind {
    match error.disposition() {
        StoreFailure::InUse => ErrorKind::InUse,
        StoreFailure::Exists | StoreFailure::NotOurs => ErrorKind::Exists,
        StoreFailure::Full
        | StoreFailure::TooLarge
        | StoreFailure::NotFound
        | StoreFailure::Denied
        | StoreFailure::Unsupported
        | StoreFailure::Lost
        | StoreFailure::Io => ErrorKind::Disk,
        StoreFailure::OutsideLease => ErrorKind::Internal,
    }
}

pub(super) fn of_transport(error: &TransportError) -> ErrorKind {
    match error {
        TransportError::Unreachable { .. }
        | TransportError::Silent
        | TransportError::Interrupted { .. }
        | TransportError::NotHttp { .. }
        | TransportError::NotTheFile { .. }
        | TransportError::Surplus
        | TransportError::RangeIgnored { .. }
        | TransportError::Misplaced { .. }
        | TransportError::Status {
            status: 202 | 300..=399 | 408 | 425 | 429 | 500..=599,
            ..
        } => ErrorKind::Network,
        TransportError::Untrusted { .. }
        | TransportError::NotPinned { .. }
        | TransportError::NoTls { .. } => ErrorKind::Untrusted,
        TransportError::Status { .. }
        | TransportError::Redirect(_)
        | TransportError::Inside { .. }
        | TransportError::Coded
        | TransportError::TooLarge { .. }
        | TransportError::OtherLength { .. }
        | TransportError::TransferCoded => ErrorKind::Refused,
        TransportError::WrongPiece => ErrorKind::Corrupt,
        TransportError::NoProxy(_) => ErrorKind::Invalid,
        TransportError::Changed { .. } => ErrorKind::Changed,
    }
}
