//! Owns [`Store`], what the rest of the project asks of a place that keeps one file. Knows nothing
//! of how any store does it.

use std::fmt;
use std::sync::OnceLock;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_core::units::ByteCount;

use crate::block_hasher::BlockHasher;
use crate::error::StoreError;
use crate::lease::{Lease, LeaseError};

/// The length of the file to keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Length {
    /// This many bytes, 0 included.
    Known(ByteCount),
    /// Found out at the end, and told with [`Store::set_length`].
    Unknown,
}

/// A place that keeps the bytes of one file.
///
/// All calls block for as long as the disk takes, and none is worth cancelling half-way. All may
/// be made from several threads at once.
pub trait Store: fmt::Debug + Send + Sync {
    /// The length of the file.
    fn length(&self) -> Length;

    /// Settles the length of a file whose length was unknown, and cuts it there. Settling the
    /// same length again does nothing.
    ///
    /// # Panics
    ///
    /// If another length is settled already, or a live lease reaches past `length`.
    fn set_length(&self, length: ByteCount) -> Result<(), StoreError>;

    /// Claims `range` for one writer, until the [`Lease`] is dropped. Bytes written before may be
    /// leased again, to repair them.
    fn lease(&self, range: ByteRange) -> Result<Lease, LeaseError>;

    /// Fills `buffer` with the bytes from `offset` on. Bytes never written read as zeros, or end
    /// the file; bytes being written meanwhile may be old, new or mixed.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError>;

    /// Makes what was written before the call survive a power cut. Once it has failed it fails
    /// for ever: see [`StoreError::SyncLost`].
    fn sync_data(&self) -> Result<(), StoreError>;

    /// The hash of the bytes of `range` as they would be read back.
    fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        hash_range(range, |offset, buffer| self.read_at(offset, buffer))
    }
}

/// Hashes `range` through `read_at`, a piece at a time.
pub(crate) fn hash_range(
    range: ByteRange,
    read_at: impl Fn(u64, &mut [u8]) -> Result<(), StoreError>,
) -> Result<BlockHash, StoreError> {
    /// Large enough to make calls rare, small enough to stay in a core's cache.
    const PIECE: usize = 128 << 10;

    let mut hasher = BlockHasher::new();
    let mut piece = vec![0; usize::try_from(range.len()).map_or(PIECE, |len| len.min(PIECE))];
    let mut rest = Some(range);
    while let Some(left) = rest {
        let (now, later) = left.split_at(left.start().saturating_add(piece.len() as u64));
        let now = now.expect("a piece holds at least one byte");
        let bytes = usize::try_from(now.len()).expect("a piece is no longer than its buffer");
        read_at(now.start(), &mut piece[..bytes])?;
        hasher.update(&piece[..bytes]);
        rest = later;
    }
    Ok(hasher.finish())
}

/// A length that is settled at most once.
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

    /// The end no lease may pass.
    pub(crate) fn bound(&self) -> ByteCount {
        self.0
            .get()
            .copied()
            .unwrap_or(ByteCount(i64::MAX.unsigned_abs()))
    }

    pub(crate) fn settle(&self, length: ByteCount) {
        let settled = *self.0.get_or_init(|| length);
        assert_eq!(settled, length, "the length of a file is settled once");
    }
}
