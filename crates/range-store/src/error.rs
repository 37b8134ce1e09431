//! Owns the failures of storing a file, and the few kinds of failure that a caller tells apart.
//! Knows no exit codes and no retries.

use std::ffi::{OsStr, OsString};
use std::io;

use range_core::units::ByteCount;
use rustix::io::Errno;

/// The reason why a file could not be stored. Each message fits after "failed to".
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The file system has less free space than the file and a small reserve need. Nothing was
    /// created.
    #[error("reserve {needed} of disk space, of which {available} is free")]
    NoRoom {
        /// The bytes still needed, reserve included.
        needed: ByteCount,
        /// The bytes available to this user.
        available: ByteCount,
    },
    /// The length exceeds a limit of the process (`RLIMIT_FSIZE`), of the kernel (`i64::MAX`), or
    /// of the caller.
    #[error("keep a file of {length}, over the limit of {limit}")]
    TooLarge {
        /// The length that was requested or found.
        length: ByteCount,
        /// The largest allowed length.
        limit: ByteCount,
    },
    /// Another process holds the lock of the part file.
    #[error("lock {name:?}, which another process is using")]
    InUse {
        /// The name of the part file.
        name: OsString,
    },
    /// The name of a part file or journal to be created is taken.
    #[error("create {name:?}, which exists")]
    Exists {
        /// The name that is taken.
        name: OsString,
    },
    /// The final name is taken, and the entry must not be replaced.
    #[error("save as {name:?}, which exists")]
    OutputExists {
        /// The final name.
        name: OsString,
    },
    /// There is no such part file or journal.
    #[error("open {name:?}, which does not exist")]
    NotFound {
        /// The name that was looked up.
        name: OsString,
    },
    /// The entry was not created by this crate, or not for this download. It is left untouched.
    #[error("use {name:?}, which {what}")]
    NotOurs {
        /// The name of the entry.
        name: OsString,
        /// The problem, e.g. "is a symbolic link".
        what: &'static str,
    },
    /// Mapping was requested and is not safe here.
    #[error("map the part file: {why}")]
    Unmappable {
        /// The reason, e.g. "the length is unknown".
        why: &'static str,
    },
    /// The caller offered more bytes than the lease has room for; none was written.
    #[error("write {surplus} beyond the end of a lease")]
    BeyondLease {
        /// The number of excess bytes.
        surplus: ByteCount,
    },
    /// The file ends before the bytes that were to be read.
    #[error("read at offset {offset}, where the file has ended")]
    Ended {
        /// The offset of the first missing byte.
        offset: u64,
    },
    /// A sync of this file failed earlier. The kernel reports a lost write once and calls the next
    /// sync a success, so no later sync of this file can be trusted.
    #[error("sync after an earlier sync failed: what was written may be lost")]
    SyncLost,
    /// A system call failed.
    #[error("{operation}")]
    Io {
        /// The action, e.g. "write the part file".
        operation: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

/// The kind of a [`StoreError`]: the closed set by which a caller decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFailure {
    /// The disk or the quota is full.
    Full,
    /// The file is larger than the file system or the process allows.
    TooLarge,
    /// Another process is using the files.
    InUse,
    /// A name is taken.
    Exists,
    /// There is nothing to resume.
    NotFound,
    /// The file with that name is not ours to write.
    NotOurs,
    /// Permission was denied, or the file system is read-only.
    Denied,
    /// The file system cannot do what was requested.
    Unsupported,
    /// The caller offered bytes for which it holds no lease.
    OutsideLease,
    /// Written bytes may be lost: the file became shorter, or a sync failed.
    Lost,
    /// Any other failure of a system call.
    Io,
}

impl StoreError {
    /// Wraps the error of a system call.
    pub(crate) fn io(operation: &'static str, errno: Errno) -> Self {
        Self::Io {
            operation,
            source: errno.into(),
        }
    }

    /// Returns the error for a name that is not ours, because it `what`.
    pub(crate) fn not_ours(name: &OsStr, what: &'static str) -> Self {
        Self::NotOurs {
            name: name.to_owned(),
            what,
        }
    }

    /// Returns the kind of the failure.
    pub fn disposition(&self) -> StoreFailure {
        match self {
            Self::NoRoom { .. } => StoreFailure::Full,
            Self::TooLarge { .. } => StoreFailure::TooLarge,
            Self::InUse { .. } => StoreFailure::InUse,
            Self::Exists { .. } | Self::OutputExists { .. } => StoreFailure::Exists,
            Self::NotFound { .. } => StoreFailure::NotFound,
            Self::NotOurs { .. } => StoreFailure::NotOurs,
            Self::Unmappable { .. } => StoreFailure::Unsupported,
            Self::BeyondLease { .. } => StoreFailure::OutsideLease,
            Self::Ended { .. } | Self::SyncLost => StoreFailure::Lost,
            Self::Io { source, .. } => of_errno(source),
        }
    }
}

fn of_errno(source: &io::Error) -> StoreFailure {
    match Errno::from_io_error(source) {
        Some(Errno::NOSPC | Errno::DQUOT) => StoreFailure::Full,
        Some(Errno::FBIG) => StoreFailure::TooLarge,
        Some(Errno::ACCESS | Errno::PERM | Errno::ROFS) => StoreFailure::Denied,
        _ => StoreFailure::Io,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errnos_are_told_apart() {
        for (errno, failure) in [
            (Errno::NOSPC, StoreFailure::Full),
            (Errno::DQUOT, StoreFailure::Full),
            (Errno::FBIG, StoreFailure::TooLarge),
            (Errno::ROFS, StoreFailure::Denied),
            (Errno::IO, StoreFailure::Io),
        ] {
            let error = StoreError::io("write the part file", errno);
            assert_eq!(error.disposition(), failure, "{errno:?}");
        }
    }

    #[test]
    fn hostile_names_are_escaped() {
        let error = StoreError::not_ours(OsStr::new("a\u{1b}[2J\nb"), "is a symbolic link");
        assert_eq!(
            error.to_string(),
            r#"use "a\u{1b}[2J\nb", which is a symbolic link"#
        );
    }
}
