//! Owns the hash functions that digests are made by. Reads nothing.

use std::fmt;

use range_core::digest::{Digest, DigestAlgorithm};
use sha2::digest::DynDigest;
use sha2::digest::consts::U32;

/// The digest of bytes that come one after another.
///
/// ```
/// use accelerator::{DigestAlgorithm, Hasher};
///
/// let mut hasher = Hasher::new(DigestAlgorithm::Md5);
/// hasher.update(b"ab");
/// hasher.update(b"c");
/// assert_eq!(hasher.finish().hex(), "900150983cd24fb0d6963f7d28e17f72");
/// ```
pub struct Hasher(State);

/// The hash of one algorithm, as far as it has come.
enum State {
    OfTheFamily(DigestAlgorithm, Box<dyn DynDigest + Send + Sync>),
    Blake3(Box<blake3::Hasher>),
}

impl Hasher {
    /// Begins with no byte.
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        let hasher: Box<dyn DynDigest + Send + Sync> = match algorithm {
            DigestAlgorithm::Sha256 => Box::new(sha2::Sha256::default()),
            DigestAlgorithm::Sha512 => Box::new(sha2::Sha512::default()),
            DigestAlgorithm::Sha384 => Box::new(sha2::Sha384::default()),
            DigestAlgorithm::Sha224 => Box::new(sha2::Sha224::default()),
            DigestAlgorithm::Blake2b => Box::new(blake2::Blake2b512::default()),
            DigestAlgorithm::Blake2b256 => Box::new(blake2::Blake2b::<U32>::default()),
            DigestAlgorithm::Sha1 => Box::new(sha1::Sha1::default()),
            DigestAlgorithm::Md5 => Box::new(md5::Md5::default()),
            DigestAlgorithm::Blake3 => return Self(State::Blake3(Box::default())),
        };
        Self(State::OfTheFamily(algorithm, hasher))
    }

    /// Adds bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            State::OfTheFamily(_, hasher) => hasher.update(bytes),
            State::Blake3(hasher) => {
                hasher.update(bytes);
            }
        }
    }

    /// Returns the digest of all bytes that were added.
    pub fn finish(self) -> Digest {
        let digest = match self.0 {
            State::OfTheFamily(algorithm, hasher) => Digest::new(algorithm, &hasher.finalize()),
            State::Blake3(hasher) => {
                Digest::new(DigestAlgorithm::Blake3, hasher.finalize().as_bytes())
            }
        };
        digest.expect("a hasher makes as many bytes as its algorithm says")
    }
}

impl fmt::Debug for Hasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hasher").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The values are those of `sha224sum`, `b2sum`, `b3sum` and their like for `abc`.
    #[test]
    fn each_algorithm_is_the_one_of_its_name() {
        for known in [
            "sha-224=23097d223405d8228642a477bda255b32aadbce4bda0b3f7e36c9da7",
            "sha-384=cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed\
             8086072ba1e7cc2358baeca134c825a7",
            "sha-1=a9993e364706816aba3e25717850c26c9cd0d89d",
            "md5=900150983cd24fb0d6963f7d28e17f72",
            "blake2b=ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d1\
             7d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923",
            "blake2b-256=bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
            "blake3=6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85",
        ] {
            let known = Digest::parse(known).unwrap();
            let mut hasher = Hasher::new(known.algorithm());
            hasher.update(b"a");
            hasher.update(b"bc");
            assert_eq!(hasher.finish(), known);
        }
    }
}
