//! Owns the one way bytes get into a file: to their place, and a hash and a claim for each block
//! that becomes whole. Knows nothing of where the bytes come from.

use std::sync::Arc;

use range_core::range::ByteRange;

use super::kept::Kept;
use super::written::BlockWriter;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::lease::{Lease, LeaseError};

/// The exclusive right to write a range of a file, in order from its start.
///
/// Dropping it releases the range; what was written stays. Writers of one file may be used from as
/// many threads at once.
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

    /// Offset the next byte goes to.
    pub fn position(&self) -> u64 {
        self.blocks.position()
    }

    /// What is still to be written.
    pub fn remaining(&self) -> Option<ByteRange> {
        self.blocks.remaining()
    }

    /// Ends the lease at `cut`, or where the writer already is if that is later. Returns where.
    ///
    /// A writer that is past the cut finishes its block, so that cuts stay on block boundaries.
    pub fn shrink_to(&mut self, cut: u64) -> u64 {
        self.blocks.shrink_to(cut)
    }

    /// Lets the lease go on to `end`, or leaves it where it is if that is later. After an error it
    /// is as it was.
    pub fn extend_to(&mut self, end: u64) -> Result<(), LeaseError> {
        self.blocks.extend_to(end, self.kept.part.length().bound())
    }

    /// Writes all of `bytes` at the position, advances it past them, and claims each block that
    /// becomes whole.
    ///
    /// More bytes than remain are [`StoreError::BeyondLease`]. After an error the bytes from the
    /// position on are unspecified, and claimed by nothing.
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
