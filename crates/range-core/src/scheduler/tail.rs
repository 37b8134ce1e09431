//! Owns what free workers do when nothing waits: they share the segment that would finish last, or
//! take it over whole from a worker that crawls.

use alloc::vec::Vec;

use super::dispatch::stop;
use super::input::SegmentId;
use super::output::Output;
use super::segment::{Active, Phase, StopCause};
use super::{Scheduler, Shape, split};
use crate::limits;
use crate::units::BytesPerSecond;

impl Scheduler {
    /// Whether time alone may show that a segment should change hands.
    pub(super) fn watches_the_tail(&self) -> bool {
        matches!(self.shape, Shape::Segmented { .. })
            && self.has_free_worker()
            && self.waiting.is_empty()
            && self.active.values().any(|a| a.stopping.is_none())
    }

    /// Each free worker gets part of the segment that would finish last, one victim a worker.
    pub(super) fn use_free_workers(&mut self) {
        if !self.watches_the_tail() || self.host_gate > self.now {
            return;
        }
        self.measure();
        let changing = self
            .active
            .values()
            .filter(|active| active.shrinking.is_some())
            .count();
        let free = usize::from(self.width).saturating_sub(self.active.len() + changing);
        for _ in 0..free {
            if let Some(segment) = self.crawling() {
                let active = self.active.get_mut(&segment).expect("it was just found");
                stop(active, StopCause::TakenOver, &mut self.outputs);
            } else if let Some((segment, cut)) = self.last_to_finish() {
                let active = self.active.get_mut(&segment).expect("it was just found");
                active.shrinking = Some(cut);
                let lease = active.lease;
                self.outputs.push_back(Output::Shrink { lease, cut });
            } else {
                return;
            }
        }
    }

    /// The median rate of the workers, kept while fewer than three are measured: the last ones
    /// may all be slow.
    fn measure(&mut self) {
        let mut rates: Vec<u64> = self
            .active
            .values()
            .filter_map(|active| active.pace.at(self.now, self.latency))
            .collect();
        if rates.len() > 2 || self.typical_rate == 0 {
            rates.sort_unstable();
            self.typical_rate = rates.get(rates.len() / 2).copied().unwrap_or(0);
        }
    }

    /// The slowest worker far below what is typical, whose remainder another one would have
    /// sooner although it has to ask anew.
    fn crawling(&self) -> Option<SegmentId> {
        self.active
            .iter()
            .filter(|(_, active)| {
                active.phase == Phase::Streaming
                    && active.shrinking.is_none()
                    && active.stopping.is_none()
            })
            .filter_map(|(id, active)| {
                let rate = active.pace.at(self.now, self.latency)?;
                let left = u128::from(active.left?.len());
                let crawls = u128::from(rate) * 10
                    < u128::from(self.typical_rate) * u128::from(limits::CRAWL_TENTHS);
                let anew =
                    millis(left, self.typical_rate).saturating_add(2 * self.latency.as_millis());
                (crawls && millis(left, rate) > anew).then_some((rate, *id))
            })
            .min()
            .map(|(_, id)| id)
    }

    fn last_to_finish(&self) -> Option<(SegmentId, u64)> {
        self.active
            .iter()
            .filter_map(|(id, active)| {
                let own = self.rate_of(active);
                let typical = BytesPerSecond(self.typical_rate);
                let block = self.config.block_size;
                let cut = split::cut(active, own, typical, self.latency, block)?;
                let left = active.left?.len();
                let time = millis(u128::from(left), own.0);
                // Nothing is won where the thief's reply would come as the victim finishes.
                let worth = time > 2 * self.latency.as_millis();
                worth.then_some((time, left, *id, cut))
            })
            .max()
            .map(|(_, _, id, cut)| (id, cut))
    }

    fn rate_of(&self, active: &Active) -> BytesPerSecond {
        let measured = active.pace.at(self.now, self.latency);
        BytesPerSecond(measured.unwrap_or(self.typical_rate))
    }
}

/// How long `bytes` take at a rate; without a rate, for ever.
fn millis(bytes: u128, rate: u64) -> u128 {
    (bytes * 1000)
        .checked_div(u128::from(rate))
        .unwrap_or(u128::MAX)
}
