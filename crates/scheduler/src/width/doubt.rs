//! Owns what a search does about a level that has disappointed: it may be the one below that is
//! wrong as well. Knows no worker.

use super::{Level, Phase, WidthSearch};
use crate::limits;
use crate::sample::{Sample, pays};
use crate::time::Timestamp;

impl WidthSearch {
    /// Growth has ended at `good`. It may have been opened before the level below it had shown what
    /// it can do, and a host that punishes many connections punishes both alike: half is tried, and
    /// half of that, while as much comes.
    pub(super) fn end_growth(&mut self, sample: Sample, good: Level) -> bool {
        if self.may_doubt(sample, good) {
            self.phase = Phase::Doubting { wide: Some(good) };
            self.level = good.width / 2;
            return true;
        }
        self.level = good.width;
        self.refine(sample, good);
        false
    }

    /// A level brought `goodput`, no more than the one `before`. Where that is less than what the
    /// one before brought in its own slow start, what that one can do is still to be measured.
    pub(super) fn step_back(&mut self, sample: Sample, before: Level, goodput: u64) -> bool {
        let good = Level { goodput, ..before };
        if goodput >= before.goodput {
            return self.end_growth(sample, good);
        }
        self.measure_again(good.width);
        true
    }

    /// Growth has ended at a level that was judged by a short window: it is measured before half
    /// of it is tried.
    pub(super) fn measure_again(&mut self, width: u16) {
        self.is_doubtful = true;
        self.phase = Phase::Doubting { wide: None };
        self.level = width;
    }

    /// Whether half of a level is one to try, and there is time for it.
    fn may_doubt(&self, sample: Sample, wide: Level) -> bool {
        let windows = if self.is_doubtful {
            limits::WIDTH_DOUBT_WINDOWS
        } else {
            limits::WIDTH_TRUST_WINDOWS
        };
        let windows = Self::doubt_span(sample.latency) * windows;
        let lasts = u128::from(sample.left)
            > u128::from(wide.goodput).saturating_mul(windows.as_millis()) / 1000;
        lasts && wide.width >= 2 * self.start
    }

    pub(super) fn judge_half(&mut self, sample: Sample, here: Level, wide: Option<Level>) -> bool {
        let Some(wide) = wide else {
            return self.end_growth(sample, here);
        };
        if pays(wide.goodput, here.goodput, 20) {
            self.lower_ceiling_for_long(sample.now, here.width);
            self.settle(sample.now);
            return false;
        }
        if here.width >= 2 * self.start && !pays(here.goodput, wide.goodput, 15) {
            self.level = here.width / 2;
            return true;
        }
        self.level = wide.width;
        self.refine(sample, wide);
        false
    }

    /// Back to a good level, of which more is asked where that may not be all there is to it.
    pub(super) fn collapse(&mut self, now: Timestamp, good: u16) {
        let middle = good + (self.level - good) / 2;
        self.lower_ceiling_for_long(now, middle);
        self.measure_again(good);
    }

    fn lower_ceiling_for_long(&mut self, now: Timestamp, ceiling: u16) {
        self.raise_after = (self.raise_after * 2).min(limits::WIDTH_RAISE_INTERVAL_MAX);
        self.lower_ceiling(now, ceiling);
    }
}
