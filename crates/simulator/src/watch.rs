//! Owns what is looked for from outside in a run: storms of requests, connections that win nothing,
//! limits on the rate. Knows no run and no policy's reasons.

mod busiest;
pub(crate) mod held_off;
pub(crate) mod rules;

use std::collections::VecDeque;

use scheduler::limits;

use crate::bound::useful_connections;
use crate::world::World;
use busiest::Busiest;
use held_off::HeldOff;
use rules::Rules;

/// A width is found when as few connections as are useful, or two more, were used for as long.
const FOUND: f64 = 5.0;

/// A limit on the rate holds for any stretch as long, in seconds.
const STRETCH: f64 = 5.0;
/// A loss in the first second, or in one after a failure, is not the limit's doing; sixteen
/// round trips of slow start are not either.
const RECOVERY: f64 = 1.0;

/// The effect of a limit on the rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limited {
    /// Most that arrived in any five seconds, as part of what the limit allows in them.
    pub most: f64,
    /// Least that did in those in which nothing failed, and in which no longer than a limit may be
    /// made up for every reply had ended; infinity when there were none.
    pub least: f64,
    /// Longest time a reply waited for credit, in seconds.
    pub without: f64,
}

/// The arrivals of the last few seconds.
#[derive(Debug)]
struct Arrivals {
    /// Moments, and bytes until then.
    past: VecDeque<(f64, f64)>,
    quiet_since: f64,
    unserved_since: Option<f64>,
    limited: Limited,
}

/// The observations so far.
#[derive(Debug)]
pub(crate) struct Watch {
    refused: u64,
    storm: Busiest,
    useful: usize,
    /// Since when no more than the useful ones and two more were used, and the most of those.
    modest: Option<(f64, usize)>,
    found: Option<usize>,
    beyond: usize,
    /// Most bytes between the lowest that is missing and the first of a range that is asked for.
    ahead: u64,
    arrivals: Arrivals,
    pub(crate) held_off: HeldOff,
    pub(crate) rules: Rules,
}

impl Watch {
    pub(crate) const fn new() -> Self {
        Self {
            refused: 0,
            storm: Busiest::new(),
            useful: 0,
            modest: None,
            found: None,
            beyond: 0,
            ahead: 0,
            arrivals: Arrivals {
                past: VecDeque::new(),
                quiet_since: 0.0,
                unserved_since: None,
                limited: Limited {
                    most: 0.0,
                    least: f64::INFINITY,
                    without: 0.0,
                },
            },
            held_off: HeldOff::new(),
            rules: Rules::new(),
        }
    }

    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) const fn storm(&self) -> usize {
        self.storm.most
    }

    /// Most connections beyond the width that was found.
    pub(crate) fn beyond(&self) -> Option<usize> {
        self.found.map(|_| self.beyond)
    }

    pub(crate) const fn ahead(&self) -> u64 {
        self.ahead
    }

    /// A range is asked for that begins so many bytes past the lowest that is missing.
    pub(crate) fn asked_ahead(&mut self, bytes: u64) {
        self.ahead = self.ahead.max(bytes);
    }

    /// A request was not served.
    pub(crate) fn refusal(&mut self, now: f64) {
        self.refused += 1;
        self.storm.count(now);
    }

    /// A reply got credit after so many seconds.
    pub(crate) const fn went_without(&mut self, seconds: f64) {
        let limited = &mut self.arrivals.limited;
        limited.without = limited.without.max(seconds);
    }

    /// Something failed.
    pub(crate) const fn trouble(&mut self, now: f64) {
        self.arrivals.quiet_since = now;
    }

    /// Returns whether there is a reply whose bytes can come. Where all have ended, and the next
    /// take longer than a limit may be made up for, it is the way that is long.
    pub(crate) fn served(&mut self, now: f64, is_served: bool) {
        let arrivals = &mut self.arrivals;
        if !is_served {
            arrivals.unserved_since.get_or_insert(now);
        } else if let Some(since) = arrivals.unserved_since.take()
            && now - since > limits::RATE_BURST.as_secs_f64()
        {
            arrivals.quiet_since = now;
        }
    }

    /// Returns what came of a limit, if anything arrived under one.
    pub(crate) fn limited(&self) -> Option<Limited> {
        let arrivals = &self.arrivals;
        (!arrivals.past.is_empty()).then_some(arrivals.limited)
    }

    /// As many bytes have arrived by now. The end of a file is not counted: its last segments may
    /// not bring what the limit allows.
    pub(crate) fn arrived(&mut self, world: &World, now: f64, bytes: f64) {
        let limit = world.most_allowed();
        if limit.is_infinite() {
            return;
        }
        let Arrivals {
            past,
            quiet_since,
            limited,
            unserved_since: _,
        } = &mut self.arrivals;
        past.push_back((now, bytes));
        let from = now - STRETCH;
        while past.get(1).is_some_and(|(at, _)| *at <= from) {
            past.pop_front();
        }
        let (Some(&(at, before)), Some(&(next, after))) = (past.front(), past.get(1)) else {
            return;
        };
        if at > from {
            return;
        }
        // Between two moments every rate stays as it is.
        let start = before + (after - before) * (from - at) / (next - at);
        let part = (bytes - start) / (STRETCH * limit);
        limited.most = limited.most.max(part);
        let settled = *quiet_since + RECOVERY + 16.0 * world.round_trip;
        let is_end = world.length as f64 - bytes < limit;
        if from >= settled && !is_end {
            limited.least = limited.least.min(part);
        }
    }

    /// As many connections are used from this moment on. Nothing is said of worlds that do not
    /// stay as they are: what was useful before need not be later.
    pub(crate) fn connections(&mut self, world: &World, now: f64, used: usize) {
        if !world.is_steady() {
            return;
        }
        if self.useful == 0 {
            self.useful = useful_connections(world, now).max(usize::from(limits::WIDTH_START));
        }
        if let Some(found) = self.found {
            self.beyond = self.beyond.max(used.saturating_sub(found));
            return;
        }
        if used > self.useful + usize::from(limits::WIDTH_PROBE) {
            self.modest = None;
            return;
        }
        let (since, most) = self.modest.map_or((now, used), |(s, m)| (s, m.max(used)));
        self.modest = Some((since, most));
        if now - since >= FOUND.max(40.0 * world.round_trip) && most >= self.useful {
            self.found = Some(most);
        }
    }
}
