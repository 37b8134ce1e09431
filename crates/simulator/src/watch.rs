//! Owns what is looked for from outside in a run: the rules every policy must keep, storms of
//! requests, connections that win nothing. Knows no policy's reasons.

use std::collections::{BTreeMap, VecDeque};

use range_core::ByteRange;
use scheduler::AttemptId;
use scheduler::limits;

use crate::bound::useful_connections;
use crate::run::Run;
use crate::workers::Worker;
use crate::world::World;

/// Refusals are counted in any stretch as long, in seconds.
const STORM: f64 = 10.0;
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

/// As often at most is a worker told to stop at one place where no byte comes: patience that
/// doubles each time is past every stall timeout by then, and a width that falls sheds a few.
const BARREN_STOPS: u32 = 12;

/// So long after the first reply that follows an outage several connections are used again, in
/// seconds, and four round trips. Not as many as before: the search may have been on its way from a
/// level to a narrower one. Nothing is said of the end of a file.
const COMEBACK: f64 = 2.0;

/// The observations so far.
#[derive(Debug)]
pub(crate) struct Watch {
    refused: u64,
    recent: VecDeque<f64>,
    storm: usize,
    useful: usize,
    /// Since when no more than the useful ones and two more were used, and the most of those.
    modest: Option<(f64, usize)>,
    found: Option<usize>,
    beyond: usize,
    /// Most bytes between the lowest that is missing and the first of a range that is asked for.
    ahead: u64,
    /// The number of workers when the server went away, and the time when it answered again.
    outage: Option<(usize, Option<f64>)>,
    /// Where workers were told to stop that had brought nothing, and how often.
    barren: BTreeMap<u64, u32>,
    arrivals: Arrivals,
}

impl Watch {
    pub(crate) const fn new() -> Self {
        Self {
            refused: 0,
            recent: VecDeque::new(),
            storm: 0,
            useful: 0,
            modest: None,
            found: None,
            beyond: 0,
            ahead: 0,
            outage: None,
            barren: BTreeMap::new(),
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
        }
    }

    pub(crate) const fn refused(&self) -> u64 {
        self.refused
    }

    pub(crate) const fn storm(&self) -> usize {
        self.storm
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
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| *at <= now - STORM) {
            self.recent.pop_front();
        }
        self.storm = self.storm.max(self.recent.len());
    }

    /// A reply got credit after so many seconds.
    pub(crate) const fn went_without(&mut self, seconds: f64) {
        let limited = &mut self.arrivals.limited;
        limited.without = limited.without.max(seconds);
    }

    /// The server is gone.
    pub(crate) const fn goes_out(&mut self, workers: usize) {
        self.outage = Some((workers, None));
    }

    /// A reply was accepted.
    pub(crate) fn answered(&mut self, world: &World, now: f64) {
        if let Some((_, answered @ None)) = &mut self.outage
            && world.outage.is_some_and(|outage| now >= outage.from)
        {
            *answered = Some(now);
        }
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
        if let Some((before, Some(answered))) = self.watch.outage {
            let is_late = self.now - answered > COMEBACK + 4.0 * self.world.round_trip;
            let left = (self.world.length - self.written.len()) as f64 / self.world.length as f64;
            let are_back = workers >= before.min(usize::from(limits::WIDTH_START));
            assert!(
                are_back || !is_late || left < 0.3,
                "{workers} workers, and {before} before the outage"
            );
            if are_back {
                self.watch.outage = None;
            }
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
        let barren = self.workers.get(&attempt).and_then(Worker::barren_at);
        if let Some(at) = barren {
            let stops = self.watch.barren.entry(at).or_default();
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
