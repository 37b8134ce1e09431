//! Owns digests as values: the algorithm, the bytes, and their spelling. Computes no hash.

use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;
use core::str::FromStr;

use crate::hex::{self, Hex};

/// A digest algorithm that a file is checked by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DigestAlgorithm {
    /// SHA-256, 32 bytes.
    Sha256,
    /// SHA-512, 64 bytes.
    Sha512,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-224, 28 bytes.
    Sha224,
    /// `BLAKE2b` with 64 bytes.
    Blake2b,
    /// `BLAKE2b` with 32 bytes, which are not the first ones of the longer form.
    Blake2b256,
    /// BLAKE3 with 32 bytes.
    Blake3,
    /// SHA-1, 20 bytes.
    Sha1,
    /// MD5, 16 bytes.
    Md5,
}

impl DigestAlgorithm {
    /// All algorithms. Of those that make digests of one length, the first is what a digest without
    /// a name is taken for.
    pub const ALL: [Self; 9] = [
        Self::Sha256,
        Self::Sha512,
        Self::Sha384,
        Self::Sha224,
        Self::Blake2b,
        Self::Blake2b256,
        Self::Blake3,
        Self::Sha1,
        Self::Md5,
    ];

    /// Those that fields of HTTP may name (RFC 9530 §5, "Active").
    pub const ACTIVE: [Self; 2] = [Self::Sha256, Self::Sha512];

    /// Returns the name that people read and write: that in RFC 9530's registry, if there is one.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha-256",
            Self::Sha512 => "sha-512",
            Self::Sha384 => "sha-384",
            Self::Sha224 => "sha-224",
            Self::Blake2b => "blake2b",
            Self::Blake2b256 => "blake2b-256",
            Self::Blake3 => "blake3",
            Self::Sha1 => "sha-1",
            Self::Md5 => "md5",
        }
    }

    /// Returns the algorithm of a name, in any case, with or without hyphens: `SHA256`, `sha-256`
    /// and OpenSSL's `SHA2-256` are one.
    pub fn named(name: &str) -> Option<Self> {
        let mut name = name.trim().to_ascii_lowercase();
        name.retain(|c| c != '-');
        // As in SHA2-256; in SHA-224 the 2 is of the length.
        if let Some(bits) = name.strip_prefix("sha2").filter(|bits| bits.len() == 3) {
            name = format!("sha{bits}");
        }
        match name.as_str() {
            "blake2b512" | "b2" => Some(Self::Blake2b),
            "b3" => Some(Self::Blake3),
            "sha" => Some(Self::Sha1),
            name => {
                let mut known = Self::ALL.into_iter();
                known.find(|known| known.name().replace('-', "") == name)
            }
        }
    }

    /// Returns the number of bytes in a digest.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha512 | Self::Blake2b => 64,
            Self::Sha384 => 48,
            Self::Sha256 | Self::Blake2b256 | Self::Blake3 => 32,
            Self::Sha224 => 28,
            Self::Sha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// Reports whether two files with one digest may be different: somebody has made such files. A
    /// file that was damaged on its way still has another digest.
    pub const fn is_weak(self) -> bool {
        matches!(self, Self::Sha1 | Self::Md5)
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
        "no checksum that is known here has {digits} digits{}; sha-256 has 64, sha-512 has 128",
        made_by(*.digits)
    )]
    OtherLength {
        /// The number of digits in the text.
        digits: usize,
    },
    /// The algorithm is not supported.
    #[error(
        "unknown checksum algorithm; use sha-256, sha-512, sha-384, sha-224, blake2b, blake3, \
         sha-1 or md5"
    )]
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
    /// alone, whose length tells the algorithm: SHA-2, SHA-1 or MD5.
    pub fn parse(text: &str) -> Result<Self, ParseDigestError> {
        let Some((name, value)) = text.split_once(['=', ':']) else {
            return Self::parse_value(text.trim());
        };
        let algorithm = DigestAlgorithm::named(name).ok_or(ParseDigestError::UnknownAlgorithm)?;
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

/// Returns a remark on digests of so many hexadecimal digits.
const fn made_by(digits: usize) -> &'static str {
    match digits {
        8 => " (a CRC-32 proves nothing)",
        _ => "",
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
        use DigestAlgorithm::{Md5, Sha1, Sha224, Sha256, Sha384, Sha512};
        for algorithm in [Sha256, Sha512, Sha384, Sha224, Sha1, Md5] {
            let value = "5a".repeat(algorithm.length());
            let digest = Digest::parse(&format!(" {value}\n")).unwrap();
            assert_eq!(
                (digest.algorithm(), digest.hex()),
                (algorithm, value.clone())
            );
        }
        let error = Digest::parse(&"a".repeat(8)).unwrap_err();
        assert!(format!("{error}").contains("CRC-32"), "{error}");
    }

    #[test]
    fn a_name_is_read_as_each_tool_writes_it() {
        for algorithm in DigestAlgorithm::ALL {
            let value = "5a".repeat(algorithm.length());
            let name = algorithm.name();
            for name in [
                String::from(name),
                name.replace('-', ""),
                name.to_uppercase(),
            ] {
                let digest = Digest::parse(&format!("{name}:{value}")).unwrap();
                assert_eq!(digest.algorithm(), algorithm, "{name}");
            }
        }
        for (name, algorithm) in [
            ("SHA2-256", DigestAlgorithm::Sha256),
            ("SHA2-512", DigestAlgorithm::Sha512),
            ("SHA2-384", DigestAlgorithm::Sha384),
            ("SHA2-224", DigestAlgorithm::Sha224),
            ("BLAKE2b-512", DigestAlgorithm::Blake2b),
            ("sha", DigestAlgorithm::Sha1),
        ] {
            assert_eq!(DigestAlgorithm::named(name), Some(algorithm), "{name}");
        }
        assert_eq!(DigestAlgorithm::named("crc32"), None);
    }

    #[test]
    fn malformed_digests_say_what_is_wrong() {
        use ParseDigestError::{NoAlgorithm, NotHex, OtherLength, UnknownAlgorithm, WrongLength};
        let algorithm = DigestAlgorithm::Sha256;
        for (text, error) in [
            ("", NoAlgorithm),
            ("nonsense", NoAlgorithm),
            ("abcd", OtherLength { digits: 4 }),
            ("crc32=00", UnknownAlgorithm),
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
