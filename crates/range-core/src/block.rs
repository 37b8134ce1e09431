//! Owns the division of a file into blocks, the unit of hashing, journalling, repair and cutting.

use crate::range::ByteRange;

/// Size of every block but the last: a power of two between 4 KiB and 64 MiB.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockSize(u32);

impl BlockSize {
    /// 1 MiB: a terabyte has a million blocks (32 MiB of journal), and a kill costs each
    /// connection at most 1 MiB.
    pub const DEFAULT: Self = Self(1 << 20);

    /// 256 KiB. The last connections of a download share its remaining blocks among themselves, and
    /// a slow connection takes seconds for 1 MiB.
    const SMALL: Self = Self(1 << 18);

    /// The block size grows so that no file has more blocks than this, while blocks may grow. The
    /// records, 33 bytes each, then fill half of the longest journal that a reader accepts, so each
    /// can be written twice.
    const MOST: u64 = 1 << 21;

    /// The block size for a file of `length` bytes: 256 KiB up to 16 GiB (2 MiB of journal), 1 MiB
    /// up to 2 TiB (66 MiB of journal). From there it doubles whenever the length doubles, up to 64
    /// MiB.
    pub const fn for_length(length: u64) -> Self {
        if length <= 16 << 30 {
            return Self::SMALL;
        }
        let mut size = Self::DEFAULT;
        while size.count(length) > Self::MOST && size.0 < Self::LARGEST {
            size.0 *= 2;
        }
        size
    }

    /// Reports whether some version of the writer divides a file of `length` bytes into blocks of
    /// this size. Besides [`for_length`](Self::for_length) that is the default size, which older
    /// versions use for every file and which a file gets whose length is known only at its end.
    pub const fn is_usual_for(self, length: u64) -> bool {
        self.0 == Self::for_length(length).0 || self.0 == Self::DEFAULT.0
    }

    const SMALLEST: u32 = 1 << 12;
    const LARGEST: u32 = 1 << 26;

    /// Returns a block size, or `None` unless it is a power of two between 4 KiB and 64 MiB.
    pub const fn new(bytes: u32) -> Option<Self> {
        let fits = bytes >= Self::SMALLEST && bytes <= Self::LARGEST;
        if fits && bytes.is_power_of_two() {
            Some(Self(bytes))
        } else {
            None
        }
    }

    /// The size in bytes.
    pub const fn get(self) -> u32 {
        self.0
    }

    const fn bytes(self) -> u64 {
        self.0 as u64
    }

    /// Returns the block that holds the byte at `offset`.
    pub const fn block_at(self, offset: u64) -> BlockIndex {
        BlockIndex(offset / self.bytes())
    }

    /// Returns the largest block boundary not above `offset`.
    pub const fn floor(self, offset: u64) -> u64 {
        offset - offset % self.bytes()
    }

    /// Returns the smallest block boundary not below `offset`, or `u64::MAX` if there is none.
    pub const fn ceil(self, offset: u64) -> u64 {
        match self.floor(offset) {
            floor if floor == offset => offset,
            floor => floor.saturating_add(self.bytes()),
        }
    }

    /// Returns the bytes of a block in a file of `length` bytes, or `None` if the file ends before
    /// it.
    pub fn range_of(self, block: BlockIndex, length: u64) -> Option<ByteRange> {
        let start = block.0.checked_mul(self.bytes())?;
        ByteRange::new(start, start.saturating_add(self.bytes()).min(length))
    }

    /// Returns the number of blocks in a file of `length` bytes.
    pub const fn count(self, length: u64) -> u64 {
        length.div_ceil(self.bytes())
    }
}

/// The index of a block in a file, counted from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BlockIndex(pub u64);

/// The fast 128-bit hash of a block's bytes. It guards against crashes, not against an adversary.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct BlockHash(pub u128);

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn only_powers_of_two_in_bounds_are_block_sizes() {
        for bytes in [0, 1, 4095, 4097, (1 << 20) + 1, 1 << 27] {
            assert_eq!(BlockSize::new(bytes), None, "{bytes}");
        }
        assert_eq!(BlockSize::new(1 << 20), Some(BlockSize::DEFAULT));
    }

    #[test]
    fn blocks_grow_with_the_length_of_a_large_file() {
        const TIB: u64 = 1 << 40;
        for (length, mebibytes) in [
            (TIB, 1),
            (2 * TIB, 1),
            (2 * TIB + 1, 2),
            (4 * TIB, 2),
            (16 * TIB, 8),
            (16 * TIB + 1, 16),
            (128 * TIB, 64),
        ] {
            let size = BlockSize::for_length(length);
            assert_eq!(u64::from(size.get()), mebibytes * MIB, "{length}");
            assert!(size.count(length) <= BlockSize::MOST, "{length}");
        }
        assert_eq!(BlockSize::for_length(u64::MAX).get(), BlockSize::LARGEST);
        assert_eq!(BlockSize::for_length(0), BlockSize::SMALL);
        assert_eq!(BlockSize::for_length(16 << 30), BlockSize::SMALL);
        assert_eq!(BlockSize::for_length((16 << 30) + 1), BlockSize::DEFAULT);
    }

    #[test]
    fn blocks_that_no_writer_makes_are_told_apart() {
        let usual = |bytes, length| BlockSize::new(bytes).unwrap().is_usual_for(length);
        for (bytes, length) in [
            (1 << 18, 1),
            (1 << 20, 1),
            (1 << 20, 1 << 41),
            (1 << 21, 1 << 42),
        ] {
            assert!(usual(bytes, length), "{bytes} for {length}");
        }
        for (bytes, length) in [
            (1 << 12, 1),
            (1 << 18, 1 << 40),
            (1 << 26, 1 << 30),
            (1 << 21, 1 << 41),
        ] {
            assert!(!usual(bytes, length), "{bytes} for {length}");
        }
    }

    #[test]
    fn the_last_block_is_shorter() {
        let size = BlockSize::DEFAULT;
        assert_eq!(
            size.range_of(BlockIndex(1), MIB + 1),
            ByteRange::new(MIB, MIB + 1)
        );
        assert_eq!(size.range_of(BlockIndex(1), MIB), None);
        assert_eq!(
            (size.count(0), size.count(MIB), size.count(MIB + 1)),
            (0, 1, 2)
        );
    }

    #[test]
    fn boundaries_near_the_end_of_u64_saturate() {
        let size = BlockSize::DEFAULT;
        assert_eq!(size.ceil(u64::MAX), u64::MAX);
        assert_eq!(size.ceil(MIB), MIB);
        assert_eq!(size.ceil(MIB + 1), 2 * MIB);
        let last = size.block_at(u64::MAX - 1);
        assert_eq!(
            size.range_of(last, u64::MAX).map(ByteRange::end),
            Some(u64::MAX)
        );
    }
}
