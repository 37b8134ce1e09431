//! Owns what follows a head: the bytes of a representation, and what stands between them. Knows no
//! field.

use bytes::Bytes;
use range_core::ByteRange;
use range_core::http::{Multipart, ResolvedRange};
use range_core::units::ByteCount;

use crate::content::Source;

/// A range of a representation, and how long that is.
#[derive(Clone, Debug)]
pub(crate) struct Extent {
    pub(crate) range: ResolvedRange,
    pub(crate) complete_length: u64,
}

impl Extent {
    /// The bytes, and what stands between several ranges of them.
    pub(super) fn pieces(&self, multipart: Multipart<'_>) -> Vec<Piece> {
        match &self.range {
            ResolvedRange::Whole => {
                let whole = ByteRange::whole(self.complete_length);
                Vec::from_iter(whole.map(Piece::Range))
            }
            ResolvedRange::One(range) => vec![Piece::Range(*range)],
            ResolvedRange::Several(ranges) => {
                let part = |(index, &range): (usize, &ByteRange)| {
                    let head = multipart.part_head(range, index == 0);
                    [Piece::text(head), Piece::Range(range)]
                };
                let mut pieces: Vec<_> = ranges.iter().enumerate().flat_map(part).collect();
                pieces.push(Piece::text(multipart.close()));
                pieces
            }
            ResolvedRange::Unsatisfiable => Vec::new(),
        }
    }
}

/// The bytes that follow the head.
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// A short text of the server's own.
    Text(Bytes),
    /// Bytes of a representation, and what stands between them. At least one piece.
    Content { source: Source, pieces: Vec<Piece> },
}

/// Something to send that is not empty.
pub(crate) enum Piece {
    /// Text of the server's own.
    Text(Bytes),
    /// A range of the representation.
    Range(ByteRange),
    /// So many spaces.
    Filler(ByteCount),
}

impl Piece {
    pub(crate) fn text(text: String) -> Self {
        Self::Text(Bytes::from(text))
    }

    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => length_of(text),
            Self::Range(range) => range.len(),
            Self::Filler(bytes) => bytes.0,
        }
    }
}

impl Payload {
    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Text(text) => length_of(text),
            Self::Content { pieces, .. } => pieces.iter().map(Piece::length).sum(),
        }
    }
}

pub(super) fn length_of(text: &[u8]) -> u64 {
    u64::try_from(text.len()).expect("a text's length fits 64 bits")
}
