//! Owns a worker's way of writing: bytes to their place, and a hash and a claim for each block
//! that becomes whole. Knows no network.

use range_core::block::BlockSize;
use range_core::range::ByteRange;
use range_store::{BlockHasher, Failpoint, Lease, Store, StoreError};

use crate::keeper::Keeper;

/// Length of a file whose length is not known: more than there can be.
const LONGEST: u64 = i64::MAX.unsigned_abs();

/// Writes one lease from its start on.
#[derive(Debug)]
pub(crate) struct SegmentWriter {
    lease: Lease,
    keeper: Keeper,
    /// Holds the bytes of the block at the position, if they were all written here. After a
    /// start inside a block it stays away until the next block begins.
    hasher: Option<BlockHasher>,
}

impl SegmentWriter {
    pub(crate) fn new(lease: Lease, keeper: Keeper) -> Self {
        let mut writer = Self {
            lease,
            keeper,
            hasher: None,
        };
        writer.begin_block();
        writer
    }

    /// Notes that what is written from here on is joined to the rest by no validator. It has to
    /// come before the first such byte.
    pub(crate) fn note_mixed(&self) -> Result<(), StoreError> {
        self.keeper.journal.note_mixed()
    }

    /// Offset the next byte goes to.
    pub(crate) fn position(&self) -> u64 {
        self.lease.position()
    }

    /// What is still to be written.
    pub(crate) fn remaining(&self) -> Option<ByteRange> {
        self.lease.remaining()
    }

    /// Ends the lease at `cut`, or where the writer already is if that is later. Returns where.
    ///
    /// A worker that is past the cut finishes its block, so that cuts stay on block boundaries.
    pub(crate) fn shrink_to(&mut self, cut: u64) -> u64 {
        let boundary = self.block_size().ceil(self.position());
        self.lease
            .shrink_to(cut.max(boundary).min(self.lease_end()))
    }

    /// Writes `bytes`, which must not be more than remain.
    pub(crate) fn write(&mut self, mut bytes: &[u8]) -> Result<(), StoreError> {
        let length = self.keeper.length.unwrap_or(LONGEST);
        while !bytes.is_empty() {
            let block = self.block_size().block_at(self.position());
            let range = self.block_size().range_of(block, length);
            let range = range.expect("a lease lies in the file");
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
                    None => self.keeper.part.hash_block(range)?,
                };
                Failpoint::BlockWritten.reached();
                self.keeper.journal.record(block, hash)?;
                Failpoint::BlockRecorded.reached();
                self.begin_block();
            }
            bytes = later;
        }
        Ok(())
    }

    fn begin_block(&mut self) {
        let at_boundary = self.block_size().floor(self.position()) == self.position();
        self.hasher = at_boundary.then(BlockHasher::new);
    }

    fn block_size(&self) -> BlockSize {
        self.keeper.block_size
    }

    fn lease_end(&self) -> u64 {
        self.lease.range().map_or(self.position(), ByteRange::end)
    }
}
