//! Owns one run: a policy's outputs become requests, what arrives becomes its inputs, and what must
//! never happen is looked for after every step. Knows no policy's reasons.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use range_core::block::BlockSize;
use range_core::failure::FailureClass;
use range_core::limits;
use range_core::scheduler::{Body, Grant, Input, Lease, Outcome, Output, Request, Stop};
use range_core::time::Timestamp;
use range_core::{ByteRange, RangeSet};

use crate::bound::lower_bound;
use crate::network::{ConnectionId, Head, Network};
use crate::policy::Policy;
use crate::world::World;

/// What a run took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Report {
    /// Seconds of virtual time.
    pub time: f64,
    /// The world's lower bound, in seconds.
    pub bound: f64,
    /// Bytes that arrived for nothing, because a connection was let go before its reply ended.
    pub wasted: f64,
    /// Length of the file.
    pub length: u64,
    /// Most connections with a request on them at once.
    pub peak: usize,
    /// Requests made.
    pub requests: u64,
    /// Requests answered with 503.
    pub refused: u64,
    /// Inputs the policy was given.
    pub inputs: u64,
}

/// A run that did not end with the whole file.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Unfinished {
    /// The policy ended otherwise.
    Ended(Outcome),
    /// It was still at it after twenty times the bound and ten minutes, or will never wake.
    Endless,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    connection: ConnectionId,
    /// What it may write; `None` before the grant.
    lease: Option<ByteRange>,
    position: u64,
    reported: u64,
    reported_at: f64,
    /// Offset of the reply's first byte.
    reply_start: u64,
}

struct Run<'w> {
    world: &'w World,
    network: Network<'w>,
    policy: Box<dyn Policy>,
    bound: f64,
    now: f64,
    wait_until: f64,
    next_reset: f64,
    stalls_left: u32,
    workers: BTreeMap<Lease, Worker>,
    pending: VecDeque<Input>,
    written: RangeSet,
    outcome: Option<Outcome>,
    refused: u64,
    inputs: u64,
    grain: Grain,
}

/// How often workers report.
#[derive(Clone, Copy, Debug)]
struct Grain {
    bytes: u64,
    interval: f64,
}

impl Grain {
    /// As the product's workers do, but coarser in worlds that take long, so that hours of
    /// downloading are simulated in a second.
    fn of(world: &World, bound: f64) -> Self {
        Self {
            bytes: limits::REPORT_BYTES.max(world.length / 1024),
            interval: limits::REPORT_INTERVAL
                .as_secs_f64()
                .max((bound / 400.0).min(0.5)),
        }
    }
}

/// Runs a policy in a world.
///
/// # Panics
///
/// When an invariant is broken: a byte is written twice or outside a lease, two leases overlap,
/// more workers run than the ceiling allows, or the policy's own check fails. The message names
/// the world's seed.
pub fn run(world: &World, policy: Box<dyn Policy>) -> Result<Report, Unfinished> {
    let bound = lower_bound(world);
    let mut run = Run {
        world,
        network: Network::new(world),
        policy,
        bound,
        now: 0.0,
        wait_until: f64::INFINITY,
        next_reset: world.reset_every.unwrap_or(f64::INFINITY),
        stalls_left: u32::from(world.stall_at.is_some()),
        workers: BTreeMap::new(),
        pending: VecDeque::from([Input::Tick]),
        written: RangeSet::new(),
        outcome: None,
        refused: 0,
        inputs: 0,
        grain: Grain::of(world, bound),
    };
    run.until_the_end()
}

impl Run<'_> {
    fn until_the_end(&mut self) -> Result<Report, Unfinished> {
        let patience = 20.0 * self.bound + 600.0;
        loop {
            self.feed_pending();
            if let Some(outcome) = self.outcome {
                return self.report(outcome);
            }
            let next = self.next_moment();
            if next > patience {
                return Err(Unfinished::Endless);
            }
            self.step(next);
        }
    }

    fn report(&self, outcome: Outcome) -> Result<Report, Unfinished> {
        let length = self.world.length;
        if outcome != (Outcome::Complete { length }) {
            return Err(Unfinished::Ended(outcome));
        }
        assert_eq!(
            self.written.len(),
            length,
            "{}: not the file",
            self.world.seed
        );
        assert!(self.workers.is_empty(), "{}: workers left", self.world.seed);
        Ok(Report {
            time: self.now,
            bound: self.bound,
            wasted: self.network.wasted,
            length,
            peak: self.network.peak,
            requests: self.network.requests,
            refused: self.refused,
            inputs: self.inputs,
        })
    }

    fn next_moment(&mut self) -> f64 {
        let mut next = self
            .network
            .next_event()
            .min(self.wait_until)
            .min(self.next_reset);
        for worker in self.workers.values() {
            let rate = self.network.rate(worker.connection);
            if let Some(lease) = worker.lease
                && rate > 0.0
            {
                let arrived = worker.reply_start as f64 + self.network.arrived(worker.connection);
                let drained = (lease.end() as f64 - arrived).max(0.0) / rate;
                let bytes = (worker.reported + self.grain.bytes) as f64 - arrived;
                let soon = self.now + 1e-6;
                let report = (self.now + bytes.max(1.0) / rate)
                    .min((worker.reported_at + self.grain.interval).max(soon));
                next = next.min((self.now + drained).max(soon)).min(report);
            }
        }
        next.max(self.now)
    }

    fn step(&mut self, to: f64) {
        self.now = to;
        let heads = self.network.advance(to);
        for (connection, head) in heads {
            self.head_arrived(connection, head);
        }
        self.workers_report();
        self.faults();
        if self.wait_until <= self.now {
            self.everyone_reports();
            self.pending.push_back(Input::Tick);
        }
    }

    /// The product's workers report so often that nobody is far behind when a deadline comes;
    /// the coarse ones here make up for it.
    fn everyone_reports(&mut self) {
        for (lease, worker) in &mut self.workers {
            if worker.position > worker.reported {
                worker.reported = worker.position;
                worker.reported_at = self.now;
                let position = worker.position;
                self.pending.push_back(Input::Received {
                    lease: *lease,
                    position,
                });
            }
        }
    }

    fn head_arrived(&mut self, connection: ConnectionId, head: Head) {
        let found = self
            .workers
            .iter_mut()
            .find(|(_, worker)| worker.connection == connection);
        let Some((&lease, worker)) = found else {
            return;
        };
        worker.reported_at = self.now;
        match head {
            Head::Accepted => {
                let range = worker.lease.or(ByteRange::whole(self.world.length));
                self.pending.push_back(Input::Opened {
                    lease,
                    body: Body::Part {
                        range: range.expect("a world's file is not empty"),
                        complete_length: self.world.length,
                    },
                });
            }
            Head::Refused => {
                self.refused += 1;
                let class = FailureClass::Busy { retry_after: None };
                self.leave(lease, Stop::Failed(class));
            }
        }
    }

    fn workers_report(&mut self) {
        let leases: Vec<Lease> = self.workers.keys().copied().collect();
        for lease in leases {
            self.catch_up(lease);
            let Some(worker) = self.workers.get_mut(&lease) else {
                continue;
            };
            if worker
                .lease
                .is_some_and(|range| worker.position == range.end())
            {
                self.leave(lease, Stop::Drained);
                continue;
            }
            let bytes = worker.position - worker.reported;
            let due = bytes >= self.grain.bytes
                || self.now - worker.reported_at >= self.grain.interval - 1e-9;
            if bytes > 0 && due {
                worker.reported = worker.position;
                worker.reported_at = self.now;
                let position = worker.position;
                self.pending.push_back(Input::Received { lease, position });
            }
        }
    }

    /// Writes what has arrived for a worker and lies in its lease.
    fn catch_up(&mut self, lease: Lease) {
        let Some(worker) = self.workers.get_mut(&lease) else {
            return;
        };
        let Some(range) = worker.lease else { return };
        let arrived = self.network.arrived(worker.connection);
        // Half a byte forgives what rounding lost over a long reply.
        let arrived = worker.reply_start + (arrived + 0.5) as u64;
        let position = arrived.clamp(worker.position, range.end());
        if let Some(bytes) = ByteRange::new(worker.position, position) {
            let fresh = self.written.insert(bytes);
            assert_eq!(fresh, bytes.len(), "{}: {bytes} twice", self.world.seed);
        }
        worker.position = position;
    }

    fn leave(&mut self, lease: Lease, how: Stop) {
        let Some(worker) = self.workers.remove(&lease) else {
            return;
        };
        if how == Stop::Drained || how == Stop::Told {
            self.network.release(worker.connection);
        } else {
            self.network.drop_broken(worker.connection);
        }
        self.pending.push_back(Input::Stopped {
            lease,
            position: worker.position,
            how,
        });
    }

    fn faults(&mut self) {
        let share = self.written.len() as f64 / self.world.length as f64;
        if self.stalls_left > 0
            && self.world.stall_at.is_some_and(|at| share >= at)
            && self.network.stall_one()
        {
            self.stalls_left -= 1;
        }
        if self.next_reset <= self.now {
            self.next_reset += self.world.reset_every.unwrap_or(f64::INFINITY);
            let leases: Vec<Lease> = self.workers.keys().copied().collect();
            for lease in leases {
                self.leave(lease, Stop::Failed(FailureClass::Interrupted));
            }
            self.network.reset();
        }
    }

    fn feed_pending(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            self.inputs += 1;
            let now = Timestamp::after_start(Duration::from_secs_f64(self.now));
            self.policy.handle_input(now, input);
            self.drain_outputs();
            assert!(
                self.workers.len() <= usize::from(self.world.ceiling),
                "{}: too many workers",
                self.world.seed
            );
            if self.outcome.is_some() {
                return;
            }
        }
        self.policy.check();
    }

    fn drain_outputs(&mut self) {
        loop {
            match self.policy.poll_output() {
                Output::Start { lease, request, .. } => self.start(lease, request),
                Output::Grant { lease, grant } => self.grant(lease, grant),
                Output::Shrink { lease, cut } => self.shrink(lease, cut),
                Output::Stop { lease } => {
                    self.catch_up(lease);
                    self.leave(lease, Stop::Told);
                }
                Output::Checkpoint { id } => {
                    self.pending.push_back(Input::Durable { checkpoint: id });
                }
                Output::Event(_) => {}
                Output::Wait { until, .. } => {
                    // A nanosecond more than the deadline, which is in whole nanoseconds.
                    self.wait_until = until.map_or(f64::INFINITY, |until| {
                        (until.since_start().as_secs_f64() + 1e-9).max(self.now)
                    });
                    return;
                }
                Output::Finished(outcome) => {
                    self.outcome = Some(outcome);
                    return;
                }
            }
        }
    }

    fn start(&mut self, lease: Lease, request: Request) {
        let range = match request {
            Request::Part(range) => Some(range),
            Request::First | Request::Whole => None,
        };
        if let Some(range) = range {
            assert!(
                !self.written.intersects(range),
                "{}: {range} again",
                self.world.seed
            );
            for other in self.workers.values().filter_map(|worker| worker.lease) {
                assert_eq!(range.intersect(other), None, "{}: overlap", self.world.seed);
            }
        }
        let position = range.map_or(0, ByteRange::start);
        let worker = Worker {
            connection: self
                .network
                .ask(range.map_or(self.world.length, ByteRange::len)),
            lease: range,
            position,
            reported: position,
            reported_at: self.now,
            reply_start: position,
        };
        let before = self.workers.insert(lease, worker);
        assert!(before.is_none(), "{}: a lease twice", self.world.seed);
    }

    fn grant(&mut self, lease: Lease, grant: Grant) {
        let range = match grant {
            Grant::Range(range) => Some(range),
            Grant::ToEnd => ByteRange::whole(self.world.length),
        };
        self.workers
            .get_mut(&lease)
            .expect("a grant to a live worker")
            .lease = range;
    }

    /// A worker that is past the cut ends with the block it is writing.
    fn shrink(&mut self, lease: Lease, cut: u64) {
        self.catch_up(lease);
        let Some(worker) = self.workers.get_mut(&lease) else {
            return;
        };
        let Some(range) = worker.lease else { return };
        let position = worker.position;
        let end = if cut < position {
            BlockSize::DEFAULT.ceil(position)
        } else {
            cut
        };
        let end = end.min(range.end());
        worker.lease = ByteRange::new(range.start(), end);
        worker.reported = position;
        worker.reported_at = self.now;
        self.pending.push_back(Input::Received { lease, position });
        self.pending.push_back(Input::Shrunk { lease, end });
    }
}
