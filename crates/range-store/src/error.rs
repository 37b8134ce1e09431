//! Owns what can go wrong while keeping a file, and the few kinds of it a caller tells apart.
//! Knows no exit codes and no retries.

use std::ffi::{OsStr, OsString};
use std::io;

use range_core::units::ByteCount;
use rustix::io::Errno;

/// Why a file could not be kept. Each message fits after "failed to".
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The file system has less free room than the file needs and a small reserve. Nothing was
    /// created.
    #[error("reserve {needed} of disk space, of which {available} is free")]
    NoRoom {
        /// What the file would still take, reserve included.
        needed: ByteCount,
        /// What the file system has for this user.
        available: ByteCount,
    },
    /// The length is over a limit of the process (`RLIMIT_FSIZE`), of the kernel (`i64::MAX`), or
    /// of the caller's own.
    #[error("keep a file of {length}, over the limit of {limit}")]
    TooLarge {
        /// The length asked for, or found.
        length: ByteCount,
        /// The largest that would do.
        limit: ByteCount,
    },
    /// Another process holds the lock of the part file.
    #[error("lock {name:?}, which another process is using")]
    InUse {
        /// Name of the part file.
        name: OsString,
    },
    /// Something has the name of a part file or journal that was to be created.
    #[error("create {name:?}, which exists")]
    Exists {
        /// The name that is taken.
        name: OsString,
    },
    /// Something has the final name, and may not be replaced.
    #[error("publish as {name:?}, which exists")]
    OutputExists {
        /// The final name.
        name: OsString,
    },
    /// There is no such part file or journal.
    #[error("open {name:?}, which does not exist")]
    NotFound {
        /// The name that was looked for.
        name: OsString,
    },
    /// What has the name was not made by this crate, or not for this download. It is untouched.
    #[error("use {name:?}, which {what}")]
    NotOurs {
        /// The name of the thing.
        name: OsString,
        /// What is wrong with it, as in "is a symbolic link".
        what: &'static str,
    },
    /// Mapping was demanded and cannot be had safely.
    #[error("map the part file: {why}")]
    Unmappable {
        /// The reason, as in "the length is unknown".
        why: &'static str,
    },
    /// More bytes were offered than the lease has room for; none was written.
    #[error("write {surplus} beyond the end of a lease")]
    BeyondLease {
        /// How many bytes were too many.
        surplus: ByteCount,
    },
    /// The file ends before the bytes that were to be read.
    #[error("read at offset {offset}, where the file has ended")]
    Ended {
        /// Offset of the first byte that is missing.
        offset: u64,
    },
    /// A sync of this file failed before. The kernel reports a lost write once and calls the next
    /// sync a success, so no later sync of this file can be believed.
    #[error("sync after an earlier sync failed: what was written may be lost")]
    SyncLost,
    /// A system call failed.
    #[error("{operation}")]
    Io {
        /// What was being done, as in "write the part file".
        operation: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// What kind of failure a [`StoreError`] is: the closed set a caller decides by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StoreFailure {
    /// The disk or the quota is full.
    Full,
    /// The file is larger than the file system or the process may keep.
    TooLarge,
    /// Another process is using the files.
    InUse,
    /// A name is taken.
    Exists,
    /// There is nothing to resume.
    NotFound,
    /// A file of that name is not ours to write.
    NotOurs,
    /// No permission, or a read-only file system.
    Denied,
    /// The file system cannot do what was demanded.
    Unsupported,
    /// The caller offered bytes it holds no lease for.
    OutsideLease,
    /// Bytes that were written may be gone: the file became shorter, or a sync failed.
    Lost,
    /// Any other failure of a system call.
    Io,
}

impl StoreError {
    /// Wraps what a system call returned.
    pub(crate) fn io(operation: &'static str, errno: Errno) -> Self {
        Self::Io {
            operation,
            source: errno.into(),
        }
    }

    /// The name is not ours, because it `what`.
    pub(crate) fn not_ours(name: &OsStr, what: &'static str) -> Self {
        Self::NotOurs {
            name: name.to_owned(),
            what,
        }
    }

    /// The kind of failure.
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
