//! Owns what a path or a URL is remembered by: as many bytes for a long one as for a short one.

use sha2::{Digest, Sha256};

/// The hash of a path or a URL. Nobody finds another text that has the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Name([u8; 32]);

impl Name {
    pub(super) fn of(text: &str) -> Self {
        Self(Sha256::digest(text).into())
    }
}
