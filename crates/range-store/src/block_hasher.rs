//! Owns the hash of a block: XXH3, 128 bits, seed 0. Knows nothing of where the bytes come from.

use std::fmt;

use range_core::block::BlockHash;
use xxhash_rust::xxh3::Xxh3;

/// Hashes a block from its bytes in order, in pieces of any size.
///
/// XXH3 is not cryptographic. It finds what crashes and disks do; an adversary who can write the
/// part file can write the journal too.
#[derive(Clone, Default)]
pub struct BlockHasher(
    // Boxed, because the state takes half a KiB and hashers move about with their workers.
    Box<Xxh3>,
);

impl BlockHasher {
    /// A hasher that has seen no byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the block.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of the bytes taken since the start.
    pub fn finish(&self) -> BlockHash {
        BlockHash(self.0.digest128())
    }
}

impl fmt::Debug for BlockHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockHasher").finish_non_exhaustive()
    }
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
