//! Owns synthetic content: bytes that are a pure function of seed and offset, so that files of
//! any size exist without a disk. Knows no HTTP but its own path.
//!
//! The content is a sequence of 8-byte words, the n-th being a bijective scrambling of n under
//! the seed. So any byte costs O(1), and no word occurs twice: bytes in the wrong place are seen.

use range_core::units::ByteCount;
use sha2::{Digest, Sha256};

use crate::content::version::Version;

/// The beginning of the path of synthetic content; its size follows.
pub const PREFIX: &str = "/synthetic/";

/// The largest synthetic file: 8 EiB, far enough from the end of `u64` that no sum overflows.
pub const MAX_SIZE: ByteCount = ByteCount(1 << 63);

/// The choice of a sequence of bytes. Sequences of different seeds share words only by chance.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Seed(pub u64);

impl Seed {
    /// The seed of another generation of the same file; its own for version 0.
    #[must_use]
    pub const fn of_version(self, version: Version) -> Self {
        Self(
            self.0
                .wrapping_add((version.0 as u64).wrapping_mul(SECOND_FACTOR)),
        )
    }
}

/// The content that a path below `/synthetic/` names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct SyntheticFile {
    pub(crate) size: ByteCount,
    pub(crate) seed: Seed,
}

impl SyntheticFile {
    /// Parses what follows [`PREFIX`], such as `10GiB`.
    pub(crate) fn parse(size: &str, seed: Seed) -> Option<Self> {
        let size = ByteCount::parse(size)
            .ok()
            .filter(|&size| size <= MAX_SIZE)?;
        Some(Self { size, seed })
    }
}

const WORD: usize = size_of::<u64>();

/// Fills `buffer` with the content from `offset` on.
///
/// # Panics
///
/// When the buffer reaches past the end of `u64`.
pub fn fill(seed: Seed, offset: u64, buffer: &mut [u8]) {
    let start = key(seed);
    let mut index = offset / 8;
    let skipped = usize::try_from(offset % 8).expect("a remainder of 8 fits");
    let head_length = if skipped == 0 {
        0
    } else {
        buffer.len().min(WORD - skipped)
    };
    let (head, rest) = buffer.split_at_mut(head_length);
    if !head.is_empty() {
        head.copy_from_slice(&word(start, index)[skipped..skipped + head.len()]);
        index += 1;
    }
    let mut words = rest.chunks_exact_mut(WORD);
    for bytes in &mut words {
        bytes.copy_from_slice(&word(start, index));
        index += 1;
    }
    let tail = words.into_remainder();
    if !tail.is_empty() {
        tail.copy_from_slice(&word(start, index)[..tail.len()]);
    }
}

/// The SHA-256 of the content's first `size` bytes. Computes all of them.
pub fn sha256(seed: Seed, size: ByteCount) -> [u8; 32] {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 << 10];
    let mut offset = 0;
    while offset < size.0 {
        let length = usize::try_from(size.0 - offset)
            .unwrap_or(usize::MAX)
            .min(buffer.len());
        let chunk = &mut buffer[..length];
        fill(seed, offset, chunk);
        hasher.update(&*chunk);
        offset += u64::try_from(length).expect("a chunk's length fits 64 bits");
    }
    hasher.finalize().into()
}

// Both multipliers are odd and so invertible; the scrambling is a bijection of 64-bit words.
const FIRST_FACTOR: u64 = 0xd6e8_feb8_6659_fd93;
const SECOND_FACTOR: u64 = 0xa3b1_9535_4a39_b70d;

fn word(key: u64, index: u64) -> [u8; WORD] {
    scramble(index.wrapping_add(key)).to_le_bytes()
}

/// Where a seed starts. Neighbouring seeds start far apart, and 0 is not special.
fn key(seed: Seed) -> u64 {
    scramble(scramble(seed.0 ^ 0x7368_6561_7665_2121))
}

fn scramble(mut word: u64) -> u64 {
    word = (word ^ (word >> 32)).wrapping_mul(FIRST_FACTOR);
    word = (word ^ (word >> 32)).wrapping_mul(SECOND_FACTOR);
    word ^ (word >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn content(seed: Seed, offset: u64, length: usize) -> Vec<u8> {
        let mut buffer = vec![0; length];
        fill(seed, offset, &mut buffer);
        buffer
    }

    #[test]
    fn any_slice_is_a_slice_of_the_whole() {
        let whole = content(Seed(7), 0, 64);
        for start in 0..64 {
            for end in start..64 {
                let slice = content(Seed(7), u64::try_from(start).unwrap(), end - start);
                assert_eq!(slice, whole[start..end], "{start}..{end}");
            }
        }
    }

    #[test]
    fn the_last_bytes_of_the_largest_file_exist() {
        let last = content(Seed(0), MAX_SIZE.0 - 3, 3);
        assert_eq!(last, content(Seed(0), MAX_SIZE.0 - 16, 16)[13..]);
    }

    #[test]
    fn content_does_not_repeat_between_blocks_or_seeds() {
        let block = content(Seed(0), 0, 4096);
        assert_ne!(block, content(Seed(0), 1 << 20, 4096));
        assert_ne!(block, content(Seed(1), 0, 4096));
        let ones: u32 = block.iter().map(|byte| byte.count_ones()).sum();
        assert!(
            (15_800..16_970).contains(&ones),
            "{ones} of 32768 bits are set"
        );
    }

    #[test]
    fn the_digest_is_that_of_the_bytes() {
        let size = (64 << 10) * 2 + 5;
        let expected: [u8; 32] = Sha256::digest(content(Seed(9), 0, size)).into();
        assert_eq!(
            sha256(Seed(9), ByteCount(u64::try_from(size).unwrap())),
            expected
        );
        assert_eq!(
            sha256(Seed(1), ByteCount(0)),
            <[u8; 32]>::from(Sha256::digest([]))
        );
    }

    #[test]
    fn paths_name_a_size() {
        let size = |text| SyntheticFile::parse(text, Seed(7)).map(|file| file.size.0);
        for (text, expected) in [
            ("1000", Some(1000)),
            ("10GiB", Some(10 << 30)),
            ("8EiB", Some(1 << 63)),
            ("9223372036854775809", None),
            ("", None),
            ("ten", None),
            ("1/2", None),
        ] {
            assert_eq!(size(text), expected, "{text}");
        }
    }
}
