//! Owns the only way to write bytes into a file: it writes them at their offset, and hashes and
//! claims each completed block. Knows nothing of where the bytes come from.

use std::sync::Arc;

use range_core::range::ByteRange;

use super::kept::Kept;
use super::written::BlockWriter;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::lease::{Lease, LeaseError};
use crate::length::bound;

/// The exclusive right to write a range of a file, in order from its start.
///
/// Dropping it releases the range; written bytes stay. Any number of threads may use writers of one
/// file at once.
#[derive(Debug)]
pub struct Writer<D: Disk = Directory> {
    blocks: BlockWriter<D>,
    kept: Arc<Kept<D>>,
}

impl<D: Disk> Writer<D> {
    pub(super) fn new(lease: Lease<D>, kept: Arc<Kept<D>>) -> Self {
        Self {
            blocks: BlockWriter::new(lease, kept.block_size),
            kept,
        }
    }

    /// Returns the offset of the next byte to write.
    pub fn position(&self) -> u64 {
        self.blocks.position()
    }

    /// Returns the range still to be written.
    pub fn remaining(&self) -> Option<ByteRange> {
        self.blocks.remaining()
    }

    /// Ends the lease at `cut`, or at the writer's position if that is later. Returns the actual
    /// end.
    ///
    /// A writer that is past the cut finishes its block, so that cuts stay on block boundaries.
    pub fn shrink_to(&mut self, cut: u64) -> u64 {
        self.blocks.shrink_to(cut)
    }

    /// Lets the lease go on to `end`, or leaves it where it is if that is later. After an error it
    /// is as it was.
    pub fn extend_to(&mut self, end: u64) -> Result<(), LeaseError> {
        self.blocks.extend_to(end, bound(self.kept.part.length()))
    }

    /// Writes all of `bytes` at the position, advances it past them, and claims each block that
    /// becomes complete.
    ///
    /// More bytes than remain are [`StoreError::BeyondLease`]. After an error the bytes after the
    /// position are unspecified, and no claim covers them.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let Kept { part, recorder, .. } = &*self.kept;
        self.blocks.write(part, bytes, |block| {
            Failpoint::BlockWritten.reached();
            recorder.record(block)?;
            Failpoint::BlockRecorded.reached();
            Ok(())
        })
    }
}
