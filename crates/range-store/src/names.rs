//! Owns the three names of a download, and the rules for a usable name. Knows nothing of where a
//! name came from, nor of which names are unwise.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use range_core::units::ByteCount;

/// The longest name that Linux file systems accept, in bytes (`NAME_MAX`).
const LONGEST_NAME: usize = 255;

const PART_SUFFIX: &str = ".part";
const JOURNAL_SUFFIX: &str = ".part.journal";
const PROBE_SUFFIX: &str = ".part.probe";

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
}

/// The reason why a name cannot be that of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
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
    /// The name leaves no room for the suffixes of the part file and the journal.
    #[error("use a file name of {length}, over the limit of {limit}")]
    TooLong {
        /// The length of the final name, in bytes.
        length: ByteCount,
        /// The maximum length of a final name: 242 bytes.
        limit: ByteCount,
    },
}

impl PartNames {
    /// Returns the names that belong to `final_name`, which need not be UTF-8.
    pub fn new(final_name: &OsStr) -> Result<Self, NameError> {
        let bytes = final_name.as_bytes();
        let limit = LONGEST_NAME - JOURNAL_SUFFIX.len();
        match bytes {
            [] => return Err(NameError::Empty),
            b"." | b".." => return Err(NameError::NotAComponent),
            _ if bytes.contains(&b'/') => return Err(NameError::NotAComponent),
            _ if bytes.contains(&0) => return Err(NameError::Nul),
            _ if bytes.len() > limit => {
                let length = ByteCount(bytes.len() as u64);
                return Err(NameError::TooLong {
                    length,
                    limit: ByteCount(limit as u64),
                });
            }
            _ => {}
        }
        let suffixed = |suffix| {
            let mut name = final_name.to_owned();
            name.push(suffix);
            name
        };
        Ok(Self {
            final_name: final_name.to_owned(),
            part: suffixed(PART_SUFFIX),
            journal: suffixed(JOURNAL_SUFFIX),
            probe: suffixed(PROBE_SUFFIX),
        })
    }

    /// Returns the names of an older version of the file that waits in the place `at`: those of a
    /// download called `NAME.old-version` or `NAME.old-version2`. A name that is too long is
    /// truncated.
    ///
    /// # Panics
    ///
    /// If there is no such place: there are `PLACES`.
    #[must_use]
    pub fn aside(&self, at: usize) -> Self {
        let suffix = ASIDE_SUFFIXES[at];
        let limit = LONGEST_NAME - JOURNAL_SUFFIX.len() - suffix.len();
        let mut name = shortened(&self.final_name, limit);
        name.push(suffix);
        Self::new(&name).expect("it is a component as the final name is, and short enough")
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
        let longest = OsString::from_vec([0xff].repeat(242));
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
    fn the_longest_name_leaves_room_for_the_journal() {
        let longest = "x".repeat(242);
        let names = PartNames::new(OsStr::new(&longest)).unwrap();
        assert_eq!(names.journal().len(), 255);
        assert!(matches!(
            PartNames::new(OsStr::new(&format!("{longest}x"))),
            Err(NameError::TooLong {
                length: ByteCount(243),
                limit: ByteCount(242)
            })
        ));
    }
}
