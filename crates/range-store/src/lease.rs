//! Owns the rights to write: the table of live leases, and the [`Lease`], which is the only way to
//! write. Knows nothing of why a range was chosen.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::units::ByteCount;
use range_core::{ByteRange, RangeSet};

use crate::disk::Disk;
use crate::error::StoreError;
use crate::mapped::Windows;
use crate::owned_file::OwnedFile;
use crate::reserve;

/// The number of bytes of a lease after which the kernel is asked to begin writing to the disk.
/// Otherwise a slow disk idles until a checkpoint, which then waits for all of them. Measured on
/// ext4: four syncs over 1 GiB took 0.85 s without the request and 0.1 s with it, for the same
/// processor time.
const WRITE_BACK: u64 = 4 << 20;

/// The reason why a range cannot be leased.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LeaseError {
    /// A live lease holds some of the range.
    #[error("lease bytes {range}, some of which are leased already")]
    Overlaps {
        /// The requested range.
        range: ByteRange,
    },
    /// The range passes the end of the file.
    #[error("lease bytes {range} of a file of {length}")]
    OutOfBounds {
        /// The requested range.
        range: ByteRange,
        /// The length of the file, or `i64::MAX` while it is unknown.
        length: ByteCount,
    },
}

/// The exclusive right to write a range of the file, in order from its start.
///
/// No two live leases have a byte in common, so any number of threads may use leases at once. What
/// is written is not held any more, so that it can be leased again while the lease goes on, to be
/// repaired. Dropping a lease releases its range; written bytes stay. A mapped lease keeps a window
/// of at most 8 MiB mapped until it is dropped.
#[derive(Debug)]
pub(crate) struct Lease<D: Disk> {
    claim: Claim,
    position: u64,
    /// The kernel was asked to write all bytes before this offset; `None` if it never is.
    written_back: Option<u64>,
    sink: Sink<D>,
    /// If the file grows: the offset up to which there was room for it.
    grows_to: Option<u64>,
}

/// The destination of the bytes of a lease.
#[derive(Debug)]
pub(crate) enum Sink<D: Disk> {
    Mapped(Windows<D>),
    Positioned(Arc<OwnedFile<D>>),
}

impl<D: Disk> Lease<D> {
    pub(crate) fn new(claim: Claim, sink: Sink<D>) -> Self {
        let position = claim.start;
        Self {
            claim,
            position,
            written_back: Some(position),
            sink,
            grows_to: None,
        }
    }

    /// Checks the room for the file as it grows, because nothing is reserved for it.
    #[must_use]
    pub(crate) fn growing(mut self) -> Self {
        self.grows_to = Some(self.position);
        self
    }

    /// Lets the kernel decide when it writes to the disk.
    ///
    /// Otherwise the kernel is asked to begin writing every 4 MiB and at the end of the lease, so
    /// that a sync has little left to wait for. If no sync follows, that is wasted work: see
    /// `docs/design/durability.md`.
    #[must_use]
    pub(crate) fn without_early_write_back(mut self) -> Self {
        self.written_back = None;
        self
    }

    /// Returns the range of the lease, the written part included, or `None` if it was shrunk to
    /// nothing.
    pub(crate) fn range(&self) -> Option<ByteRange> {
        ByteRange::new(self.claim.start, self.claim.end)
    }

    /// Returns the offset of the next byte to write.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the range still to be written, or `None` if the lease is full.
    pub(crate) fn remaining(&self) -> Option<ByteRange> {
        ByteRange::new(self.position, self.claim.end)
    }

    /// Writes all of `bytes` at the position, and advances it past them.
    ///
    /// More bytes than remain are [`StoreError::BeyondLease`], and nothing is written. After any
    /// other error the position is unchanged, and the bytes after it are unspecified.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let end = self.position.saturating_add(bytes.len() as u64);
        if end > self.claim.end {
            return Err(StoreError::BeyondLease {
                surplus: ByteCount(end - self.claim.end),
            });
        }
        if self.grows_to.is_some_and(|checked| end > checked) {
            reserve::check_room(self.file().folder(), ByteCount(reserve::GROWTH))?;
            self.grows_to = Some(end.saturating_add(reserve::GROWTH));
        }
        match &mut self.sink {
            Sink::Mapped(windows) => windows.write_at(self.position, bytes, self.claim.end)?,
            Sink::Positioned(file) => file.write_at(self.position, bytes)?,
        }
        self.position = end;
        self.claim.pass(end);
        if self
            .written_back
            .is_some_and(|from| end - from >= WRITE_BACK)
        {
            self.begin_write_back();
        }
        Ok(())
    }

    fn begin_write_back(&mut self) {
        let from = self.written_back.unwrap_or(self.position);
        let Some(range) = ByteRange::new(from, self.position) else {
            return;
        };
        self.written_back = Some(self.position);
        self.file().begin_write_back(range);
    }

    fn file(&self) -> &OwnedFile<D> {
        match &self.sink {
            Sink::Mapped(windows) => windows.file(),
            Sink::Positioned(file) => file,
        }
    }

    /// Lowers the end of the lease to `end`, but not below the position, and never raises it.
    /// Returns the actual end. The bytes after it may be leased again.
    pub(crate) fn shrink_to(&mut self, end: u64) -> u64 {
        self.claim.cut(end.max(self.position));
        self.claim.end
    }

    /// Raises the end of the lease to `end` in a file of `length`, and never lowers it. After an
    /// error it is where it was.
    pub(crate) fn extend_to(&mut self, end: u64, length: ByteCount) -> Result<(), LeaseError> {
        self.claim.extend(end, length)
    }
}

impl<D: Disk> Drop for Lease<D> {
    fn drop(&mut self) {
        self.begin_write_back();
    }
}

/// The ranges of all live leases of one file. Clones share one table.
#[derive(Clone, Debug, Default)]
pub(crate) struct LeaseTable {
    live: Arc<Mutex<RangeSet>>,
}

impl LeaseTable {
    /// Claims `range` of a file of this `length`.
    pub(crate) fn claim(&self, range: ByteRange, length: ByteCount) -> Result<Claim, LeaseError> {
        self.insert(range, length)?;
        Ok(Claim {
            table: self.clone(),
            start: range.start(),
            held_from: range.start(),
            end: range.end(),
        })
    }

    fn insert(&self, range: ByteRange, length: ByteCount) -> Result<(), LeaseError> {
        if range.end() > length.0 {
            return Err(LeaseError::OutOfBounds { range, length });
        }
        let mut live = self.lock();
        if live.intersects(range) {
            return Err(LeaseError::Overlaps { range });
        }
        live.insert(range);
        Ok(())
    }

    /// Returns the end of the last live lease; 0 if there is none.
    pub(crate) fn end(&self) -> u64 {
        self.lock().iter().next_back().map_or(0, ByteRange::end)
    }

    fn lock(&self) -> MutexGuard<'_, RangeSet> {
        // No code panics while the lock is held; and a lease must be droppable during a panic.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The entry of one lease in the table, released on drop. It may become empty.
#[derive(Debug)]
pub(crate) struct Claim {
    table: LeaseTable,
    start: u64,
    /// The bytes before this offset are written, and are not in the table any more.
    held_from: u64,
    end: u64,
}

impl Claim {
    fn cut(&mut self, end: u64) {
        if let Some(tail) = ByteRange::new(end, self.end) {
            self.table.lock().remove(tail);
            self.end = end;
        }
    }

    /// Releases the bytes before an offset.
    fn pass(&mut self, offset: u64) {
        if let Some(written) = ByteRange::new(self.held_from, offset) {
            self.table.lock().remove(written);
            self.held_from = offset;
        }
    }

    fn extend(&mut self, end: u64, length: ByteCount) -> Result<(), LeaseError> {
        if let Some(more) = ByteRange::new(self.end, end) {
            self.table.insert(more, length)?;
            self.end = end;
        }
        Ok(())
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.cut(self.held_from);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LENGTH: ByteCount = ByteCount(100);

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn what_is_passed_can_be_claimed_again_and_stays_so() {
        let table = LeaseTable::default();
        let mut first = table.claim(range(10, 30), LENGTH).unwrap();
        first.pass(20);
        assert!(table.claim(range(15, 21), LENGTH).is_err());
        let again = table.claim(range(10, 20), LENGTH).unwrap();
        first.pass(30);
        drop(first);
        assert!(table.claim(range(10, 20), LENGTH).is_err());
        drop(again);
        table.claim(range(0, 100), LENGTH).unwrap();
    }

    #[test]
    fn a_claim_grows_over_free_bytes_and_holds_them() {
        let table = LeaseTable::default();
        let mut grown = table.claim(range(10, 30), LENGTH).unwrap();
        grown.extend(60, LENGTH).unwrap();
        assert_eq!(grown.end, 60);
        let overlap = table.claim(range(59, 70), LENGTH).unwrap_err();
        assert_eq!(
            overlap,
            LeaseError::Overlaps {
                range: range(59, 70)
            }
        );
        drop(grown);
        table.claim(range(0, 100), LENGTH).unwrap();
    }

    #[test]
    fn a_claim_grows_over_what_another_has_let_go_of() {
        let table = LeaseTable::default();
        let mut first = table.claim(range(0, 50), LENGTH).unwrap();
        let mut second = table.claim(range(50, 100), LENGTH).unwrap();
        second.cut(70);
        drop(second);
        first.extend(100, LENGTH).unwrap();
        assert_eq!(table.end(), 100);
    }

    #[test]
    fn a_claim_does_not_grow_into_another() {
        let table = LeaseTable::default();
        let mut first = table.claim(range(0, 50), LENGTH).unwrap();
        let other = table.claim(range(60, 80), LENGTH).unwrap();
        let refused = first.extend(61, LENGTH).unwrap_err();
        assert_eq!(
            refused,
            LeaseError::Overlaps {
                range: range(50, 61)
            }
        );
        assert_eq!(first.end, 50, "nothing of it was taken");
        drop(first);
        assert_eq!(table.lock().len(), 20, "nor is anything left behind");
        drop(other);
    }

    #[test]
    fn a_claim_does_not_grow_past_the_end_of_the_file() {
        let table = LeaseTable::default();
        let mut claim = table.claim(range(0, 50), LENGTH).unwrap();
        let refused = claim.extend(101, LENGTH).unwrap_err();
        let range = range(50, 101);
        assert_eq!(
            refused,
            LeaseError::OutOfBounds {
                range,
                length: LENGTH
            }
        );
        claim.extend(100, LENGTH).unwrap();
    }

    #[test]
    fn growing_never_shrinks() {
        let table = LeaseTable::default();
        let mut claim = table.claim(range(10, 50), LENGTH).unwrap();
        claim.extend(20, LENGTH).unwrap();
        claim.extend(50, LENGTH).unwrap();
        assert_eq!(claim.end, 50);
    }
}
