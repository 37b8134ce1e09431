//! Owns the name a file gets when the user gives none: text from a URL or a server in, one safe
//! path component out. Knows no directory and no file; whether the name is taken is for others to
//! find out.
#[cfg(test)]
mod tests;

use std::ffi::OsStr;
use std::fmt::{self, Display, Formatter};
use std::path::Path;

use icu_normalizer::ComposingNormalizerBorrowed;
use percent_encoding::percent_decode_str;
use range_store::OWN_ENDINGS;
use url::Url;

use crate::hidden::is_hidden;
use crate::settings::InvalidSetting;

/// Longest name, in bytes of UTF-8. File systems stop at 255 (ext4, XFS, Btrfs, NTFS, APFS); the
/// rest is room for `.part.journal` and whatever else is put behind a name.
const LONGEST_NAME: usize = 200;

/// The part of a name's end that survives shortening if it starts with a dot: `.tar.zst.sha256` and
/// the like, which say what the file is.
const LONGEST_EXTENSION: usize = 20;

/// The name of the file from a URL that names none.
const FALLBACK: &str = "download";

/// Stems that are devices on Windows in any letter case and with any extension.
const DEVICES: &[&str] = &["con", "prn", "aux", "nul", "conin$", "conout$", "clock$"];

/// Extensions of files that act when they are opened to be looked at: shortcuts, links to
/// elsewhere, and programs that pass for documents.
const TRAPS: &[&str] = &[
    "desktop",
    "hta",
    "library-ms",
    "lnk",
    "pif",
    "scf",
    "scr",
    "search-ms",
    "url",
    "webloc",
];

/// The name of a downloaded file: one path component, harmless under POSIX and Windows rules alike.
///
/// It is never empty and at most 200 bytes long. It holds no separator, no control, bidirectional
/// or invisible character and none of `<>:"|?*`; starts with neither dot, dash nor space; ends with
/// neither dot nor space; is no device; and is none that this crate gives to unfinished files.
/// Both systems' rules hold everywhere, so that a name means the same wherever the file is carried.
///
/// ```
/// use accelerator::FileName;
///
/// let name = FileName::from_url("https://example.org/..%2F..%2F.ssh%2Fdisk.img?token=x")?;
/// assert_eq!(name.as_str(), "disk.img");
/// let path = std::path::Path::new("/tmp").join(&name);
/// assert_eq!(path, std::path::Path::new("/tmp/disk.img"));
/// assert_eq!(FileName::from_suggestion("../CON.txt").as_str(), "_CON.txt");
/// # Ok::<(), accelerator::InvalidSetting>(())
/// ```
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct FileName(String);

impl FileName {
    /// Takes the name from a URL: the last segment of its path, or `download`. Use the URL the user
    /// asked for, never that of a redirect.
    pub fn from_url(url: &str) -> Result<Self, InvalidSetting> {
        let url = Url::parse(url).map_err(|source| InvalidSetting::Url { source })?;
        Ok(Self::from_url_path(url.path()))
    }

    /// Takes the name from the last segment of a URL's path, still percent-encoded.
    ///
    /// Percent-decoding happens once, so `%252F` stays `%2F`. Separators that decoding uncovers are
    /// separators: only what follows the last one counts. Bytes that are not UTF-8, and characters
    /// a name must not hold, become `_`.
    pub fn from_url_path(path: &str) -> Self {
        let segment = path.rsplit('/').next().unwrap_or_default();
        let decoded = percent_decode_str(segment).decode_utf8_lossy();
        Self::from_text(&decoded)
    }

    /// Takes the name from what a server suggests, which is text already: nothing is decoded.
    ///
    /// A suggestion of a type that systems run, or follow elsewhere, when a person only opens it
    /// gets `.download` behind it. A person who wants such a file can name it.
    pub fn from_suggestion(text: &str) -> Self {
        let name = Self::from_text(text);
        let extension = name
            .0
            .rsplit_once('.')
            .map(|(_, extension)| extension.to_lowercase());
        if extension.is_some_and(|extension| TRAPS.contains(&extension.as_str())) {
            return Self(shortened(format!("{}.download", name.0)));
        }
        name
    }

    fn from_text(text: &str) -> Self {
        let base = text.rsplit(['/', '\\']).next().unwrap_or_default();
        let replaced: String = base
            .chars()
            .map(|character| if is_unfit(character) { '_' } else { character })
            .collect();
        let trimmed = trimmed(&replaced);
        if trimmed.is_empty() {
            return Self(FALLBACK.to_owned());
        }
        // Cutting can uncover a device: `con`, many spaces, `x.txt`.
        let name = shortened(trimmed.to_owned());
        let name = if is_device(&name) {
            shortened(format!("_{name}"))
        } else {
            name
        };
        Self(if is_ours(&name) {
            shortened(format!("{name}.download"))
        } else {
            name
        })
    }

    /// Returns the name, to be joined to a directory.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl AsRef<str> for FileName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<OsStr> for FileName {
    fn as_ref(&self) -> &OsStr {
        self.0.as_ref()
    }
}

impl AsRef<Path> for FileName {
    fn as_ref(&self) -> &Path {
        self.0.as_ref()
    }
}

impl Display for FileName {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn is_unfit(character: char) -> bool {
    is_hidden(character)
        || matches!(
            character,
            '<' | '>' | ':' | '"' | '|' | '?' | '*' | char::REPLACEMENT_CHARACTER
        )
}

/// Drops what would hide the file or look like an option in front, and what Windows drops behind.
fn trimmed(name: &str) -> &str {
    name.trim_start_matches(|character: char| {
        matches!(character, '.' | '-') || character.is_whitespace()
    })
    .trim_end_matches(|character: char| character == '.' || character.is_whitespace())
}

/// Returns whether Windows would open a device by this name: what counts is what precedes the first
/// dot, without the spaces at its end.
fn is_device(name: &str) -> bool {
    let stem = name
        .split('.')
        .next()
        .unwrap_or_default()
        .trim_end()
        .to_lowercase();
    if DEVICES.contains(&stem.as_str()) {
        return true;
    }
    let port = stem
        .strip_prefix("com")
        .or_else(|| stem.strip_prefix("lpt"));
    // Superscript digits are digits there: `COM¹` is the first serial port.
    port.is_some_and(|port| {
        let mut digits = port.chars();
        matches!(digits.next(), Some('0'..='9' | '¹' | '²' | '³')) && digits.next().is_none()
    })
}

/// Returns whether it ends as names of unfinished downloads do, also where neither case nor width
/// nor style of letters counts, nor dots and spaces at the end (NTFS, SMB, ext4 with `casefold`,
/// ZFS with `normalization=formKC`).
///
/// A stranger's file must never have such a name: a later download would take it for its own.
pub(crate) fn is_ours(name: &str) -> bool {
    let folded = ComposingNormalizerBorrowed::new_nfkc().normalize(name);
    let folded = folded.to_lowercase();
    let folded = trimmed(&folded);
    OWN_ENDINGS.iter().any(|ending| folded.ends_with(ending))
}

/// Takes characters out of the middle, so that the extension stays.
fn shortened(name: String) -> String {
    if name.len() <= LONGEST_NAME {
        return name;
    }
    let tail = &name[name.ceil_char_boundary(name.len() - LONGEST_EXTENSION)..];
    let extension = tail.find('.').map_or("", |dot| &tail[dot..]);
    let stem = &name[..name.floor_char_boundary(LONGEST_NAME - extension.len())];
    // A dot or space at the cut would end the name, or double the extension's dot.
    format!("{}{extension}", trimmed(stem))
}
