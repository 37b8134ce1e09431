//! Owns which requests a world's server serves, when, and how much of what they ask for. Knows no
//! connection.

use scheduler::limits::PROGRESS_MIN;

use super::World;
use crate::dice::Dice;

impl World {
    /// Returns how many bytes the reply to a request for a range brings at most.
    pub(crate) fn most_of_a_part(&self, request: u64) -> u64 {
        let Some((least, most)) = self.meagre else {
            return u64::MAX;
        };
        Dice::new(self.seed ^ request.rotate_left(7)).whole(least, most)
    }

    /// Returns whether the reply to a request is of something else.
    pub(crate) fn is_stray(&self, request: u64) -> bool {
        let mut dice = Dice::new(self.seed ^ request.rotate_left(41));
        request > 0 && dice.fraction() < self.stray
    }

    /// Returns whether replies to ranges bring so little that a client may say so and end.
    pub(crate) fn may_be_given_up(&self) -> bool {
        self.meagre.is_some_and(|(_, most)| most < PROGRESS_MIN)
    }

    /// The next moment from which on requests are served that were not.
    pub(crate) fn next_opening(&self, after: f64) -> f64 {
        let ends = self.closed.iter().map(|closed| closed.to);
        ends.filter(|at| *at > after).fold(f64::INFINITY, f64::min)
    }

    /// The last moment, up to this one, at which a request might have been turned away.
    pub(crate) fn last_closed(&self, now: f64) -> f64 {
        let closed = self.closed.iter().map(|closed| (closed.from, closed.to));
        let outage = self.outage.filter(|outage| outage.to.is_finite());
        let stretches = closed.chain(outage.map(|outage| (outage.from, outage.to)));
        let begun = stretches.filter(|(from, _)| *from <= now);
        begun.map(|(_, to)| to.min(now)).fold(0.0, f64::max)
    }

    /// Returns how many requests at once are served, of those a client can have made by then. One
    /// that knows what comes has asked before it is turned away for a while.
    pub(crate) fn served_at(&self, at: f64) -> usize {
        let from_the_start = self.closed.iter().filter(|closed| closed.from <= 0.0);
        let closed = from_the_start.filter(|closed| at < closed.to);
        let served = closed.map(|closed| closed.after).min();
        served.map_or(usize::MAX, |served| {
            usize::try_from(served).unwrap_or(usize::MAX)
        })
    }
}
