//! Owns how many connections are used: a search for the level past which goodput no longer grows.
//! Knows counts of bytes and workers, no segment.

mod doubt;
mod growth;
mod refine;
#[cfg(test)]
mod tests;

use core::time::Duration;

use super::sample::{Sample, Verdict, halves, pays, reaches};
use crate::limits;
use crate::time::Timestamp;
use range_core::units::{ByteCount, BytesPerSecond};

/// The search, and what it has found.
///
/// A level is doubled as soon as what it brings has stopped rising steeply, and is at least 5 %
/// more than the one before it did. Growth ends at one that brings no more. Between the last level
/// that was too narrow and the one that was good, the middle is tried, down to a distance of two.
/// From there on two more are tried at growing intervals, for a path that has become wider.
#[derive(Clone, Copy, Debug)]
pub(super) struct WidthSearch {
    /// How many are used.
    level: u16,
    /// How many were at first.
    start: u16,
    /// What the user allows.
    most: u16,
    /// What the host lets us have, as far as refusals and collapses have told.
    ceiling: u16,
    raise_at: Timestamp,
    raise_after: Duration,
    lowered_at: Option<Timestamp>,
    phase: Phase,
    /// Whether hardly anything can be lost on the way.
    is_near: bool,
    /// Whether a narrower level was left before it had shown what it can do.
    is_doubtful: bool,
    level_since: Timestamp,
    look_at: Timestamp,
    window: Option<Window>,
    /// What the last window of this level brought.
    last: Option<u64>,
    /// Bytes a second, as of the last window in which everyone was busy.
    goodput: u64,
    probe_after: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Phase {
    /// Each step doubles; `before` is the level below and what it brought.
    Growing { before: Option<Level> },
    /// Growing has ended: half of `wide`, which is to be measured again where it is `None`, may do
    /// as well, or better, at a host that punishes many.
    Doubting { wide: Option<Level> },
    /// `high` was good, `low` too narrow or not tried; the level lies between.
    Refining { low: u16, high: Level },
    /// The level is found; a wider one is tried at a later moment.
    Settled { probe_at: Timestamp },
    /// A few more than at the level that was found.
    Probing { found: Level },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Level {
    width: u16,
    goodput: u64,
}

/// A stretch of time in which every worker of the level was busy.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Timestamp,
    received: u64,
}

impl WidthSearch {
    /// A search from `start` connections on, where the user allows `most`.
    pub(super) fn new(start: u16, most: u16) -> Self {
        Self {
            level: most.min(start),
            start,
            most,
            ceiling: most,
            raise_at: Timestamp::START,
            raise_after: limits::WIDTH_RAISE_INTERVAL,
            lowered_at: None,
            phase: Phase::Growing { before: None },
            is_near: false,
            is_doubtful: false,
            level_since: Timestamp::START,
            look_at: Timestamp::START,
            window: None,
            last: None,
            goodput: 0,
            probe_after: limits::WIDTH_RAISE_INTERVAL,
        }
    }

    /// The first reply has begun, after `latency`. Hardly a host or a link minds twice the start;
    /// where the latency was long, the second step is not worth what it would take either. Near by,
    /// where each step takes no time, none is made without need.
    pub(super) fn opened(&mut self, latency: Duration, is_limited: bool) {
        if is_limited {
            return;
        }
        self.is_near = latency < limits::NEAR_LATENCY;
        self.is_doubtful = latency >= limits::VERY_FAR_LATENCY;
        let steps = match (self.is_near, self.is_doubtful) {
            (true, _) => 1,
            (false, false) => 2,
            (false, true) => limits::WIDTH_LEAP,
        };
        self.level = self.ceiling.min(self.start * steps);
    }

    /// Whether no level is found yet: what connections bring is not what they can.
    pub(super) const fn is_growing(&self) -> bool {
        matches!(self.phase, Phase::Growing { .. })
    }

    pub(super) const fn level(&self) -> u16 {
        self.level
    }

    /// Bytes a second that came lately; 0 before anything was measured.
    pub(super) const fn goodput(&self) -> u64 {
        self.goodput
    }

    /// When the next look is due, and whether it can change anything.
    pub(super) fn next_look(&self) -> Option<Timestamp> {
        (self.most > 1).then_some(self.look_at)
    }

    /// Looks at what has arrived, if a look is due.
    pub(super) fn look(&mut self, sample: Sample) -> Verdict {
        if self.most == 1 || sample.now < self.look_at {
            return Verdict::Unchanged;
        }
        let before = self.level;
        self.raise_ceiling(sample.now);
        let busy = sample.workers >= usize::from(self.level);
        let mut collapsed = false;
        match self.window.take() {
            Some(window) if busy => {
                let bytes = ByteCount(sample.received - window.received);
                let elapsed = sample.now.since(window.since);
                let goodput = BytesPerSecond::mean(bytes, elapsed).0;
                let least = self.least_span(sample, goodput);
                if elapsed < least {
                    self.window = Some(window);
                    self.look_at = window.since + least;
                    return Verdict::Unchanged;
                }
                self.goodput = goodput;
                if reaches(sample.limit, goodput, 90) {
                    self.reach_limit(sample, goodput);
                } else {
                    collapsed = self.judge(sample, goodput);
                }
                self.last = Some(goodput);
                if self.level == before {
                    self.open_window(sample);
                } else {
                    self.begin_level(sample);
                }
            }
            None if busy && self.has_settled(sample) => self.open_window(sample),
            Some(_) | None => {
                self.look_at = sample.now + self.span(sample.latency) / 2;
                if self.is_exceeded(sample) {
                    return Verdict::Exceeded;
                }
            }
        }
        match self.level {
            level if level == before => Verdict::Unchanged,
            _ if collapsed => Verdict::Collapsed,
            _ => Verdict::Changed,
        }
    }

    /// Everyone's bytes have begun to come, and those above a lowered level have finished what they
    /// had.
    fn has_settled(&self, sample: Sample) -> bool {
        let waited = sample.now.since(self.level_since);
        let is_late = waited >= (sample.latency + sample.first_byte) * 4;
        let began = (sample.starting == 0 || is_late) && sample.received > 0;
        began && sample.workers <= usize::from(self.level)
    }

    /// Those above a lowered level have had time to finish what they had. A segment may last for
    /// minutes, and nothing can be judged before. Under a limit on the rate nothing depends on it.
    fn is_exceeded(&self, sample: Sample) -> bool {
        let waited = sample.now.since(self.level_since) >= self.span(sample.latency);
        waited && sample.workers > usize::from(self.level) && sample.limit.is_none()
    }

    /// How long a window with such a goodput must be for it to be believed. Less than before is
    /// what a penalty looks like, and so do lost packets: what came after them waits for them.
    fn least_span(&self, sample: Sample, goodput: u64) -> Duration {
        if reaches(sample.limit, goodput, 50) {
            return limits::RATE_WINDOW;
        }
        if let Phase::Growing {
            before: Some(before),
        } = self.phase
            && pays(goodput, before.goodput, 15)
        {
            return Self::doubt_span(sample.latency);
        }
        Duration::ZERO
    }

    fn open_window(&mut self, sample: Sample) {
        self.window = Some(Window {
            since: sample.now,
            received: sample.received,
        });
        self.look_at = sample.now + self.span(sample.latency);
    }

    fn begin_level(&mut self, sample: Sample) {
        self.level_since = sample.now;
        self.last = None;
        self.look_at = sample.now + limits::REPORT_INTERVAL;
    }

    /// Growing must find its level within a short download; what comes after it must not take
    /// noise for news.
    fn span(&self, latency: Duration) -> Duration {
        match self.phase {
            Phase::Growing { .. } => limits::WIDTH_WINDOW.max(latency / 2),
            Phase::Doubting { .. } => Self::doubt_span(latency),
            Phase::Refining { .. } | Phase::Settled { .. } | Phase::Probing { .. } => {
                limits::WIDTH_WINDOW_SLOW.max(latency * 4)
            }
        }
    }

    /// How long a level is looked at before it is taken for punished, or for free of a penalty.
    fn doubt_span(latency: Duration) -> Duration {
        limits::WIDTH_WINDOW_DOUBT.max(latency * 4)
    }

    /// Decides on the level by what it brought. True when it must be left at once.
    fn judge(&mut self, sample: Sample, goodput: u64) -> bool {
        let here = Level {
            width: self.level,
            goodput,
        };
        match self.phase {
            Phase::Growing { before } => return self.judge_growth(sample, here, before),
            Phase::Doubting { wide } => return self.judge_half(sample, here, wide),
            Phase::Refining { low, high } => self.narrow(sample, here, low, high),
            Phase::Settled { probe_at } => {
                if probe_at <= sample.now && self.level < self.ceiling {
                    self.phase = Phase::Probing { found: here };
                    let step = if self.level < self.start {
                        1
                    } else {
                        limits::WIDTH_PROBE
                    };
                    self.level = (self.level + step).min(self.ceiling);
                }
            }
            Phase::Probing { found } => {
                if halves(found.goodput, goodput) {
                    self.collapse(sample.now, found.width);
                    return true;
                }
                // Half of what the new ones would bring if each brought as much as the others.
                let added = u64::from(self.level - found.width);
                let share = 50 * added / u64::from(found.width);
                if pays(found.goodput, goodput, share.max(1)) {
                    self.probe_after = limits::WIDTH_RAISE_INTERVAL;
                    return self.grow(sample, here);
                } else if !self.still_rises(sample, goodput) {
                    self.level = found.width;
                    self.settle(sample.now);
                }
            }
        }
        false
    }

    /// A limit on the rate is reached: more connections can win nothing.
    fn reach_limit(&mut self, sample: Sample, goodput: u64) {
        let here = Level {
            width: self.level,
            goodput,
        };
        match self.phase {
            Phase::Growing { .. } if self.level > self.start => self.refine(sample, here),
            Phase::Growing { .. } | Phase::Doubting { .. } | Phase::Probing { .. } => {
                self.settle(sample.now);
            }
            Phase::Refining { low, high } => self.narrow(sample, here, low, high),
            Phase::Settled { .. } => {}
        }
    }

    fn settle(&mut self, now: Timestamp) {
        self.phase = Phase::Settled {
            probe_at: now + self.probe_after,
        };
        self.probe_after = (self.probe_after * 2).min(limits::WIDTH_RAISE_INTERVAL_MAX);
    }

    /// The host has refused a connection that was asked for at `began`, while it served `served`
    /// others. True when the width is lower for it.
    pub(super) fn refused(&mut self, now: Timestamp, began: Timestamp, served: u16) -> bool {
        let served = served.max(1);
        if served >= self.level {
            return false;
        }
        // One burst of refusals is one lesson, however many were refused at once.
        let is_news = self.lowered_at.is_none_or(|lowered| lowered < began);
        if is_news {
            self.probe_after = (self.probe_after * 2).min(limits::WIDTH_RAISE_INTERVAL_MAX);
        }
        if is_news && self.lowered_at.is_some() {
            self.raise_after = (self.raise_after * 2).min(limits::WIDTH_RAISE_INTERVAL_MAX);
        }
        self.lower_ceiling(now, served);
        self.level = served;
        self.level_since = now;
        self.window = None;
        self.last = None;
        self.phase = Phase::Settled {
            probe_at: now + self.probe_after,
        };
        true
    }

    fn lower_ceiling(&mut self, now: Timestamp, ceiling: u16) {
        self.ceiling = ceiling.max(1);
        self.lowered_at = Some(now);
        self.raise_at = now + self.raise_after;
    }

    /// A lowered ceiling recovers one connection at a time, so that a refusal that was an accident
    /// costs little and one that was meant is tested ever more rarely.
    fn raise_ceiling(&mut self, now: Timestamp) {
        if self.ceiling < self.most && self.raise_at <= now {
            self.ceiling += 1;
            self.raise_at = now + self.raise_after;
        }
    }
}
