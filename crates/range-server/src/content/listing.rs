//! Owns the pages that show a directory, to people and to programs. Names are the file system's,
//! so each is escaped for the place it stands in.

use std::fmt::Write as _;
use std::os::fd::OwnedFd;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use range_core::units::ByteCount;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Result;
use serde_json::json;

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
    /// Sorted by name.
    entries: Vec<Entry>,
}

/// One name in a directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    name: Vec<u8>,
    is_directory: bool,
    /// Unknown for directories and links.
    size: Option<ByteCount>,
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
        entries.push(Entry {
            name: name.to_vec(),
            is_directory,
            size,
        });
        if entries.len() == MAX_ENTRIES {
            break;
        }
    }
    entries.sort();
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

    /// The page for people.
    pub(crate) fn html(&self) -> String {
        let names = self.segments.iter();
        let escaped_names = names.map(|name| format!("{}/", escaped(name)));
        let title: String = std::iter::once("/".to_owned())
            .chain(escaped_names)
            .collect();
        let base = self.base();
        let mut page = format!(
            "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
             <h1>{title}</h1>\n<ul>\n"
        );
        for entry in &self.entries {
            let slash = if entry.is_directory { "/" } else { "" };
            let url = percent_encode(&entry.name, UNESCAPED_IN_URL);
            let name = escaped(&entry.name);
            let _ = write!(page, "<li><a href=\"{base}{url}{slash}\">{name}{slash}</a>");
            if let Some(size) = entry.size {
                let _ = write!(page, " {size}");
            }
            page.push('\n');
        }
        if self.is_cut() {
            page.push_str("<li>and possibly more\n");
        }
        page.push_str("</ul>\n</html>\n");
        page
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
            })
        };
        let entries: Vec<_> = self.entries.iter().map(entry).collect();
        let listing = json!({ "url": base, "complete": !self.is_cut(), "entries": entries });
        format!("{listing}\n")
    }
}

/// A name as HTML text, also within a quoted attribute.
fn escaped(name: &[u8]) -> String {
    let mut text = String::new();
    for letter in String::from_utf8_lossy(name).chars() {
        match letter {
            '&' => text.push_str("&amp;"),
            '<' => text.push_str("&lt;"),
            '>' => text.push_str("&gt;"),
            '"' => text.push_str("&quot;"),
            '\'' => text.push_str("&#39;"),
            letter if letter.is_control() => text.push(char::REPLACEMENT_CHARACTER),
            letter => text.push(letter),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_break_out_of_text_or_link() {
        for name in [
            "<img src=x onerror=a>",
            "\" onmouseover=\"a",
            "javascript:a",
            "a&b'c\n",
        ] {
            let entry = Entry {
                name: name.into(),
                is_directory: false,
                size: Some(ByteCount(1)),
            };
            let listing = Listing {
                segments: vec![name.into()],
                entries: vec![entry],
            };
            let page = listing.html();
            let items: Vec<&str> = page
                .lines()
                .filter(|line| line.starts_with("<li>"))
                .collect();
            let [item] = items.as_slice() else {
                panic!("one line per entry: {page}")
            };
            assert_eq!(item.matches('<').count(), 3, "{item}");
            assert_eq!(item.matches('"').count(), 2, "{item}");
            assert!(item.starts_with("<li><a href=\"/"), "{item}");
        }
    }
}
