//! Owns [`ByteRange`], the half-open, never empty range of byte offsets that everything else is
//! built on. Knows nothing of HTTP's inclusive ranges; `http` converts them.

use core::fmt;

/// A half-open range of byte offsets, `start..end`, that holds at least one byte.
///
/// The empty range does not exist as a value: code that may find nothing works with
/// `Option<ByteRange>`, so that "nothing left" can never be written or requested by mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ByteRange {
    start: u64,
    end: u64,
}

impl ByteRange {
    /// Returns the range `start..end`, or `None` if it would hold no byte.
    pub const fn new(start: u64, end: u64) -> Option<Self> {
        if start < end {
            Some(Self { start, end })
        } else {
            None
        }
    }

    /// Returns the range of `length` bytes from `start`, or `None` if it is empty or passes
    /// `u64::MAX`.
    pub const fn from_length(start: u64, length: u64) -> Option<Self> {
        match start.checked_add(length) {
            Some(end) => Self::new(start, end),
            None => None,
        }
    }

    /// Returns the whole of a representation of `length` bytes, or `None` if it is empty.
    pub const fn whole(length: u64) -> Option<Self> {
        Self::new(0, length)
    }

    /// Returns the offset of the first byte.
    pub const fn start(self) -> u64 {
        self.start
    }

    /// Returns the offset one past the last byte.
    pub const fn end(self) -> u64 {
        self.end
    }

    /// Returns the offset of the last byte, as HTTP writes ranges.
    pub const fn last(self) -> u64 {
        self.end - 1
    }

    /// Returns the number of bytes in the range; never 0.
    #[expect(clippy::len_without_is_empty, reason = "a range is never empty")]
    pub const fn len(self) -> u64 {
        self.end - self.start
    }

    /// Reports whether the byte at `offset` lies in the range.
    pub const fn contains(self, offset: u64) -> bool {
        self.start <= offset && offset < self.end
    }

    /// Reports whether every byte of `other` lies in the range.
    pub const fn covers(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// Returns the bytes that both ranges hold.
    pub fn intersect(self, other: Self) -> Option<Self> {
        Self::new(self.start.max(other.start), self.end.min(other.end))
    }

    /// Splits the range at `offset`. Either part is `None` if it would be empty.
    pub fn split_at(self, offset: u64) -> (Option<Self>, Option<Self>) {
        let cut = offset.clamp(self.start, self.end);
        (Self::new(self.start, cut), Self::new(cut, self.end))
    }
}

impl fmt::Debug for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end)
    }
}

impl fmt::Display for ByteRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn empty_and_reversed_ranges_do_not_exist() {
        for (start, end) in [(0, 0), (1, 0), (u64::MAX, u64::MAX), (u64::MAX, 0)] {
            assert_eq!(ByteRange::new(start, end), None);
        }
        assert_eq!(ByteRange::from_length(u64::MAX, 1), None);
        assert_eq!(ByteRange::whole(0), None);
    }

    #[test]
    fn the_largest_range_keeps_its_edges() {
        let all = ByteRange::new(0, u64::MAX).unwrap();
        assert_eq!((all.len(), all.last()), (u64::MAX, u64::MAX - 1));
        assert!(all.contains(u64::MAX - 1) && !all.contains(u64::MAX));
    }

    #[test]
    fn split_clamps_to_the_range() {
        let range = ByteRange::new(10, 20).unwrap();
        assert_eq!(range.split_at(0), (None, Some(range)));
        assert_eq!(range.split_at(10), (None, Some(range)));
        assert_eq!(
            range.split_at(15),
            (ByteRange::new(10, 15), ByteRange::new(15, 20))
        );
        assert_eq!(range.split_at(20), (Some(range), None));
        assert_eq!(range.split_at(u64::MAX), (Some(range), None));
    }

    #[test]
    fn intersect_is_none_for_neighbours() {
        let left = ByteRange::new(0, 10).unwrap();
        let right = ByteRange::new(10, 20).unwrap();
        assert_eq!(left.intersect(right), None);
        assert_eq!(
            left.intersect(ByteRange::new(9, 30).unwrap()),
            ByteRange::new(9, 10)
        );
    }
}
