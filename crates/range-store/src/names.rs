//! Owns the three names of a download, and the rules for a usable name. Knows nothing of where a
//! name came from, nor of which names are unwise.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use range_core::units::ByteCount;
use xxhash_rust::xxh3::xxh3_64;

/// The longest name that Linux file systems accept, in bytes (`NAME_MAX`).
pub(crate) const LONGEST_NAME: usize = 255;

/// The shortest limit on names that is believed. It leaves room for all suffixes.
const SHORTEST_LIMIT: usize = 64;

const PART_SUFFIX: &str = ".part";
const JOURNAL_SUFFIX: &str = ".part.journal";
const PROBE_SUFFIX: &str = ".part.probe";

/// The endings of the names that a download gives to files of its own. A file with such a name
/// could be taken for one of another download.
pub const OWN_ENDINGS: [&str; 5] = [
    PART_SUFFIX,
    JOURNAL_SUFFIX,
    PROBE_SUFFIX,
    ASIDE_SUFFIXES[0],
    ASIDE_SUFFIXES[1],
];

/// The number of older versions that are kept beside the one being fetched. One is enough for a
/// server that moved on to a newer version; two also cover a server that went back to the previous
/// one.
pub(crate) const PLACES: usize = 2;

/// The suffix of an older version's name while a newer one is fetched, before the other suffixes.
const ASIDE_SUFFIXES: [&str; PLACES] = [".old-version", ".old-version2"];

/// The names of one download, all in one directory: `NAME`, `NAME.part`, `NAME.part.journal` and,
/// for a moment and only where a file must have a name, `NAME.part.probe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartNames {
    final_name: OsString,
    part: OsString,
    journal: OsString,
    probe: OsString,
    /// The longest name that the file system accepts.
    longest: usize,
}

/// The reason why a name cannot be that of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// The name is empty.
    #[error("use an empty file name")]
    Empty,
    /// The name is `.` or `..`, or contains a `/`.
    #[error("use a file name that leads to another directory")]
    NotAComponent,
    /// The name contains a NUL.
    #[error("use a file name with a NUL in it")]
    Nul,
    /// The name is longer than any file system accepts.
    #[error("use a file name of {length}, over the limit of {limit}")]
    TooLong {
        /// The length of the final name, in bytes.
        length: ByteCount,
        /// The maximum length of a name: 255 bytes.
        limit: ByteCount,
    },
}

impl PartNames {
    /// Returns the names that belong to `final_name`, which need not be UTF-8.
    ///
    /// If it leaves no room for the suffixes, the names of the part file and the journal begin with
    /// less of it, followed by `~` and its hash.
    pub fn new(final_name: &OsStr) -> Result<Self, NameError> {
        let bytes = final_name.as_bytes();
        match bytes {
            [] => return Err(NameError::Empty),
            b"." | b".." => return Err(NameError::NotAComponent),
            _ if bytes.contains(&b'/') => return Err(NameError::NotAComponent),
            _ if bytes.contains(&0) => return Err(NameError::Nul),
            _ if bytes.len() > LONGEST_NAME => {
                return Err(NameError::TooLong {
                    length: ByteCount(bytes.len() as u64),
                    limit: ByteCount(LONGEST_NAME as u64),
                });
            }
            _ => {}
        }
        Ok(Self::within(final_name, LONGEST_NAME))
    }

    /// Returns the names of the same file where no name may be longer than `longest` bytes.
    #[must_use]
    pub(crate) fn fitted(self, longest: usize) -> Self {
        Self::within(
            &self.final_name,
            longest.clamp(SHORTEST_LIMIT, LONGEST_NAME),
        )
    }

    fn within(final_name: &OsStr, longest: usize) -> Self {
        let stem = abbreviated(final_name, longest - JOURNAL_SUFFIX.len());
        let suffixed = |suffix| {
            let mut name = stem.clone();
            name.push(suffix);
            name
        };
        Self {
            final_name: final_name.to_owned(),
            part: suffixed(PART_SUFFIX),
            journal: suffixed(JOURNAL_SUFFIX),
            probe: suffixed(PROBE_SUFFIX),
            longest,
        }
    }

    /// Returns the name of a file that had the final name and has made way: `NAME.old`, and then
    /// `NAME.old.1` and so on.
    pub(crate) fn made_way(&self, number: u32) -> OsString {
        let suffix = match number {
            0 => ".old".to_owned(),
            _ => format!(".old.{number}"),
        };
        let mut name = abbreviated(&self.final_name, self.longest - suffix.len());
        name.push(suffix);
        name
    }

    /// Returns the names of an older version of the file that waits in the place `at`: those of a
    /// download called `NAME.old-version` or `NAME.old-version2`.
    ///
    /// # Panics
    ///
    /// If there is no such place: there are `PLACES`.
    #[must_use]
    pub fn aside(&self, at: usize) -> Self {
        let suffix = ASIDE_SUFFIXES[at];
        let limit = self.longest - JOURNAL_SUFFIX.len() - suffix.len();
        let mut name = abbreviated(&self.final_name, limit);
        name.push(suffix);
        Self::within(&name, self.longest)
    }

    /// Returns the name of the complete file.
    pub fn final_name(&self) -> &OsStr {
        &self.final_name
    }

    /// Returns the name of the part file.
    pub fn part(&self) -> &OsStr {
        &self.part
    }

    /// Returns the name of the journal.
    pub fn journal(&self) -> &OsStr {
        &self.journal
    }

    /// Returns the name of an empty file that shows the owner and permissions of new files.
    pub(crate) fn probe(&self) -> &OsStr {
        &self.probe
    }
}

/// Returns the name if it takes at most `limit` bytes; otherwise its beginning and its hash, so
/// that two names which begin alike stay two.
fn abbreviated(name: &OsStr, limit: usize) -> OsString {
    if name.len() <= limit {
        return name.to_owned();
    }
    let tag = format!("~{:016x}", xxh3_64(name.as_bytes()));
    let mut short = shortened(name, limit - tag.len());
    short.push(tag);
    short
}

/// Returns the beginning of a name, of at most `limit` bytes; whole characters if it is UTF-8.
fn shortened(name: &OsStr, limit: usize) -> OsString {
    match name.to_str() {
        Some(text) => OsString::from(&text[..text.floor_char_boundary(limit)]),
        None => OsStr::from_bytes(&name.as_bytes()[..name.len().min(limit)]).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::ffi::OsStringExt;

    use super::*;

    #[test]
    fn a_version_that_waits_has_names_of_its_own_whatever_the_length() {
        let names = PartNames::new(OsStr::new("a.bin")).unwrap();
        assert_eq!(names.aside(0).part(), "a.bin.old-version.part");
        assert_eq!(names.aside(1).journal(), "a.bin.old-version2.part.journal");
        let longest = "\u{e4}".repeat(121);
        let names = PartNames::new(OsStr::new(&longest)).unwrap();
        let aside = names.aside(1);
        assert!(aside.journal().len() <= LONGEST_NAME);
        assert!(aside.journal().to_str().is_some());
        assert_ne!(aside.part(), names.part());
        let longest = OsString::from_vec([0xff].repeat(255));
        let names = PartNames::new(&longest).unwrap();
        assert_eq!(names.aside(0).journal().len(), LONGEST_NAME);
    }

    #[test]
    fn only_a_component_is_a_name() {
        use NameError::{Empty, NotAComponent, Nul};
        for (name, error) in [
            ("", Empty),
            (".", NotAComponent),
            ("..", NotAComponent),
            ("/", NotAComponent),
            ("a/b", NotAComponent),
            ("../a", NotAComponent),
            ("a\0b", Nul),
        ] {
            assert_eq!(PartNames::new(OsStr::new(name)), Err(error), "{name:?}");
        }
        let names = PartNames::new(OsStr::from_bytes(b"...\xff\n")).unwrap();
        assert_eq!(names.final_name().as_bytes(), b"...\xff\n");
        assert_eq!(names.part().as_bytes(), b"...\xff\n.part");
        assert_eq!(names.journal().as_bytes(), b"...\xff\n.part.journal");
    }

    #[test]
    fn a_name_of_any_length_leaves_room_for_the_journal() {
        let named = |text: &str, longest| PartNames::new(OsStr::new(text)).unwrap().fitted(longest);
        for (longest, most) in [(255, 255), (143, 143), (0, 64), (1530, 255)] {
            for length in 1..=255 {
                let (one, other) = ("x".repeat(length), format!("{}y", "x".repeat(length - 1)));
                let (one, other) = (named(&one, longest), named(&other, longest));
                assert!(one.journal().len() <= most, "{length} {longest}");
                assert_ne!(one.part(), other.part(), "{length} {longest}");
                assert_ne!(one.part(), one.final_name());
                let part = one.part().to_str().unwrap();
                assert_eq!(one.journal().to_str(), Some(&*format!("{part}.journal")));
                // Whoever knows the part file finds the journal.
                let stem = part.strip_suffix(".part").unwrap();
                assert_eq!(named(stem, longest).journal(), one.journal());
                for at in 0..PLACES {
                    let (one, other) = (one.aside(at), other.aside(at));
                    assert!(one.journal().len() <= most, "{length} {longest}");
                    assert_ne!(one.part(), other.part(), "{length} {longest}");
                }
            }
        }
        assert_eq!(named("x", 64).part(), "x.part");
        assert_eq!(
            PartNames::new(OsStr::new(&"x".repeat(256))),
            Err(NameError::TooLong {
                length: ByteCount(256),
                limit: ByteCount(255)
            })
        );
    }
}
