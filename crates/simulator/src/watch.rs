//! Owns what is looked for from outside in a run: the rules every policy must keep, storms of
//! requests, connections that win nothing. Knows no policy's reasons.

use std::collections::VecDeque;

use range_core::ByteRange;
use range_core::limits;

use crate::bound::useful_connections;
use crate::run::Run;
use crate::world::World;

/// Refusals are counted in any stretch as long, in seconds.
const STORM: f64 = 10.0;
/// A width is found when as few connections as are useful, or two more, were used for as long.
const FOUND: f64 = 5.0;

/// What was seen so far.
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
    /// What must hold after every step.
    pub(crate) fn check(&self) {
        let ceiling = usize::from(self.world.ceiling);
        let workers = self.workers.len();
        assert!(workers <= ceiling, "{workers} workers, {ceiling} allowed");
        let pending = self.pending.len();
        assert!(pending <= 8 * ceiling + 8, "{pending} inputs wait");
        // A run of bytes ends where a worker is, or where one has let go.
        let runs = self.written.iter().len();
        assert!(runs <= 8 * ceiling + 8, "the file is in {runs} pieces");
    }

    /// What must hold before a range is asked for.
    pub(crate) fn check_start(&mut self, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is there already");
        for other in self.workers.values().filter_map(|worker| worker.lease) {
            let free = range.intersect(other).is_none();
            assert!(free, "{range} is leased already");
        }
        let ahead = range.start().saturating_sub(self.written.frontier());
        self.watch.ahead = self.watch.ahead.max(ahead);
    }

    /// What must hold of the answers to one input.
    pub(crate) fn check_outputs(&self, outputs: usize) {
        let most = 8 * usize::from(self.world.ceiling) + 64;
        assert!(outputs <= most, "{outputs} outputs for one input");
    }
}
