//! Owns how much of something there was in any ten seconds. Knows not of what.

use std::collections::VecDeque;

/// A stretch lasts as long, in seconds.
const STORM: f64 = 10.0;

/// Most of something in any ten seconds.
#[derive(Debug, Default)]
pub(crate) struct Busiest {
    recent: VecDeque<f64>,
    pub(crate) most: usize,
}

impl Busiest {
    pub(crate) const fn new() -> Self {
        Self {
            recent: VecDeque::new(),
            most: 0,
        }
    }

    pub(crate) fn count(&mut self, now: f64) {
        self.recent.push_back(now);
        while self.recent.front().is_some_and(|at| *at <= now - STORM) {
            self.recent.pop_front();
        }
        self.most = self.most.max(self.recent.len());
    }
}
