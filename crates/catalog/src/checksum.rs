//! Owns checksums as values: the algorithm, its name in each grammar, and the bytes. Computes no
//! hash, and does not know where a checksum was written.
#[cfg(test)]
mod tests;

use std::fmt;

use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use range_core::digest::{Digest, DigestAlgorithm};
use range_core::hex::{self, Hex};

/// Base64 with or without its padding; servers leave it out at times.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// An algorithm that lists name, whether or not it still proves anything.
///
/// The order is that of trust: what comes first is believed first.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Algorithm {
    /// SHA-512, 64 bytes.
    Sha512,
    /// `BLAKE2b` with 64 bytes.
    Blake2b,
    /// SHA-384, 48 bytes.
    Sha384,
    /// SHA-256, 32 bytes.
    Sha256,
    /// BLAKE3 with 32 bytes.
    Blake3,
    /// `BLAKE2b` with 32 bytes, which are not the first ones of the longer form.
    Blake2b256,
    /// SHA-224, 28 bytes.
    Sha224,
    /// SHA-1, 20 bytes.
    Sha1,
    /// SHA-1 over `blob SIZE`, a NUL and the content: the name of a file in Git.
    GitBlobSha1,
    /// MD5, 16 bytes.
    Md5,
}

/// The meaning of two files having equal checksums.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Strength {
    /// The files are the same.
    Proves,
    /// The files are the same unless somebody made them to be taken for one another.
    Weak,
}

impl Algorithm {
    /// All algorithms, the most trusted first.
    pub const ALL: [Self; 10] = [
        Self::Sha512,
        Self::Blake2b,
        Self::Sha384,
        Self::Sha256,
        Self::Blake3,
        Self::Blake2b256,
        Self::Sha224,
        Self::Sha1,
        Self::GitBlobSha1,
        Self::Md5,
    ];

    /// The name that people read and write: IANA's where there is one.
    ///
    /// ```
    /// use catalog::Algorithm;
    ///
    /// assert_eq!(Algorithm::Sha256.name(), "sha-256");
    /// assert_eq!(Algorithm::named("SHA2-256"), Some(Algorithm::Sha256));
    /// ```
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha512 => "sha-512",
            Self::Blake2b => "blake2b",
            Self::Sha384 => "sha-384",
            Self::Sha256 => "sha-256",
            Self::Blake3 => "blake3",
            Self::Blake2b256 => "blake2b-256",
            Self::Sha224 => "sha-224",
            Self::Sha1 => "sha-1",
            Self::GitBlobSha1 => "git-blob-sha1",
            Self::Md5 => "md5",
        }
    }

    /// Returns the algorithm of a name in any of the spellings in use, in any case: `sha-256`
    /// (IANA), `sha256` (Metalink 3), `SHA256` (coreutils), `SHA2-256` (OpenSSL), `sha` (RFC 3230,
    /// for SHA-1), `BLAKE2b-512`.
    pub fn named(name: &str) -> Option<Self> {
        // No name is longer; what is longer is not copied.
        if name.len() > 16 {
            return None;
        }
        Some(match name.to_ascii_lowercase().as_str() {
            "sha-512" | "sha512" | "sha2-512" => Self::Sha512,
            "blake2b" | "blake2b-512" | "blake2b512" => Self::Blake2b,
            "sha-384" | "sha384" | "sha2-384" => Self::Sha384,
            "sha-256" | "sha256" | "sha2-256" => Self::Sha256,
            "blake3" => Self::Blake3,
            "blake2b-256" | "blake2b256" => Self::Blake2b256,
            "sha-224" | "sha224" | "sha2-224" => Self::Sha224,
            "sha-1" | "sha1" | "sha" => Self::Sha1,
            "git-blob-sha1" => Self::GitBlobSha1,
            "md5" | "md-5" => Self::Md5,
            _ => return None,
        })
    }

    /// Returns the name in IANA's registry of textual names for hash functions, which Metalink 4
    /// uses, or `None` where it has none.
    pub const fn registered(self) -> Option<&'static str> {
        match self {
            Self::Sha512 | Self::Sha384 | Self::Sha256 | Self::Sha224 | Self::Sha1 | Self::Md5 => {
                Some(self.name())
            }
            Self::Blake2b | Self::Blake3 | Self::Blake2b256 | Self::GitBlobSha1 => None,
        }
    }

    /// Returns what a bare value of so many hexadecimal digits is taken for.
    ///
    /// ```
    /// use catalog::Algorithm;
    ///
    /// assert_eq!(Algorithm::of_digits(40), Some(Algorithm::Sha1));
    /// assert_eq!(Algorithm::of_digits(31), None);
    /// ```
    pub const fn of_digits(count: usize) -> Option<Self> {
        match count {
            32 => Some(Self::Md5),
            40 => Some(Self::Sha1),
            56 => Some(Self::Sha224),
            64 => Some(Self::Sha256),
            96 => Some(Self::Sha384),
            128 => Some(Self::Sha512),
            _ => None,
        }
    }

    /// Returns the algorithm that the name of a checksum file tells: `SHA256SUMS`, `file.iso.md5`,
    /// `B2SUMS`, `sha512sum.txt`.
    ///
    /// ```
    /// use catalog::Algorithm;
    ///
    /// assert_eq!(Algorithm::of_list("dist/SHA512SUMS.txt"), Some(Algorithm::Sha512));
    /// assert_eq!(Algorithm::of_list("image.iso.b2"), Some(Algorithm::Blake2b));
    /// assert_eq!(Algorithm::of_list("CHECKSUM"), None);
    /// ```
    pub fn of_list(name: &str) -> Option<Self> {
        let base = name.rsplit(['/', '\\']).next().unwrap_or_default();
        let base = base.to_ascii_lowercase();
        let base = base.strip_suffix(".txt").unwrap_or(&base);
        let word = base.rsplit('.').next().unwrap_or_default();
        let word = word.strip_suffix('s').unwrap_or(word);
        let word = word.strip_suffix("sum").unwrap_or(word);
        let word = word.trim_end_matches(['-', '_']);
        match word {
            "b2" => Some(Self::Blake2b),
            "b3" => Some(Self::Blake3),
            _ => Self::named(word),
        }
    }

    /// The number of bytes in a checksum.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha512 | Self::Blake2b => 64,
            Self::Sha384 => 48,
            Self::Sha256 | Self::Blake3 | Self::Blake2b256 => 32,
            Self::Sha224 => 28,
            Self::Sha1 | Self::GitBlobSha1 => 20,
            Self::Md5 => 16,
        }
    }

    /// The meaning of equal checksums of this algorithm.
    pub const fn strength(self) -> Strength {
        match self {
            Self::Sha512
            | Self::Blake2b
            | Self::Sha384
            | Self::Sha256
            | Self::Blake3
            | Self::Blake2b256
            | Self::Sha224 => Strength::Proves,
            Self::Sha1 | Self::GitBlobSha1 | Self::Md5 => Strength::Weak,
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A hash that a list says a file has.
#[derive(Clone, Copy, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Checksum {
    algorithm: Algorithm,
    // Bytes past the algorithm's length are zero.
    bytes: [u8; 64],
}

impl Checksum {
    /// Returns a checksum from its bytes, or `None` if the algorithm makes more or fewer.
    pub fn new(algorithm: Algorithm, value: &[u8]) -> Option<Self> {
        let mut bytes = [0; 64];
        bytes.get_mut(..value.len())?.copy_from_slice(value);
        (value.len() == algorithm.length()).then_some(Self { algorithm, bytes })
    }

    /// Reads hexadecimal digits of either case, or returns `None` if they are too many, too few, or
    /// none.
    ///
    /// ```
    /// use catalog::{Algorithm, Checksum};
    ///
    /// let empty = Checksum::from_hex(Algorithm::Md5, "D41D8CD98F00B204E9800998ECF8427E").unwrap();
    /// assert_eq!(empty.to_string(), "md5=d41d8cd98f00b204e9800998ecf8427e");
    /// // A digit is missing.
    /// assert_eq!(Checksum::from_hex(Algorithm::Md5, "d41d8cd98f00b204e9800998ecf8427"), None);
    /// ```
    pub fn from_hex(algorithm: Algorithm, digits: &str) -> Option<Self> {
        if digits.len() != algorithm.length() * 2 {
            return None;
        }
        let mut bytes = [0; 64];
        for (byte, pair) in bytes.iter_mut().zip(digits.as_bytes().chunks_exact(2)) {
            *byte = hex::byte(pair[0], pair[1])?;
        }
        Some(Self { algorithm, bytes })
    }

    /// Reads Base64, padded or not. Some write the digits of the hexadecimal form into it (an
    /// example in RFC 6249 does), or those digits where Base64 belongs; both are understood, since
    /// neither has the length of anything else.
    pub fn from_base64(algorithm: Algorithm, text: &str) -> Option<Self> {
        // The digits of SHA-512 in Base64, with room for padding.
        if text.len() > 176 {
            return None;
        }
        if let Some(checksum) = Self::from_hex(algorithm, text) {
            return Some(checksum);
        }
        let bytes = BASE64.decode(text).ok()?;
        Self::new(algorithm, &bytes)
            .or_else(|| Self::from_hex(algorithm, str::from_utf8(&bytes).ok()?))
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The bytes, as many as the algorithm makes.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.algorithm.length()]
    }

    /// Returns the digest that a download is checked by, or `None` for algorithms it is not.
    pub fn digest(&self) -> Option<Digest> {
        let name = self.algorithm.name();
        let mut known = DigestAlgorithm::ALL.into_iter();
        let algorithm = known.find(|known| known.name() == name)?;
        Digest::new(algorithm, self.bytes())
    }

    /// The value in lowercase hexadecimal, without the algorithm.
    pub fn hex(&self) -> impl fmt::Display {
        Hex(self.bytes())
    }
}

impl From<Digest> for Checksum {
    fn from(digest: Digest) -> Self {
        let algorithm = Algorithm::named(digest.algorithm().name());
        let algorithm = algorithm.expect("what a download is checked by has its name in lists");
        Self::new(algorithm, digest.bytes()).expect("both make as many bytes")
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.algorithm, Hex(self.bytes()))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Checksums of one file: no two of one algorithm, the most trusted first.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Checksums(Vec<Checksum>);

/// The reason why two checksums cannot be of one file.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("two different checksums of {algorithm} for one file")]
pub struct Contradiction {
    /// The algorithm that gives two values.
    pub algorithm: Algorithm,
}

impl Checksums {
    /// No checksum.
    pub const EMPTY: Self = Self(Vec::new());

    /// Adds a checksum, unless it is there already.
    pub fn add(&mut self, checksum: Checksum) -> Result<(), Contradiction> {
        let algorithm = checksum.algorithm;
        let place = self.0.binary_search_by_key(&algorithm, Checksum::algorithm);
        match place {
            Ok(place) if self.0[place] != checksum => Err(Contradiction { algorithm }),
            Ok(_) => Ok(()),
            Err(place) => {
                self.0.insert(place, checksum);
                Ok(())
            }
        }
    }

    /// The checksums, the most trusted first.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Checksum> {
        self.0.iter()
    }

    /// The most trusted one.
    pub fn best(&self) -> Option<&Checksum> {
        self.0.first()
    }

    /// Returns the checksum of one algorithm.
    pub fn get(&self, algorithm: Algorithm) -> Option<&Checksum> {
        self.0.iter().find(|known| known.algorithm == algorithm)
    }

    /// Reports whether there is none.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}
