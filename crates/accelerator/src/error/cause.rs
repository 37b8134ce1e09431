//! Owns the causes that a download can fail for, each with its text. Knows neither what a caller
//! branches on nor what is added to the text.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use range_core::ByteRange;
use range_core::digest::Digest;
use range_core::units::ByteCount;
use range_store::StoreError;

use crate::settings::InvalidSetting;
use crate::transport::error::TransportError;

/// The reason why what has the final name is not taken for the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Occupied {
    #[error("the file exists")]
    Exists,
    #[error("the file exists, and nothing shows that it is the one at the URL")]
    Unknown,
    #[error("the file exists, and was downloaded from another URL")]
    OtherUrl,
    #[error("the file exists, and was changed after it was downloaded")]
    Altered,
    #[error("the file exists, and the server has another version of it")]
    OtherVersion,
    #[error("the file exists and has {actual}, where {expected} was expected")]
    OtherDigest { expected: Digest, actual: Digest },
    #[error("a symbolic link has this name")]
    Link,
    #[error("a directory has this name")]
    Directory,
    #[error("a device, a pipe or a socket has this name, and only files are written")]
    NoFile,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum Cause {
    #[error("stopped before it was complete")]
    Cancelled,
    #[error("the remote file has changed, and cannot be fetched anew: {0}")]
    ChangedAndRefused(TransportError),
    #[error("the server serves neither ranges nor the whole file reliably")]
    NoWayLeft,
    #[error("the file has {actual}, where {expected} was expected")]
    DigestMismatch { expected: Digest, actual: Digest },
    #[error("the file has {actual}, where the server says that it has {expected}")]
    ClaimMismatch { expected: Digest, actual: Digest },
    #[error(
        "the list is wrong: two sources gave the same bytes {range}, and those do not have the \
         hash that the list has for them"
    )]
    ListIsWrong { range: ByteRange },
    #[error("no source gave bytes {range} with the hash that the list has for them")]
    WrongPiece { range: ByteRange },
    #[error("the file has {actual}, where {expected} are expected")]
    OtherLength {
        expected: ByteCount,
        actual: ByteCount,
    },
    #[error(
        "{part:?} exists and has no journal, so that another program may have made it; it is left \
         as it is: move it away"
    )]
    PartWithoutJournal { part: std::ffi::OsString },
    #[error(
        "{part:?} is not the part file that its journal is about, or not of a download from there; \
         both are left as they are: move them away, or give the checksum of the file"
    )]
    PartOfAnother { part: std::ffi::OsString },
    #[error(
        "{journal:?} exists and is no journal of a download, so that another program may have made \
         it; it is left as it is: move it away"
    )]
    NoJournal { journal: std::ffi::OsString },
    #[error("{part:?} is not the name of a part file, which ends in .part")]
    NotAPartName { part: std::ffi::OsString },
    #[error(transparent)]
    Journal(range_store::journal::DecodeError),
    #[error(transparent)]
    Occupied(#[from] Occupied),
    #[error("the file exists, and could not be read to compare it")]
    Unreadable(#[source] StoreError),
    #[error("a worker ended unexpectedly")]
    WorkerLost,
    #[error("could not start, for want of threads")]
    NoThread,
    #[error("nothing arrived for too long")]
    Stalled,
    #[error("the server has taken the request and not begun to answer")]
    Unanswered,
    /// The replies were in order, so that none of them has an error of its own.
    #[error("the server sends too few bytes with each reply")]
    Crumbs,
    #[error(transparent)]
    Name(#[from] range_store::NameError),
    #[error(transparent)]
    Setting(#[from] InvalidSetting),
    #[error("could not {0}")]
    Store(#[from] StoreError),
    #[error("could not {source} {}", path.display())]
    Directory { path: PathBuf, source: StoreError },
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("the remote file has changed: it does not begin with the bytes that were written")]
    OtherBytes,
    #[error("the remote file has changed")]
    ChangedWhileRead,
    #[error("could not write to the output")]
    Writer(#[source] Arc<io::Error>),
}
