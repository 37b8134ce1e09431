//! Owns the form of a URL in a journal: without its secrets, and yet told from every other. Knows
//! no journal.

use range_core::hex::Hex;
use range_store::journal::SessionId;
use sha2::{Digest, Sha256};
use url::Url;

use crate::redact::SafeUrl;

/// A URL that may be shown has no fragment, so this ends it.
const SEPARATOR: char = '#';

/// The bytes of the fingerprint. It tells the URLs of one user apart, and defends against nobody.
const LENGTH: usize = 8;

/// Returns the URL as it may be shown, and a fingerprint of all of it that cannot be compared with
/// another journal's. A secret worth the name is not guessed from it.
pub(crate) fn stored(url: &Url, session: SessionId) -> String {
    let mut whole = url.clone();
    whole.set_fragment(None);
    let fingerprint = Sha256::new()
        .chain_update(session.0)
        .chain_update(whole.as_str())
        .finalize();
    let fingerprint = Hex(&fingerprint[..LENGTH]);
    format!("{}{SEPARATOR}{fingerprint}", SafeUrl::new(url))
}

/// Reports whether a stored URL has the scheme, host and port of `url`.
pub(crate) fn is_of_origin(stored: &str, url: &Url) -> bool {
    Url::parse(shown(stored)).is_ok_and(|stored| stored.origin() == url.origin())
}

/// Returns the part of it that is for people.
pub(crate) fn shown(stored: &str) -> &str {
    stored
        .split_once(SEPARATOR)
        .map_or(stored, |(shown, _)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn its_origin_is_told_from_others() {
        let url = |text| Url::parse(text).unwrap();
        let own = stored(
            &url("https://a.example:8443/x?key=secret"),
            SessionId([1; 16]),
        );
        assert!(is_of_origin(&own, &url("https://a.example:8443/other")));
        for other in [
            "https://a.example/x",
            "http://a.example:8443/x",
            "https://b.example:8443/x",
        ] {
            assert!(!is_of_origin(&own, &url(other)), "{other}");
        }
        assert!(!is_of_origin("", &url("https://a.example:8443/x")));
    }

    #[test]
    fn it_shows_no_secret_and_is_told_from_every_other() {
        let text = |url: &str, session| stored(&Url::parse(url).unwrap(), SessionId([session; 16]));
        let own = text("http://a.example/x?key=secret#part", 1);
        assert_eq!(own, text("http://a.example/x?key=secret", 1));
        assert_eq!(shown(&own), "http://a.example/x?...");
        for (other, session) in [
            ("http://a.example/x?key=other", 1),
            ("http://a.example/x", 1),
            ("http://b.example/x?key=secret", 1),
            ("http://a.example/x?key=secret", 2),
        ] {
            assert_ne!(own, text(other, session), "{other}");
        }
    }
}
