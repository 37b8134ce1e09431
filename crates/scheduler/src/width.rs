//! Owns how many connections are used: a search for the level past which goodput no longer grows.
//! Knows counts of bytes and workers, no segment.

mod phases;
#[cfg(test)]
mod tests;

use core::time::Duration;

use crate::limits;
use crate::sample::Sample;
use crate::time::Timestamp;
use phases::{Course, Level, Phase, Seen, Transition, doubled};
use range_core::units::{ByteCount, BytesPerSecond};

/// The search, and what it has found.
///
/// A level is doubled as soon as what it brings has stopped rising steeply, and is at least 5 %
/// more than the one before it did. Growth ends at one that brings no more. Half of that is tried
/// where a host may punish many. Between the last level that was too narrow and the one that was
/// good, the middle is tried, down to a distance of two. From there on two more are tried at
/// growing intervals, for a path that has become wider.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WidthSearch {
    /// The number that are used.
    level: u16,
    /// The number that the user allows.
    most: u16,
    course: Course,
    ceiling: Ceiling,
    level_since: Timestamp,
    look_at: Timestamp,
    window: Option<Window>,
    /// Bytes a second in the last window of this level.
    last: Option<u64>,
    /// Bytes a second, as of the last window in which everyone was busy.
    goodput: u64,
    unproven: Option<Unproven>,
}

/// The search as it was before the first refusal after which nothing has come from the host: if
/// that turns out to be gone, those whom it served are gone as well, and its refusals said nothing
/// of how many it serves.
#[derive(Clone, Copy, Debug)]
struct Unproven {
    level: u16,
    course: Course,
    ceiling: Ceiling,
}

/// A stretch of time in which every worker of the level was busy.
#[derive(Clone, Copy, Debug)]
struct Window {
    since: Timestamp,
    received: u64,
}

/// The number that the host lets us have, as far as refusals and collapses have told.
#[derive(Clone, Copy, Debug)]
struct Ceiling {
    width: u16,
    raise_at: Timestamp,
    raise_after: Duration,
    lowered_at: Option<Timestamp>,
}

impl Ceiling {
    fn lower(&mut self, now: Timestamp, width: u16) {
        self.width = width.max(1);
        self.lowered_at = Some(now);
        self.raise_at = now + self.raise_after;
    }

    fn lower_for_long(&mut self, now: Timestamp, width: u16) {
        self.raise_after = doubled(self.raise_after);
        self.lower(now, width);
    }

    /// A lowered ceiling recovers one connection at a time, so that a refusal that was an accident
    /// costs little and one that was meant is tested ever more rarely.
    fn raise(&mut self, now: Timestamp, most: u16) {
        if self.width < most && self.raise_at <= now {
            self.width += 1;
            self.raise_at = now + self.raise_after;
        }
    }
}

/// The result of a look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Look {
    /// The level stays, and nobody has to do anything.
    Unchanged,
    /// The level is another one.
    Changed,
    /// The level is lower, and workers above it must let go: they have halved what arrives.
    Collapsed,
    /// The level stays, and workers that are still above it must let go.
    Exceeded,
}

impl WidthSearch {
    /// A search from `start` connections on, where the user allows `most`.
    pub(crate) fn new(start: u16, most: u16) -> Self {
        Self {
            level: most.min(start),
            most,
            course: Course::new(start),
            ceiling: Ceiling {
                width: most,
                raise_at: Timestamp::START,
                raise_after: limits::WIDTH_RAISE_INTERVAL,
                lowered_at: None,
            },
            level_since: Timestamp::START,
            look_at: Timestamp::START,
            window: None,
            last: None,
            goodput: 0,
            unproven: None,
        }
    }

    /// Notes that the first reply has begun, after `latency`. Hardly a host or a link minds twice
    /// the start. If the latency was long, the step after that is made at once as well. Near by,
    /// where a step takes no time, none is made without need.
    pub(crate) fn opened(&mut self, latency: Duration, is_limited: bool) {
        if is_limited {
            return;
        }
        self.course.is_near = latency < limits::NEAR_LATENCY;
        let is_very_far = latency >= limits::VERY_FAR_LATENCY;
        // Levels are leapt over there.
        self.course.must_recheck = is_very_far;
        let steps = match (self.course.is_near, is_very_far) {
            (true, _) => 1,
            (false, false) => 2,
            (false, true) if latency >= limits::LATE_LEAD => limits::LATE_LEAP,
            (false, true) => limits::WIDTH_LEAP,
        };
        self.level = self.ceiling.width.min(self.course.start * steps);
    }

    /// Bodies begin late: each step would cost as much as they are, so that the first ones are made
    /// at once.
    pub(crate) fn leap(&mut self, now: Timestamp) {
        if self.is_growing() {
            self.course.must_recheck = true;
            let level = self.course.start.saturating_mul(limits::LATE_LEAP);
            self.level = self.level.max(self.ceiling.width.min(level));
            self.level_since = now;
        }
    }

    /// No level is found yet: what connections bring is not what they can.
    pub(crate) const fn is_growing(&self) -> bool {
        matches!(self.course.phase, Phase::Growing { .. })
    }

    pub(crate) const fn level(&self) -> u16 {
        self.level
    }

    /// Bytes a second that came lately; 0 before anything was measured.
    pub(crate) const fn goodput(&self) -> u64 {
        self.goodput
    }

    /// Returns the moment of the next look, if one can change anything.
    pub(crate) fn next_look(&self) -> Option<Timestamp> {
        (self.most > 1).then_some(self.look_at)
    }

    /// Looks at what has arrived, if a look is due.
    pub(crate) fn look(&mut self, sample: Sample) -> Look {
        if self.most == 1 || sample.now < self.look_at {
            return Look::Unchanged;
        }
        let before = self.level;
        self.ceiling.raise(sample.now, self.most);
        let busy = sample.workers >= usize::from(self.level);
        let mut sheds = false;
        match self.window.take() {
            Some(window) if busy => {
                let bytes = ByteCount(sample.received - window.received);
                let elapsed = sample.now.since(window.since);
                let goodput = BytesPerSecond::mean(bytes, elapsed).0;
                let least = self.course.least_span(sample, goodput);
                if elapsed < least {
                    self.window = Some(window);
                    self.look_at = window.since + least;
                    return Look::Unchanged;
                }
                self.goodput = goodput;
                let seen = self.seen(sample, goodput);
                let transition = self.course.judge(&seen);
                sheds = self.follow(sample.now, transition);
                self.last = Some(goodput);
                if self.level == before {
                    self.open_window(sample);
                } else {
                    self.begin_level(sample);
                }
            }
            None if busy && self.has_begun(sample) => self.open_window(sample),
            Some(_) | None => {
                self.look_at = sample.now + self.course.span(sample.latency) / 2;
                if self.is_exceeded(sample) {
                    return Look::Exceeded;
                }
            }
        }
        match self.level {
            level if level == before => Look::Unchanged,
            _ if sheds => Look::Collapsed,
            _ => Look::Changed,
        }
    }

    /// The host has refused a connection that was asked for at `began`, while it served `served`
    /// others. True when the level is lower for it.
    pub(crate) fn refused(&mut self, now: Timestamp, began: Timestamp, served: u16) -> bool {
        let served = served.max(1);
        if served >= self.level {
            return false;
        }
        let before = Unproven {
            level: self.level,
            course: self.course,
            ceiling: self.ceiling,
        };
        self.unproven.get_or_insert(before);
        // One burst of refusals is one lesson, however many were refused at once.
        let lowered_at = self.ceiling.lowered_at;
        if lowered_at.is_none_or(|lowered| lowered < began) {
            self.course.probe_after = doubled(self.course.probe_after);
            if lowered_at.is_some() {
                self.ceiling.raise_after = doubled(self.ceiling.raise_after);
            }
        }
        self.ceiling.lower(now, served);
        self.level = served;
        self.level_since = now;
        self.window = None;
        self.last = None;
        self.course.phase = Phase::Settled {
            probe_at: now + self.course.probe_after,
        };
        true
    }

    /// Bytes have come: whoever was refused before was refused while others were served.
    pub(crate) const fn is_serving(&mut self) {
        self.unproven = None;
    }

    /// Nobody is served at the moment. What has come lately says nothing of the level, which is
    /// judged anew once all have begun again.
    pub(crate) fn broke_off(&mut self, now: Timestamp) {
        self.window = None;
        self.last = None;
        self.level_since = now;
        self.look_at = now + limits::REPORT_INTERVAL;
    }

    /// The host is gone.
    pub(crate) fn goes_out(&mut self, now: Timestamp) {
        if let Some(before) = self.unproven.take() {
            self.level = before.level;
            self.course = before.course;
            self.ceiling = before.ceiling;
        }
        self.broke_off(now);
    }

    /// The only place where a judgement changes anything. True when workers must let go at once.
    fn follow(&mut self, now: Timestamp, transition: Transition) -> bool {
        match transition {
            Transition::Stay => {}
            Transition::To { phase, level } | Transition::Shed { phase, level } => {
                self.course.must_recheck |= phase == Phase::Rechecking;
                self.course.phase = phase;
                self.level = level;
            }
            Transition::Settle { level } => {
                self.level = level;
                self.course.settle(now);
            }
            Transition::SettleBelow { level } => {
                self.ceiling.lower_for_long(now, level);
                self.level = level;
                self.course.settle(now);
            }
            Transition::Collapse { good } => {
                let middle = good + (self.level - good) / 2;
                self.ceiling.lower_for_long(now, middle);
                self.course.must_recheck = true;
                self.course.phase = Phase::Rechecking;
                self.level = good;
            }
        }
        matches!(
            transition,
            Transition::Shed { .. } | Transition::Collapse { .. }
        )
    }

    fn seen(&self, sample: Sample, goodput: u64) -> Seen {
        Seen {
            here: Level {
                width: self.level,
                goodput,
            },
            last: self.last,
            age: sample.now.since(self.level_since),
            ceiling: self.ceiling.width,
            sample,
        }
    }

    /// Bytes have begun to come to all workers, and workers above a lowered level have finished.
    fn has_begun(&self, sample: Sample) -> bool {
        let waited = sample.now.since(self.level_since);
        // No first byte takes more than twice the mean of those that differ evenly.
        let is_late = waited >= sample.latency * 4 + sample.first_byte * 2;
        let began = (sample.starting == 0 || is_late) && sample.received > 0;
        began && sample.workers <= usize::from(self.level)
    }

    /// Workers above a lowered level have had time to finish what they had. A segment may last for
    /// minutes, and nothing can be judged before. Under a limit on the rate nothing depends on it.
    fn is_exceeded(&self, sample: Sample) -> bool {
        let waited = sample.now.since(self.level_since) >= self.course.span(sample.latency);
        waited && sample.workers > usize::from(self.level) && sample.limit.is_none()
    }

    fn open_window(&mut self, sample: Sample) {
        self.window = Some(Window {
            since: sample.now,
            received: sample.received,
        });
        self.look_at = sample.now + self.course.span(sample.latency);
    }

    fn begin_level(&mut self, sample: Sample) {
        self.level_since = sample.now;
        self.last = None;
        self.look_at = sample.now + limits::REPORT_INTERVAL;
    }
}
