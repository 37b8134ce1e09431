//! Owns a place that a list names for a file: its URL, and how much it is wanted. Judges the form
//! of a URL, and does not know what can be fetched.
#[cfg(test)]
mod tests;

use std::fmt;
use std::num::NonZeroU16;

use url::Url;

use crate::limits::URL_BYTES;

/// A place that a file can be had from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Source {
    /// Its place.
    pub url: SourceUrl,
    /// The priority it is given.
    pub priority: Priority,
    /// The country it is in.
    pub location: Option<Location>,
    /// The most connections to it, where the list says so.
    pub max_connections: Option<NonZeroU16>,
}

impl Source {
    /// The most connections to a source that the user did not name: 1, as RFC 6249 asks, and 2
    /// where the list allows them.
    ///
    /// ```
    /// use std::num::NonZeroU16;
    /// use catalog::{Priority, Source, SourceUrl};
    ///
    /// let source = Source {
    ///     url: SourceUrl::parse("https://example.org/f", None).unwrap(),
    ///     priority: Priority::LAST,
    ///     location: None,
    ///     max_connections: NonZeroU16::new(16),
    /// };
    /// assert_eq!(source.connections().get(), 2);
    /// ```
    pub fn connections(&self) -> NonZeroU16 {
        const ALLOWED: NonZeroU16 = NonZeroU16::new(2).unwrap();
        self.max_connections
            .map_or(NonZeroU16::MIN, |most| most.min(ALLOWED))
    }
}

/// An absolute URL with a host, of a scheme that files are fetched by: `https` or `http`.
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct SourceUrl(Box<str>);

/// The reason why a text is no such URL.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum UrlError {
    /// It is no URL, or relative to nothing.
    #[error("is not a URL")]
    Malformed,
    /// It is longer than servers accept.
    #[error("is too long")]
    TooLong,
    /// It is of another scheme.
    #[error("is of the scheme {0}, which is not fetched from here")]
    Scheme(String),
}

impl SourceUrl {
    /// Reads a URL, or a reference that is relative to `base`. A fragment is left out: it is not
    /// for servers.
    pub fn parse(text: &str, base: Option<&Url>) -> Result<Self, UrlError> {
        let mut url = absolute(text, base)?;
        url.set_fragment(None);
        let scheme = url.scheme();
        if !matches!(scheme, "http" | "https") {
            // A scheme is of letters, digits, `+`, `-` and `.`: it can be shown.
            let told = scheme.chars().take(crate::limits::TOLD_CHARACTERS);
            return Err(UrlError::Scheme(told.collect()));
        }
        Ok(Self(String::from(url).into()))
    }

    /// The URL with all that it holds, a password too: for requests, and not for people.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Reads a URL of any scheme.
fn absolute(text: &str, base: Option<&Url>) -> Result<Url, UrlError> {
    if text.len() > URL_BYTES {
        return Err(UrlError::TooLong);
    }
    // The parser would remove line ends and tabs that somebody put within; a URL has none.
    if text.is_empty() || text.chars().any(char::is_control) {
        return Err(UrlError::Malformed);
    }
    let url = match base {
        Some(base) => base.join(text),
        None => Url::parse(text),
    };
    url.map_err(|_| UrlError::Malformed)
}

/// Shows the URL without user, password and the values of its query, any of which may be secret.
impl fmt::Debug for SourceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (shown, query) = match self.0.split_once('?') {
            Some((shown, _)) => (shown, "?..."),
            None => (&*self.0, ""),
        };
        let (scheme, rest) = shown.split_once("://").unwrap_or(("", shown));
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let host = authority.rsplit('@').next().unwrap_or_default();
        write!(f, "{scheme}://{host}{path}{query}")
    }
}

/// The priority of a source: 1 is the first choice, 999 999 the last (RFC 5854 §4.2.16.2).
///
/// ```
/// use catalog::Priority;
///
/// assert!(Priority::new(1).unwrap() < Priority::LAST);
/// assert_eq!(Priority::new(0), None);
/// // Metalink 3 counts the other way round, up to 100.
/// assert_eq!(Priority::from_preference(100), Priority::new(1).unwrap());
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Priority(u32);

impl Priority {
    /// The last choice, and that of a source without a priority.
    pub const LAST: Self = Self(999_999);

    /// Returns a priority, if it is within 1 and 999 999.
    pub const fn new(value: u32) -> Option<Self> {
        if value >= 1 && value <= Self::LAST.0 {
            Some(Self(value))
        } else {
            None
        }
    }

    /// Returns the priority of a `preference` of Metalink 3, of which 100 is the first choice.
    pub const fn from_preference(preference: u32) -> Self {
        if preference >= 100 {
            Self(1)
        } else {
            Self(101 - preference)
        }
    }

    /// The number.
    pub const fn get(self) -> u32 {
        self.0
    }
}

/// A country, as two letters of ISO 3166-1.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct Location([u8; 2]);

impl Location {
    /// Reads two letters of either case. `--`, which is written where nobody knows, is none.
    ///
    /// ```
    /// use catalog::Location;
    ///
    /// assert_eq!(Location::parse("DE").unwrap().as_str(), "de");
    /// assert_eq!(Location::parse("--"), None);
    /// ```
    pub fn parse(text: &str) -> Option<Self> {
        let letters: [u8; 2] = text.as_bytes().try_into().ok()?;
        let is_word = letters.iter().all(u8::is_ascii_alphabetic);
        is_word.then(|| Self(letters.map(|letter| letter.to_ascii_lowercase())))
    }

    /// The two letters in lower case.
    pub fn as_str(&self) -> &str {
        str::from_utf8(&self.0).expect("both are ASCII letters")
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
