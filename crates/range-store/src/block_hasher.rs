//! Owns the hash of a block: XXH3, 128 bits, seed 0. Knows nothing of where the bytes come from.

use std::fmt;

use range_core::block::BlockHash;
use range_core::range::ByteRange;
use xxhash_rust::xxh3::Xxh3;

use crate::error::StoreError;

/// Hashes a block from its bytes in order, in pieces of any size.
///
/// XXH3 is not cryptographic. It detects the damage that crashes and disks cause; an adversary who
/// can write the part file can write the journal too.
#[derive(Clone, Default)]
pub struct BlockHasher(
    // Boxed, because the state takes 0.5 KiB and hashers move with their workers.
    Box<Xxh3>,
);

impl BlockHasher {
    /// Returns a hasher that has seen no byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds the next bytes of the block.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// Returns the hash of the bytes added so far.
    pub fn finish(&self) -> BlockHash {
        BlockHash(self.0.digest128())
    }
}

impl fmt::Debug for BlockHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockHasher").finish_non_exhaustive()
    }
}

/// Hashes `range`, reading it in pieces through `read_at`.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_does_not_depend_on_the_pieces() {
        let bytes: Vec<u8> = (0..4099_u32)
            .map(|i| (i * i / 7).to_le_bytes()[0])
            .collect();
        let whole = BlockHash(xxhash_rust::xxh3::xxh3_128(&bytes));
        for size in [1, 7, 64, 255, 1024, 4099] {
            let mut hasher = BlockHasher::new();
            bytes.chunks(size).for_each(|piece| hasher.update(piece));
            assert_eq!(hasher.finish(), whole, "pieces of {size}");
        }
    }

    #[test]
    fn the_algorithm_is_part_of_the_journal_format() {
        // The published XXH3 128-bit value of the empty input.
        let empty = BlockHash(0x99aa_06d3_0147_98d8_6001_c324_468d_497f);
        assert_eq!(BlockHasher::new().finish(), empty);
    }
}
