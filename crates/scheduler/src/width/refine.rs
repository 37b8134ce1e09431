//! Owns the search for a narrower level that is as good as the one growth has ended at. Knows no
//! worker.

use super::{Level, Phase, WidthSearch};
use crate::limits;
use crate::sample::{Sample, pays};

impl WidthSearch {
    /// Looks for a narrower level that is as good as `high`, if there is time for it.
    pub(super) fn refine(&mut self, sample: Sample, high: Level) {
        let low = match self.phase {
            Phase::Growing {
                before: Some(before),
            } if before.width < high.width => before.width,
            Phase::Growing { .. }
            | Phase::Doubting { .. }
            | Phase::Refining { .. }
            | Phase::Settled { .. }
            | Phase::Probing { .. } => (high.width / 2).max(self.start),
        };
        let windows = limits::WIDTH_WINDOW_SLOW.max(sample.latency * 4) * 40;
        let lasts = u128::from(sample.left)
            > u128::from(high.goodput).saturating_mul(windows.as_millis()) / 1000;
        if lasts && high.width <= self.start && high.width > 1 {
            self.phase = Phase::Refining { low: 0, high };
            self.level = high.width / 2;
        } else if lasts && high.width.saturating_sub(low) > limits::WIDTH_PROBE {
            self.phase = Phase::Refining { low, high };
            self.level = low + (high.width - low) / 2;
        } else {
            self.level = high.width;
            self.settle(sample.now);
        }
    }

    pub(super) fn narrow(&mut self, sample: Sample, here: Level, low: u16, high: Level) {
        // Fewer than at the start must be better, not as good: several streams bear loss better.
        let as_good = !pays(here.goodput, high.goodput, 3);
        let good = if here.width < self.start {
            pays(high.goodput, here.goodput, 20)
        } else {
            as_good
        };
        // Where two bring what four do, a link is full, or three bring more.
        let finest = if as_good && !good {
            1
        } else {
            limits::WIDTH_PROBE
        };
        let (low, high) = if good {
            let goodput = high.goodput.max(here.goodput);
            (low, Level { goodput, ..here })
        } else {
            (here.width, high)
        };
        if high.width - low > finest {
            self.phase = Phase::Refining { low, high };
            self.level = low + (high.width - low) / 2;
        } else if good && low > self.start {
            // What was taken for too narrow was only slow to start.
            let low = (low / 2).max(self.start);
            self.phase = Phase::Refining { low, high };
            self.level = low + (high.width - low) / 2;
        } else if good && high.width > self.start {
            self.phase = Phase::Refining { low: 0, high };
            self.level = self.start;
        } else {
            self.level = high.width;
            self.settle(sample.now);
        }
    }
}
