//! Owns what a reader tells about parts of a document that it does not use. None of it is a reason
//! to refuse the document.

use std::fmt;

use crate::checksum::Algorithm;
use crate::entry::PiecesError;
use crate::limits::REMARKS;
use crate::source::UrlError;
use crate::told::told;

/// A part that was not used, and the file it is of.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Remark {
    /// The file's name, as far as it can be shown.
    pub told: String,
    /// The part that was not used.
    pub said: Said,
}

impl fmt::Display for Remark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.told, self.said)
    }
}

/// A part of a document that is not used.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Said {
    /// A checksum of an algorithm that nobody here computes.
    #[error("a checksum of type {0:?} is not supported")]
    Algorithm(String),
    /// A checksum that is none.
    #[error("a malformed checksum of {0} is ignored")]
    Checksum(Algorithm),
    /// Hashes of pieces that cannot be those of the file.
    #[error("the hashes of pieces are ignored: {0}")]
    Pieces(PiecesError),
    /// A size that is no number.
    #[error("a malformed size is ignored")]
    Size,
    /// A URL that is not fetched.
    #[error("a URL is skipped: it {0}")]
    Url(UrlError),
    /// A description of the file in some other form, such as a torrent.
    #[error("a description of type {0:?} is not supported")]
    MetaUrl(String),
    /// A priority that is out of range, and counts as the last.
    #[error("a priority that is no number from 1 to 999999 counts as the last")]
    Priority,
    /// A signature that is too long, or no text.
    #[error("a malformed signature is ignored")]
    Signature,
}

/// The first remarks about a document, and how many more there are.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Remarks {
    kept: Vec<Remark>,
    left_out: usize,
}

impl Remarks {
    pub(super) fn add(&mut self, name: &str, said: Said) {
        if self.kept.len() < REMARKS {
            let told = told(name);
            self.kept.push(Remark { told, said });
        } else {
            self.left_out += 1;
        }
    }

    /// The remarks, in the document's order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Remark> {
        self.kept.iter()
    }

    /// The number of others.
    pub const fn left_out(&self) -> usize {
        self.left_out
    }
}
