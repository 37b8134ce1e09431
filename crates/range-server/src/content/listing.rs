//! Owns the page that shows a directory. Names are the file system's, so each is escaped for the
//! place it stands in.

use std::fmt::Write as _;
use std::os::fd::OwnedFd;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};
use range_core::units::ByteCount;
use rustix::fs::{AtFlags, Dir, FileType, statat};
use rustix::io::Result;

/// Most entries shown. The page is built in memory.
const MAX_ENTRIES: usize = 10_000;

const UNESCAPED_IN_URL: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// One name in a directory.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Entry {
    name: Vec<u8>,
    is_directory: bool,
    /// Unknown for directories and links.
    size: Option<ByteCount>,
}

/// The names in a directory that are served, sorted.
pub(super) fn entries(
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

/// The page for the directory that `segments` lead to.
pub(super) fn page(segments: &[Vec<u8>], entries: &[Entry]) -> String {
    let mut title = String::from("/");
    let mut base = String::from("/");
    for segment in segments {
        let _ = write!(title, "{}/", escaped(segment));
        let _ = write!(base, "{}/", percent_encode(segment, UNESCAPED_IN_URL));
    }
    let mut page = format!(
        "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{title}</title>\n\
         <h1>{title}</h1>\n<ul>\n"
    );
    for entry in entries {
        let slash = if entry.is_directory { "/" } else { "" };
        let url = percent_encode(&entry.name, UNESCAPED_IN_URL);
        let name = escaped(&entry.name);
        let _ = write!(page, "<li><a href=\"{base}{url}{slash}\">{name}{slash}</a>");
        if let Some(size) = entry.size {
            let _ = write!(page, " {size}");
        }
        page.push('\n');
    }
    if entries.len() == MAX_ENTRIES {
        page.push_str("<li>and possibly more\n");
    }
    page.push_str("</ul>\n</html>\n");
    page
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
            let page = page(&[name.into()], &[entry]);
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
