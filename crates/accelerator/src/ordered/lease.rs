//! Owns the right to bring a range of a file that is read in order. Knows not where the bytes are
//! from.

use std::sync::{Arc, Mutex};

use range_core::ByteRange;
use range_store::BlockHasher;

use super::waiting::{self, Ordered, Repeat, Run};

/// A file that came anew does not begin with the bytes that the reader has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the file does not begin with the bytes that were written")]
pub(crate) struct OtherBytes;

/// The exclusive right to bring a range, in order from its start. Dropping it releases the range;
/// what was brought stays.
#[derive(Debug)]
pub(crate) struct OrderedWriter {
    ordered: Ordered,
    run: Arc<Mutex<Run>>,
    position: u64,
    end: u64,
    /// The bytes that the reader has already, as far as they have come again.
    repeats: Option<(Repeat, BlockHasher)>,
}

impl Ordered {
    /// Leases a range to one writer.
    ///
    /// # Panics
    ///
    /// If bytes of it are there, or leased to another one.
    pub(crate) fn lease(&self, range: ByteRange) -> OrderedWriter {
        self.lease_to(range.start(), range.end())
    }

    /// Leases everything, to the end of the bytes that arrive.
    pub(crate) fn lease_all(&self) -> OrderedWriter {
        self.lease_to(0, u64::MAX)
    }

    fn lease_to(&self, start: u64, end: u64) -> OrderedWriter {
        let (run, repeats) = self.run_from(start);
        OrderedWriter {
            ordered: self.clone(),
            run,
            position: start,
            end,
            repeats: repeats.map(|repeats| (repeats, BlockHasher::new())),
        }
    }
}

impl OrderedWriter {
    /// Returns the offset of the next byte.
    pub(crate) fn position(&self) -> u64 {
        self.position
    }

    /// Returns the range still to be brought.
    pub(crate) fn remaining(&self) -> Option<ByteRange> {
        ByteRange::new(self.position, self.end)
    }

    /// Ends the lease at `cut`, or at the position if that is later, and never later than it did.
    /// Returns the actual end.
    pub(crate) fn shrink_to(&mut self, cut: u64) -> u64 {
        self.end = self.end.min(cut.max(self.position));
        self.end
    }

    /// Lets the lease go on to `end`, or leaves it where it is if that is later.
    pub(crate) fn extend_to(&mut self, end: u64) {
        self.end = self.end.max(end);
    }

    /// Brings all of `bytes`.
    ///
    /// # Panics
    ///
    /// If they are more than remain.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), OtherBytes> {
        let after = self.position.saturating_add(bytes.len() as u64);
        assert!(after <= self.end, "a worker writes within its lease");
        let bytes = self.without_repeated(bytes)?;
        if !bytes.is_empty() {
            self.ordered.append(&self.run, bytes);
        }
        self.position = after;
        Ok(())
    }

    /// Returns the bytes without those that the reader has, which have to be the same.
    fn without_repeated<'b>(&mut self, bytes: &'b [u8]) -> Result<&'b [u8], OtherBytes> {
        let Some((repeat, hasher)) = &mut self.repeats else {
            return Ok(bytes);
        };
        let left = repeat.until - self.position;
        let again = usize::try_from(left).map_or(bytes.len(), |left| left.min(bytes.len()));
        let (again, new) = bytes.split_at(again);
        hasher.update(again);
        if again.len() as u64 == left {
            if hasher.finish() != repeat.hash {
                return Err(OtherBytes);
            }
            self.repeats = None;
        }
        Ok(new)
    }
}

impl Drop for OrderedWriter {
    fn drop(&mut self) {
        waiting::release(&self.run);
    }
}
