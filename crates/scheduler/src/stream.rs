//! Owns what the tries of a plain stream have in common: how far any came, and where they end.
//! Knows no worker.

use crate::limits;

/// A plain stream, which begins again at byte 0 with every try.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Stream {
    /// The furthest offset that any try reached.
    furthest: u64,
    /// The offset at which the last try ended, and the number in a row that have ended there.
    end: (u64, u32),
}

impl Stream {
    /// A try has come to `position`. Returns how many of its bytes are progress: those that no
    /// earlier try has brought.
    pub(crate) fn reached(&mut self, position: u64) -> u64 {
        let progress = position.saturating_sub(self.furthest);
        self.furthest = self.furthest.max(position);
        progress
    }

    /// A try has ended at `position`. True where so many in a row have that the next would too.
    pub(crate) fn broke_at(&mut self, position: u64) -> bool {
        let (end, times) = self.end;
        let times = if end == position { times + 1 } else { 1 };
        self.end = (position, times);
        times >= limits::SAME_END_MAX
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_no_earlier_try_has_brought_is_progress() {
        let mut stream = Stream::default();
        let reached = [100, 150, 50, 149, 150, 170].map(|position| stream.reached(position));
        assert_eq!(reached, [100, 50, 0, 0, 0, 20]);
    }

    #[test]
    fn tries_that_end_at_one_place_in_a_row_are_the_end() {
        let mut stream = Stream::default();
        let ends = [100, 100, 150, 150, 100, 100, 100];
        let is_last = ends.map(|position| stream.broke_at(position));
        assert_eq!(is_last, [false, false, false, false, false, false, true]);
    }
}
