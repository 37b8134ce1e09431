//! Owns what is listed of a directory, and the reading of it. Shows nothing.

use std::os::fd::OwnedFd;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use range_core::http::HttpDate;
use range_core::units::ByteCount;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::{Errno, Result};

/// Most entries that are listed. The page is built in memory, of which so many names of a usual
/// length take all that listings may have. A directory of more is not listed, rather than in part:
/// who mirrors it must not take a part for the whole.
pub(crate) const MAX_ENTRIES: usize = 250_000;

pub(super) const UNESCAPED_IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The names in a directory that are served.
pub(crate) struct Listing {
    /// Names from the root to the directory.
    pub(super) segments: Vec<Vec<u8>>,
    pub(super) entries: Vec<Entry>,
}

/// One name in a directory.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) name: Vec<u8>,
    pub(super) is_directory: bool,
    /// Unknown for directories and links.
    pub(super) size: Option<ByteCount>,
    /// Unknown before 1970, and for links.
    pub(super) modified: Option<HttpDate>,
}

pub(super) fn read_entries(
    directory: &OwnedFd,
    allow_hidden: bool,
    allow_symlinks: bool,
) -> Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for item in Dir::read_from(directory)? {
        let item = item?;
        let name = item.file_name().to_bytes();
        let is_hidden = name.starts_with(b".");
        if name == b"." || name == b".." || (is_hidden && !allow_hidden) {
            continue;
        }
        // Removed since it was read.
        let Ok(stat) = statat(directory, item.file_name(), AtFlags::SYMLINK_NOFOLLOW) else {
            continue;
        };
        let kind = FileType::from_raw_mode(stat.st_mode);
        let is_served = kind.is_dir() || kind.is_file() || (kind.is_symlink() && allow_symlinks);
        if !is_served {
            continue;
        }
        let is_directory = kind.is_dir();
        let size = u64::try_from(stat.st_size)
            .ok()
            .filter(|_| kind.is_file())
            .map(ByteCount);
        let modified = u64::try_from(stat.st_mtime)
            .ok()
            .filter(|_| !kind.is_symlink())
            .map(HttpDate::from_unix_seconds);
        if entries.len() == MAX_ENTRIES {
            return Err(Errno::TOOBIG);
        }
        entries.push(Entry {
            name: name.to_vec(),
            is_directory,
            size,
            modified,
        });
    }
    Ok(entries)
}

impl Listing {
    /// The path of the directory beneath the root, with a slash at the end, as URLs have it.
    pub(super) fn path(&self) -> String {
        let names = self.segments.iter();
        let encoded = names.map(|name| format!("{}/", percent_encode(name, UNESCAPED_IN_URL)));
        std::iter::once("/".to_owned()).chain(encoded).collect()
    }
}
