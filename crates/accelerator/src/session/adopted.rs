//! Owns what a session knows of a file that has the final name and is gone on from: the blocks that
//! were taken of it, and which of them are fetched as well. Asks and copies nothing.

use std::ops::RangeInclusive;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_store::{Claims, Location, StoreError};

/// The fewest and the most blocks that are fetched although they are there: the first one, the last
/// one, and some in between. A file of other content differs in nearly all of its blocks.
const SAMPLES: RangeInclusive<usize> = 3..=8;

/// Between those numbers, one in so many is fetched.
const ONE_IN: usize = 8;

/// The file that has the final name, and what is taken of it.
#[derive(Clone, Debug, Default)]
pub(super) struct Adopted {
    /// True if there is such a file, which gives its name up in the end.
    pub(super) is_there: bool,
    /// The blocks that were copied in this run, until samples of them are chosen.
    pub(super) copied: Option<Vec<ByteRange>>,
    taken: Option<Taken>,
}

/// The blocks that were taken, and of those the ones that are fetched as well.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken {
    blocks: Vec<ByteRange>,
    /// With the hashes that they had.
    pub(super) samples: Vec<(ByteRange, BlockHash)>,
}

impl Adopted {
    /// Reports whether bytes of the file are among those that will be published.
    pub(super) fn is_some(&self) -> bool {
        self.taken.is_some()
    }

    /// Returns what was taken.
    pub(super) fn taken(&self) -> Option<&Taken> {
        self.taken.as_ref()
    }

    /// Takes nothing from the file any more. Returns what was taken.
    pub(super) fn forget(&mut self) -> Taken {
        self.taken.take().unwrap_or_default()
    }

    /// Takes these blocks, and forgets the claims of some, so that they are fetched as well.
    pub(super) fn take(&mut self, blocks: Vec<ByteRange>, claims: &mut Claims) {
        let Some(last) = blocks.len().checked_sub(1) else {
            return;
        };
        let count = (blocks.len() / ONE_IN).clamp(*SAMPLES.start(), *SAMPLES.end());
        let at = |index: usize| blocks[last * index / (count - 1)];
        let wanted: Vec<_> = (0..count).map(at).collect();
        let samples = claims.take(|range| wanted.contains(&range));
        self.taken = Some(Taken { blocks, samples });
    }

    /// Gives the file another name if the one that is published does not hold its bytes.
    pub(super) fn make_way(&self, place: &Location) -> Result<(), StoreError> {
        if self.is_there && self.taken.is_none() {
            place.set_aside_final()?;
        }
        Ok(())
    }
}

impl Taken {
    /// Reports whether a block is one that was taken, and not fetched as well.
    pub(super) fn is_taken_only(&self, range: ByteRange) -> bool {
        let is_sample = self.samples.iter().any(|(sample, _)| *sample == range);
        let starts = self
            .blocks
            .binary_search_by_key(&range.start(), |taken| taken.start());
        starts.is_ok() && !is_sample
    }
}
