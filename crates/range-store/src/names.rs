//! Owns the three names of a download and what makes a name usable. Knows nothing of where a name
//! came from, nor of which names are unwise.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt;

use range_core::units::ByteCount;

/// The longest name Linux file systems take, in bytes (`NAME_MAX`).
const LONGEST_NAME: usize = 255;

const PART_SUFFIX: &str = ".part";
const JOURNAL_SUFFIX: &str = ".part.journal";

/// The names of one download, all in one directory: `NAME`, `NAME.part` and `NAME.part.journal`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartNames {
    final_name: OsString,
    part: OsString,
    journal: OsString,
}

/// Why a name cannot be that of a download.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// The name is empty.
    #[error("use an empty file name")]
    Empty,
    /// The name is `.` or `..`, or has a `/` in it.
    #[error("use a file name that leads to another directory")]
    NotAComponent,
    /// The name has a NUL in it.
    #[error("use a file name with a NUL in it")]
    Nul,
    /// The name leaves no room for the suffixes of the part file and the journal.
    #[error("use a file name of {length}, over the limit of {limit}")]
    TooLong {
        /// Length of the final name.
        length: ByteCount,
        /// The longest final name: 242 bytes.
        limit: ByteCount,
    },
}

impl PartNames {
    /// The names that belong to `final_name`, which need not be UTF-8.
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
        })
    }

    /// The name the complete file gets.
    pub fn final_name(&self) -> &OsStr {
        &self.final_name
    }

    /// The name of the part file.
    pub fn part(&self) -> &OsStr {
        &self.part
    }

    /// The name of the journal.
    pub fn journal(&self) -> &OsStr {
        &self.journal
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
