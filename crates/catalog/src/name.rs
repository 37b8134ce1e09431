//! Owns the name that a list gives to a file: a relative path that stays beneath where it is put.
//! Knows no file system; what a directory can hold is for others to find out.
#[cfg(test)]
mod tests;

use std::fmt;

use crate::limits::{COMPONENT_BYTES, NAME_BYTES};

/// A file's name in a list, with its directories: components apart by `/`, none of which leads up,
/// out, or nowhere.
///
/// ```
/// use catalog::RelativeName;
/// use catalog::name::NameError;
///
/// let name = RelativeName::parse("data/train.csv").unwrap();
/// assert_eq!(name.components().collect::<Vec<_>>(), ["data", "train.csv"]);
/// assert_eq!(RelativeName::parse("../.ssh/config"), Err(NameError::Leaves));
/// ```
///
/// It may still be a name that a system or a person should not meet: each component is a suggestion
/// of a stranger, to be made harmless as every other one.
#[derive(Clone, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct RelativeName(String);

/// The reason why a text is not such a name.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum NameError {
    /// There is nothing in it, or nothing between two `/`.
    #[error("the name has an empty component")]
    Empty,
    /// A component is `.` or `..`, or the path begins at a root, a home or a drive.
    #[error("the name leaves its directory")]
    Leaves,
    /// It holds a backslash, which separates components on some systems and on others does not.
    #[error("the name holds a backslash")]
    Backslash,
    /// It holds a control character, or one that no text holds.
    #[error("the name holds a control character")]
    Control,
    /// It or one of its components is longer than file systems allow.
    #[error("the name is too long")]
    TooLong,
}

impl RelativeName {
    /// Checks a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        if text.len() > NAME_BYTES {
            return Err(NameError::TooLong);
        }
        if text.chars().any(is_control) {
            return Err(NameError::Control);
        }
        if text.contains('\\') {
            return Err(NameError::Backslash);
        }
        let is_drive =
            matches!(text.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic());
        if text.starts_with(['/', '~']) || is_drive {
            return Err(NameError::Leaves);
        }
        for component in text.split('/') {
            match component {
                "" => return Err(NameError::Empty),
                "." | ".." => return Err(NameError::Leaves),
                _ if component.len() > COMPONENT_BYTES => return Err(NameError::TooLong),
                _ => {}
            }
        }
        Ok(Self(text.to_owned()))
    }

    /// The name, with `/` between its components.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The directories from the outside in, then the file.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &str> {
        self.0.split('/')
    }

    /// The name without its directories.
    pub fn base(&self) -> &str {
        self.components().next_back().unwrap_or(&self.0)
    }

    /// The directories that the file is in, the innermost first, each as a path from the outside.
    fn directories(&self) -> impl Iterator<Item = &str> {
        let ends = self.0.rmatch_indices('/');
        ends.map(|(end, _)| &self.0[..end])
    }
}

impl fmt::Display for RelativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Returns whether no text for people or programs holds a character: C0, DEL, C1, and the two that
/// XML 1.0 has no way to write.
pub(crate) fn is_control(character: char) -> bool {
    character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}')
}

/// Returns a name that two files have, or that is a directory for one and a file for the other.
pub(crate) fn first_clash<'a>(
    names: impl IntoIterator<Item = &'a RelativeName> + Clone,
) -> Option<&'a RelativeName> {
    let mut taken = std::collections::HashSet::new();
    let twice = names
        .clone()
        .into_iter()
        .find(|name| !taken.insert(name.as_str()));
    twice.or_else(|| {
        names.into_iter().find(|name| {
            name.directories()
                .any(|directory| taken.contains(directory))
        })
    })
}
