//! Owns the rules every policy must keep in every world, and what is remembered to see that they
//! are. Knows no run.

use std::collections::BTreeMap;

use scheduler::AttemptId;

use super::busiest::Busiest;
use crate::world::World;

/// As often at most is a worker told to stop at one place where no byte comes: patience that
/// doubles each time is past every stall timeout by then, and a width that falls sheds a few.
pub(crate) const BARREN_STOPS: u32 = 12;

/// As often for each connection may workers be told to stop while no block comes, and a dozen times
/// more: all of them may lose what they have at the end, and again when the end is there.
pub(crate) const STOPS_EACH: u32 = 2;

/// So long after the first reply that follows an outage half as many connections as before are used
/// again, in seconds, and four round trips; and four, if there were as many. Not all of them: the
/// search may have been trying half. Nothing is said of the end of a file.
pub(crate) const COMEBACK: f64 = 2.0;

/// Most requests to one source in ten seconds that bring less than a block each: so many for each
/// connection, which may all break twice and be told to stop once, and ten a second.
pub(crate) const FRUITLESS_EACH: usize = 3;
pub(crate) const FRUITLESS: usize = 100;

/// The time in which something must come where requests are served, in seconds: a reply may be
/// silent for the stall timeout of 20 s, and the next try be 16 s away twice.
const PATIENCE: f64 = 60.0;

/// The memory of what the rules are about.
#[derive(Debug)]
pub(crate) struct Rules {
    /// The number of workers that were served when the server went away, and the time when it
    /// answered again.
    pub(crate) outage: Option<(usize, Option<f64>)>,
    /// Where workers were told to stop that had brought nothing, and how often.
    pub(crate) barren: BTreeMap<u64, u32>,
    /// How much was there when the last block had come, and how often workers had to stop since.
    stops: (u64, u32),
    /// Requests that brought less than a block, by the source that was asked.
    pub(crate) fruitless: BTreeMap<u16, Busiest>,
    /// The last reply that brought bytes was let go at this place while more were missing.
    pub(crate) let_go: Option<(AttemptId, u64)>,
    /// How much was there, and since when.
    had: (u64, f64),
}

impl Rules {
    pub(crate) const fn new() -> Self {
        Self {
            outage: None,
            barren: BTreeMap::new(),
            stops: (0, 0),
            fruitless: BTreeMap::new(),
            let_go: None,
            had: (0, 0.0),
        }
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

    /// A worker is told to stop. Answers how often one was while no block came.
    pub(crate) fn stops(&mut self, had: u64, block: u64) -> u32 {
        let (before, stops) = self.stops;
        self.stops = if had >= before.saturating_add(block) || had < before {
            (had, 1)
        } else {
            (before, stops + 1)
        };
        self.stops.1
    }

    /// So much is there. Nothing may last for ever where requests are served.
    pub(crate) fn goes_on(&mut self, world: &World, now: f64, had: u64) {
        let (before, since) = self.had;
        let since = since.max(world.last_closed(now));
        let slow = world.first_byte.1 + 2.0 * world.hesitation;
        assert!(
            now - since <= PATIENCE + slow,
            "nothing has come for {:.1} s",
            now - since
        );
        if had != before {
            self.had = (had, now);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Rules;
    use crate::world::{Outage, World};
    use scheduler::failure::FailureClass;

    #[test]
    fn stops_are_counted_until_a_block_has_come() {
        let mut rules = Rules::new();
        let stops = [0, 50, 99, 100, 150, 10].map(|had| rules.stops(had, 100));
        assert_eq!(stops, [1, 2, 3, 1, 2, 1]);
    }

    /// One byte a minute is progress; none in a minute is none, unless nobody is served.
    #[test]
    fn something_comes_within_a_minute() {
        let mut world = World::plain(1, 1 << 30, 0.01, 1e6);
        let mut rules = Rules::new();
        rules.goes_on(&world, 59.0, 1);
        rules.goes_on(&world, 118.0, 1);
        world.outage = Some(Outage {
            from: 100.0,
            to: 200.0,
            how: FailureClass::Unreachable,
        });
        rules.goes_on(&world, 259.0, 1);
        let too_long = std::panic::catch_unwind(move || rules.goes_on(&world, 261.0, 1));
        assert!(too_long.is_err());
    }
}
