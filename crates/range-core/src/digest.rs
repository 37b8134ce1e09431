//! Owns digests as values: the algorithm, the bytes, and their spelling. Computes no hash.

use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::hex::{self, Hex};

/// A digest algorithm that is still fit to identify a file (RFC 9530 §5, "Active").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
}

impl DigestAlgorithm {
    /// All algorithms, the shortest digest first.
    pub const ALL: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Returns the name in RFC 9530's registry.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
        }
    }

    /// Returns the number of bytes in a digest.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A digest of a whole file.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    // Bytes past the algorithm's length are zero.
    bytes: [u8; 64],
}

/// The reason why a text is not a digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDigestError {
    /// There is no `=` between algorithm and value, and the whole is no value either.
    #[error("a checksum is written ALGORITHM=HEX, as in sha-256=9f86d0…")]
    NoAlgorithm,
    /// The text is a value alone, and no supported algorithm makes so many digits.
    #[error(
        "a checksum of {digits} digits is {}; use sha-256, of 64 digits, or sha-512, of 128",
        made_by(*.digits)
    )]
    OtherLength {
        /// The number of digits in the text.
        digits: usize,
    },
    /// The algorithm is not supported.
    #[error("unknown checksum algorithm; use sha-256 or sha-512")]
    UnknownAlgorithm,
    /// The value is not hexadecimal.
    #[error("the checksum is not hexadecimal")]
    NotHex,
    /// The value has the wrong number of digits.
    #[error(
        "the checksum has {actual} digits where {} has {}",
        .algorithm.name(),
        .algorithm.length() * 2
    )]
    WrongLength {
        /// The algorithm in the text.
        algorithm: DigestAlgorithm,
        /// The number of digits in the text.
        actual: usize,
    },
}

impl Digest {
    /// Returns a digest from its bytes, or `None` if the algorithm makes more or fewer bytes.
    pub fn new(algorithm: DigestAlgorithm, value: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        (value.len() == algorithm.length()).then_some(Self { algorithm, bytes })
    }

    /// Parses `sha-256=HEX`; it also accepts `sha256`, a colon and capital letters, and `HEX`
    /// alone, whose length tells the algorithm.
    pub fn parse(text: &str) -> Result<Self, ParseDigestError> {
        let Some((name, value)) = text.split_once(['=', ':']) else {
            return Self::parse_value(text.trim());
        };
        let name = name.trim().to_ascii_lowercase();
        let mut known = DigestAlgorithm::ALL.into_iter();
        let algorithm = known
            .find(|known| known.name() == name || known.name().replace('-', "") == name)
            .ok_or(ParseDigestError::UnknownAlgorithm)?;
        Self::of_hex(algorithm, value.trim())
    }

    fn parse_value(value: &str) -> Result<Self, ParseDigestError> {
        if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseDigestError::NoAlgorithm);
        }
        let digits = value.len();
        let mut known = DigestAlgorithm::ALL.into_iter();
        let algorithm = known
            .find(|known| known.length() * 2 == digits)
            .ok_or(ParseDigestError::OtherLength { digits })?;
        Self::of_hex(algorithm, value)
    }

    fn of_hex(algorithm: DigestAlgorithm, value: &str) -> Result<Self, ParseDigestError> {
        if !value.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(ParseDigestError::NotHex);
        }
        if value.len() != algorithm.length() * 2 {
            return Err(ParseDigestError::WrongLength {
                algorithm,
                actual: value.len(),
            });
        }
        let mut bytes = [0; 64];
        for (byte, pair) in bytes.iter_mut().zip(value.as_bytes().chunks_exact(2)) {
            *byte = hex::byte(pair[0], pair[1]).ok_or(ParseDigestError::NotHex)?;
        }
        Ok(Self { algorithm, bytes })
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The digest's bytes, as many as the algorithm makes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.length()]
    }

    /// The value in lowercase hexadecimal, without the algorithm.
    pub fn hex(&self) -> String {
        Hex(self.bytes()).to_string()
    }
}

/// Returns the algorithm whose digests have so many hexadecimal digits.
const fn made_by(digits: usize) -> &'static str {
    match digits {
        8 => "a CRC-32",
        32 => "an MD5",
        40 => "a SHA-1",
        56 => "a SHA-224",
        96 => "a SHA-384",
        _ => "of no known algorithm",
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, ParseDigestError> {
        Self::parse(text)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.algorithm.name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;

    #[test]
    fn a_digest_reads_back_as_it_is_written() {
        let text = format!("sha-256={}", "0fA9".repeat(16));
        let digest = Digest::parse(&text).unwrap();
        assert_eq!(format!("{digest}"), text.to_ascii_lowercase());
        assert_eq!(
            Digest::new(digest.algorithm(), digest.bytes()),
            Some(digest)
        );
    }

    #[test]
    fn a_value_alone_tells_its_algorithm_by_its_length() {
        for algorithm in DigestAlgorithm::ALL {
            let value = "5a".repeat(algorithm.length());
            let digest = Digest::parse(&format!(" {value}\n")).unwrap();
            assert_eq!(
                (digest.algorithm(), digest.hex()),
                (algorithm, value.clone())
            );
            let named = format!("{}:{value}", algorithm.name());
            assert_eq!(Digest::parse(&named), Ok(digest));
        }
        for (digits, name) in [(32, "MD5"), (40, "SHA-1"), (56, "SHA-224"), (96, "SHA-384")] {
            let error = Digest::parse(&"a".repeat(digits)).unwrap_err();
            assert!(format!("{error}").contains(name), "{error}");
        }
    }

    #[test]
    fn malformed_digests_say_what_is_wrong() {
        use ParseDigestError::{NoAlgorithm, NotHex, OtherLength, UnknownAlgorithm, WrongLength};
        let algorithm = DigestAlgorithm::Sha256;
        for (text, error) in [
            ("", NoAlgorithm),
            ("nonsense", NoAlgorithm),
            ("abcd", OtherLength { digits: 4 }),
            ("md5=00", UnknownAlgorithm),
            ("sha-256=xyz", NotHex),
            (
                "sha-256=",
                WrongLength {
                    algorithm,
                    actual: 0,
                },
            ),
            (
                "sha-256=00",
                WrongLength {
                    algorithm,
                    actual: 2,
                },
            ),
        ] {
            assert_eq!(Digest::parse(text), Err(error), "{text}");
        }
    }
}
