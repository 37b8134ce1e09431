//! Owns the policies of others, reduced to how they divide a file. Knows no network.

use std::collections::{BTreeMap, VecDeque};
use std::num::NonZeroU16;
use std::time::Duration;

use range_core::ByteRange;
use scheduler::failure::FailureClass;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, Body, Grant, Input, Outcome, Output, Request, Route, SegmentId, SourceId, Stop,
    WaitReason,
};

use crate::policy::Policy;

/// Connections; what people who compare downloaders give axel and aria2.
const WIDTH: usize = 16;
/// aria2's smallest piece, which is also its default.
const PIECE: u64 = 1 << 20;
/// axel splits nothing smaller than twice this.
const HALVING_MIN: u64 = 100 << 10;
/// aria2's timeout.
const STALL: Duration = Duration::from_mins(1);
/// Wait after a failure, so that a refusing server is not stormed.
const RETRY: Duration = Duration::from_secs(1);

/// The ways of dividing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Habit {
    Static,
    Halving,
    Pieces,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    left: Option<ByteRange>,
    last_progress: Timestamp,
    shrinking: bool,
    stopping: bool,
}

/// A policy that divides by habit and measures nothing.
#[derive(Debug)]
pub(crate) struct Reference {
    habit: Habit,
    sources: NonZeroU16,
    now: Timestamp,
    length: Option<u64>,
    probed: bool,
    next_segment: u32,
    waiting: VecDeque<ByteRange>,
    /// Nothing starts before this.
    gate: Timestamp,
    workers: BTreeMap<AttemptId, Worker>,
    outputs: VecDeque<Output>,
    disk_failed: bool,
}

impl Reference {
    pub(crate) fn new(habit: Habit, sources: NonZeroU16) -> Self {
        Self {
            habit,
            sources,
            now: Timestamp::START,
            length: None,
            probed: false,
            next_segment: 0,
            waiting: VecDeque::new(),
            gate: Timestamp::START,
            workers: BTreeMap::new(),
            outputs: VecDeque::new(),
            disk_failed: false,
        }
    }

    fn start(&mut self, left: Option<ByteRange>) {
        let attempt = AttemptId {
            segment: SegmentId(self.next_segment),
            number: 1,
        };
        // In turn, whatever each of them is worth.
        let turn = self.next_segment % u32::from(self.sources.get());
        let source = SourceId(u16::try_from(turn).expect("below their number"));
        self.next_segment += 1;
        let worker = Worker {
            left,
            last_progress: self.now,
            shrinking: false,
            stopping: false,
        };
        self.workers.insert(attempt, worker);
        self.outputs.push_back(Output::Start {
            attempt,
            source,
            request: left.map_or(Request::First, Request::Part),
            route: Route::Known,
        });
    }

    /// The first reply tells the length: divide the file.
    fn divide(&mut self, attempt: AttemptId, length: u64) {
        self.length = Some(length);
        let part = match self.habit {
            Habit::Static | Habit::Halving => length.div_ceil(WIDTH as u64),
            Habit::Pieces => PIECE,
        };
        let mut at = 0;
        while let Some(range) = ByteRange::new(at, (at + part).min(length)) {
            self.waiting.push_back(range);
            at = range.end();
        }
        let first = self
            .waiting
            .pop_front()
            .expect("a world's file is not empty");
        if let Some(worker) = self.workers.get_mut(&attempt) {
            worker.left = Some(first);
        }
        self.outputs.push_back(Output::Grant {
            attempt,
            grant: Grant::Range(first),
        });
    }

    fn moved(&mut self, attempt: AttemptId, position: u64) {
        let now = self.now;
        if let Some(worker) = self.workers.get_mut(&attempt) {
            worker.last_progress = now;
            worker.left = worker.left.and_then(|left| left.split_at(position).1);
        }
    }

    fn stopped(&mut self, attempt: AttemptId, position: u64, how: Stop) {
        self.moved(attempt, position);
        let Some(worker) = self.workers.remove(&attempt) else {
            return;
        };
        self.disk_failed |= how == Stop::Failed(FailureClass::Storage);
        if how != Stop::Drained && worker.left.is_some() {
            self.gate = self.now + RETRY;
        }
        match worker.left {
            Some(left) => self.waiting.push_front(left),
            None if self.length.is_none() => self.probed = false,
            None => {}
        }
    }

    fn dispatch(&mut self) {
        for (attempt, worker) in &mut self.workers {
            let stalls = self.now.since(worker.last_progress) >= STALL;
            let is_done = worker.left.is_none() && self.length.is_some();
            if !worker.stopping && (stalls || is_done || self.disk_failed) {
                worker.stopping = true;
                self.outputs.push_back(Output::Stop { attempt: *attempt });
            }
        }
        if self.gate > self.now || self.disk_failed {
            return;
        }
        if !self.probed {
            self.probed = true;
            self.start(None);
        }
        while self.workers.len() < WIDTH {
            let Some(range) = self.waiting.pop_front() else {
                break;
            };
            self.start(Some(range));
        }
        if self.habit == Habit::Halving && self.length.is_some() && self.waiting.is_empty() {
            self.halve();
        }
    }

    fn halve(&mut self) {
        let splitting = self.workers.values().filter(|w| w.shrinking).count();
        for _ in self.workers.len() + splitting..WIDTH {
            let largest = self
                .workers
                .iter_mut()
                .filter(|(_, worker)| !worker.shrinking && !worker.stopping)
                .filter_map(|(attempt, worker)| Some((worker.left?, attempt, worker)))
                .max_by_key(|(left, attempt, _)| (left.len(), **attempt));
            let Some((left, attempt, worker)) = largest else {
                return;
            };
            if left.len() < 2 * HALVING_MIN {
                return;
            }
            worker.shrinking = true;
            self.outputs.push_back(Output::Shrink {
                attempt: *attempt,
                cut: left.start() + left.len() / 2,
            });
        }
    }
}

impl Policy for Reference {
    fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.now = now;
        match input {
            Input::Opened {
                attempt,
                body: Body::Part {
                    complete_length, ..
                },
            } if self.length.is_none() => self.divide(attempt, complete_length),
            Input::Began { attempt } => {
                let left = self.workers.get(&attempt).and_then(|worker| worker.left);
                let grants = left.map(|left| Output::Grant {
                    attempt,
                    grant: Grant::Range(left),
                });
                self.outputs.extend(grants);
            }
            Input::Received { attempt, position } => self.moved(attempt, position),
            Input::Shrunk { attempt, end } => {
                if let Some(worker) = self.workers.get_mut(&attempt) {
                    worker.shrinking = false;
                    let (kept, released) = worker.left.map_or((None, None), |l| l.split_at(end));
                    worker.left = kept;
                    self.waiting.extend(released);
                }
            }
            Input::Stopped {
                attempt,
                position,
                how,
            } => self.stopped(attempt, position, how),
            Input::Tick
            | Input::Opened { .. }
            | Input::Verified { .. }
            | Input::Rejected { .. }
            | Input::Proven { .. }
            | Input::Disproven { .. }
            | Input::Durable { .. }
            | Input::RateLimit(_)
            | Input::Taken { .. }
            | Input::Cancel => {}
        }
        self.dispatch();
    }

    fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        if self.disk_failed && self.workers.is_empty() {
            return Output::Finished(Outcome::Failed(FailureClass::Storage));
        }
        if let Some(length) = self.length
            && self.workers.is_empty()
            && self.waiting.is_empty()
        {
            return Output::Finished(Outcome::Complete { length });
        }
        let gate = (self.gate > self.now).then_some(self.gate);
        let stall = self.workers.values().filter(|worker| !worker.stopping);
        Output::Wait {
            until: stall.map(|w| w.last_progress + STALL).chain(gate).min(),
            reason: WaitReason::Workers,
        }
    }

    fn check(&mut self) {
        assert!(self.workers.len() <= WIDTH, "a reference policy's width");
    }
}
