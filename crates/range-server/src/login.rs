//! Owns the name and password that a server may ask for (RFC 7617), and the challenges of answers
//! that have to have one. Shows neither.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::HeaderMap;
use http::header::{AUTHORIZATION, HeaderValue};
use sha2::{Digest, Sha256};

/// The challenge of every answer that asks for a name and a password.
pub(crate) const CHALLENGE: HeaderValue =
    HeaderValue::from_static("Basic realm=\"sheave\", charset=\"UTF-8\"");

/// A name and a password.
#[derive(Clone, PartialEq, Eq)]
pub struct Login {
    /// Of `NAME:PASSWORD`.
    digest: [u8; 32],
}

impl Login {
    /// Reads `NAME:PASSWORD`. `None` without a colon: a name holds none.
    pub fn parse(text: &str) -> Option<Self> {
        text.contains(':').then(|| Self {
            digest: Sha256::digest(text.as_bytes()).into(),
        })
    }

    /// Returns true if a request brings it. Digests are compared, so that the time it takes tells
    /// nothing of the password.
    pub(crate) fn is_in(&self, request: &HeaderMap) -> bool {
        let credentials = request.get(AUTHORIZATION).map(HeaderValue::as_bytes);
        let encoded = credentials.and_then(|credentials| {
            let (scheme, encoded) = credentials.split_at_checked(6)?;
            scheme.eq_ignore_ascii_case(b"basic ").then_some(encoded)
        });
        let decoded = encoded.and_then(|encoded| STANDARD.decode(encoded.trim_ascii()).ok());
        decoded.is_some_and(|decoded| Sha256::digest(decoded)[..] == self.digest)
    }
}

impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Login")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_name_with_this_password_is_let_in() {
        let login = Login::parse("Aladdin:open sesame").unwrap();
        let is_in = |value: &'static str| {
            login.is_in(&HeaderMap::from_iter([(
                AUTHORIZATION,
                HeaderValue::from_static(value),
            )]))
        };
        assert!(is_in("Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="));
        assert!(is_in("bAsIc  QWxhZGRpbjpvcGVuIHNlc2FtZQ== "));
        for value in [
            "",
            "Basic",
            "Basic ",
            "Basic QWxhZGRpbjpvcGVuIHNlc2FtYQ==",
            "Basic Aladdin:open sesame",
            "Bearer QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
        ] {
            assert!(!is_in(value), "{value}");
        }
        assert!(!login.is_in(&HeaderMap::new()));
        assert_eq!(Login::parse("no colon"), None);
        assert_eq!(format!("{login:?}"), "Login");
    }
}
