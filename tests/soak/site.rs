//! Owns the two servers of one thread of rounds. Judges nothing.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::round::{Outcome, Round};
use crate::server::{Growth, Server, Use};
use crate::world::World;

/// Rounds after which a server has met most there is.
const WARM: u64 = 60;

/// The time a server may take to let go of peers that are gone.
const PARTING: Duration = Duration::from_secs(10);

/// A server without TLS and one with it.
pub(crate) struct Site {
    plain: Server,
    secure: Server,
    rounds: u64,
    fresh: Use,
    warm: Option<Use>,
}

impl Site {
    pub(crate) fn start(program: &Path) -> Self {
        let plain = Server::start(program, false);
        let secure = Server::start(program, true);
        Self {
            fresh: plain.used() + secure.used(),
            plain,
            secure,
            rounds: 0,
            warm: None,
        }
    }

    pub(crate) fn run(&mut self, program: &Path, world: &World) -> Outcome {
        self.rounds += 1;
        if self.rounds == WARM {
            self.warm = Some(self.used());
        }
        let server = if world.is_secure {
            &self.secure
        } else {
            &self.plain
        };
        Round::run(program, server, world)
    }

    /// Returns what the servers used before anybody came, when they were warm, and use now that
    /// nobody is there.
    pub(crate) fn growth(&self) -> Growth {
        let mut end = self.used();
        let start = Instant::now();
        while end.is_busier_than(self.fresh) && start.elapsed() < PARTING {
            std::thread::sleep(Duration::from_millis(50));
            end = self.used();
        }
        Growth {
            fresh: self.fresh,
            warm: self.warm.unwrap_or(end),
            end,
        }
    }

    fn used(&self) -> Use {
        self.plain.used() + self.secure.used()
    }
}
