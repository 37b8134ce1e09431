//! Owns the list of what is served of a directory, and shows it to programs. Names are the file
//! system's: any bytes but a slash.

mod entries;
mod order;
mod page;

use std::os::fd::OwnedFd;

use percent_encoding::percent_encode;
use range_core::http::HttpDate;
use rustix::io::Result;
use serde_json::json;

pub(crate) use entries::Listing;
use entries::{Entry, UNESCAPED_IN_URL, read_entries};
pub(crate) use order::Order;
pub(crate) use page::policy;

impl Listing {
    /// Reads the directory that `segments` lead to.
    pub(super) fn read(
        segments: &[Vec<u8>],
        directory: &OwnedFd,
        allow_hidden: bool,
        allow_symlinks: bool,
    ) -> Result<Self> {
        let mut entries = read_entries(directory, allow_hidden, allow_symlinks)?;
        Order::default().sort(&mut entries);
        Ok(Self {
            segments: segments.to_vec(),
            entries,
        })
    }

    /// The page for people, sorted.
    pub(crate) fn html(&mut self, order: Order) -> String {
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
