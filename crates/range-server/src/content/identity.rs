//! Owns what makes bytes what they are, so that equal ones need not be read again. Reads none.

use rustix::fs::Stat;

use super::version::Version;
use crate::synthetic::Seed;

/// The identity of the bytes of a source: equal ones have equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Identity {
    File { state: FileState, version: Version },
    Synthetic { seed: Seed, size: u64 },
}

/// The properties that change when a file does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct FileState {
    pub(super) device: u64,
    pub(super) inode: u64,
    pub(super) length: u64,
    pub(super) modified_seconds: i64,
    pub(super) modified_nanos: i64,
}

impl FileState {
    pub(super) fn of(stat: &Stat) -> Self {
        Self {
            device: stat.st_dev,
            inode: stat.st_ino,
            length: u64::try_from(stat.st_size).unwrap_or(0),
            modified_seconds: stat.st_mtime,
            modified_nanos: i64::try_from(stat.st_mtime_nsec).unwrap_or(0),
        }
    }
}
