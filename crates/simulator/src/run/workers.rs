//! Owns what the virtual workers of a run do: as they are told, and as bytes arrive. Knows no link
//! and no policy.

use range_core::ByteRange;
use range_core::block::BlockSize;
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, Body, Grant, Input, Request, Route, SourceId, Stop};

use super::Run;
use super::worker::Worker;
use crate::network::ConnectionId;
use crate::server::Answer;

impl Run<'_> {
    /// When the next worker has something to tell.
    pub(super) fn next_report(&mut self) -> f64 {
        let mut next = f64::INFINITY;
        let soon = self.now + 1e-6;
        for worker in self.workers.values() {
            let rate = self.network.rate(worker.connection);
            if worker.is_to_begin() && rate > 0.0 {
                let missing = (1.0 - self.network.arrived(worker.connection)).max(0.0);
                next = next.min((self.now + missing / rate).max(soon));
                continue;
            }
            let Some(end) = worker.end() else { continue };
            if rate > 0.0 && !worker.holds() {
                let arrived = worker.reply_start as f64 + self.network.arrived(worker.connection);
                let drained = (end as f64 - arrived).max(0.0) / rate;
                let bytes = (worker.reported + self.grain.bytes) as f64 - arrived;
                let interval = worker.interval(self.grain);
                let report = (self.now + bytes.max(1.0) / rate)
                    .min((worker.reported_at + interval).max(soon));
                next = next.min((self.now + drained).max(soon)).min(report);
            }
        }
        next
    }

    /// The product's workers report so often that nobody is far behind when a deadline comes;
    /// the coarse ones here make up for it.
    pub(super) fn everyone_reports(&mut self) {
        let attempts: Vec<AttemptId> = self.workers.keys().copied().collect();
        for attempt in attempts {
            self.catch_up(attempt);
            self.report_progress(attempt);
        }
    }

    fn report_progress(&mut self, attempt: AttemptId) {
        let Some(worker) = self.workers.get_mut(&attempt) else {
            return;
        };
        let arrived = self.network.arrived(worker.connection);
        if worker.position > worker.reported || worker.discards(arrived) {
            worker.reported = worker.position;
            worker.reported_at = self.now;
            worker.told = arrived;
            let position = worker.position;
            worker.without = (position >= worker.allowed).then_some(self.now);
            self.pending
                .push_back(Input::Received { attempt, position });
        }
    }

    pub(super) fn head_arrived(&mut self, connection: ConnectionId) {
        let found = self
            .workers
            .iter_mut()
            .find(|(_, worker)| worker.connection == connection);
        let Some((&attempt, worker)) = found else {
            return;
        };
        worker.reported_at = self.now;
        worker.without = Some(self.now);
        let streaming = self.network.streaming_from(worker.asked.source());
        let answer = self.server.answer(worker.asked, self.now, streaming);
        match answer {
            Answer::Accepted { body, generation }
                if *self.generation.get_or_insert(generation) == generation =>
            {
                self.watch.rules.answered(self.world, self.now);
                worker.reply = Some(match body {
                    Body::Part { range, .. } => range,
                    Body::Whole { .. } => whole(self.world.length),
                });
                let late = self.server.lateness(worker.asked);
                let brings = match body {
                    Body::Part { range, .. } => range.len(),
                    Body::Whole { .. } => self.world.length,
                };
                self.network.begin(connection, late, brings);
                self.pending.push_back(Input::Opened { attempt, body });
            }
            Answer::Accepted { .. } => self.leave(attempt, Stop::Failed(FailureClass::Changed)),
            Answer::Silence => self.network.hush(connection),
            Answer::Failed(class) => {
                let limits_clients = self.world.refusal.is_some() || !self.world.closed.is_empty();
                let refuses = matches!(class, FailureClass::Refused | FailureClass::Busy { .. });
                if limits_clients || refuses {
                    self.watch.refusal(self.now);
                }
                if let FailureClass::Busy { retry_after } = class {
                    let span = retry_after.unwrap_or_default();
                    self.watch.held_off.told(self.now, span.as_secs_f64());
                }
                self.leave(attempt, Stop::Failed(class));
            }
        }
    }

    /// Connections break.
    pub(super) fn interrupt(&mut self, broken: &[ConnectionId]) {
        let attempts = self.workers.iter();
        let attempts: Vec<AttemptId> = attempts
            .filter(|(_, worker)| broken.contains(&worker.connection))
            .map(|(attempt, _)| *attempt)
            .collect();
        for attempt in attempts {
            self.catch_up(attempt);
            self.leave(attempt, Stop::Failed(FailureClass::Interrupted));
        }
    }

    pub(super) fn workers_report(&mut self) {
        let (now, grain) = (self.now, self.grain);
        let mut due: Vec<(AttemptId, bool)> = Vec::new();
        for (attempt, worker) in &mut self.workers {
            // A thousandth forgives rounding.
            if worker.is_to_begin() && self.network.arrived(worker.connection) > 0.999 {
                worker.has_begun = true;
                worker.reported_at = now;
                let attempt = *attempt;
                self.pending.push_back(Input::Began { attempt });
            }
            let Some(range) = worker.attempt else {
                continue;
            };
            let reached = worker.reached(self.network.arrived(worker.connection));
            let bytes = reached - worker.reported;
            let is_due = now - worker.reported_at >= worker.interval(grain) - 1e-9;
            if is_due && worker.discards(self.network.arrived(worker.connection)) {
                due.push((*attempt, false));
                continue;
            }
            let reply_end = worker.reply_end();
            if reached == range.end().min(reply_end) {
                let ends = reached == reply_end;
                if ends || bytes > 0 {
                    due.push((*attempt, ends));
                }
            } else if bytes >= grain.bytes
                || (bytes > 0 && reached == worker.allowed)
                || (bytes > 0 && is_due)
            {
                due.push((*attempt, false));
            }
        }
        for (attempt, drained) in due {
            self.catch_up(attempt);
            if drained {
                self.leave(attempt, Stop::Drained);
            } else {
                self.report_progress(attempt);
            }
        }
    }

    /// Writes what has arrived for a worker and lies in its lease.
    pub(super) fn catch_up(&mut self, attempt: AttemptId) {
        let Some(worker) = self.workers.get_mut(&attempt) else {
            return;
        };
        let position = worker.reached(self.network.arrived(worker.connection));
        let Some(bytes) = ByteRange::new(worker.position, position) else {
            return;
        };
        let most = self.world.disk.fails_at.unwrap_or(f64::INFINITY) * self.world.length as f64;
        if (self.written.len() + bytes.len()) as f64 > most {
            self.leave(attempt, Stop::Failed(FailureClass::Storage));
            return;
        }
        worker.position = position;
        let fresh = self.written.insert(bytes);
        assert_eq!(fresh, bytes.len(), "no byte of {bytes} is written twice");
    }

    pub(super) fn leave(&mut self, attempt: AttemptId, how: Stop) {
        let Some(worker) = self.workers.remove(&attempt) else {
            return;
        };
        self.check_leave(attempt, &worker, how);
        match how {
            Stop::Drained | Stop::Told | Stop::Failed(FailureClass::Storage) => {
                self.network.release(worker.connection);
            }
            Stop::Failed(_) => {
                self.watch.trouble(self.now);
                self.network.drop_broken(worker.connection);
            }
        }
        self.pending.push_back(Input::Stopped {
            attempt,
            position: worker.position,
            how,
        });
    }

    pub(super) fn start(
        &mut self,
        attempt: AttemptId,
        source: SourceId,
        request: Request,
        route: Route,
    ) {
        let (range, is_part) = match request {
            Request::Part(range) => (range, true),
            Request::First | Request::Whole => (whole(self.world.length), false),
        };
        self.check_request();
        if is_part {
            self.check_start(range);
        } else {
            assert!(self.workers.is_empty(), "nobody else writes what is probed");
            self.discard();
        }
        let position = range.start();
        let (asked, later) = self.server.ask(source, request, route);
        let oddity = self.server.oddity(asked);
        let worker = Worker {
            connection: self.network.ask(source, range.len(), later, oddity),
            asked,
            attempt: None,
            position,
            reported: position,
            reported_at: self.now,
            reply: None,
            reply_start: position,
            has_begun: !is_part,
            allowed: u64::MAX,
            without: None,
            told: 0.0,
        };
        let before = self.workers.insert(attempt, worker);
        assert!(before.is_none(), "no attempt is made twice");
    }

    pub(super) fn grant(&mut self, attempt: AttemptId, grant: Grant) {
        let range = match grant {
            Grant::Range(range) => range,
            Grant::ToEnd => whole(self.world.length),
        };
        self.check_lease(attempt, range);
        let worker = self.workers.get_mut(&attempt);
        let worker = worker.expect("a grant to a live worker");
        assert!(worker.has_begun, "a grant before the first bytes");
        assert!(range.start() >= worker.position, "what is past comes again");
        let before = range.start() - worker.position;
        if worker.attempt.is_some() {
            self.skipped += before;
        } else {
            self.network.wasted += before as f64;
        }
        worker.attempt = Some(range);
        worker.position = range.start();
        worker.reported = range.start();
        self.take_on(attempt);
    }

    /// A worker goes on past the end of its lease.
    pub(super) fn extend(&mut self, attempt: AttemptId, end: u64) {
        self.catch_up(attempt);
        let before = self.workers.get(&attempt).and_then(|worker| worker.attempt);
        let before = before.expect("who goes on has a lease");
        let more = ByteRange::new(before.end(), end).expect("a longer lease");
        self.check_lease(attempt, more);
        if let Some(worker) = self.workers.get_mut(&attempt) {
            worker.attempt = ByteRange::new(before.start(), end);
        }
        self.take_on(attempt);
    }

    /// A worker reads as far as its lease and what it is allowed go, which is nothing more than its
    /// reply's first bytes before it may write.
    fn take_on(&mut self, attempt: AttemptId) {
        let Some(worker) = self.workers.get(&attempt) else {
            return;
        };
        let end = worker
            .attempt
            .map_or(worker.reply_start + 1, ByteRange::end);
        let ends = worker.reply.is_none_or(|reply| reply.end() <= end);
        let end = if ends { u64::MAX } else { end };
        let end = end.min(worker.allowed).max(worker.reply_start + 1);
        let bytes = (end - worker.reply_start) as f64;
        self.network.take_up_to(worker.connection, bytes);
    }

    /// A worker writes no further, and what is sent to it after that waits on the way.
    pub(super) fn allow(&mut self, attempt: AttemptId, end: u64) {
        let Some(worker) = self.workers.get_mut(&attempt) else {
            return;
        };
        if let Some(since) = worker.without.take() {
            self.watch.went_without(self.now - since);
        }
        worker.allowed = end;
        self.take_on(attempt);
    }

    /// A worker that is past the cut ends with the block it is writing.
    pub(super) fn shrink(&mut self, attempt: AttemptId, cut: u64) {
        self.catch_up(attempt);
        let Some(worker) = self.workers.get_mut(&attempt) else {
            return;
        };
        let Some(range) = worker.attempt else { return };
        let position = worker.position;
        let end = if cut < position {
            BlockSize::for_length(self.world.length).ceil(position)
        } else {
            cut
        };
        let end = end.min(range.end());
        worker.attempt = ByteRange::new(range.start(), end);
        worker.reported = position;
        worker.reported_at = self.now;
        self.pending
            .push_back(Input::Received { attempt, position });
        self.pending.push_back(Input::Shrunk { attempt, end });
        self.take_on(attempt);
    }
}

fn whole(length: u64) -> ByteRange {
    ByteRange::whole(length).expect("no world's file is empty")
}
