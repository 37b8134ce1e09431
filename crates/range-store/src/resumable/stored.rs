//! Owns the reading of a journal from its file, and the check of its block size. Knows nothing of
//! the use of the journal.

use range_core::block::BlockSize;
use range_core::units::ByteCount;

use super::journal::{self, DecodeError, Decoded, Decoder, Header};
use crate::append_log::AppendLog;
use crate::disk::Disk;
use crate::error::StoreError;

/// The division of files into blocks.
#[derive(Clone, Copy, Debug, Default)]
pub(super) enum Division {
    /// Into blocks of the size that the length determines.
    #[default]
    ByLength,
    /// Into blocks of this size, whatever the length.
    #[cfg(test)]
    Fixed(BlockSize),
}

impl Division {
    /// Returns the block size of a new file, whose length may be unknown.
    pub(super) fn of(self, length: Option<ByteCount>) -> BlockSize {
        match (self, length) {
            #[cfg(test)]
            (Self::Fixed(size), _) => size,
            (Self::ByLength, Some(length)) => BlockSize::for_length(length.0),
            (Self::ByLength, None) => BlockSize::DEFAULT,
        }
    }

    fn is_usual(self, size: BlockSize, length: u64) -> bool {
        match self {
            Self::ByLength => size.is_usual_for(length),
            #[cfg(test)]
            Self::Fixed(fixed) => size == fixed,
        }
    }
}

/// Inner error: the journal cannot be used. Outer error: it cannot be read.
///
/// Bytes past the length limit of a journal are ignored. A block size that no writer chooses makes
/// the journal unusable: tiny blocks could be so many that every step is slow.
pub(super) fn read<D: Disk>(
    log: &AppendLog<D>,
    division: Division,
) -> Result<Result<Decoded, DecodeError>, StoreError> {
    let mut decoder = Decoder::new();
    log.read_through(ByteCount(journal::LENGTH_MAX), |piece| decoder.feed(piece))?;
    Ok(decoder.finish().and_then(|decoded| {
        let Header {
            block_size, length, ..
        } = decoded.header;
        if division.is_usual(block_size, length) {
            Ok(decoded)
        } else {
            Err(DecodeError::HeaderDamaged)
        }
    }))
}
