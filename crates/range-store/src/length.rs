//! Owns the length of a stored file: known, or found out at the end. Knows no file.

use std::sync::OnceLock;

use range_core::units::ByteCount;

/// The maximum number of bytes in a file.
pub(crate) const LONGEST: ByteCount = ByteCount(i64::MAX.unsigned_abs());

/// The length of the file to store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// This many bytes, 0 included.
    Known(ByteCount),
    /// Unknown until the end, and set with [`ResumableFile::settle`](crate::ResumableFile::settle).
    Unknown,
}

impl Length {
    /// Returns the offset that no byte of the file passes.
    pub fn bound(self) -> ByteCount {
        match self {
            Self::Known(length) => length,
            Self::Unknown => LONGEST,
        }
    }

    /// Reports whether the length is known.
    pub fn is_known(self) -> bool {
        matches!(self, Self::Known(_))
    }
}

impl From<Option<u64>> for Length {
    fn from(length: Option<u64>) -> Self {
        length.map_or(Self::Unknown, |length| Self::Known(ByteCount(length)))
    }
}

/// A length that can be set once.
#[derive(Debug)]
pub(crate) struct SettledLength(OnceLock<ByteCount>);

impl SettledLength {
    pub(crate) fn new(length: Length) -> Self {
        Self(match length {
            Length::Known(length) => OnceLock::from(length),
            Length::Unknown => OnceLock::new(),
        })
    }

    pub(crate) fn get(&self) -> Length {
        self.0
            .get()
            .map_or(Length::Unknown, |length| Length::Known(*length))
    }

    pub(crate) fn settle(&self, length: ByteCount) {
        let settled = *self.0.get_or_init(|| length);
        assert_eq!(settled, length, "the length of a file is settled once");
    }
}
