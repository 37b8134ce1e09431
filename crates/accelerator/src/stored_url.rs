//! Owns how a URL is written into a journal: without its secrets, and yet told from every other.

use std::fmt::Write;

use range_store::journal::SessionId;
use sha2::{Digest, Sha256};
use url::Url;

use crate::redact::SafeUrl;

/// No fragment is left in a URL that may be shown, so this ends it.
const SEPARATOR: char = '#';

/// Bytes of the fingerprint. It tells URLs of one user apart, and defends nothing.
const LENGTH: usize = 8;

/// The URL as it may be shown, and a fingerprint of all of it, which another journal's cannot be
/// compared with. A secret worth the name is not guessed from it.
pub(crate) fn stored(url: &Url, session: SessionId) -> String {
    let mut whole = url.clone();
    whole.set_fragment(None);
    let fingerprint = Sha256::new()
        .chain_update(session.0)
        .chain_update(whole.as_str())
        .finalize();
    let mut text = format!("{}{SEPARATOR}", SafeUrl::new(url));
    for byte in &fingerprint[..LENGTH] {
        write!(text, "{byte:02x}").expect("a String takes any text");
    }
    text
}

/// The part of it that is for people.
pub(crate) fn shown(stored: &str) -> &str {
    stored
        .split_once(SEPARATOR)
        .map_or(stored, |(shown, _)| shown)
}

#[cfg(test)]
mod tests {
    use super::*;

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
