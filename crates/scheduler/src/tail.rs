//! Owns who loses a segment, or part of one, to another worker: at the end of a file the one that
//! would finish last, at any time the one that is slow. Knows no reply and no failure.

use alloc::vec::Vec;
use core::time::Duration;

use super::dispatch::stop;
use super::ids::SegmentId;
use super::ids::SourceId;
use super::output::Output;
use super::segment::{Active, Phase, StopCause};
use super::{Scheduler, Shape, split};
use crate::limits;
use range_core::units::BytesPerSecond;

/// Who is slow, mid-file: below so many tenths of what is typical, for so long; and how many of
/// them lose their remainders at one look.
struct Slow {
    typical: u64,
    tenths: u64,
    patience: Duration,
    at_once: usize,
}

impl Scheduler {
    /// Whether time alone may show that a segment should change hands.
    pub(super) fn watches_the_tail(&self) -> bool {
        matches!(self.shape, Shape::Segmented { .. })
            && self.has_free_worker()
            && !self.is_relocating()
            && !self.limiter.binds(self.now)
            && self.ready().is_none()
            && self.active.values().any(|a| a.stopping.is_none())
    }

    /// Each free worker gets part of the segment that would finish last, one victim a worker.
    pub(super) fn use_free_workers(&mut self) {
        if !self.watches_the_tail() || !self.has_open_source() {
            return;
        }
        self.measure();
        let changing = self
            .active
            .values()
            .filter(|active| active.shrinking.is_some())
            .count();
        let free = self.free_workers().saturating_sub(changing);
        for _ in 0..free {
            if let Some(segment) = self.crawling() {
                let active = self.active.get_mut(&segment).expect("it was just found");
                stop(active, StopCause::TakenOver, &mut self.outputs);
            } else if let Some((segment, cut)) = self.last_to_finish() {
                let active = self.active.get_mut(&segment).expect("it was just found");
                active.shrinking = Some(cut);
                let attempt = active.attempt;
                self.outputs.push_back(Output::Shrink { attempt, cut });
            } else {
                return;
            }
        }
    }

    /// What another worker would bring: where there are several sources, at the one that would be
    /// asked; otherwise the median of the workers, kept while fewer than three are measured, or
    /// than a quarter: the last ones may all be slow.
    fn measure(&mut self) {
        if self.has_several_sources() {
            let next = self.source_for(None, self.block_size().get().into());
            let rate = next.and_then(|id| self.sources[usize::from(id.0)].rate(self.now));
            self.typical_rate = rate.unwrap_or(self.typical_rate);
            return;
        }
        let mut rates: Vec<u64> = self
            .active
            .values()
            .filter_map(|active| self.pace(active))
            .collect();
        rates.sort_unstable();
        let are_typical = rates.len() > 2 && 4 * rates.len() > usize::from(self.width());
        let median = rates.get(rates.len() / 2).copied();
        self.typical_rate = match median {
            Some(median) if are_typical => median,
            // The others may have been done before anything could be measured but slow start, and
            // have left some behind that crawl.
            _ if self.typical_rate > 0 => self.typical_rate.max(self.mean_rate()),
            Some(median) => median.max(self.rate_of_one()).max(self.mean_rate()),
            None => self.rate_of_one(),
        };
    }

    /// What a worker has brought in a second since the start, had as many as there may be shared
    /// all of it: less than any rate that is typical.
    fn mean_rate(&self) -> u64 {
        let elapsed = self.now.since_start().as_millis().max(1);
        let workers = u128::from(self.config.width.get());
        let mean = u128::from(self.received_total) * 1000 / elapsed / workers;
        u64::try_from(mean).unwrap_or(u64::MAX)
    }

    /// The slowest worker whose remainder another one would have much sooner although it has to
    /// ask anew: it is silent, or far below what is typical, or has less than can be shared.
    fn crawling(&self) -> Option<SegmentId> {
        let block = u64::from(self.block_size().get());
        self.active
            .iter()
            .filter(|(_, active)| undisturbed(active))
            .filter_map(|(id, active)| {
                let left = active.left?.len();
                let silent = self.is_silent(active);
                let rate = match self.pace(active) {
                    _ if silent => 0,
                    rate => rate?,
                };
                let anew = millis(u128::from(left), self.typical_rate)
                    .saturating_add((self.latency + self.lead()).as_millis());
                let as_it_is = millis(u128::from(left), rate);
                let takes_over = if silent || self.crawls(rate) {
                    as_it_is > anew
                } else {
                    let margin = limits::TAIL_SILENCE.as_millis();
                    left <= block && as_it_is > anew.saturating_mul(2).saturating_add(margin)
                };
                takes_over.then_some((rate, *id))
            })
            .min()
            .map(|(_, id)| id)
    }

    fn crawls(&self, rate: u64) -> bool {
        u128::from(rate) * 10 < u128::from(self.typical_rate) * u128::from(limits::CRAWL_TENTHS)
    }

    /// From a request until its first byte: the head, and what comes after that.
    pub(super) fn lead(&self) -> Duration {
        self.latency + self.first_byte
    }

    /// How much time says nothing about a reply from a source: no byte of it need have come.
    pub(super) fn beat(&self, from: SourceId) -> Duration {
        let source = &self.sources[usize::from(from.0)];
        self.latency.max(source.rhythm.pause())
    }

    /// Bytes a second. A reply that has brought none is not slow: it cannot be measured.
    pub(super) fn pace(&self, active: &Active) -> Option<u64> {
        let pace = || active.pace.at(self.now, self.beat(active.source));
        active.brought_bytes().then(pace).flatten()
    }

    /// Has brought nothing for longer than replies of its source take to begin, and longer still
    /// where others were given up for that.
    fn is_overdue(&self, active: &Active) -> bool {
        let rhythm = &self.sources[usize::from(active.source.0)].rhythm;
        let patience = rhythm.patience(self.latency, active.barren);
        !active.brought_bytes() && self.now.since(active.last_progress) >= patience
    }

    /// Silent for a while in which others were not, or, when it is the last, for longer.
    fn is_silent(&self, active: &Active) -> bool {
        if !active.brought_bytes() {
            return self.is_overdue(active);
        }
        let rhythm = &self.sources[usize::from(active.source.0)].rhythm;
        let span = rhythm.silence(self.latency);
        let silence = self.now.since(active.last_progress);
        let others = self.last_received.since(active.last_progress);
        (silence >= span && others >= span / 2) || silence >= limits::LAST_SILENCE.max(span * 2)
    }

    /// Mid-file, a worker that stays far below its peers loses its remainder, which is asked for
    /// anew: only where what it has left is worth another request. Where a limit on the rate is
    /// what holds everyone back, nothing is won but from one that is silent.
    pub(super) fn drop_the_slow(&mut self) {
        if self.active.len() < 3 || !self.has_open_gate() {
            return;
        }
        self.measure();
        let (now, latency) = (self.now, self.latency);
        let slow = self.slow();
        let are_slow: Vec<bool> = self
            .active
            .values()
            .map(|active| undisturbed(active) && self.is_slow(active, &slow))
            .collect();
        for (active, is_slow) in self.active.values_mut().zip(are_slow) {
            active.slow_since = is_slow.then(|| active.slow_since.unwrap_or(now));
        }
        let long = self.active.values_mut().filter(|active| {
            let long = active
                .slow_since
                .is_some_and(|since| now.since(since) >= slow.patience);
            let left = active.left.map_or(0, |left| u128::from(left.len()));
            long && millis(left, slow.typical) > 4 * latency.as_millis()
        });
        for active in long.take(slow.at_once) {
            stop(active, StopCause::TakenOver, &mut self.outputs);
        }
    }

    fn is_slow(&self, active: &Active, slow: &Slow) -> bool {
        let source = &self.sources[usize::from(active.source.0)];
        // The peers of one at a slow source are those there.
        let typical = if self.has_several_sources() {
            source.rate(self.now).unwrap_or(0)
        } else {
            slow.typical
        };
        let silence = self.now.since(active.last_progress);
        if self.limiter.binds(self.now) && silence < limits::TAIL_SILENCE {
            return false;
        }
        let is_below = |rate| u128::from(rate) * 10 < u128::from(typical) * u128::from(slow.tenths);
        self.pace(active).is_some_and(is_below) || (typical > 0 && self.is_overdue(active))
    }

    /// Who is slow, mid-file. At a far host whose width is found, a connection is renewed long
    /// before it crawls.
    fn slow(&self) -> Slow {
        let is_growing = self.living().any(|(_, source)| source.width.is_growing());
        if self.latency < limits::FAR_LATENCY || is_growing || self.has_several_sources() {
            return Slow {
                typical: self.typical_rate,
                tenths: limits::CRAWL_TENTHS,
                patience: limits::CRAWL_PATIENCE.max(self.latency * 16),
                at_once: 1,
            };
        }
        let rates = || self.active.values().filter_map(|active| self.pace(active));
        let sum = rates().fold(0, u64::saturating_add);
        Slow {
            // A few that are new bring much more than the median.
            typical: sum.checked_div(rates().count() as u64).unwrap_or(0),
            tenths: limits::RENEW_TENTHS,
            patience: limits::RENEW_PATIENCE.max(self.latency * 6),
            at_once: limits::RENEWED_AT_ONCE,
        }
    }

    fn last_to_finish(&self) -> Option<(SegmentId, u64)> {
        self.active
            .iter()
            .filter(|(_, active)| !self.may_ramp(active))
            .filter_map(|(id, active)| {
                let own = self.rate_of(active);
                let typical = BytesPerSecond(self.typical_rate);
                let block = self.block_size();
                let cut = split::cut(active, own, typical, self.lead(), block)?;
                let left = active.left?;
                let time = millis(u128::from(left.len()), own.0);
                // Nothing is won where the thief's reply would come as the victim finishes.
                let saved = millis(u128::from(left.end() - cut), own.0);
                let worth = saved > (self.lead() * limits::SPLIT_LATENCIES).as_millis();
                let left = left.len();
                worth.then_some((time, left, *id, cut))
            })
            .max()
            .map(|(_, _, id, cut)| (id, cut))
    }

    /// Whether a reply may still be in slow start: it has little to lose to another one that would
    /// be so too, and what it has brought does not tell when it ends.
    fn may_ramp(&self, active: &Active) -> bool {
        let ramp = self.latency * limits::SLOW_START_LATENCIES;
        active.pace.is_younger_than(ramp, self.now)
    }

    fn rate_of(&self, active: &Active) -> BytesPerSecond {
        BytesPerSecond(self.pace(active).unwrap_or(self.typical_rate))
    }
}

/// It streams, and nothing has been asked of it.
fn undisturbed(active: &Active) -> bool {
    active.phase == Phase::Streaming && active.shrinking.is_none() && active.stopping.is_none()
}

/// How long `bytes` take at a rate; without a rate, for ever.
fn millis(bytes: u128, rate: u64) -> u128 {
    (bytes * 1000)
        .checked_div(u128::from(rate))
        .unwrap_or(u128::MAX)
}
