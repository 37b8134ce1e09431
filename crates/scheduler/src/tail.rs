//! Owns which worker loses a segment, or part of one, to another: at the end of a file the one that
//! would finish last, at any time the one that is slow. Knows no reply and no failure.

use alloc::vec::Vec;
use core::time::Duration;

use crate::ids::{SegmentId, SourceId};
use crate::limits;
use crate::segment::Active;
use crate::split;
use crate::view::View;
use range_core::ByteRange;
use range_core::units::BytesPerSecond;

/// The rate that another worker would have, and the measure by which others lose to it.
#[derive(Debug, Default)]
pub(crate) struct Tail {
    /// Bytes a second, recent ones counting most; 0 before any was measured.
    typical_rate: u64,
}

/// Part of a segment, or all of it, changes hands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TakeOver {
    /// The worker stops; what it has left is asked for anew.
    All(SegmentId),
    /// The worker's lease ends at the cut.
    From(SegmentId, u64),
}

/// The bounds of slowness, mid-file: a worker is too slow below so many tenths of the typical rate,
/// for so long; and so many workers lose their remainders at one look.
#[derive(Clone, Copy, Debug)]
struct Slow {
    typical: u64,
    tenths: u64,
    patience: Duration,
    at_once: usize,
}

impl Tail {
    /// Measures what another worker would bring: with several sources, at the one that would be
    /// asked; otherwise the median of the workers, kept while fewer than three are measured, or
    /// than a quarter: the last ones may all be slow.
    pub(crate) fn measure(&mut self, view: View<'_>, next: Option<SourceId>) {
        let sources = view.sources;
        if sources.are_several() {
            let rate = next.and_then(|id| sources.of(id).rate(view.now));
            self.typical_rate = rate.unwrap_or(self.typical_rate);
            return;
        }
        let rates = view.ledger.active().filter_map(|active| view.rate(active));
        let mut rates: Vec<u64> = rates.collect();
        rates.sort_unstable();
        let are_typical = rates.len() > 2 && 4 * rates.len() > usize::from(sources.width());
        let median = rates.get(rates.len() / 2).copied();
        let mean = sources.mean_rate(view.now);
        self.typical_rate = match median {
            Some(median) if are_typical => median,
            // The others may have been done before anything could be measured but slow start, and
            // have left some behind that crawl.
            _ if self.typical_rate > 0 => self.typical_rate.max(mean),
            Some(median) => median.max(sources.rate_of_one()).max(mean),
            None => sources.rate_of_one(),
        };
    }

    /// Returns the part of a leased segment that a free worker gets, at the end of a file, or
    /// `only` of this segment, which a reader waits for.
    pub(crate) fn take_over(&self, view: View<'_>, only: Option<SegmentId>) -> Option<TakeOver> {
        let may_lose = |active: &Active| only.is_none_or(|only| active.attempt.segment == only);
        let crawling = self.crawling(view, may_lose).map(TakeOver::All);
        crawling.or_else(|| {
            let (segment, cut) = self.last_to_finish(view, may_lose)?;
            Some(TakeOver::From(segment, cut))
        })
    }

    /// The slowest worker whose remainder another one would have much sooner although it has to
    /// ask anew: it is silent, or far below what is typical, or has less than can be shared.
    fn crawling(&self, view: View<'_>, may_lose: impl Fn(&Active) -> bool) -> Option<SegmentId> {
        let active = view.ledger.active().filter(|active| may_lose(active));
        let undisturbed = active.filter(|active| active.is_undisturbed());
        undisturbed
            .filter_map(|active| {
                let rate = self.crawls(view, active)?;
                Some((rate, active.attempt.segment))
            })
            .min()
            .map(|(_, segment)| segment)
    }

    /// The rate of a worker that is to lose what it has left.
    fn crawls(&self, view: View<'_>, active: &Active) -> Option<u64> {
        let left = active.left?.len();
        if view.is_silent(active) {
            // Whatever another one would bring, it is more, if the source brings anything.
            return (view.sources.received() > 0).then_some(0);
        }
        if view.may_be_last_served(active) {
            return None;
        }
        let rate = view.rate(active)?;
        let ask = view.sources.latency() + view.sources.lead();
        let anew = millis(left, self.typical_rate).saturating_add(ask.as_millis());
        let as_it_is = millis(left, rate);
        let is_slow = is_below(rate, self.typical_rate, limits::CRAWL_TENTHS);
        let takes_over = if is_slow {
            as_it_is > anew
        } else {
            let margin = limits::TAIL_SILENCE.as_millis();
            let block = u64::from(view.ledger.block_size().get());
            left <= block && as_it_is > anew.saturating_mul(2).saturating_add(margin)
        };
        takes_over.then_some(rate)
    }

    fn last_to_finish(
        &self,
        view: View<'_>,
        may_lose: impl Fn(&Active) -> bool,
    ) -> Option<(SegmentId, u64)> {
        let ramp = view.sources.latency() * limits::SLOW_START_LATENCIES;
        view.ledger
            .active()
            .filter(|active| may_lose(active))
            // A reply that may still be in slow start has little to lose to another one that would
            // be so too, and what it has brought does not tell when it ends.
            .filter(|active| !active.pace.is_younger_than(ramp, view.now))
            // The end of its lease is being fetched already.
            .filter(|active| view.ledger.challenger_of(active.attempt.segment).is_none())
            .filter_map(|active| {
                let own = BytesPerSecond(view.rate(active).unwrap_or(self.typical_rate));
                let typical = BytesPerSecond(self.typical_rate);
                let (lead, block) = (view.sources.lead(), view.ledger.block_size());
                let cut = split::cut(active, own, typical, lead, block)?;
                let left = active.left?;
                let time = millis(left.len(), own.0);
                // Nothing is won where the thief's reply would come as the victim finishes.
                let saved = millis(left.end() - cut, own.0);
                let worth = saved > (lead * limits::SPLIT_LATENCIES).as_millis();
                worth.then_some((time, left.len(), active.attempt.segment, cut))
            })
            .max()
            .map(|(_, _, segment, cut)| (segment, cut))
    }

    /// Every worker that is slow, mid-file. `is_limited` where a limit on the rate is what holds
    /// everyone back: nothing is won then but from one that is silent.
    pub(crate) fn slow_ones(&self, view: View<'_>, is_limited: bool) -> Vec<SegmentId> {
        let slow = self.slow(view);
        let active = view.ledger.active();
        let slow = active
            .filter(|active| active.is_undisturbed() && is_slow(view, active, &slow, is_limited));
        slow.map(|active| active.attempt.segment).collect()
    }

    /// Workers that have been slow for long enough to lose their remainders, which are asked for
    /// anew: only where what they have left is worth another request.
    pub(crate) fn drops(&self, view: View<'_>) -> Vec<SegmentId> {
        let slow = self.slow(view);
        let ask = 4 * view.sources.latency().as_millis();
        let active = view.ledger.active();
        let long = active.filter(|active| {
            let since = active.slow_since;
            let long = since.is_some_and(|since| view.now.since(since) >= slow.patience);
            let left = active.left.map_or(0, ByteRange::len);
            long && millis(left, slow.typical) > ask
        });
        let long = long.map(|active| active.attempt.segment);
        long.take(slow.at_once).collect()
    }

    /// Returns the bounds of slowness. At a far host whose width is found, a connection is renewed
    /// long before it crawls.
    fn slow(&self, view: View<'_>) -> Slow {
        let sources = view.sources;
        let latency = sources.latency();
        if latency < limits::FAR_LATENCY || sources.are_growing() || sources.are_several() {
            return Slow {
                typical: self.typical_rate,
                tenths: limits::CRAWL_TENTHS,
                patience: limits::CRAWL_PATIENCE.max(latency * 16),
                at_once: 1,
            };
        }
        let rates = || view.ledger.active().filter_map(|active| view.rate(active));
        let sum = rates().fold(0, u64::saturating_add);
        Slow {
            // A few that are new bring much more than the median.
            typical: sum.checked_div(rates().count() as u64).unwrap_or(0),
            tenths: limits::RENEW_TENTHS,
            patience: limits::RENEW_PATIENCE.max(latency * 6),
            at_once: limits::RENEWED_AT_ONCE,
        }
    }
}

fn is_slow(view: View<'_>, active: &Active, slow: &Slow, is_limited: bool) -> bool {
    // The peers of one at a slow source are those there.
    let typical = if view.sources.are_several() {
        view.sources.of(active.source).rate(view.now).unwrap_or(0)
    } else {
        slow.typical
    };
    let silence = view.now.since(active.last_progress);
    if is_limited && silence < limits::TAIL_SILENCE {
        return false;
    }
    let rate = view.rate(active);
    let is_below = rate.is_some_and(|rate| is_below(rate, typical, slow.tenths));
    (is_below && !view.may_be_last_served(active)) || (typical > 0 && view.is_overdue(active))
}

fn is_below(rate: u64, typical: u64, tenths: u64) -> bool {
    u128::from(rate) * 10 < u128::from(typical) * u128::from(tenths)
}

/// Returns the time that `bytes` take at a rate; without a rate, for ever.
fn millis(bytes: u64, rate: u64) -> u128 {
    (u128::from(bytes) * 1000)
        .checked_div(u128::from(rate))
        .unwrap_or(u128::MAX)
}

#[cfg(test)]
impl Tail {
    /// As if another worker would bring so many bytes a second.
    pub(crate) const fn of_rate(typical_rate: u64) -> Self {
        Self { typical_rate }
    }

    pub(crate) const fn typical_rate(&self) -> u64 {
        self.typical_rate
    }
}
