//! Owns the copy of bytes into mapped memory by raw pointer, and the argument why it is sound.
//! Knows nothing of files, offsets in files, or leases.
//!
//! No reference to mapped memory is ever made: another process may change a file's pages at any
//! moment, which a `&[u8]` or `&mut [u8]` forbids and a raw pointer does not. Two threads never
//! copy to the same byte, because regions are filled through exclusive leases only. If the file is
//! truncated, the copy raises SIGBUS; no address outside the mapping is ever touched.

use memmap2::{Advice, MmapRaw};

use crate::disk::Window;

/// The number of bytes whose pages the kernel makes at a time, just ahead of the copy. It clears
/// them first: so few that they are still in the cache next to the core when they are overwritten,
/// and so many that asking costs nothing.
const PIECE: usize = 256 << 10;

/// A mapping into which bytes are copied, from its start to its end.
#[derive(Debug)]
pub struct Region {
    map: MmapRaw,
    /// The pages before this offset need not be asked for.
    made: usize,
}

impl Region {
    pub(crate) fn new(map: MmapRaw) -> Self {
        Self { map, made: 0 }
    }

    /// Has the kernel make the pages before `end`, instead of one by one as they are touched. What
    /// it cannot make, the copy asks for.
    fn make_pages(&mut self, end: usize) {
        let length = self.map.len();
        while self.made < end.min(length) {
            let piece = PIECE.min(length - self.made);
            let advice = Advice::PopulateWrite;
            let made = self.map.advise_range(advice, self.made, piece);
            // A kernel that does not know the request does not learn it.
            self.made = made.map_or(length, |()| self.made + piece);
        }
    }
}

impl Window for Region {
    fn length(&self) -> usize {
        self.map.len()
    }

    fn copy_in(&mut self, offset: usize, bytes: &[u8]) {
        self.make_pages(offset.saturating_add(bytes.len()));
        // SAFETY: the pointer and the length are those of one live, writable mapping, which `&mut
        // self` keeps alive through the call. No Rust reference to it exists anywhere, so `bytes`
        // is not part of it. Any other writer of these pages uses another mapping, at other
        // addresses, and holds a lease of other bytes.
        unsafe { copy_in(self.map.as_mut_ptr(), self.map.len(), offset, bytes) }
    }
}

/// Copies all of `bytes` to `start + offset`, inside the `length` bytes from `start`.
///
/// # Panics
///
/// If the bytes do not fit.
///
/// # Safety
///
/// The `length` bytes from `start` are valid for writes through the call, hold nothing of
/// `bytes`, and `offset..offset + bytes.len()` of them is accessed by no other thread.
unsafe fn copy_in(start: *mut u8, length: usize, offset: usize, bytes: &[u8]) {
    let room = length
        .checked_sub(offset)
        .expect("the offset lies in the region");
    assert!(bytes.len() <= room, "{} bytes into {room}", bytes.len());
    let target = start.wrapping_add(offset);
    // SAFETY: `offset + bytes.len() <= length` was checked, so the target lies in memory the
    // caller vouches for. A `u8` needs no alignment.
    unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), target, bytes.len()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Copies into heap memory, which Miri can follow; it cannot follow a mapping.
    fn copy_into_heap(memory: &mut [u8], offset: usize, bytes: &[u8]) {
        // SAFETY: the memory is borrowed exclusively for the call, and is not `bytes`.
        unsafe { copy_in(memory.as_mut_ptr(), memory.len(), offset, bytes) }
    }

    #[test]
    fn bytes_land_where_they_belong() {
        let mut memory = vec![0; 8];
        copy_into_heap(&mut memory, 0, &[1]);
        copy_into_heap(&mut memory, 3, &[2, 3]);
        copy_into_heap(&mut memory, 7, &[4]);
        copy_into_heap(&mut memory, 8, &[]);
        assert_eq!(memory, [1, 0, 0, 2, 3, 0, 0, 4]);
    }

    #[test]
    fn nothing_is_copied_past_the_end() {
        for (offset, length) in [(8, 1), (0, 9), (7, 2), (9, 0), (usize::MAX, 1)] {
            let mut memory = vec![0; 8];
            let bytes = vec![1; length];
            let copy = std::panic::AssertUnwindSafe(|| copy_into_heap(&mut memory, offset, &bytes));
            assert!(
                std::panic::catch_unwind(copy).is_err(),
                "{length} bytes at {offset}"
            );
            assert_eq!(memory, [0; 8]);
        }
    }
}
