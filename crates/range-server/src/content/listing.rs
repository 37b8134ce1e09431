//! Owns the list of what is served of a directory, and shows it to programs. Names are the file
//! system's: any bytes but a slash.

mod entries;
mod order;
mod page;
mod turns;

use std::fmt::Write as _;
use std::os::fd::OwnedFd;

use percent_encoding::percent_encode;
use range_core::http::HttpDate;
use rustix::io::{Errno, Result};
use serde_json::json;

pub(crate) use entries::MAX_ENTRIES;
use entries::{Listing, UNESCAPED_IN_URL, read_entries};
pub(crate) use order::Order;
pub(crate) use page::policy;
pub(crate) use turns::Page;

/// The turns of listings, by where they are asked for and in which form.
pub(crate) type ListingTurns = turns::Turns<(Vec<Vec<u8>>, Style), Errno>;

/// A directory whose names have not been read.
pub(crate) struct Unread {
    /// Names from the root to the directory.
    pub(super) segments: Vec<Vec<u8>>,
    /// Opens it. Those who wait for their turn hold no descriptor.
    pub(super) open: Box<dyn FnOnce() -> Result<OwnedFd> + Send>,
    pub(super) allow_hidden: bool,
    pub(super) allow_symlinks: bool,
}

/// The form of a listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Style {
    /// A page for people, sorted.
    Html(Order),
    /// The same for programs.
    Json,
}

impl Style {
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::Html(_) => "text/html; charset=utf-8",
            Self::Json => "application/json",
        }
    }
}

impl Unread {
    /// Lists the directory when it is its turn. `Ok(None)` when there are too many listings at
    /// once.
    pub(crate) async fn page(self, style: Style, turns: &ListingTurns) -> Result<Option<Page>> {
        let key = (self.segments.clone(), style);
        turns.make(key, move || self.listed(style)).await
    }

    fn listed(self, style: Style) -> Result<String> {
        let directory = (self.open)()?;
        let mut entries = read_entries(&directory, self.allow_hidden, self.allow_symlinks)?;
        Order::default().sort(&mut entries);
        let mut listing = Listing {
            segments: self.segments,
            entries,
        };
        Ok(match style {
            Style::Html(order) => listing.html(order),
            Style::Json => listing.json(),
        })
    }
}

impl Listing {
    /// The page for people, sorted.
    fn html(&mut self, order: Order) -> String {
        order.sort(&mut self.entries);
        page::write(self, order)
    }

    /// The same for programs. Names are text as far as they are UTF-8; `url` is always exact, and
    /// relative to the URL of the listing.
    fn json(&self) -> String {
        let mut json = format!(
            "{{\"path\":{},\"complete\":true,\"entries\":[",
            json!(self.path())
        );
        for (index, entry) in self.entries.iter().enumerate() {
            let slash = if entry.is_directory { "/" } else { "" };
            let url = percent_encode(&entry.name, UNESCAPED_IN_URL);
            let entry = json!({
                "name": String::from_utf8_lossy(&entry.name),
                "url": format!("{url}{slash}"),
                "directory": entry.is_directory,
                "bytes": entry.size.map(|size| size.0),
                "modified": entry.modified.map(HttpDate::rfc_3339),
            });
            let comma = if index > 0 { ",\n" } else { "\n" };
            let _ = write!(json, "{comma}{entry}");
        }
        json.push_str("]}\n");
        json
    }
}
