//! Owns what a world does to a run at moments of its own: stalls, resets, deaths, another file.
//! Knows no policy.

use scheduler::failure::FailureClass;
use scheduler::{AttemptId, SourceId, Stop};

use super::{Run, next_death};

impl Run<'_> {
    pub(super) fn faults(&mut self) {
        let share = self.written.len() as f64 / self.world.length as f64;
        if self.stalls_left > 0
            && self.world.stall_at.is_some_and(|at| share >= at)
            && self.network.stall_one()
        {
            self.stalls_left -= 1;
            self.tell("the oldest connection falls silent for good");
        }
        if self.next_reset <= self.now {
            self.next_reset += self.world.reset_every.unwrap_or(f64::INFINITY);
            self.tell("every connection is reset");
            self.reset();
        }
        if self.next_outage <= self.now {
            self.next_outage = f64::INFINITY;
            let connections = self.workers.values().map(|worker| worker.connection);
            let served = connections.filter(|each| self.network.is_accepted(*each));
            let served = served.count();
            self.watch.rules.goes_out(served);
            self.tell("the server is gone");
            self.reset();
        }
        if self.next_death <= self.now {
            self.next_death = next_death(self.world, self.now);
            self.tell("the address is gone, and the redirect names another");
            self.reset();
        }
        self.mirrors_die();
        if self.next_replacement <= self.now {
            self.next_replacement = f64::INFINITY;
            self.tell("the server has another file, and every connection is reset");
            self.reset();
        }
    }

    fn mirrors_die(&mut self) {
        for (source, mirror) in (0..).map(SourceId).zip(&self.world.mirrors) {
            if mirror.dies_at().is_some_and(|at| at <= self.now) && self.dead.insert(source) {
                self.tell("a mirror dies");
                let broken = self.network.connections_to(source);
                self.interrupt(&broken);
            }
        }
    }

    fn reset(&mut self) {
        let attempts: Vec<AttemptId> = self.workers.keys().copied().collect();
        for attempt in attempts {
            self.catch_up(attempt);
            self.leave(attempt, Stop::Failed(FailureClass::Interrupted));
        }
        self.network.reset();
    }
}
