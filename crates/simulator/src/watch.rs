//! Owns what is looked for from outside in a run: storms of requests, connections that win nothing,
//! limits on the rate. Knows no policy's reasons.

mod busiest;
mod rules;

use std::collections::VecDeque;

use range_core::ByteRange;
use range_core::block::BlockSize;
use scheduler::limits;
use scheduler::{AttemptId, Stop};

use crate::bound::useful_connections;
use crate::run::Run;
use crate::workers::Worker;
use crate::world::World;
use busiest::Busiest;
use rules::{BARREN_STOPS, COMEBACK, FRUITLESS, FRUITLESS_EACH, Rules, STOPS_EACH};

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

impl Run<'_> {
    /// Checks what must hold after every step.
    pub(crate) fn check(&mut self) {
        let ceiling = usize::from(self.world.ceiling);
        let workers = self.workers.len();
        assert!(workers <= ceiling, "{workers} workers, {ceiling} allowed");
        let pending = self.pending.len();
        assert!(pending <= 8 * ceiling + 8, "{pending} inputs wait");
        // A run of bytes ends where a worker is, or where one has let go.
        let runs = self.written.iter().len();
        assert!(runs <= 8 * ceiling + 8, "the file is in {runs} pieces");
        if let Some((before, Some(answered))) = self.watch.rules.outage {
            let is_late = self.now - answered > COMEBACK + 4.0 * self.world.round_trip;
            let left = (self.world.length - self.written.len()) as f64 / self.world.length as f64;
            let several = before.min(usize::from(limits::WIDTH_START));
            let are_back = workers >= several.max(before / 2);
            assert!(
                are_back || !is_late || left < 0.3,
                "{workers} workers, and {before} before the outage"
            );
            if are_back {
                self.watch.rules.outage = None;
            }
        }
        let had = self.written.len();
        self.watch.rules.goes_on(self.world, self.now, had);
    }

    /// Checks what must hold when a worker lets go.
    pub(crate) fn check_leave(&mut self, worker: &Worker, how: Stop) {
        let rules = &mut self.watch.rules;
        let block = u64::from(BlockSize::for_length(self.world.length).get());
        if worker.brought() < block && !(how == Stop::Drained && worker.is_done()) {
            rules.fruitless.count(self.now);
            let most = FRUITLESS_EACH * usize::from(self.world.ceiling) + FRUITLESS;
            let seen = rules.fruitless.most;
            assert!(
                seen <= most,
                "{seen} requests without a block in ten seconds"
            );
        }
    }

    /// Checks what must hold before a range is asked for.
    pub(crate) fn check_start(&mut self, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is there already");
        let ahead = range.start().saturating_sub(self.written.frontier());
        self.watch.ahead = self.watch.ahead.max(ahead);
    }

    /// Checks what must hold before a worker may write a range.
    pub(crate) fn check_lease(&self, attempt: AttemptId, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is there already");
        let others = self.workers.iter().filter(|(other, _)| **other != attempt);
        for other in others.filter_map(|(_, worker)| worker.attempt) {
            let free = range.intersect(other).is_none();
            assert!(free, "{range} is leased already");
        }
    }

    /// Checks what must hold when a worker is told to stop: either bytes have come since the last
    /// time one was told so here, or this does not go on for ever.
    pub(crate) fn check_stop(&mut self, attempt: AttemptId) {
        let block = BlockSize::for_length(self.world.length).get().into();
        let stops = self.watch.rules.stops(self.written.len(), block);
        let most = STOPS_EACH * u32::from(self.world.ceiling) + BARREN_STOPS;
        assert!(
            stops <= most,
            "{stops} workers had to stop, and no block came"
        );
        let barren = self.workers.get(&attempt).and_then(Worker::barren_at);
        if let Some(at) = barren {
            let stops = self.watch.rules.barren.entry(at).or_default();
            *stops += 1;
            assert!(
                *stops <= BARREN_STOPS,
                "{stops} workers had to stop at {at}"
            );
        }
    }

    /// Checks what must hold of the answers to one input.
    pub(crate) fn check_outputs(&self, outputs: usize) {
        let most = 8 * usize::from(self.world.ceiling) + 64;
        assert!(outputs <= most, "{outputs} outputs for one input");
    }
}
