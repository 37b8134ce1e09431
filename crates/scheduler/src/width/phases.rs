//! Owns the phases of a search for a width, and what follows from what a level has brought: one
//! `match`, whose result is what changes. Knows no window and no worker.

use core::time::Duration;

use crate::limits;
use crate::sample::{Sample, halves, pays, reaches};
use crate::time::Timestamp;

/// The phase of a search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Each step doubles; `before` is the level below.
    Growing { before: Option<Level> },
    /// Growth has ended at a level that was judged by a short window: it is measured once more.
    Rechecking,
    /// Growth has ended at `wide`: half of it may do as well, or better, at a host that punishes
    /// many.
    Halving { wide: Level },
    /// `high` was good, `low` too narrow or not tried; the level lies between.
    Refining { low: u16, high: Level },
    /// The level is found; a wider one is tried at a later moment.
    Settled { probe_at: Timestamp },
    /// A few more than at the level that was found.
    Probing { found: Level },
}

/// A width that was tried, and the bytes a second it brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Level {
    pub(super) width: u16,
    pub(super) goodput: u64,
}

/// The conclusion from the goodput of a level.
#[derive(Clone, Copy, Debug)]
pub(super) enum Transition {
    /// The level has not shown what it can do, or is the one that was found.
    Stay,
    /// Another phase begins, at another level or at the same.
    To { phase: Phase, level: u16 },
    /// As `To`, and workers above the level let go at once.
    Shed { phase: Phase, level: u16 },
    /// The level is found.
    Settle { level: u16 },
    /// The level is found, and the host punishes more.
    SettleBelow { level: u16 },
    /// The host punishes this level. Back to the last good one, which may have more to show.
    Collapse { good: u16 },
}

impl Transition {
    /// The middle is tried between a level that is too narrow, or was not tried, and a good one.
    fn between(low: u16, high: Level) -> Self {
        Self::To {
            phase: Phase::Refining { low, high },
            level: low + (high.width - low) / 2,
        }
    }
}

/// The measurement of a level at the end of a window.
#[derive(Clone, Copy, Debug)]
pub(super) struct Seen {
    pub(super) here: Level,
    /// Bytes a second in the window before, if it was of this level too.
    pub(super) last: Option<u64>,
    /// The time for which the level has been used.
    pub(super) age: Duration,
    /// The widest level that the host is thought to allow.
    pub(super) ceiling: u16,
    pub(super) sample: Sample,
}

impl Seen {
    /// Slow start: a level is not known to be useless while its goodput grows from window to
    /// window.
    fn still_rises(&self) -> bool {
        self.rises_by(3)
    }

    fn rises_by(&self, hundredths: u64) -> bool {
        let latency = self.sample.latency;
        let young = limits::WIDTH_WINDOW.max(latency * 2) * 8 + self.sample.first_byte * 2;
        let rises = |last| pays(last, self.here.goodput, hundredths);
        self.age < young && self.last.is_none_or(rises)
    }

    /// The rest of the file takes longer than this at what a level brings.
    fn lasts(&self, level: Level, span: Duration) -> bool {
        let bytes = u128::from(level.goodput).saturating_mul(span.as_millis()) / 1000;
        u128::from(self.sample.left) > bytes
    }
}

/// The state of a search, and its knowledge about the host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Course {
    pub(super) phase: Phase,
    /// The number of connections at first.
    pub(super) start: u16,
    /// Hardly anything can be lost on the way.
    pub(super) is_near: bool,
    /// Some level was left before it had shown what it can do: the one that growth ends at is
    /// measured once more, and half of it is tried sooner.
    pub(super) must_recheck: bool,
    /// The time for which the level that is found stays before a wider one is tried.
    pub(super) probe_after: Duration,
}

impl Course {
    pub(super) const fn new(start: u16) -> Self {
        Self {
            phase: Phase::Growing { before: None },
            start,
            is_near: false,
            must_recheck: false,
            probe_after: limits::WIDTH_RAISE_INTERVAL,
        }
    }

    /// Draws the conclusion from the goodput of a level.
    pub(super) fn judge(&mut self, seen: &Seen) -> Transition {
        let here = seen.here;
        // More connections can win nothing.
        let is_enough = reaches(seen.sample.limit, here.goodput, 90);
        match self.phase {
            Phase::Growing { .. } if is_enough && here.width > self.start => {
                self.search_below(seen, here)
            }
            Phase::Settled { .. } if is_enough => Transition::Stay,
            Phase::Refining { low, high } => self.narrow(here, low, high),
            _ if is_enough => Transition::Settle { level: here.width },
            Phase::Growing { before: None } if self.rises_steeply(seen) => Transition::Stay,
            Phase::Growing { before: None } => self.grow(seen),
            Phase::Growing {
                before: Some(before),
            } => self.judge_growth(seen, before),
            Phase::Rechecking => self.end_growth(seen, here),
            Phase::Halving { wide } => self.judge_half(seen, wide),
            Phase::Settled { probe_at } if probe_at <= seen.sample.now => self.probe(seen),
            Phase::Settled { .. } => Transition::Stay,
            Phase::Probing { found } => self.judge_probe(seen, found),
        }
    }

    /// Decides on a level that was opened because the one `before` paid.
    fn judge_growth(&mut self, seen: &Seen, before: Level) -> Transition {
        let here = seen.here;
        if halves(before.goodput, here.goodput) {
            return Transition::Collapse { good: before.width };
        }
        if pays(here.goodput, before.goodput, 15) {
            return Transition::Shed {
                phase: Phase::Rechecking,
                level: before.width,
            };
        }
        if self.rises_steeply(seen) {
            return Transition::Stay;
        }
        let still_rises = seen.still_rises();
        if pays(before.goodput, here.goodput, 5) {
            // The rate grows at most as the number of connections does. If it seems to grow more,
            // the level before was measured in a bad moment.
            let most = before.goodput.saturating_mul(here.width.into());
            self.must_recheck |= pays(most / u64::from(before.width), here.goodput, 25);
            // If there is nothing wider, narrower levels are to be compared with what this one can
            // do, not with its slow start.
            if here.width < seen.ceiling || !still_rises {
                return self.grow(seen);
            }
        } else if !still_rises {
            return self.stop_growing(seen, before);
        }
        Transition::Stay
    }

    /// Doubles the level, or ends the growth where it may not become wider.
    fn grow(&self, seen: &Seen) -> Transition {
        let here = seen.here;
        let wider = here.width.saturating_mul(2).min(seen.ceiling);
        if wider > here.width {
            let before = Some(here);
            return Transition::To {
                phase: Phase::Growing { before },
                level: wider,
            };
        }
        if self.must_recheck {
            return Transition::To {
                phase: Phase::Rechecking,
                level: here.width,
            };
        }
        self.end_growth(seen, here)
    }

    /// A level brought about as much as the one `before` it. It stays, since what is lost on the
    /// way hurts many less, unless the one before was left in its slow start, or nothing is lost.
    fn stop_growing(&self, seen: &Seen, before: Level) -> Transition {
        let here = seen.here;
        if !self.must_recheck {
            return self.end_growth(seen, if self.is_near { before } else { here });
        }
        if here.goodput < before.goodput {
            // It brought more in its own slow start than now: it can do better still.
            return Transition::Shed {
                phase: Phase::Rechecking,
                level: before.width,
            };
        }
        let goodput = here.goodput;
        self.end_growth(seen, Level { goodput, ..before })
    }

    /// Growth has ended at `good`. It may have been opened before the level below it had shown what
    /// it can do, and a host that punishes many connections punishes both alike: half is tried, and
    /// half of that, while as much comes, if there is time for it.
    fn end_growth(&self, seen: &Seen, good: Level) -> Transition {
        let windows = if self.must_recheck {
            limits::WIDTH_HALF_WINDOWS
        } else {
            limits::WIDTH_TRUST_WINDOWS
        };
        let span = half_span(seen.sample.latency) * windows;
        if good.width >= 2 * self.start && seen.lasts(good, span) {
            return Transition::Shed {
                phase: Phase::Halving { wide: good },
                level: good.width / 2,
            };
        }
        self.search_below(seen, good)
    }

    fn judge_half(&self, seen: &Seen, wide: Level) -> Transition {
        let here = seen.here;
        if pays(wide.goodput, here.goodput, 20) {
            return Transition::SettleBelow { level: here.width };
        }
        if here.width >= 2 * self.start && !pays(here.goodput, wide.goodput, 15) {
            return Transition::Shed {
                phase: self.phase,
                level: here.width / 2,
            };
        }
        self.search_below(seen, wide)
    }

    /// Looks for a narrower level that is as good as `high`, if there is time for it.
    fn search_below(&self, seen: &Seen, high: Level) -> Transition {
        let low = if let Phase::Growing {
            before: Some(before),
        } = self.phase
            && before.width < high.width
        {
            before.width
        } else {
            (high.width / 2).max(self.start)
        };
        let lasts = seen.lasts(high, slow_span(seen.sample.latency) * 40);
        if lasts && high.width <= self.start && high.width > 1 {
            Transition::between(0, high)
        } else if lasts && high.width.saturating_sub(low) > limits::WIDTH_PROBE {
            Transition::between(low, high)
        } else {
            Transition::Settle { level: high.width }
        }
    }

    fn narrow(&self, here: Level, low: u16, high: Level) -> Transition {
        // Fewer than at the start must be better, not as good: several streams bear loss better.
        let as_good = !pays(here.goodput, high.goodput, 3);
        let good = if here.width < self.start {
            pays(high.goodput, here.goodput, 20)
        } else {
            as_good
        };
        // If two bring what four do, a link is full, or three bring more.
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
            Transition::between(low, high)
        } else if good && low > self.start {
            // A level that seemed too narrow was only slow to start.
            Transition::between((low / 2).max(self.start), high)
        } else if good && high.width > self.start {
            Transition::To {
                phase: Phase::Refining { low: 0, high },
                level: self.start,
            }
        } else {
            Transition::Settle { level: high.width }
        }
    }

    fn probe(&self, seen: &Seen) -> Transition {
        let here = seen.here;
        if here.width >= seen.ceiling {
            return Transition::Stay;
        }
        let step = if here.width < self.start {
            1
        } else {
            limits::WIDTH_PROBE
        };
        Transition::To {
            phase: Phase::Probing { found: here },
            level: (here.width + step).min(seen.ceiling),
        }
    }

    fn judge_probe(&mut self, seen: &Seen, found: Level) -> Transition {
        let here = seen.here;
        if halves(found.goodput, here.goodput) {
            return Transition::Collapse { good: found.width };
        }
        // Half of what the new ones would bring if each brought as much as the others.
        let added = u64::from(here.width - found.width);
        let share = 50 * added / u64::from(found.width);
        if pays(found.goodput, here.goodput, share.max(1)) {
            self.probe_after = limits::WIDTH_RAISE_INTERVAL;
            self.grow(seen)
        } else if seen.still_rises() {
            Transition::Stay
        } else {
            Transition::Settle { level: found.width }
        }
    }

    /// Slow start again: what a level can do is not known yet, nor whether more would be punished.
    /// At hosts so far away that some levels were leapt over nobody waits for it, and under a limit
    /// on the rate it does not matter.
    fn rises_steeply(&self, seen: &Seen) -> bool {
        !self.must_recheck && seen.sample.limit.is_none() && seen.rises_by(25)
    }

    /// Returns the length that a window must have. Growing must find its level within a short
    /// download; the phases after it must not take noise for news.
    pub(super) fn span(&self, latency: Duration) -> Duration {
        match self.phase {
            Phase::Growing { .. } => limits::WIDTH_WINDOW.max(latency / 2),
            Phase::Rechecking | Phase::Halving { .. } => half_span(latency),
            Phase::Refining { .. } | Phase::Settled { .. } | Phase::Probing { .. } => {
                slow_span(latency)
            }
        }
    }

    /// Returns the length that a window with such a goodput must have for it to be believed. Less
    /// goodput than before is the sign of a penalty, and of lost packets: the bytes after them wait
    /// for them.
    pub(super) fn least_span(&self, sample: Sample, goodput: u64) -> Duration {
        if reaches(sample.limit, goodput, 50) {
            return limits::RATE_WINDOW;
        }
        if let Phase::Growing {
            before: Some(before),
        } = self.phase
            && pays(goodput, before.goodput, 15)
        {
            return half_span(sample.latency);
        }
        Duration::ZERO
    }

    /// The level is found, and stays for a while.
    pub(super) fn settle(&mut self, now: Timestamp) {
        self.phase = Phase::Settled {
            probe_at: now + self.probe_after,
        };
        self.probe_after = doubled(self.probe_after);
    }
}

/// Returns the time for which a level is looked at before it is taken for punished, or for free of
/// a penalty.
fn half_span(latency: Duration) -> Duration {
    limits::WIDTH_WINDOW_HALF.max(latency * 4)
}

/// Returns the time for which a level is looked at once the width has stopped growing.
fn slow_span(latency: Duration) -> Duration {
    limits::WIDTH_WINDOW_SLOW.max(latency * 4)
}

/// An interval that was waited for nothing is twice as long the next time.
pub(super) fn doubled(interval: Duration) -> Duration {
    (interval * 2).min(limits::WIDTH_RAISE_INTERVAL_MAX)
}
