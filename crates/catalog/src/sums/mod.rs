//! Owns checksum files: the lines that `sha256sum`, `cksum`, `openssl dgst`, `shasum`, `b3sum` and
//! distributions write, and the search for a file in them. One line is `line`'s. Hashes nothing.
//!
//! ```
//! use catalog::{Algorithm, sums};
//!
//! let list = b"\
//! d41d8cd98f00b204e9800998ecf8427e  ./empty\n\
//! SHA1 (empty) = da39a3ee5e6b4b0d3255bfef95601890afd80709\n";
//! let found = sums::find(list, "empty", None).unwrap();
//! let algorithms: Vec<_> = found.checksums.iter().map(|found| found.algorithm()).collect();
//! assert_eq!(algorithms, [Algorithm::Sha1, Algorithm::Md5]);
//!
//! // A list that does not name the file proves nothing, and says so.
//! assert_eq!(sums::find(list, "other", None), Err(sums::FindError::NoLine));
//! ```
mod line;
#[cfg(test)]
mod tests;

use crate::checksum::{Algorithm, Checksum, Checksums, Contradiction};
use crate::limits::LIST_BYTES;

pub use self::line::Line;

/// All that a list says about one file.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Found {
    /// Its hashes: one at least.
    pub checksums: Checksums,
    /// Its length in bytes.
    pub size: Option<u64>,
}

/// The reason why a list says nothing about a file.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FindError {
    /// The list is longer than lists are.
    #[error("the list of checksums is longer than {} MiB", LIST_BYTES >> 20)]
    TooLarge,
    /// No line is a checksum.
    #[error("there is no checksum in the list")]
    NoList,
    /// No line names the file.
    #[error("the list of checksums does not name the file")]
    NoLine,
    /// Several files in different directories have the name.
    #[error("the list of checksums has several files of that name in different directories")]
    Ambiguous,
    /// The list has two values for it.
    #[error("the list of checksums has {0}")]
    Contradiction(#[from] Contradiction),
}

/// Returns the lines of a checksum file, but for blank ones and comments.
///
/// Lines end with LF or CRLF, or with NUL if there is any, as `sha256sum --zero` writes them. The
/// file may begin with a byte order mark, and may be clear-signed by `OpenPGP`; the signature is
/// passed over, and not checked. `algorithm` is what lines are taken for that do not name one, if
/// they are as long as it makes them: the file's name tells it, [`Algorithm::of_list`].
pub fn lines(bytes: &[u8], algorithm: Option<Algorithm>) -> impl Iterator<Item = Line<'_>> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let is_zero = bytes.contains(&0);
    let end = if is_zero { 0 } else { b'\n' };
    let mut armour = Armour::Outside;
    bytes
        .split(move |&byte| byte == end)
        .filter_map(move |bytes| {
            if is_zero {
                return line::read_raw(bytes, algorithm);
            }
            let bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
            armour
                .step(bytes)
                .and_then(|bytes| line::read(bytes, algorithm))
        })
}

/// Finds a file by its whole name, or else by the name without directories if that is unique.
///
/// A list of checksums without names is about one file, whichever it is.
pub fn find(bytes: &[u8], name: &str, algorithm: Option<Algorithm>) -> Result<Found, FindError> {
    if bytes.len() > LIST_BYTES {
        return Err(FindError::TooLarge);
    }
    let wanted = plain(name);
    let mut whole = Finding::default();
    let mut by_base = Finding::default();
    let mut nameless = Finding::default();
    let mut is_list = false;
    for line in lines(bytes, algorithm) {
        match line {
            Line::Sum {
                name: Some(name),
                checksum,
            } => {
                is_list = true;
                let name = plain(&name);
                if name == wanted {
                    whole.add(name, checksum);
                } else if base(name) == base(wanted) {
                    by_base.add(name, checksum);
                }
            }
            Line::Sum {
                name: None,
                checksum,
            } => nameless.add("", checksum),
            Line::Size { name, size } if plain(name) == wanted => whole.size = Some(size),
            Line::Size { name, size } if base(name) == base(wanted) => by_base.size = Some(size),
            Line::Size { .. } | Line::Unread => {}
        }
    }
    if !whole.checksums.is_empty() {
        return whole.outcome();
    }
    if !by_base.checksums.is_empty() {
        return by_base.outcome();
    }
    if is_list {
        return Err(FindError::NoLine);
    }
    if nameless.checksums.is_empty() {
        return Err(FindError::NoList);
    }
    nameless.outcome()
}

/// Lines that were found of files with one name.
#[derive(Default)]
struct Finding {
    /// The name with its directories.
    name: Option<String>,
    checksums: Checksums,
    size: Option<u64>,
    is_ambiguous: bool,
    contradiction: Option<Contradiction>,
}

impl Finding {
    fn add(&mut self, name: &str, checksum: Checksum) {
        let known = self.name.get_or_insert_with(|| name.to_owned());
        self.is_ambiguous |= known != name;
        if let Err(contradiction) = self.checksums.add(checksum) {
            self.contradiction = Some(contradiction);
        }
    }

    fn outcome(self) -> Result<Found, FindError> {
        if self.is_ambiguous {
            return Err(FindError::Ambiguous);
        }
        match self.contradiction {
            Some(contradiction) => Err(contradiction.into()),
            None => Ok(Found {
                checksums: self.checksums,
                size: self.size,
            }),
        }
    }
}

/// Returns a name without the `./` that `find` puts in front.
fn plain(name: &str) -> &str {
    let mut name = name;
    while let Some(rest) = name.strip_prefix("./") {
        name = rest.trim_start_matches('/');
    }
    name
}

/// Returns what follows the last separator of either kind.
fn base(name: &str) -> &str {
    name.rsplit(['/', '\\']).next().unwrap_or(name)
}

/// The part of a clear-signed file that a line is in (RFC 9580 §7).
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Armour {
    Outside,
    /// Between the first line and the blank line that ends the headers.
    Headers,
    Text,
    Signature,
}

impl Armour {
    /// Takes the next line, and returns what it is without the armour.
    fn step<'a>(&mut self, line: &'a [u8]) -> Option<&'a [u8]> {
        let plain = line.trim_ascii_end();
        match (*self, plain) {
            (Self::Signature, b"-----END PGP SIGNATURE-----") => *self = Self::Outside,
            (Self::Signature, _) => {}
            (_, b"-----BEGIN PGP SIGNED MESSAGE-----") => *self = Self::Headers,
            (_, b"-----BEGIN PGP SIGNATURE-----") => *self = Self::Signature,
            (Self::Headers, b"") => *self = Self::Text,
            (Self::Headers, _) => {}
            (Self::Text, _) => return Some(line.strip_prefix(b"- ").unwrap_or(line)),
            (Self::Outside, _) => return Some(line),
        }
        None
    }
}
