//! Owns what a list says about one file, as a download needs it. Does not know which grammar said
//! it.
#[cfg(test)]
mod tests;

use std::num::{NonZeroU16, NonZeroU64};

use crate::checksum::{Algorithm, Checksum, Checksums};
use crate::limits::{PIECE_BYTES_LEAST, SIGNATURE_BYTES, TEXT_BYTES};
use crate::name::{RelativeName, is_control};
use crate::source::Source;

/// One file of a list.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Entry {
    /// Its name, relative to where the list's files are put.
    pub name: RelativeName,
    /// Its length in bytes.
    pub size: Option<u64>,
    /// Its hashes.
    pub checksums: Checksums,
    /// The hashes of its pieces, by the most trusted algorithm that the list has for them.
    pub pieces: Option<Pieces>,
    /// Where it can be had, the most wanted first.
    pub sources: Vec<Source>,
    /// The most connections to all sources together, where the list says so.
    pub max_connections: Option<NonZeroU16>,
    /// A detached signature.
    pub signature: Option<Signature>,
}

impl Entry {
    /// Returns an entry of which nothing but the name is known.
    pub const fn new(name: RelativeName) -> Self {
        Self {
            name,
            size: None,
            checksums: Checksums::EMPTY,
            pieces: None,
            sources: Vec::new(),
            max_connections: None,
            signature: None,
        }
    }
}

/// A detached signature of a file, as it was written.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Signature {
    media_type: String,
    text: String,
}

impl Signature {
    /// The media type of signatures of `OpenPGP`.
    pub const PGP: &str = "application/pgp-signature";

    /// Returns a signature, or `None` if it is empty, longer than any is, or not a text.
    pub fn new(media_type: &str, text: &str) -> Option<Self> {
        let (media_type, text) = (media_type.trim(), text.trim());
        let is_type = (1..=TEXT_BYTES).contains(&media_type.len())
            && media_type.bytes().all(|byte| byte.is_ascii_graphic());
        let is_text = (1..=SIGNATURE_BYTES).contains(&text.len())
            && text
                .chars()
                .all(|character| !is_control(character) || matches!(character, '\n' | '\r' | '\t'));
        (is_type && is_text).then(|| Self {
            media_type: media_type.to_owned(),
            text: text.to_owned(),
        })
    }

    /// Its media type, [`PGP`](Self::PGP) as a rule.
    pub fn media_type(&self) -> &str {
        &self.media_type
    }

    /// The signature, as the tool that made it wrote it.
    pub fn text(&self) -> &str {
        &self.text
    }
}

/// Hashes of consecutive pieces of a file. All pieces are equally long, but the last, which is what
/// remains.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Pieces {
    algorithm: Algorithm,
    length: NonZeroU64,
    // One behind the other.
    hashes: Vec<u8>,
}

/// The reason why hashes are not those of a file's pieces.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum PiecesError {
    /// A piece is shorter than it is worth.
    #[error("pieces of {0} bytes are too short to be of use")]
    TooShort(u64),
    /// There is none.
    #[error("there is no piece")]
    Empty,
    /// One is not a hash, or not in its place.
    #[error("the hash of a piece is missing or malformed")]
    Malformed,
    /// There are too many or too few for the file.
    #[error("{found} pieces are not the {expected} that the file has")]
    Count {
        /// The number of digests.
        found: u64,
        /// The number of pieces the file has.
        expected: u64,
    },
}

impl Pieces {
    /// Returns the hashes of pieces of `length` bytes, from first to last, one behind the other.
    ///
    /// ```
    /// use std::num::NonZeroU64;
    /// use catalog::{Algorithm, Pieces};
    ///
    /// let length = NonZeroU64::new(1 << 20).unwrap();
    /// let pieces = Pieces::new(Algorithm::Sha256, length, vec![0; 96]).unwrap();
    /// assert_eq!(pieces.count(), 3);
    /// assert!(pieces.check_size((2 << 20) + 1).is_ok());
    /// assert!(pieces.check_size(2 << 20).is_err());
    /// ```
    pub fn new(
        algorithm: Algorithm,
        length: NonZeroU64,
        hashes: Vec<u8>,
    ) -> Result<Self, PiecesError> {
        if length < PIECE_BYTES_LEAST {
            return Err(PiecesError::TooShort(length.get()));
        }
        if hashes.is_empty() {
            return Err(PiecesError::Empty);
        }
        if !hashes.len().is_multiple_of(algorithm.length()) {
            return Err(PiecesError::Malformed);
        }
        Ok(Self {
            algorithm,
            length,
            hashes,
        })
    }

    /// Checks that these are the pieces of a file of `size` bytes: no more and no fewer.
    pub fn check_size(&self, size: u64) -> Result<(), PiecesError> {
        let expected = size.div_ceil(self.length.get());
        let found = u64::try_from(self.count()).expect("a count fits in 64 bits");
        if found == expected {
            Ok(())
        } else {
            Err(PiecesError::Count { found, expected })
        }
    }

    /// The algorithm.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The length of each piece but the last, in bytes.
    pub const fn length(&self) -> NonZeroU64 {
        self.length
    }

    /// Returns the number of pieces: 1 at least.
    pub const fn count(&self) -> usize {
        self.hashes.len() / self.algorithm.length()
    }

    /// The hashes, from the first piece to the last.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Checksum> {
        let hashes = self.hashes.chunks_exact(self.algorithm.length());
        hashes.map(|hash| {
            Checksum::new(self.algorithm, hash)
                .expect("it has as many bytes as the algorithm makes")
        })
    }

    /// Returns the hash of one piece.
    pub fn get(&self, index: usize) -> Option<Checksum> {
        self.iter().nth(index)
    }
}
