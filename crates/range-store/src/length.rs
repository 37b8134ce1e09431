//! Owns the length of a stored file that may come last: `None` while it is unknown. Knows no file.

use std::sync::OnceLock;

use range_core::units::ByteCount;

/// The maximum number of bytes in a file.
pub(crate) const LONGEST: ByteCount = ByteCount(i64::MAX.unsigned_abs());

/// Returns the offset that no byte of a file of this length passes.
pub(crate) fn bound(length: Option<ByteCount>) -> ByteCount {
    length.unwrap_or(LONGEST)
}

/// A length that can be set once.
#[derive(Debug)]
pub(crate) struct SettledLength(OnceLock<ByteCount>);

impl SettledLength {
    pub(crate) fn new(length: Option<ByteCount>) -> Self {
        Self(length.map_or_else(OnceLock::new, OnceLock::from))
    }

    pub(crate) fn get(&self) -> Option<ByteCount> {
        self.0.get().copied()
    }

    pub(crate) fn settle(&self, length: ByteCount) {
        let settled = *self.0.get_or_init(|| length);
        assert_eq!(settled, length, "the length of a file is settled once");
    }
}
