//! Owns [`SafeUrl`], a URL that cannot show its secrets, and [`Secret`], a value that never shows.

use std::fmt;

use url::Url;

/// A URL as it may be shown, logged and stored: without user, password, fragment, and the values
/// of its query, any of which may be a credential.
#[derive(Clone, PartialEq, Eq)]
pub struct SafeUrl(String);

impl SafeUrl {
    pub(crate) fn new(url: &Url) -> Self {
        let mut shown = url.clone();
        shown.set_fragment(None);
        strip_user(&mut shown);
        if url.query().is_some() {
            shown.set_query(Some("..."));
        }
        Self(shown.into())
    }

    /// Returns the text that is shown.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for SafeUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A value that is for its receiver alone: neither an error, nor a log, nor `{:?}` shows it.
///
/// There is no `Display`: code that needs the value says so with [`reveal`](Self::reveal).
#[derive(Clone, PartialEq, Eq)]
pub struct Secret<T>(T);

impl<T> Secret<T> {
    /// Keeps a value from being shown.
    pub const fn new(value: T) -> Self {
        Self(value)
    }

    /// Returns the value, for its receiver.
    pub const fn reveal(&self) -> &T {
        &self.0
    }
}

impl<T> From<T> for Secret<T> {
    fn from(value: T) -> Self {
        Self(value)
    }
}

impl From<&str> for Secret<String> {
    fn from(value: &str) -> Self {
        Self(value.to_owned())
    }
}

impl<T> fmt::Debug for Secret<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(...)")
    }
}

/// Removes user and password from a URL.
pub(crate) fn strip_user(url: &mut Url) {
    // A URL without an authority has no user to remove, and refuses the call.
    let _without_user = url.set_username("");
    let _without_password = url.set_password(None);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_not_shown() {
        let secret = Secret::new("hush".to_owned());
        assert_eq!(
            format!("{secret:?} {:#?}", Some(&secret))
                .matches("hush")
                .count(),
            0
        );
        assert_eq!(secret.reveal(), "hush");
    }

    #[test]
    fn nothing_that_may_be_secret_is_shown() {
        for (url, shown) in [
            ("http://a.example/x", "http://a.example/x"),
            (
                "https://user:pass@a.example:8/x?token=secret&b#frag",
                "https://a.example:8/x?...",
            ),
            ("https://user@a.example/?", "https://a.example/?..."),
        ] {
            let safe = SafeUrl::new(&Url::parse(url).unwrap());
            assert_eq!(safe.as_str(), shown);
            assert_eq!(format!("{safe} {safe:?}"), format!("{shown} {shown}"));
        }
    }
}
