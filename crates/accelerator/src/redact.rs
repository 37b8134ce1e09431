//! Owns [`SafeUrl`], a URL that cannot show its secrets.

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
        // A URL without an authority has no user to remove, and refuses.
        let _without_user = shown.set_username("");
        let _without_password = shown.set_password(None);
        if url.query().is_some() {
            shown.set_query(Some("..."));
        }
        Self(shown.into())
    }

    /// The text that is shown.
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

#[cfg(test)]
mod tests {
    use super::*;

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
            assert_eq!(SafeUrl::new(&Url::parse(url).unwrap()).as_str(), shown);
        }
    }
}
