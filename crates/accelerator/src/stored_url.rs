//! Owns the forms of a URL in a journal and in the record of a finished file: without its secrets,
//! and yet told from every other. Knows neither journal nor record.

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
    let fingerprint = fingerprint(&without_fragment(url), session);
    format!("{}{SEPARATOR}{fingerprint}", SafeUrl::new(url))
}

fn without_fragment(url: &Url) -> Url {
    let mut whole = url.clone();
    whole.set_fragment(None);
    whole
}

fn fingerprint(url: &Url, salt: SessionId) -> String {
    let fingerprint = Sha256::new()
        .chain_update(salt.0)
        .chain_update(url.as_str())
        .finalize();
    Hex(&fingerprint[..LENGTH]).to_string()
}

/// Returns the URL as a file may carry it that is passed on: nothing of it can be read, and it can
/// be compared. A salt comes first, then a fingerprint of all of it but the fragment.
pub(crate) fn sealed(url: &Url) -> String {
    seal(url, SessionId::random())
}

fn seal(url: &Url, salt: SessionId) -> String {
    let fingerprint = fingerprint(&without_fragment(url), salt);
    format!("{}{SEPARATOR}{fingerprint}", Hex(&salt.0))
}

/// Reports whether a URL is the one that was sealed. Its query counts: a validator is one of a
/// resource, and another query names another resource (RFC 9110 section 8.8.1).
pub(crate) fn is_sealed(sealed: &str, url: &Url) -> bool {
    let salt = sealed.split_once(SEPARATOR);
    let salt = salt.and_then(|(salt, _)| salt_of(salt));
    salt.is_some_and(|salt| seal(url, salt) == sealed)
}

fn salt_of(hex: &str) -> Option<SessionId> {
    let salt = u128::from_str_radix(hex, 16).ok()?;
    Some(SessionId(salt.to_be_bytes()))
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
    fn a_sealed_url_shows_nothing_and_is_known_again() {
        let url = |text| Url::parse(text).unwrap();
        let own = sealed(&url("http://a.example/x?key=secret#part"));
        assert!(
            own.chars().all(|c| c == SEPARATOR || c.is_ascii_hexdigit()),
            "{own}"
        );
        assert_ne!(own, sealed(&url("http://a.example/x?key=secret#part")));
        for (other, is_it) in [
            ("http://a.example/x?key=secret", true),
            ("http://a.example/x?key=other", false),
            ("http://a.example/x", false),
            ("http://a.example/y?key=secret", false),
            ("https://a.example/x?key=secret", false),
        ] {
            assert_eq!(is_sealed(&own, &url(other)), is_it, "{other}");
        }
        for text in ["", "#", "0#1", "0#1#2", "zz#1"] {
            assert!(!is_sealed(text, &url("http://a/")), "{text}");
        }
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
