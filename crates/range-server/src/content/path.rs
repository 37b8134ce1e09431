//! Owns the reading of request paths as names beneath a directory. Touches no file system: what
//! a name leads to is contained by how it is opened, not by how it is spelt.

use percent_encoding::percent_decode_str;

/// A path beneath the root of a directory, decoded once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct RelativePath {
    segments: Vec<Vec<u8>>,
    /// True if the path ended in a slash, and so can only mean a directory.
    pub(super) is_directory_form: bool,
}

impl RelativePath {
    /// Reads an absolute request path without dot segments and empty segments, as
    /// `target::normalise` leaves it.
    pub(super) fn parse(path: &str, allow_hidden: bool) -> Result<Self, NotAName> {
        let path = path.strip_prefix('/').ok_or(NotAName::Nothing)?;
        if path.is_empty() {
            return Ok(Self {
                segments: Vec::new(),
                is_directory_form: true,
            });
        }
        let (path, is_directory_form) = match path.strip_suffix('/') {
            Some(path) => (path, true),
            None => (path, false),
        };
        let segments = path
            .split('/')
            .map(|segment| decode(segment, allow_hidden))
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Self {
            segments,
            is_directory_form,
        })
    }

    pub(super) fn segments(&self) -> &[Vec<u8>] {
        &self.segments
    }

    /// The last name, which is empty for the root.
    pub(super) fn name(&self) -> &[u8] {
        self.segments.last().map(Vec::as_slice).unwrap_or_default()
    }

    /// A name within the directory this path leads to.
    pub(super) fn child(&self, name: &[u8]) -> Self {
        let mut segments = self.segments.clone();
        segments.push(name.to_vec());
        Self {
            segments,
            is_directory_form: false,
        }
    }

    /// The path of the name that is longer by `suffix`.
    pub(super) fn with_suffix(&self, suffix: &str) -> Self {
        let mut segments = self.segments.clone();
        if let Some(last) = segments.last_mut() {
            last.extend_from_slice(suffix.as_bytes());
        }
        Self {
            segments,
            is_directory_form: false,
        }
    }

    /// The path as the system writes it, `.` for the root itself.
    pub(super) fn joined(&self) -> Vec<u8> {
        if self.segments.is_empty() {
            b".".to_vec()
        } else {
            self.segments.join(&b'/')
        }
    }
}

/// The reason why a path names nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NotAName {
    /// No file can be called so.
    Nothing,
    /// It is hidden, and hidden names are not served.
    Hidden,
}

fn decode(segment: &str, allow_hidden: bool) -> Result<Vec<u8>, NotAName> {
    let name: Vec<u8> = percent_decode_str(segment).collect();
    let is_no_name = name.is_empty()
        || name == b"."
        || name == b".."
        || name.contains(&b'/')
        || name.contains(&0);
    if is_no_name {
        return Err(NotAName::Nothing);
    }
    if name.starts_with(b".") && !allow_hidden {
        return Err(NotAName::Hidden);
    }
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn joined(path: &str) -> Option<String> {
        let path = RelativePath::parse(path, false).ok()?;
        Some(String::from_utf8(path.joined()).unwrap())
    }

    #[test]
    fn names_are_decoded_exactly_once() {
        for (path, expected) in [
            ("/", "."),
            ("/a", "a"),
            ("/a/b%20c", "a/b c"),
            ("/%41", "A"),
            ("/%2541", "%41"),
            ("/%252e%252e", "%2e%2e"),
            ("/100%", "100%"),
            ("/a\\b", "a\\b"),
            ("/dir/", "dir"),
        ] {
            assert_eq!(joined(path).as_deref(), Some(expected), "{path}");
        }
        assert!(RelativePath::parse("/dir/", false).is_ok_and(|path| path.is_directory_form));
        assert!(RelativePath::parse("/dir", false).is_ok_and(|path| !path.is_directory_form));
    }

    #[test]
    fn names_that_leave_the_directory_or_mean_nothing_are_refused() {
        for path in [
            "",
            "a",
            "*",
            "//",
            "//a",
            "/a//b",
            "/..",
            "/../a",
            "/a/..",
            "/%2e%2e/a",
            "/%2E%2e",
            "/.",
            "/./a",
            "/%2e",
            "/a%2fb",
            "/a%2F..%2fb",
            "/a%00",
            "/a/%00/",
            "/..%2f",
            "/a//",
        ] {
            let parsed = RelativePath::parse(path, true);
            assert_eq!(parsed, Err(NotAName::Nothing), "{path}");
        }
        for path in ["/.git/config", "/a/.env", "/%2egit"] {
            let parsed = RelativePath::parse(path, false);
            assert_eq!(parsed, Err(NotAName::Hidden), "{path}");
            assert!(RelativePath::parse(path, true).is_ok(), "{path}");
        }
    }
}
