//! Owns one line of a checksum file, in each grammar. Does not know the other lines.

use std::borrow::Cow;

use crate::checksum::{Algorithm, Checksum};

/// One line of a checksum file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Line<'a> {
    /// The checksum of a file, whose name is missing in lists of one file.
    Sum {
        /// The file's name, as it is written there: it may lead anywhere.
        name: Option<Cow<'a, str>>,
        /// The file's hash.
        checksum: Checksum,
    },
    /// The size of a file, as Fedora's lists have it in comments.
    Size {
        /// The file's name.
        name: &'a str,
        /// Its length in bytes.
        size: u64,
    },
    /// A line that is neither, and no comment: another algorithm, or no checksum file at all.
    Unread,
}

/// Reads a line whose name may be escaped, or returns `None` if there is nothing on it.
pub(super) fn read(bytes: &[u8], algorithm: Option<Algorithm>) -> Option<Line<'_>> {
    let Ok(text) = str::from_utf8(bytes) else {
        return Some(Line::Unread);
    };
    if text.trim().is_empty() {
        return None;
    }
    if let Some(comment) = text.strip_prefix('#') {
        return size(comment);
    }
    let (text, is_escaped) = match text.strip_prefix('\\') {
        Some(text) => (text, true),
        None => (text, false),
    };
    let read = tagged(text).or_else(|| untagged(text, algorithm));
    let Some((name, checksum)) = read else {
        return Some(Line::Unread);
    };
    let name = match name {
        Some(name) if is_escaped => match unescaped(name) {
            Some(name) => Some(Cow::Owned(name)),
            None => return Some(Line::Unread),
        },
        name => name.map(Cow::Borrowed),
    };
    Some(Line::Sum { name, checksum })
}

/// Reads a line that ended with NUL, of which every character means itself.
pub(super) fn read_raw(bytes: &[u8], algorithm: Option<Algorithm>) -> Option<Line<'_>> {
    if bytes.is_empty() || bytes == b"\n" {
        return None;
    }
    let text = str::from_utf8(bytes).ok();
    let read = text.and_then(|text| tagged(text).or_else(|| untagged(text, algorithm)));
    Some(read.map_or(Line::Unread, |(name, checksum)| {
        let name = name.map(Cow::Borrowed);
        Line::Sum { name, checksum }
    }))
}

/// Reads `SHA256 (NAME) = HEX` of BSD and `cksum`, or `SHA2-256(NAME)= HEX` of OpenSSL.
fn tagged(text: &str) -> Option<(Option<&str>, Checksum)> {
    // The name may hold parentheses; the digits hold none.
    let (front, digits) = text.rsplit_once(')')?;
    let digits = digits.trim_start_matches(' ').strip_prefix('=')?.trim();
    let (tag, name) = front.split_once('(')?;
    let algorithm = Algorithm::named(tag.trim())?;
    let checksum = Checksum::from_hex(algorithm, digits)?;
    // OpenSSL's name for what has none.
    let name = (name != "stdin").then_some(name);
    (name != Some("")).then_some((name, checksum))
}

/// Reads `HEX  NAME`, `HEX *NAME`, `HEX<tab>NAME`, `HEX NAME`, or `HEX` alone.
fn untagged(text: &str, known: Option<Algorithm>) -> Option<(Option<&str>, Checksum)> {
    let end = text.find([' ', '\t']).unwrap_or(text.len());
    let (digits, rest) = text.split_at(end);
    let algorithm = known
        .filter(|known| known.length() * 2 == digits.len())
        .or_else(|| Algorithm::of_digits(digits.len()))?;
    let checksum = Checksum::from_hex(algorithm, digits)?;
    if rest.trim().is_empty() {
        return Some((None, checksum));
    }
    // One character apart, then one that says how the file was read, where there is one.
    let name = rest.get(1..)?;
    let name = name.strip_prefix([' ', '*']).unwrap_or(name);
    // `sha256sum` says so of its standard input.
    let name = (name != "-").then_some(name);
    Some((name, checksum))
}

/// Reads `NAME: N bytes` behind a `#`.
fn size(comment: &str) -> Option<Line<'_>> {
    let (name, rest) = comment.trim().rsplit_once(": ")?;
    let digits = rest.strip_suffix(" bytes")?;
    let is_number = digits.bytes().all(|byte| byte.is_ascii_digit());
    let size = is_number.then(|| digits.parse().ok())??;
    Some(Line::Size { name, size })
}

/// Returns a name without the backslashes that stand for backslashes and line ends.
fn unescaped(name: &str) -> Option<String> {
    let mut plain = String::with_capacity(name.len());
    let mut characters = name.chars();
    while let Some(character) = characters.next() {
        plain.push(match character {
            '\\' => match characters.next()? {
                '\\' => '\\',
                'n' => '\n',
                'r' => '\r',
                _ => return None,
            },
            _ => character,
        });
    }
    Some(plain)
}
