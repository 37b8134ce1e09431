//! Owns when a level gives way to twice as many, and where that ends. Knows no worker.

use super::{Level, Phase, WidthSearch};
use crate::limits;
use crate::sample::{Sample, halves, pays};

impl WidthSearch {
    /// Decides on a level that was opened because the one `before` paid. True when it must be left
    /// at once.
    pub(super) fn judge_growth(
        &mut self,
        sample: Sample,
        here: Level,
        before: Option<Level>,
    ) -> bool {
        let is_less = before.filter(|before| pays(here.goodput, before.goodput, 15));
        if let Some(before) = is_less {
            self.shrink(sample, here, before);
            return true;
        }
        if self.rises_steeply(sample, here.goodput) {
            return false;
        }
        let still_rises = self.still_rises(sample, here.goodput);
        match before {
            None => return self.grow(sample, here),
            Some(before) if pays(before.goodput, here.goodput, 5) => {
                // No number of connections brings more than as many times as much: the one before
                // was slow for another reason.
                let most = before.goodput.saturating_mul(here.width.into());
                self.is_doubtful |= pays(most / u64::from(before.width), here.goodput, 25);
                // Where there is nothing wider, narrower levels are to be compared with what this
                // one can do, not with its slow start.
                if self.level < self.ceiling || !still_rises {
                    return self.grow(sample, here);
                }
            }
            Some(before) if !still_rises => return self.stop_growing(sample, here, before),
            Some(_) => {}
        }
        false
    }

    /// A level brought less than the one `before` it.
    fn shrink(&mut self, sample: Sample, here: Level, before: Level) {
        if halves(before.goodput, here.goodput) {
            self.collapse(sample.now, before.width);
        } else {
            self.measure_again(before.width);
        }
    }

    /// Doubles the level, or ends the growth where it may not become wider. True when some must let
    /// go at once.
    pub(super) fn grow(&mut self, sample: Sample, here: Level) -> bool {
        let wider = here.width.saturating_mul(2).min(self.ceiling);
        if wider > here.width {
            self.phase = Phase::Growing { before: Some(here) };
            self.level = wider;
        } else if self.is_doubtful {
            self.measure_again(here.width);
        } else {
            return self.end_growth(sample, here);
        }
        false
    }

    /// A level brought about as much as the one `before` it. It stays, since what is lost on the
    /// way hurts many less, unless the one before was left in its slow start, or nothing is lost.
    fn stop_growing(&mut self, sample: Sample, here: Level, before: Level) -> bool {
        if self.is_doubtful {
            return self.step_back(sample, before, here.goodput);
        }
        self.end_growth(sample, if self.is_near { before } else { here })
    }

    /// Slow start: a level is not known to be useless while its goodput grows from window to
    /// window.
    pub(super) fn still_rises(&self, sample: Sample, goodput: u64) -> bool {
        self.is_young(sample) && self.last.is_none_or(|last| pays(last, goodput, 3))
    }

    /// Slow start again: what a level can do is not known yet, nor whether more would be punished.
    /// At hosts so far away that some levels were leapt over nobody waits for it, and under a limit
    /// on the rate it does not matter.
    fn rises_steeply(&self, sample: Sample, goodput: u64) -> bool {
        let is_steep = self.last.is_none_or(|last| pays(last, goodput, 25));
        let matters = !self.is_doubtful && sample.limit.is_none();
        matters && self.is_young(sample) && is_steep
    }

    fn is_young(&self, sample: Sample) -> bool {
        let patience = limits::WIDTH_WINDOW.max(sample.latency * 2) * 8 + sample.first_byte * 2;
        sample.now.since(self.level_since) < patience
    }
}
