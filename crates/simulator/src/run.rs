//! Owns one run: a policy's outputs become requests, what arrives becomes its inputs, faults come
//! when the world says. Knows no policy's reasons.

mod checks;
mod faults;
mod worker;
mod workers;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use range_core::RangeSet;
use scheduler::failure::FailureClass;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, Beginning, CheckpointId, Input, Outcome, Output, SourceId, Stop, WaitReason,
};

use crate::bound::{lower_bound, plain_stream, useful_connections};
use crate::network::Network;
use crate::policy::Policy;
use crate::server::Server;
use crate::trace::Trace;
use crate::watch::{Limited, Watch};
use crate::world::World;
use worker::{Grain, Worker};

/// Makes a policy for a way a download begins. `None` when it knows none, which ends the run.
pub type Begin<'p> = dyn FnMut(Beginning) -> Option<Box<dyn Policy>> + 'p;

/// The result of a run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RunReport {
    /// Seconds of virtual time.
    pub time: f64,
    /// The world's lower bound, in seconds.
    pub bound: f64,
    /// The time in which the server had said when to ask again, in seconds: each as far as
    /// connections that would have been of use were not there.
    pub held_off: f64,
    /// The time one plain stream takes, in seconds.
    pub plain: f64,
    /// True if it said that so little comes of a request that it is no use, and ended.
    pub gave_up: bool,
    /// Bytes that arrived for nothing, because a connection was let go before its reply ended.
    pub wasted: f64,
    /// Bytes that came once more, because a reply that was kept had to be read up to those that
    /// were missing.
    pub skipped: u64,
    /// Bytes that were written and had to be given up, because the server lied or has another
    /// file.
    pub discarded: u64,
    /// Length of the file.
    pub length: u64,
    /// Most connections with a request on them at once.
    pub peak: usize,
    /// Most connections beyond the width, once that was found; `None` when it never was.
    pub beyond: Option<usize>,
    /// Requests made.
    pub requests: u64,
    /// Requests the server did not serve: it limits its clients, or the address had expired.
    pub refused: u64,
    /// Most of those in any ten seconds.
    pub storm: usize,
    /// The largest distance from the lowest missing byte at which a range was asked for, in parts
    /// of the policy's reach.
    pub ahead: f64,
    /// Inputs the policy was given.
    pub inputs: u64,
    /// The effect of a limit on the rate, if there was one.
    pub limited: Option<Limited>,
}

impl RunReport {
    /// Returns its time over the bound, and over what the server had it wait besides.
    pub fn ratio(&self) -> f64 {
        self.time / (self.bound + self.held_off)
    }
}

/// A run that did not end as it must.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The policy ended otherwise.
    Ended(Outcome),
    /// It was still at it after twenty times the bound and ten minutes, or will never wake.
    Endless,
    /// An invariant is broken; this one.
    Broken(String),
}

struct Run<'w> {
    world: &'w World,
    network: Network<'w>,
    server: Server<'w>,
    policy: Box<dyn Policy>,
    bound: f64,
    now: f64,
    wait_until: f64,
    wait_reason: WaitReason,
    next_reset: f64,
    next_replacement: f64,
    next_outage: f64,
    next_death: f64,
    dead: BTreeSet<SourceId>,
    syncing: Option<(f64, CheckpointId)>,
    stalls_left: u32,
    workers: BTreeMap<AttemptId, Worker>,
    pending: VecDeque<Input>,
    written: RangeSet,
    /// Of which file the written bytes are.
    generation: Option<u32>,
    discarded: u64,
    skipped: u64,
    outcome: Option<Outcome>,
    inputs: u64,
    watch: Watch,
    grain: Grain,
    trace: Option<&'w mut Trace>,
}

/// Runs a policy in a world, and tells a trace of it, if one is given.
///
/// After every step the policy checks itself and the world checks the policy. A panic of either,
/// which is how they say that an invariant is broken, becomes [`Failure::Broken`].
pub fn run(
    world: &World,
    begin: &mut Begin<'_>,
    trace: Option<&mut Trace>,
) -> Result<RunReport, Failure> {
    let attempt = catch_unwind(AssertUnwindSafe(|| attempt(world, begin, trace)));
    attempt.unwrap_or_else(|panic| {
        let text = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(Failure::Broken(text.unwrap_or("no message").to_owned()))
    })
}

fn attempt(
    world: &World,
    begin: &mut Begin<'_>,
    trace: Option<&mut Trace>,
) -> Result<RunReport, Failure> {
    let bound = lower_bound(world);
    let policy = begin(Beginning::Fresh).expect("every policy can begin afresh");
    let mut run = Run {
        world,
        network: Network::new(world),
        server: Server::new(world),
        policy,
        bound,
        now: 0.0,
        wait_until: f64::INFINITY,
        wait_reason: WaitReason::Workers,
        next_reset: world.reset_every.unwrap_or(f64::INFINITY),
        next_replacement: world.replaced_at.unwrap_or(f64::INFINITY),
        next_outage: world.outage.map_or(f64::INFINITY, |outage| outage.from),
        next_death: next_death(world, 0.0),
        dead: BTreeSet::new(),
        syncing: None,
        stalls_left: u32::from(world.stall_at.is_some()),
        workers: BTreeMap::new(),
        pending: VecDeque::from([Input::Tick]),
        written: RangeSet::new(),
        generation: None,
        discarded: 0,
        skipped: 0,
        outcome: None,
        inputs: 0,
        watch: Watch::new(),
        grain: Grain::of(world, bound),
        trace,
    };
    let mut begun_anew = 0;
    loop {
        let outcome = run.until_the_end()?;
        let beginning = match outcome {
            Outcome::Changed => Beginning::Fresh,
            Outcome::SingleStreamNeeded => Beginning::SingleStream,
            Outcome::Complete { .. } | Outcome::Cancelled | Outcome::Failed(_) => {
                return run.report(outcome);
            }
        };
        begun_anew += 1;
        match begin(beginning) {
            // One change and one lie are all that a world has.
            Some(policy) if begun_anew <= 2 => run.begin_anew(policy),
            _ => return Err(Failure::Ended(outcome)),
        }
    }
}

/// When the next target of a redirect is gone for good.
fn next_death(world: &World, now: f64) -> f64 {
    let dying = world.dying.as_ref();
    dying.map_or(f64::INFINITY, |dying| dying.next_after(now))
}

impl Run<'_> {
    fn until_the_end(&mut self) -> Result<Outcome, Failure> {
        let patience = 20.0 * self.bound + 600.0;
        loop {
            self.feed_pending();
            if let Some(outcome) = self.outcome {
                return Ok(outcome);
            }
            let next = self.next_moment();
            if next > patience {
                return Err(Failure::Endless);
            }
            self.step(next);
        }
    }

    /// The part file is discarded, and another policy takes over.
    fn begin_anew(&mut self, policy: Box<dyn Policy>) {
        assert!(self.workers.is_empty(), "a download ends without workers");
        self.policy = policy;
        self.outcome = None;
        self.watch.rules.let_go = None;
        self.syncing = None;
        self.generation = None;
        self.pending = VecDeque::from([Input::Tick]);
        self.discard();
    }

    fn discard(&mut self) {
        self.discarded += self.written.len();
        self.written = RangeSet::new();
    }

    fn report(&self, outcome: Outcome) -> Result<RunReport, Failure> {
        let length = self.world.length;
        let expected = match self.world.disk.fails_at {
            Some(_) => Outcome::Failed(FailureClass::Storage),
            None => Outcome::Complete { length },
        };
        let interrupted = Outcome::Failed(FailureClass::Interrupted);
        let gave_up = self.world.may_be_given_up() && outcome == interrupted;
        if outcome != expected && !gave_up {
            return Err(Failure::Ended(outcome));
        }
        assert!(self.workers.is_empty(), "a download ends without workers");
        if outcome == (Outcome::Complete { length }) {
            assert_eq!(
                self.written.len(),
                length,
                "every byte of the file is there"
            );
        }
        Ok(RunReport {
            time: self.now,
            bound: self.bound,
            held_off: self.watch.held_off.seconds(),
            plain: plain_stream(self.world),
            gave_up,
            wasted: self.network.wasted,
            skipped: self.skipped,
            discarded: self.discarded,
            length,
            peak: self.network.peak,
            beyond: self.watch.beyond(),
            requests: self.server.requests(),
            refused: self.watch.refused(),
            storm: self.watch.storm(),
            ahead: self.watch.ahead() as f64 / self.policy.reach() as f64,
            inputs: self.inputs,
            limited: self.watch.limited(),
        })
    }

    fn next_moment(&mut self) -> f64 {
        self.network
            .next_event()
            .min(self.wait_until)
            .min(self.next_reset)
            .min(self.next_replacement)
            .min(self.next_outage)
            .min(self.next_death)
            .min(self.syncing.map_or(f64::INFINITY, |(until, _)| until))
            .min(self.next_report())
            .max(self.now)
    }

    fn step(&mut self, to: f64) {
        self.hold_off(to);
        self.now = to;
        for connection in self.network.advance(to) {
            self.head_arrived(connection);
        }
        self.workers_report();
        let broken = self.network.show_oddities();
        self.interrupt(&broken);
        self.faults();
        if let Some((until, checkpoint)) = self.syncing
            && until <= self.now
        {
            self.syncing = None;
            self.pending.push_back(Input::Durable { checkpoint });
        }
        if self.wait_until <= self.now {
            if self.wait_reason != WaitReason::Credit {
                self.everyone_reports();
            }
            self.pending.push_back(Input::Tick);
        }
        self.watch
            .connections(self.world, self.now, self.network.used());
        self.watch.served(self.now, self.network.is_served());
        self.watch.arrived(self.world, self.now, self.network.taken);
    }

    /// Time passes in which the server may have said when to ask again.
    fn hold_off(&mut self, to: f64) {
        if !self.watch.held_off.holds(self.now) {
            return;
        }
        let useful = useful_connections(self.world, self.now).min(self.world.served_at(self.now));
        let served = self.network.streaming_from(SourceId(0)).min(useful);
        let missing = 1.0 - served as f64 / useful.max(1) as f64;
        self.watch.held_off.passes(self.now, to, missing);
    }

    fn tell(&mut self, what: &str) {
        if let Some(trace) = &mut self.trace {
            trace.fault(self.now, what);
        }
    }

    fn feed_pending(&mut self) {
        while let Some(input) = self.pending.pop_front() {
            self.inputs += 1;
            if let Some(trace) = &mut self.trace {
                trace.input(self.now, &input, self.wait_reason);
            }
            let now = Timestamp::after_start(Duration::from_secs_f64(self.now));
            self.policy.handle_input(now, input);
            self.drain_outputs();
            if self.outcome.is_some() {
                break;
            }
        }
        self.policy.check();
        self.check();
    }

    fn drain_outputs(&mut self) {
        let mut outputs = 0;
        loop {
            let output = self.policy.poll_output();
            outputs += 1;
            self.check_outputs(outputs);
            if let Some(trace) = &mut self.trace {
                trace.output(self.now, &output);
            }
            match output {
                Output::Start {
                    attempt,
                    source,
                    request,
                    route,
                } => self.start(attempt, source, request, route),
                Output::Grant { attempt, grant } => self.grant(attempt, grant),
                Output::Allow { attempt, end } => self.allow(attempt, end),
                Output::Extend { attempt, end } => self.extend(attempt, end),
                Output::Shrink { attempt, cut } => self.shrink(attempt, cut),
                Output::Stop { attempt } => {
                    self.catch_up(attempt);
                    self.check_stop(attempt);
                    self.leave(attempt, Stop::Told);
                }
                Output::Checkpoint { id } => {
                    assert_eq!(self.syncing, None, "one sync at a time");
                    self.syncing = Some((self.now + self.world.disk.sync, id));
                }
                Output::Notice(_) => {}
                Output::Wait { until, reason } => {
                    self.wait_reason = reason;
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
}
