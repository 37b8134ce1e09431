//! Owns a world without a network: workers that answer in random order, late, or with failures.
//! Knows no expectation of any test.

use std::collections::BTreeMap;
use std::num::NonZeroU16;
use std::time::Duration;

use range_core::block::{BlockIndex, BlockSize};
use range_core::units::{BytesPerSecond, RateLimit};
use range_core::{ByteRange, RangeSet};
use scheduler::failure::FailureClass;
use scheduler::limits;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, Beginning, Body, Grant, Input, Outcome, Output, Request, Scheduler, SchedulerConfig,
    Stop,
};
use simulator::Dice;

use super::budget::Budget;

const MIB: u64 = 1 << 20;

#[derive(Clone, Copy)]
pub(super) struct Worker {
    request: Request,
    /// The range that its reply brings.
    reply: ByteRange,
    opened: bool,
    has_begun: bool,
    lease_range: Option<ByteRange>,
    position: u64,
    shrink: Option<u64>,
    stop: bool,
    allowed: Option<u64>,
}

pub(super) struct World {
    scheduler: Scheduler,
    pub(super) dice: Dice,
    now: Timestamp,
    pub(super) length: u64,
    width: u16,
    pub(super) written: RangeSet,
    /// Bytes of an earlier run that were answered with `Verified`.
    verified: u64,
    pub(super) workers: BTreeMap<AttemptId, Worker>,
    faults_left: u32,
    /// Of the limit on the rate, while there is one.
    budget: Option<Budget>,
    changes_limit: bool,
    /// Before it, a few failures are enough to give up.
    ever_opened: bool,
    wait_until: Option<Timestamp>,
    pub(super) outcome: Option<Outcome>,
    /// Of a file that is read in order.
    window: Option<u64>,
    taken: u64,
}

impl World {
    pub(super) fn new(seed: u64) -> Self {
        Self::with_window(seed, |_| None)
    }

    /// A file that is read in order, by a reader that comes and goes.
    pub(super) fn in_order(seed: u64) -> Self {
        Self::with_window(seed, |dice| {
            let most = roll(dice, 7);
            Some(limits::WINDOW_MIN + roll(dice, MIB << most))
        })
    }

    fn with_window(seed: u64, window: impl Fn(&mut Dice) -> Option<u64>) -> Self {
        let mut dice = Dice::new(seed);
        let width = 1 + u16::try_from(roll(&mut dice, 12)).unwrap();
        let length = 1 + roll(&mut dice, 200 * MIB);
        let changes_limit = seed.is_multiple_of(3);
        let limit = if changes_limit {
            some_limit(&mut dice)
        } else {
            None
        };
        let window = window(&mut dice);
        let config = SchedulerConfig {
            sources: NonZeroU16::MIN,
            width: NonZeroU16::new(width).unwrap(),
            reach: limits::REACH_DEFAULT,
            window,
            block_size: Some(BlockSize::DEFAULT),
            max_tries: Some(10_000),
            stall_timeout: Duration::from_secs(20),
            first_byte_timeout: Duration::from_mins(2),
            rate_limit: limit,
            checkpoints: true,
            seed,
        };
        let beginning = match roll(&mut dice, 3) {
            0 if window.is_none() => Beginning::Resume {
                length,
                claimed: some_blocks(&mut dice, length),
            },
            _ => Beginning::Fresh,
        };
        let faults_left = u32::try_from(roll(&mut dice, 60)).unwrap();
        Self {
            scheduler: Scheduler::new(config, beginning),
            dice,
            now: Timestamp::START,
            length,
            width,
            written: RangeSet::new(),
            verified: 0,
            workers: BTreeMap::new(),
            faults_left,
            budget: limit.map(Budget::new),
            changes_limit,
            ever_opened: false,
            wait_until: None,
            outcome: None,
            window,
            taken: 0,
        }
    }

    pub(super) fn feed(&mut self, input: Input) {
        self.scheduler.handle_input(self.now, input);
        let mut checkpoint = None;
        loop {
            match self.scheduler.poll_output() {
                Output::Start {
                    attempt, request, ..
                } => self.start(attempt, request),
                Output::Grant {
                    attempt,
                    grant: Grant::Range(range),
                } => self.grant(attempt, range),
                Output::Grant {
                    grant: Grant::ToEnd,
                    ..
                } => panic!("the length was stated"),
                Output::Allow { attempt, end } => {
                    let worker = self.workers.get_mut(&attempt).expect("a live worker");
                    worker.allowed = Some(end);
                }
                Output::Extend { attempt, end } => self.extend(attempt, end),
                Output::Shrink { attempt, cut } => {
                    self.workers
                        .get_mut(&attempt)
                        .expect("a live victim")
                        .shrink = Some(cut);
                }
                Output::Stop { attempt } => {
                    self.workers.get_mut(&attempt).expect("a live worker").stop = true;
                }
                Output::Checkpoint { id } => checkpoint = Some(id),
                Output::Notice(_) => {}
                Output::Wait { until, .. } => {
                    self.wait_until = until;
                    break;
                }
                Output::Finished(outcome) => {
                    self.outcome = Some(outcome);
                    break;
                }
            }
        }
        if let Some(checkpoint) = checkpoint {
            self.feed(Input::Durable { checkpoint });
        }
    }

    fn start(&mut self, attempt: AttemptId, request: Request) {
        let reply = match request {
            Request::Part(range) => range,
            Request::First | Request::Whole => ByteRange::whole(self.length).expect("not empty"),
        };
        if matches!(request, Request::Part(_)) {
            assert!(!self.written.intersects(reply), "{reply} is fetched twice");
            self.check_horizon(reply);
        }
        let worker = Worker {
            request,
            reply,
            opened: false,
            has_begun: false,
            lease_range: None,
            position: reply.start(),
            allowed: None,
            shrink: None,
            stop: false,
        };
        assert!(self.workers.insert(attempt, worker).is_none());
        assert!(self.workers.len() <= usize::from(self.width));
    }

    fn grant(&mut self, attempt: AttemptId, range: ByteRange) {
        self.check_lease(attempt, range);
        self.check_horizon(range);
        let worker = self.workers.get_mut(&attempt).expect("a live worker");
        let is_part = matches!(worker.request, Request::Part(_));
        assert!(worker.has_begun || !is_part && worker.opened, "too soon");
        assert!(
            range.start() >= worker.position,
            "what is past comes no more"
        );
        assert!(range.end() <= worker.reply.end(), "the reply ends before");
        worker.lease_range = Some(range);
        worker.position = range.start();
    }

    fn extend(&mut self, attempt: AttemptId, end: u64) {
        let worker = &self.workers[&attempt];
        let before = worker.lease_range.expect("what goes on has a lease");
        assert!(end <= worker.reply.end(), "the reply ends before");
        let more = ByteRange::new(before.end(), end).expect("a longer lease");
        self.check_lease(attempt, more);
        self.check_horizon(more);
        let worker = self.workers.get_mut(&attempt).expect("a live worker");
        worker.lease_range = ByteRange::new(before.start(), end);
    }

    /// The reader is near enough for these bytes.
    fn check_horizon(&self, range: ByteRange) {
        let end = self.window.map_or(u64::MAX, |window| self.taken + window);
        assert!(range.end() <= end, "{range} passes {end}");
    }

    /// The reader takes some of what is there, if there is any, and all of it as a rule.
    fn read(&mut self) -> bool {
        let there = self.written.frontier() - self.taken;
        if self.window.is_none() || there == 0 {
            return false;
        }
        self.taken += match roll(&mut self.dice, 4) {
            0 => 1 + roll(&mut self.dice, there),
            _ => there,
        };
        self.taken = self.taken.min(self.written.frontier());
        self.feed(Input::Taken { end: self.taken });
        true
    }

    /// Nobody else has written these bytes, or may.
    fn check_lease(&self, attempt: AttemptId, range: ByteRange) {
        assert!(!self.written.intersects(range), "{range} is written twice");
        let others = self.workers.iter().filter(|(other, _)| **other != attempt);
        for other in others.filter_map(|(_, worker)| worker.lease_range) {
            assert_eq!(range.intersect(other), None, "{range} and {other} overlap");
        }
    }

    /// One random thing happens.
    pub(super) fn step(&mut self) {
        let span = Duration::from_millis(roll(&mut self.dice, 200));
        self.now = self.now + span;
        if let Some(budget) = &mut self.budget {
            budget.pass(span);
        }
        if self.changes_limit && roll(&mut self.dice, 300) == 0 {
            let limit = some_limit(&mut self.dice);
            self.budget = limit.map(Budget::new);
            self.feed(Input::RateLimit(limit));
        }
        let pick = roll(&mut self.dice, self.workers.len() as u64 + 2);
        let picked = usize::try_from(pick).unwrap();
        match self
            .workers
            .iter()
            .nth(picked)
            .map(|(attempt, worker)| (*attempt, *worker))
        {
            Some((attempt, worker)) => self.step_worker(attempt, worker),
            None if self.verify_something() => {}
            None if roll(&mut self.dice, 3) == 0 && self.read() => {}
            None => {
                if let Some(until) = self.wait_until.filter(|_| roll(&mut self.dice, 20) == 0) {
                    self.now = self.now.max(until);
                }
                self.feed(Input::Tick);
            }
        }
    }

    fn verify_something(&mut self) -> bool {
        let Some(run) = self.scheduler.claimed().first() else {
            return false;
        };
        let range = BlockSize::DEFAULT
            .range_of(BlockSize::DEFAULT.block_at(run.start()), self.length)
            .expect("a claimed block lies in the file");
        if roll(&mut self.dice, 5) == 0 {
            self.feed(Input::Rejected { range });
        } else {
            self.verified += self.written.insert(range);
            self.feed(Input::Verified { range });
        }
        true
    }

    fn step_worker(&mut self, attempt: AttemptId, worker: Worker) {
        if worker.stop && roll(&mut self.dice, 2) == 0 {
            self.leave(attempt, worker, Stop::Told);
        } else if self.faults_left > 0 && self.ever_opened && roll(&mut self.dice, 12) == 0 {
            self.faults_left -= 1;
            let class = match roll(&mut self.dice, 4) {
                0 => FailureClass::Busy {
                    retry_after: Some(Duration::from_secs(3)),
                },
                1 => FailureClass::Unreachable,
                _ => FailureClass::Interrupted,
            };
            self.leave(attempt, worker, Stop::Failed(class));
            // A late word from the dead attempt must change nothing.
            self.feed(Input::Received {
                attempt,
                position: self.length,
            });
        } else if !worker.opened {
            self.open(attempt, worker);
        } else if !worker.has_begun && matches!(worker.request, Request::Part(_)) {
            let worker = self.workers.get_mut(&attempt).expect("picked from the map");
            worker.has_begun = true;
            self.feed(Input::Began { attempt });
        } else if let Some(cut) = worker.shrink {
            self.answer_shrink(attempt, worker, cut);
        } else {
            self.advance(attempt, worker);
        }
    }

    fn open(&mut self, attempt: AttemptId, worker: Worker) {
        self.workers
            .get_mut(&attempt)
            .expect("picked from the map")
            .opened = true;
        self.ever_opened = true;
        let body = Body::Part {
            range: worker.reply,
            complete_length: self.length,
        };
        self.feed(Input::Opened { attempt, body });
    }

    fn answer_shrink(&mut self, attempt: AttemptId, worker: Worker, cut: u64) {
        let range = worker
            .lease_range
            .expect("only streaming workers are split");
        let end = cut.max(worker.position).min(range.end());
        let entry = self.workers.get_mut(&attempt).expect("picked from the map");
        entry.shrink = None;
        entry.lease_range = ByteRange::new(range.start(), end);
        self.feed(Input::Shrunk { attempt, end });
    }

    fn advance(&mut self, attempt: AttemptId, worker: Worker) {
        let Some(range) = worker.lease_range else {
            return;
        };
        let end = worker
            .allowed
            .map_or(range.end(), |end| end.min(range.end()));
        let left = end.saturating_sub(worker.position);
        let step = (1 + roll(&mut self.dice, 3 * MIB)).min(left);
        if let Some(budget) = &mut self.budget {
            budget.spend(step);
        }
        if let Some(bytes) = ByteRange::from_length(worker.position, step) {
            assert_eq!(
                self.written.insert(bytes),
                bytes.len(),
                "{bytes} was written twice"
            );
        }
        let position = worker.position + step;
        let mut worker = worker;
        worker.position = position;
        self.workers.insert(attempt, worker);
        if position == worker.reply.end() {
            self.leave(attempt, worker, Stop::Drained);
        } else {
            self.feed(Input::Received { attempt, position });
        }
    }

    fn leave(&mut self, attempt: AttemptId, worker: Worker, how: Stop) {
        self.workers.remove(&attempt);
        self.feed(Input::Stopped {
            attempt,
            position: worker.position,
            how,
        });
    }
}

pub(super) fn roll(dice: &mut Dice, sides: u64) -> u64 {
    dice.whole(0, sides - 1)
}

fn some_limit(dice: &mut Dice) -> Option<RateLimit> {
    let rate = roll(dice, 5) * (10 * MIB);
    RateLimit::new(BytesPerSecond(rate))
}

fn some_blocks(dice: &mut Dice, length: u64) -> RangeSet {
    (0..BlockSize::DEFAULT.count(length))
        .filter(|_| roll(dice, 3) > 0)
        .filter_map(|index| BlockSize::DEFAULT.range_of(BlockIndex(index), length))
        .collect()
}
