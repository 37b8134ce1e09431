//! Owns workers that bring what they are asked for, in turn and without fail, so that a scheduler
//! has as much to do as in a long download. Judges nothing.
use std::collections::VecDeque;
use std::num::NonZeroU16;
use std::time::Duration;

use range_core::ByteRange;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, Beginning, Body, Grant, Input, Output, Request, Scheduler, SchedulerConfig, Stop,
};

/// More than any measurement gets through.
const LENGTH: u64 = 1 << 60;
/// What a worker brings between two reports.
const STEP: u64 = 256 << 10;

struct Worker {
    attempt: AttemptId,
    range: ByteRange,
    position: u64,
    /// Its reply ends with its lease.
    is_last: bool,
}

/// Time in which every worker reports once.
const TURN: Duration = Duration::from_micros(25_600);

/// A download that is under way and does not end.
pub(crate) struct World {
    scheduler: Scheduler,
    now: Timestamp,
    workers: VecDeque<Worker>,
}

impl World {
    /// Begins, and goes on until so many workers are at it.
    pub(crate) fn with_workers(width: NonZeroU16) -> Self {
        let config = SchedulerConfig {
            sources: NonZeroU16::MIN,
            width,
            reach: scheduler::limits::REACH_DEFAULT,
            block_size: None,
            max_tries: 5,
            stall_timeout: Duration::from_secs(20),
            rate_limit: None,
            checkpoints: true,
            seed: 1,
        };
        let mut world = Self {
            scheduler: Scheduler::new(config, Beginning::Fresh),
            now: Timestamp::START,
            workers: VecDeque::new(),
        };
        world.feed(Input::Tick);
        while world.workers.len() < usize::from(width.get()) {
            world.report();
        }
        world
    }

    /// The next worker in turn brings as much as it does between two reports.
    pub(crate) fn report(&mut self) {
        // Each worker has a rate of its own, so that every further one pays and the width grows.
        let workers = u32::try_from(self.workers.len()).expect("few workers");
        self.now = self.now + TURN / workers;
        let mut worker = self.workers.pop_front().expect("the download does not end");
        let attempt = worker.attempt;
        worker.position = (worker.position + STEP).min(worker.range.end());
        let position = worker.position;
        if position < worker.range.end() || !worker.is_last {
            self.workers.push_back(worker);
            self.feed(Input::Received { attempt, position });
        } else {
            let how = Stop::Drained;
            self.feed(Input::Stopped {
                attempt,
                position,
                how,
            });
        }
    }

    fn feed(&mut self, input: Input) {
        let mut inputs = VecDeque::from([input]);
        while let Some(input) = inputs.pop_front() {
            self.scheduler.handle_input(self.now, input);
            loop {
                let output = self.scheduler.poll_output();
                if matches!(output, Output::Wait { .. }) {
                    break;
                }
                inputs.extend(self.obey(output));
            }
        }
    }

    /// Does as told, and says what there is to answer.
    fn obey(&mut self, output: Output) -> Vec<Input> {
        match output {
            Output::Start {
                attempt, request, ..
            } => open(attempt, request),
            Output::Checkpoint { id } => vec![Input::Durable { checkpoint: id }],
            Output::Finished(outcome) => panic!("the download ended: {outcome:?}"),
            Output::Grant { .. }
            | Output::Extend { .. }
            | Output::Shrink { .. }
            | Output::Stop { .. } => self.order(output).into_iter().collect(),
            Output::Allow { .. } | Output::Event(_) | Output::Wait { .. } => Vec::new(),
        }
    }

    /// What a worker is told, and what it answers.
    fn order(&mut self, output: Output) -> Option<Input> {
        match output {
            Output::Grant {
                attempt,
                grant: Grant::Range(range),
            } => {
                self.begin(attempt, range);
                None
            }
            Output::Extend { attempt, end } => {
                let worker = self.worker(attempt)?;
                worker.range = ByteRange::new(worker.range.start(), end)?;
                None
            }
            Output::Shrink { attempt, cut } => {
                let worker = self.worker(attempt)?;
                let end = cut.max(worker.position);
                worker.is_last = false;
                worker.range = ByteRange::new(worker.range.start(), end)?;
                Some(Input::Shrunk { attempt, end })
            }
            Output::Stop { attempt } => {
                let position = self.worker(attempt)?.position;
                self.workers.retain(|worker| worker.attempt != attempt);
                let how = Stop::Told;
                Some(Input::Stopped {
                    attempt,
                    position,
                    how,
                })
            }
            Output::Start { .. }
            | Output::Grant { .. }
            | Output::Allow { .. }
            | Output::Checkpoint { .. }
            | Output::Event(_)
            | Output::Wait { .. }
            | Output::Finished(_) => None,
        }
    }

    fn begin(&mut self, attempt: AttemptId, range: ByteRange) {
        let position = range.start();
        self.workers.push_back(Worker {
            attempt,
            range,
            position,
            is_last: position > 0,
        });
    }

    fn worker(&mut self, attempt: AttemptId) -> Option<&mut Worker> {
        self.workers
            .iter_mut()
            .find(|worker| worker.attempt == attempt)
    }
}

/// A request is answered at once.
fn open(attempt: AttemptId, request: Request) -> Vec<Input> {
    let (range, is_part) = match request {
        Request::Part(range) => (range, true),
        Request::First | Request::Whole => (ByteRange::new(0, LENGTH).expect("not empty"), false),
    };
    let body = Body::Part {
        range,
        complete_length: LENGTH,
    };
    let mut inputs = vec![Input::Opened { attempt, body }];
    if is_part {
        inputs.push(Input::Began { attempt });
    }
    inputs
}
