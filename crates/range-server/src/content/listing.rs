//! Owns the list of what is served of a directory, and shows it to programs. Names are the file
//! system's: any bytes but a slash.

mod order;
mod page;

use std::os::fd::OwnedFd;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use range_core::http::HttpDate;
use range_core::units::ByteCount;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Result;
use serde_json::json;

use order::Order;
pub(crate) use page::policy;

/// Most entries shown. The page is built in memory.
const MAX_ENTRIES: usize = 10_000;

const UNESCAPED_IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// The names in a directory that are served.
pub(crate) struct Listing {
    /// Names from the root to the directory.
    segments: Vec<Vec<u8>>,
    entries: Vec<Entry>,
}

/// One name in a directory.
#[derive(Debug)]
struct Entry {
    name: Vec<u8>,
    is_directory: bool,
    /// Unknown for directories and links.
    size: Option<ByteCount>,
    /// Unknown before 1970, and for links.
    modified: Option<HttpDate>,
}

fn entries(directory: &OwnedFd, allow_hidden: bool, allow_symlinks: bool) -> Result<Vec<Entry>> {
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
        entries.push(Entry {
            name: name.to_vec(),
            is_directory,
            size,
            modified,
        });
        if entries.len() == MAX_ENTRIES {
            break;
        }
    }
    Order::default().sort(&mut entries);
    Ok(entries)
}

impl Listing {
    /// Reads the directory that `segments` lead to.
    pub(super) fn read(
        segments: &[Vec<u8>],
        directory: &OwnedFd,
        allow_hidden: bool,
        allow_symlinks: bool,
    ) -> Result<Self> {
        Ok(Self {
            segments: segments.to_vec(),
            entries: entries(directory, allow_hidden, allow_symlinks)?,
        })
    }

    /// Whether there may be names that are not listed.
    fn is_cut(&self) -> bool {
        self.entries.len() == MAX_ENTRIES
    }

    /// Path of the directory with a slash at the end, as URLs have it.
    fn base(&self) -> String {
        let names = self.segments.iter();
        let encoded = names.map(|name| format!("{}/", percent_encode(name, UNESCAPED_IN_URL)));
        std::iter::once("/".to_owned()).chain(encoded).collect()
    }

    /// The page for people, sorted as a URL's query asks for.
    pub(crate) fn html(&mut self, query: Option<&str>) -> String {
        let order = Order::parse(query);
        order.sort(&mut self.entries);
        page::write(self, order)
    }

    /// The same for programs. Names are text as far as they are UTF-8; `url` is always exact.
    pub(crate) fn json(&self) -> String {
        let base = self.base();
        let entry = |entry: &Entry| {
            let slash = if entry.is_directory { "/" } else { "" };
            let url = percent_encode(&entry.name, UNESCAPED_IN_URL);
            json!({
                "name": String::from_utf8_lossy(&entry.name),
                "url": format!("{base}{url}{slash}"),
                "directory": entry.is_directory,
                "bytes": entry.size.map(|size| size.0),
                "modified": entry.modified.map(HttpDate::rfc_3339),
            })
        };
        let entries: Vec<_> = self.entries.iter().map(entry).collect();
        let listing = json!({ "url": base, "complete": !self.is_cut(), "entries": entries });
        format!("{listing}\n")
    }
}
