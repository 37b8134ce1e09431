//! Owns [`Pin`]: the key that a server has to have, as text and as a value. Knows no certificate.

use std::fmt;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// The SHA-256 of a server's public key, as `openssl pkey -pubin -outform der` writes the key. It
/// is written as `sha256//` and the hash in base64 (RFC 7469 section 2.4), as for curl.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pin([u8; 32]);

/// The error of a text that is no pin.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a pin is sha256// and the hash of the server's public key in base64, 44 characters")]
pub struct InvalidPin;

impl Pin {
    /// Reads a pin.
    pub fn parse(text: &str) -> Result<Self, InvalidPin> {
        let encoded = text.trim().strip_prefix("sha256//").ok_or(InvalidPin)?;
        let hash = BASE64_STANDARD.decode(encoded).map_err(|_| InvalidPin)?;
        Ok(Self(hash.try_into().map_err(|_| InvalidPin)?))
    }

    pub(crate) const fn of_key(hash: [u8; 32]) -> Self {
        Self(hash)
    }
}

impl fmt::Display for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sha256//{}", BASE64_STANDARD.encode(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pins_are_read_as_they_are_written() {
        let text = "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";
        let pin = Pin::parse(text).unwrap();
        assert_eq!(
            pin,
            Pin::of_key(std::array::from_fn(|at| u8::try_from(at).unwrap()))
        );
        assert_eq!(pin.to_string(), text);
        for wrong in [
            "",
            "sha256//",
            "sha256//AAEC",
            "sha256/AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "sha1//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
            "sha256//AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
            "key.pem",
        ] {
            assert_eq!(Pin::parse(wrong), Err(InvalidPin), "{wrong}");
        }
    }
}
