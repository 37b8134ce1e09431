//! Owns the check of a journal's claims: each block is read back, hashed and compared. No other
//! code does this. Knows no thread, and nothing of the use of the result.

use std::ops::ControlFlow;

use range_core::ByteRange;
use range_core::block::{BlockHash, BlockIndex, BlockSize};

use super::journal::Decoded;
use crate::error::StoreError;

/// The claims of a journal about a file of known length.
#[derive(Clone, Debug)]
pub struct Claims {
    block_size: BlockSize,
    length: u64,
    /// The claimed blocks: ascending, each block once, none past the end.
    hashes: Vec<(BlockIndex, BlockHash)>,
}

/// The result of reading a claimed block back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Finding {
    /// The bytes match their hash.
    Verified(ByteRange),
    /// The bytes do not match, or the file ends before them.
    Rejected(ByteRange),
}

impl Claims {
    /// Returns claims about a file of `length` bytes, in the form of [`Decoded::blocks`].
    pub fn new(block_size: BlockSize, length: u64, hashes: Vec<(BlockIndex, BlockHash)>) -> Self {
        Self {
            block_size,
            length,
            hashes,
        }
    }

    /// Returns all claims of a journal.
    pub fn of(journal: &Decoded) -> Self {
        let header = &journal.header;
        Self::new(header.block_size, header.length, journal.blocks.clone())
    }

    /// Returns the number of claimed bytes.
    pub fn bytes(&self) -> u64 {
        self.ranges().map(ByteRange::len).sum()
    }

    /// Reports whether no block is claimed.
    pub fn is_empty(&self) -> bool {
        self.hashes.is_empty()
    }

    /// Removes the claim of the last claimed block.
    pub fn forget_last(&mut self) {
        self.hashes.pop();
    }

    /// Keeps the claims of those blocks only that satisfy a condition.
    pub fn retain(&mut self, mut is_kept: impl FnMut(ByteRange) -> bool) {
        let (block_size, length) = (self.block_size, self.length);
        self.hashes.retain(|&(block, _)| {
            let range = block_size.range_of(block, length);
            range.is_some_and(&mut is_kept)
        });
    }

    /// Removes the claims of those blocks that satisfy a condition, and returns them.
    pub fn take(
        &mut self,
        mut is_taken: impl FnMut(ByteRange) -> bool,
    ) -> Vec<(ByteRange, BlockHash)> {
        let all: Vec<_> = self.hashed_ranges().collect();
        let taken = all.into_iter().filter(|(range, _)| is_taken(*range));
        let taken: Vec<_> = taken.collect();
        self.retain(|range| !taken.iter().any(|(its, _)| *its == range));
        taken
    }

    /// Returns the claimed bytes that another file has in the same places, ascending, one block at
    /// a time; fewer once `proceed` breaks off. Fails if that file cannot be read.
    pub fn shared_with(
        &self,
        hash_block: impl Fn(ByteRange) -> Result<BlockHash, StoreError>,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<Vec<ByteRange>, StoreError> {
        let mut shared = Vec::new();
        let _all_or_not = self.verify(hash_block, |finding| {
            if let Finding::Verified(range) = finding {
                shared.push(range);
            }
            proceed()
        })?;
        Ok(shared)
    }

    /// Reports whether every block of the file is claimed.
    pub fn is_complete(&self) -> bool {
        self.hashes.len() as u64 == self.block_size.count(self.length)
    }

    /// Returns the claimed bytes, ascending, one block at a time.
    pub fn ranges(&self) -> impl Iterator<Item = ByteRange> + '_ {
        self.hashed_ranges().map(|(range, _)| range)
    }

    /// Returns the claims as claims about one block each, ascending.
    pub fn one_by_one(&self) -> impl Iterator<Item = Self> + '_ {
        let one = |&hash| Self::new(self.block_size, self.length, vec![hash]);
        self.hashes.iter().map(one)
    }

    /// Reads every claimed block back, ascending, until `found` breaks off. Fails if the file
    /// cannot be read.
    pub fn verify(
        &self,
        hash_block: impl Fn(ByteRange) -> Result<BlockHash, StoreError>,
        mut found: impl FnMut(Finding) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        for (range, hash) in self.hashed_ranges() {
            let finding = match hash_block(range) {
                Ok(read) if read == hash => Finding::Verified(range),
                Ok(_) | Err(StoreError::Ended { .. }) => Finding::Rejected(range),
                Err(error) => return Err(error),
            };
            if found(finding).is_break() {
                return Ok(ControlFlow::Break(()));
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn hashed_ranges(&self) -> impl Iterator<Item = (ByteRange, BlockHash)> + '_ {
        self.hashes.iter().map(|&(block, hash)| {
            let range = self.block_size.range_of(block, self.length);
            let range = range.expect("the journal's reader lets no block past the end through");
            (range, hash)
        })
    }
}

#[cfg(test)]
mod tests {
    use rustix::io::Errno;

    use super::*;

    const BLOCK: u64 = 4096;

    /// Returns claims of blocks 0, 1 and 3 of a file whose last block, the fifth, has one byte.
    fn claims() -> Claims {
        let hashes = [0, 1, 3].map(|index| (BlockIndex(index), BlockHash(index.into())));
        let size = BlockSize::new(u32::try_from(BLOCK).unwrap()).unwrap();
        Claims::new(size, 4 * BLOCK + 1, hashes.into())
    }

    fn range(block: u64) -> ByteRange {
        ByteRange::new(block * BLOCK, (block + 1) * BLOCK).unwrap()
    }

    fn verify(hash: impl Fn(u64) -> Result<u128, StoreError>) -> Vec<Finding> {
        let mut findings = Vec::new();
        let hash_block = |range: ByteRange| hash(range.start() / BLOCK).map(BlockHash);
        let all = claims().verify(hash_block, |finding| {
            findings.push(finding);
            ControlFlow::Continue(())
        });
        assert_eq!(all.unwrap(), ControlFlow::Continue(()));
        findings
    }

    #[test]
    fn each_block_is_judged_by_its_hash() {
        use Finding::{Rejected, Verified};
        let all = [Verified(range(0)), Verified(range(1)), Verified(range(3))];
        assert_eq!(verify(|block| Ok(block.into())), all);
        let one = [Verified(range(0)), Rejected(range(1)), Rejected(range(3))];
        assert_eq!(verify(|_| Ok(0)), one);
        // A truncated file.
        let short = |block: u64| match block {
            3 => Err(StoreError::Ended { offset: 3 * BLOCK }),
            block => Ok(block.into()),
        };
        let cut = [Verified(range(0)), Verified(range(1)), Rejected(range(3))];
        assert_eq!(verify(short), cut);
        assert!(claims().ranges().eq([0, 1, 3].map(range)));
        assert!(!claims().is_complete());
    }

    #[test]
    fn a_file_that_cannot_be_read_is_an_error_and_a_break_ends_it() {
        let unreadable = |_| Err(StoreError::io("read", Errno::IO));
        let failed = claims().verify(unreadable, |_| panic!("nothing is found"));
        assert!(matches!(failed, Err(StoreError::Io { .. })));
        let mut count = 0;
        let stopped = claims().verify(
            |_| Ok(BlockHash(0)),
            |_| {
                count += 1;
                ControlFlow::Break(())
            },
        );
        assert_eq!((stopped.unwrap(), count), (ControlFlow::Break(()), 1));
    }
}
