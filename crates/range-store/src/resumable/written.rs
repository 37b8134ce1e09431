//! Owns the proof that a block is completely written: only the writer of its last byte has it, or
//! code that read the block back. Knows no journal.

use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::range::ByteRange;
use range_core::units::ByteCount;

use crate::block_hasher::BlockHasher;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::lease::{Lease, LeaseError};
use crate::length::bound;
use crate::part_file::PartFile;

/// A completely written block, and its hash.
#[derive(Debug)]
pub(super) struct WrittenBlock {
    index: BlockIndex,
    hash: BlockHash,
}

impl WrittenBlock {
    pub(super) fn index(&self) -> BlockIndex {
        self.index
    }

    pub(super) fn hash(&self) -> BlockHash {
        self.hash
    }

    /// Returns the last block of the file, if it ends at `length` and is shorter than a whole
    /// block; `None` if the file ends with a whole block.
    pub(super) fn last_of<D: Disk>(
        part: &PartFile<D>,
        block_size: BlockSize,
        length: u64,
    ) -> Result<Option<Self>, StoreError> {
        let index = block_size.block_at(length);
        let Some(range) = block_size.range_of(index, length) else {
            return Ok(None);
        };
        let hash = part.hash_block(range)?;
        Ok(Some(Self { index, hash }))
    }
}

/// Writes one lease from its start, and hashes the bytes it writes.
#[derive(Debug)]
pub(super) struct BlockWriter<D: Disk> {
    lease: Lease<D>,
    block_size: BlockSize,
    /// The hasher of the block at the position, if all its bytes were written here. After a start
    /// inside a block there is none until the next block begins.
    hasher: Option<BlockHasher>,
}

impl<D: Disk> BlockWriter<D> {
    pub(super) fn new(lease: Lease<D>, block_size: BlockSize) -> Self {
        let mut writer = Self {
            lease,
            block_size,
            hasher: None,
        };
        writer.begin_block();
        writer
    }

    pub(super) fn position(&self) -> u64 {
        self.lease.position()
    }

    pub(super) fn remaining(&self) -> Option<ByteRange> {
        self.lease.remaining()
    }

    /// Ends the lease at `cut`, or at the end of the block being written if that is later. Returns
    /// the actual end.
    pub(super) fn shrink_to(&mut self, cut: u64) -> u64 {
        let boundary = self.block_size.ceil(self.position());
        let end = self.lease.range().map_or(self.position(), ByteRange::end);
        self.lease.shrink_to(cut.max(boundary).min(end))
    }

    /// Lets the lease go on to `end` in a file of `length`.
    pub(super) fn extend_to(&mut self, end: u64, length: ByteCount) -> Result<(), LeaseError> {
        self.lease.extend_to(end, length)
    }

    /// Writes `bytes`, which must not be more than remain, and passes each completed block to
    /// `written`.
    pub(super) fn write(
        &mut self,
        part: &PartFile<D>,
        mut bytes: &[u8],
        mut written: impl FnMut(WrittenBlock) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let length = bound(part.length()).0;
        while !bytes.is_empty() {
            let index = self.block_size.block_at(self.position());
            let range = self.block_size.range_of(index, length);
            let Some(range) = range else {
                // The lease reports the number of excess bytes.
                return self.lease.write(bytes);
            };
            let room = range.end() - self.position();
            let (now, later) = bytes
                .split_at(usize::try_from(room).map_or(bytes.len(), |room| room.min(bytes.len())));
            self.lease.write(now)?;
            if let Some(hasher) = &mut self.hasher {
                hasher.update(now);
            }
            if self.position() == range.end() {
                let hash = match self.hasher.take() {
                    Some(hasher) => hasher.finish(),
                    None => part.hash_block(range)?,
                };
                written(WrittenBlock { index, hash })?;
                self.begin_block();
            }
            bytes = later;
        }
        Ok(())
    }

    fn begin_block(&mut self) {
        let at_boundary = self.block_size.floor(self.position()) == self.position();
        self.hasher = at_boundary.then(BlockHasher::new);
    }
}
