//! Owns [`Credentials`]: a download's identity, as the one header field that states it. Knows no
//! connection; `transport` sees to it that the field never leaves its origin.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use http::HeaderValue;
use percent_encoding::percent_decode_str;
use url::Url;

use crate::redact::{Secret, strip_user};

/// The proof of a download's right, for the origin of its URL and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials(Secret<String>);

/// The reason why credentials cannot be sent. It does not repeat them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidCredentials {
    /// RFC 7617 §2 has no way to send such a name.
    #[error("a user's name cannot contain a colon")]
    ColonInName,
    /// RFC 7617 §2 forbids them.
    #[error("a name or password cannot contain control characters")]
    ControlCharacter,
    /// RFC 6750 §2.1 allows letters, digits, `-._~+/` and `=` at the end.
    #[error("a bearer token is one word of letters, digits and -._~+/=")]
    NotAToken,
}

impl Credentials {
    /// Makes credentials of a user's name and password (RFC 7617, in UTF-8).
    pub fn basic(user: &str, password: &str) -> Result<Self, InvalidCredentials> {
        if [user, password]
            .into_iter()
            .any(|text| text.contains(char::is_control))
        {
            return Err(InvalidCredentials::ControlCharacter);
        }
        Self::basic_of_bytes(user.as_bytes(), password.as_bytes())
    }

    /// Makes credentials of a user's name and password in whatever characters they were written
    /// down in: a server that took them so takes them so again.
    pub(crate) fn basic_of_bytes(user: &[u8], password: &[u8]) -> Result<Self, InvalidCredentials> {
        if user.contains(&b':') {
            return Err(InvalidCredentials::ColonInName);
        }
        if user.iter().chain(password).any(u8::is_ascii_control) {
            return Err(InvalidCredentials::ControlCharacter);
        }
        let pair = BASE64_STANDARD.encode([user, b":", password].concat());
        Ok(Self(Secret::new(format!("Basic {pair}"))))
    }

    /// Makes credentials of a token that is its own proof (RFC 6750).
    pub fn bearer(token: &str) -> Result<Self, InvalidCredentials> {
        let word = token.trim_end_matches('=');
        let is_token = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
        if word.is_empty() || !word.bytes().all(is_token) {
            return Err(InvalidCredentials::NotAToken);
        }
        Ok(Self(Secret::new(format!("Bearer {token}"))))
    }

    /// Takes user and password out of a URL, if it has them.
    pub(crate) fn take_from(url: &mut Url) -> Result<Option<Self>, InvalidCredentials> {
        if url.username().is_empty() && url.password().is_none() {
            return Ok(None);
        }
        let decoded = |text| percent_decode_str(text).collect::<Vec<u8>>();
        let (user, password) = (url.username(), url.password().unwrap_or_default());
        let credentials = Self::basic_of_bytes(&decoded(user), &decoded(password))?;
        strip_user(url);
        Ok(Some(credentials))
    }

    /// Returns the value of `Authorization`, marked as a secret.
    pub(crate) fn header_value(&self) -> HeaderValue {
        let text = self.0.reveal().as_str();
        let mut value = HeaderValue::try_from(text).expect("visible ASCII");
        value.set_sensitive(true);
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(credentials: &Credentials) -> String {
        let value = credentials.header_value();
        assert!(value.is_sensitive());
        value.to_str().unwrap().to_owned()
    }

    #[test]
    fn credentials_are_written_as_the_rfcs_have_it() {
        // The examples of RFC 7617 §2 and §2.1.
        for (user, password, expected) in [
            (
                "Aladdin",
                "open sesame",
                "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==",
            ),
            ("test", "123£", "Basic dGVzdDoxMjPCow=="),
            ("me", "", "Basic bWU6"),
            ("", "a:b", "Basic OmE6Yg=="),
        ] {
            assert_eq!(text(&Credentials::basic(user, password).unwrap()), expected);
        }
        assert_eq!(
            text(&Credentials::bearer("mF_9.B5f-4.1JqM==").unwrap()),
            "Bearer mF_9.B5f-4.1JqM=="
        );
    }

    #[test]
    fn what_cannot_be_sent_is_refused() {
        use InvalidCredentials::{ColonInName, ControlCharacter, NotAToken};
        assert_eq!(Credentials::basic("a:b", "c"), Err(ColonInName));
        assert_eq!(
            Credentials::basic("a", "b\r\nX-Evil: 1"),
            Err(ControlCharacter)
        );
        assert_eq!(Credentials::basic("a\0", "b"), Err(ControlCharacter));
        for token in ["", "=", "a b", "a\nb", "a=b", "é"] {
            assert_eq!(Credentials::bearer(token), Err(NotAToken), "{token:?}");
        }
    }

    #[test]
    fn a_url_loses_its_user_and_the_user_is_decoded_once() {
        let mut url = Url::parse("https://us%40er:p%253Aw@a.example/x").unwrap();
        let taken = Credentials::take_from(&mut url).unwrap().unwrap();
        assert_eq!(taken, Credentials::basic("us@er", "p%3Aw").unwrap());
        assert_eq!(url.as_str(), "https://a.example/x");
        assert_eq!(Credentials::take_from(&mut url), Ok(None));
        let mut latin = Url::parse("http://%E9:%FF@a.example/").unwrap();
        let taken = Credentials::take_from(&mut latin).unwrap();
        assert_eq!(taken, Credentials::basic_of_bytes(b"\xe9", b"\xff").ok());
    }

    #[test]
    fn nothing_of_it_is_shown() {
        let credentials = Credentials::basic("aladdin", "sesame").unwrap();
        let value = credentials.header_value();
        assert_eq!(
            format!("{credentials:?}{value:?}"),
            "Credentials(Secret(...))Sensitive"
        );
    }
}
