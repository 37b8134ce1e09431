//! Owns a document as it was read. Does not know how.

use super::remark::Remarks;
use crate::entry::Entry;
use crate::source::SourceUrl;

/// A document that was read.
#[derive(Clone, Debug, PartialEq)]
pub struct Metalink {
    /// The version of its grammar.
    pub version: Version,
    /// Its files, in its order: one at least, and no two in one place.
    pub entries: Vec<Entry>,
    /// The place where a newer one can be had.
    pub origin: Option<Origin>,
    /// Parts of it that were not understood, or are not supported.
    pub remarks: Remarks,
}

/// The version of a grammar.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Version {
    /// Metalink 3, of metalinker.org.
    Three,
    /// Metalink 4, of RFC 5854.
    Four,
}

/// The place a document comes from.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Origin {
    /// The URL.
    pub url: SourceUrl,
    /// True if a newer document is to be expected there.
    pub is_dynamic: bool,
}
