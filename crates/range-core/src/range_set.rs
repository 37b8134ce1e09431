//! Owns [`RangeSet`], a set of byte offsets kept as sorted, disjoint, coalesced ranges.

use alloc::collections::VecDeque;
use core::ops::Range;

use crate::range::ByteRange;

/// A set of byte offsets as sorted, disjoint and coalesced [`ByteRange`]s.
///
/// Memory and time depend on the number of runs, not of bytes. A lookup takes `O(log n)` time, and
/// a change `O(n)` in the worst case: it moves the runs before it or those after it, whichever are
/// fewer. Adding or removing at either end moves none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RangeSet {
    runs: VecDeque<ByteRange>,
    length: u64,
}

impl RangeSet {
    /// The empty set.
    pub const fn new() -> Self {
        Self {
            runs: VecDeque::new(),
            length: 0,
        }
    }

    /// Returns the number of bytes in the set.
    pub const fn len(&self) -> u64 {
        self.length
    }

    /// Reports whether the set holds no byte.
    pub const fn is_empty(&self) -> bool {
        self.length == 0
    }

    /// Returns the runs in ascending order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = ByteRange> + ExactSizeIterator + '_ {
        self.runs.iter().copied()
    }

    /// Returns the lowest run.
    pub fn first(&self) -> Option<ByteRange> {
        self.runs.front().copied()
    }

    /// Adds a range. Returns the number of bytes that were new.
    pub fn insert(&mut self, range: ByteRange) -> u64 {
        // Neighbours that merely touch are merged too, hence `<` and `<=` on the inner edges.
        let touching = self.indices(
            |run| run.end() < range.start(),
            |run| run.start() <= range.end(),
        );
        let before = self.length_of(&touching);
        let merged = match (self.runs.get(touching.start), touching.is_empty()) {
            (Some(first), false) => {
                let last = self.runs[touching.end - 1];
                ByteRange::new(
                    first.start().min(range.start()),
                    last.end().max(range.end()),
                )
                .expect("a union of ranges is not empty")
            }
            _ => range,
        };
        self.replace(touching, [merged]);
        let added = merged.len() - before;
        self.length += added;
        added
    }

    /// Removes a range. Returns the number of its bytes that were in the set.
    pub fn remove(&mut self, range: ByteRange) -> u64 {
        let overlapping = self.overlapping(range);
        if overlapping.is_empty() {
            return 0;
        }
        let before = self.length_of(&overlapping);
        let head = self.runs[overlapping.start].split_at(range.start()).0;
        let tail = self.runs[overlapping.end - 1].split_at(range.end()).1;
        let kept = head.map_or(0, ByteRange::len) + tail.map_or(0, ByteRange::len);
        self.replace(overlapping, head.into_iter().chain(tail));
        self.length -= before - kept;
        before - kept
    }

    /// Reports whether every byte of `range` is in the set.
    pub fn contains(&self, range: ByteRange) -> bool {
        let index = self.runs.partition_point(|run| run.end() <= range.start());
        self.runs.get(index).is_some_and(|run| run.covers(range))
    }

    /// Reports whether any byte of `range` is in the set.
    pub fn intersects(&self, range: ByteRange) -> bool {
        !self.overlapping(range).is_empty()
    }

    /// Returns the number of bytes of `range` in the set.
    pub fn covered(&self, range: ByteRange) -> u64 {
        self.runs
            .range(self.overlapping(range))
            .filter_map(|run| run.intersect(range))
            .map(ByteRange::len)
            .sum()
    }

    /// Returns the parts of `range` that are not in the set, ascending.
    pub fn gaps(&self, range: ByteRange) -> impl Iterator<Item = ByteRange> + '_ {
        let mut at = range.start();
        let ends = self
            .runs
            .range(self.overlapping(range))
            .map(|run| (run.start(), run.end()))
            .chain([(range.end(), range.end())]);
        ends.filter_map(move |(start, end)| {
            let gap = ByteRange::new(at, start.min(range.end()));
            at = end;
            gap
        })
    }

    /// Returns the end of the contiguous run of bytes from offset 0; 0 if byte 0 is missing.
    pub fn frontier(&self) -> u64 {
        self.first()
            .filter(|run| run.start() == 0)
            .map_or(0, ByteRange::end)
    }

    fn overlapping(&self, range: ByteRange) -> Range<usize> {
        self.indices(
            |run| run.end() <= range.start(),
            |run| run.start() < range.end(),
        )
    }

    fn indices(
        &self,
        before: impl Fn(&ByteRange) -> bool,
        not_after: impl Fn(&ByteRange) -> bool,
    ) -> Range<usize> {
        let start = self.runs.partition_point(before);
        start..self.runs.partition_point(not_after).max(start)
    }

    /// Replaces the runs at `indices` with `runs`.
    fn replace(&mut self, indices: Range<usize>, runs: impl IntoIterator<Item = ByteRange>) {
        let start = indices.start;
        self.runs.drain(indices);
        for (offset, run) in runs.into_iter().enumerate() {
            self.runs.insert(start + offset, run);
        }
    }

    fn length_of(&self, indices: &Range<usize>) -> u64 {
        self.runs
            .range(indices.clone())
            .copied()
            .map(ByteRange::len)
            .sum()
    }
}

impl Extend<ByteRange> for RangeSet {
    fn extend<I: IntoIterator<Item = ByteRange>>(&mut self, ranges: I) {
        for range in ranges {
            self.insert(range);
        }
    }
}

impl FromIterator<ByteRange> for RangeSet {
    fn from_iter<I: IntoIterator<Item = ByteRange>>(ranges: I) -> Self {
        let mut set = Self::new();
        set.extend(ranges);
        set
    }
}
