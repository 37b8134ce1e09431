//! Owns what must hold in every run: no byte twice, no crowd, no stop for ever. Knows no policy's
//! reasons.

use range_core::ByteRange;
use range_core::block::BlockSize;
use scheduler::limits;
use scheduler::{AttemptId, Stop};

use super::Run;
use super::worker::Worker;
use crate::watch::rules::{BARREN_STOPS, COMEBACK, FRUITLESS, FRUITLESS_EACH, STOPS_EACH};

impl Run<'_> {
    /// Checks what must hold after every step.
    pub(super) fn check(&mut self) {
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

    /// Checks what must hold before a request: more is missing, so the last reply that brought
    /// bytes, and had more to bring, was not to be let go.
    pub(super) fn check_request(&self) {
        if let Some((attempt, at)) = self.watch.rules.let_go {
            let (segment, number) = (attempt.segment.0, attempt.number);
            panic!("#{segment}.{number} brought bytes, and was let go at {at} for nobody");
        }
    }

    /// Checks what must hold when a worker lets go.
    pub(super) fn check_leave(&mut self, attempt: AttemptId, worker: &Worker, how: Stop) {
        let rules = &mut self.watch.rules;
        let block = u64::from(BlockSize::for_length(self.world.length).get());
        if worker.brought() < block && !(how == Stop::Drained && worker.is_done()) {
            let source = worker.asked.source().0;
            let fruitless = rules.fruitless.entry(source).or_default();
            fruitless.count(self.now);
            let most = FRUITLESS_EACH * usize::from(self.world.ceiling) + FRUITLESS;
            let seen = fruitless.most;
            assert!(
                seen <= most,
                "{seen} requests without a block in ten seconds"
            );
        }
        // Elsewhere whoever asks is served.
        let turns_away = self.world.refusal.is_some() || !self.world.closed.is_empty();
        let is_let_go = turns_away && matches!(how, Stop::Told | Stop::Drained);
        let brought = worker.brought() > 0 && self.network.delivers(worker.connection);
        if is_let_go && brought {
            let mut others = self.workers.values().map(|other| other.connection);
            let is_last = !others.any(|other| self.network.is_accepted(other));
            let has_more = |rest| !self.written.contains(rest);
            if is_last && worker.rest().is_some_and(has_more) {
                rules.let_go = Some((attempt, worker.position));
            }
        }
    }

    /// Checks what must hold before a range is asked for.
    pub(super) fn check_start(&mut self, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is there already");
        let ahead = range.start().saturating_sub(self.written.frontier());
        self.watch.asked_ahead(ahead);
    }

    /// Checks what must hold before a worker may write a range.
    pub(super) fn check_lease(&self, attempt: AttemptId, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is there already");
        let others = self.workers.iter().filter(|(other, _)| **other != attempt);
        for other in others.filter_map(|(_, worker)| worker.attempt) {
            let free = range.intersect(other).is_none();
            assert!(free, "{range} is leased already");
        }
    }

    /// Checks what must hold when a worker is told to stop: either bytes have come since the last
    /// time one was told so here, or this does not go on for ever.
    pub(super) fn check_stop(&mut self, attempt: AttemptId) {
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
    pub(super) fn check_outputs(&self, outputs: usize) {
        let most = 8 * usize::from(self.world.ceiling) + 64;
        assert!(outputs <= most, "{outputs} outputs for one input");
    }
}
