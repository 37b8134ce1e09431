//! Owns how far ahead of its reader a download may be that is read in order: no byte at or beyond
//! the horizon is asked for. Knows no worker and no reply.

use crate::limits;
use range_core::block::BlockSize;
use range_core::range::ByteRange;

/// The bytes that the reader has taken, and how many more may wait for it. A download that nobody
/// reads in order has no horizon.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Horizon {
    window: Option<u64>,
    /// The reader has taken every byte before this offset.
    taken: u64,
}

impl Horizon {
    pub(crate) fn new(window: Option<u64>) -> Self {
        Self {
            window: window.map(|window| window.max(limits::WINDOW_MIN)),
            taken: 0,
        }
    }

    /// The reader has taken every byte before `end`. True where that is news.
    pub(crate) fn takes(&mut self, end: u64) -> bool {
        let is_news = end > self.taken;
        self.taken = self.taken.max(end);
        is_news
    }

    /// Returns the offset that no byte passes, if there is one.
    pub(crate) fn end(&self) -> Option<u64> {
        Some(self.taken.saturating_add(self.window?))
    }

    /// Returns an offset, or the horizon where that is nearer.
    pub(crate) fn bound(&self, offset: u64) -> u64 {
        self.end().map_or(offset, |end| offset.min(end))
    }

    /// Nothing may be written at `position` before the reader takes more.
    pub(crate) fn holds(&self, position: u64) -> bool {
        self.end().is_some_and(|end| position >= end)
    }

    /// The reader has nothing of what it is given before `position`: it waits.
    pub(crate) const fn starves_at(&self, position: u64) -> bool {
        self.taken >= position
    }

    /// Returns a distance, or the window where that is shorter.
    pub(crate) fn within(&self, distance: u64) -> u64 {
        self.window.map_or(distance, |window| distance.min(window))
    }

    /// Returns the longest segment: half of the window, so that the reader has the one while the
    /// next arrives.
    pub(crate) fn longest(&self, block: BlockSize) -> u64 {
        let half = |window: u64| block.floor(window / 2).max(block.get().into());
        self.window.map_or(u64::MAX, half)
    }

    /// Returns the part of a run that may be asked for by now: none before a whole segment of it
    /// may, or all of it. Otherwise there would be a request for each few bytes that the reader
    /// takes.
    ///
    /// Where the reader waits for the first byte of the run there is always some.
    pub(crate) fn front(
        &self,
        run: ByteRange,
        segment: u64,
        block: BlockSize,
    ) -> Option<ByteRange> {
        let Some(end) = self.end().filter(|end| run.end() > *end) else {
            return Some(run);
        };
        let segment = segment.min(self.longest(block));
        let most = block.floor(end);
        if run.start().saturating_add(segment) > most {
            return None;
        }
        ByteRange::new(run.start(), most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Random;

    const BLOCK: u64 = SIZE.get() as u64;
    const SIZE: BlockSize = limits::WINDOW_BLOCK;

    fn horizon(window: u64, taken: u64) -> Horizon {
        let mut horizon = Horizon::new(Some(window));
        horizon.takes(taken);
        horizon
    }

    fn range(start: u64, end: u64) -> ByteRange {
        ByteRange::new(start, end).unwrap()
    }

    #[test]
    fn without_a_window_everything_may_be_asked_for() {
        let horizon = Horizon::new(None);
        let run = range(7, u64::MAX);
        assert_eq!(horizon.front(run, 1, SIZE), Some(run));
        assert!(!horizon.holds(u64::MAX));
        assert_eq!(horizon.bound(u64::MAX), u64::MAX);
    }

    #[test]
    fn a_run_is_asked_for_up_to_the_horizon_and_a_segment_at_least() {
        let front = |taken, run, segment| horizon(8 * BLOCK, taken).front(run, segment, SIZE);
        let rest = range(4 * BLOCK, 100 * BLOCK);
        assert_eq!(front(0, rest, 4 * BLOCK), Some(range(4 * BLOCK, 8 * BLOCK)));
        assert_eq!(
            front(BLOCK - 1, rest, BLOCK),
            Some(range(4 * BLOCK, 8 * BLOCK))
        );
        let rest = range(5 * BLOCK, 100 * BLOCK);
        assert_eq!(front(0, rest, 4 * BLOCK), None, "a sliver");
        assert_eq!(
            front(BLOCK, rest, 4 * BLOCK),
            Some(range(5 * BLOCK, 9 * BLOCK))
        );
        let end = range(7 * BLOCK, 7 * BLOCK + 5);
        assert_eq!(front(0, end, 4 * BLOCK), Some(end), "all there is");
    }

    #[test]
    fn what_the_reader_takes_only_grows() {
        let mut horizon = horizon(4 * BLOCK, 10);
        assert!(!horizon.takes(10) && !horizon.takes(9) && horizon.takes(11));
        assert_eq!(horizon.end(), Some(11 + 4 * BLOCK));
    }

    /// A reader that has all there is before a run never waits for it in vain, whatever the window,
    /// the segment and the place; and no byte passes the horizon.
    #[test]
    fn the_lowest_run_may_always_be_asked_for_where_the_reader_waits_for_it() {
        for seed in 0..20_000 {
            let mut dice = Random::new(seed);
            let mut roll = |most: u64| dice.draw() % most + 1;
            let window = limits::WINDOW_MIN + roll(64 * BLOCK) - 1;
            let taken = roll(1 << 40);
            let horizon = horizon(window, taken);
            let most = roll(40);
            let segment = roll(1 << most);
            let start = taken + if roll(2) == 1 { 0 } else { roll(window) };
            let most = roll(40);
            let run = range(start, start + roll(1 << most));
            let front = horizon.front(run, segment, SIZE);
            assert!(front.is_some() || start > taken, "seed {seed}");
            let end = front.map_or(0, ByteRange::end);
            assert!(end <= taken + window, "seed {seed}");
            assert!(
                front.is_none_or(|front| front.start() == start),
                "seed {seed}"
            );
        }
    }
}
