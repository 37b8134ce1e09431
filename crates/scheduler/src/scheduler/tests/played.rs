//! A server that is played in virtual time, by steps of a few milliseconds: when heads come, when
//! bytes do, and who is turned away. Knows no expectation of any test.

use std::collections::BTreeMap;

use super::*;
use crate::segment::StopCause;

const STEP: Duration = Duration::from_millis(5);

/// The fate of a request.
#[derive(Clone, Copy, Debug)]
pub(super) enum Answer {
    /// A head, `head` after the request; a body, `late` after that; bytes at a rate, or in bursts
    /// of so many, each once there would have been as many.
    Serves {
        head: Duration,
        late: Duration,
        rate: u64,
        burst: u64,
        /// The reply ends after so many bytes, as its head says.
        most: u64,
    },
    /// A failure, so long after the request.
    Fails(Duration, FailureClass),
}

impl Answer {
    pub(super) const fn at_once(rate: u64) -> Self {
        Self::late(Duration::ZERO, rate)
    }

    pub(super) const fn late(late: Duration, rate: u64) -> Self {
        Self::Serves {
            head: Duration::from_millis(1),
            late,
            rate,
            burst: 1,
            most: u64::MAX,
        }
    }

    pub(super) const fn bursts(burst: u64, rate: u64) -> Self {
        Self::Serves {
            head: Duration::from_millis(1),
            late: Duration::ZERO,
            rate,
            burst,
            most: u64::MAX,
        }
    }

    pub(super) const fn ends_after(most: u64) -> Self {
        Self::Serves {
            head: Duration::from_millis(1),
            late: Duration::ZERO,
            rate: 1 << 30,
            burst: 1,
            most,
        }
    }
}

/// A request as the server sees it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked {
    /// The number of those that came before it.
    pub(super) number: usize,
    pub(super) at: Timestamp,
    pub(super) request: Request,
    pub(super) route: Route,
}

#[derive(Clone, Copy, Debug)]
struct Worker {
    asked: Asked,
    answer: Answer,
    /// The bytes its reply brings.
    reply: ByteRange,
    opened: Option<Timestamp>,
    has_begun: bool,
    /// The end of its lease, once it has one.
    end: Option<u64>,
    position: u64,
    reported: u64,
    reported_at: Timestamp,
}

/// A download from such a server.
pub(super) struct Played {
    pub(super) bench: Bench,
    length: u64,
    workers: BTreeMap<AttemptId, Worker>,
    fresh: Vec<(AttemptId, Asked)>,
    pub(super) asked: Vec<Asked>,
    pub(super) opened: Vec<Timestamp>,
    /// The number of workers that had to let go and could have brought more.
    pub(super) stops: usize,
    /// The number of those that brought bytes, and whose places nobody was accepted to take.
    pub(super) let_go_for_nobody: usize,
    /// The bytes that streams had to read once more, up to those that were missing.
    pub(super) skipped: u64,
    wait: Option<Timestamp>,
    pub(super) ended: Option<(Outcome, Timestamp)>,
}

impl Played {
    pub(super) fn new(width: u16, length: u64, beginning: Beginning) -> Self {
        let mut played = Self {
            bench: Bench::of(
                SchedulerConfig {
                    max_tries: None,
                    ..config(width)
                },
                beginning,
            ),
            length,
            workers: BTreeMap::new(),
            fresh: Vec::new(),
            asked: Vec::new(),
            opened: Vec::new(),
            stops: 0,
            let_go_for_nobody: 0,
            skipped: 0,
            wait: None,
            ended: None,
        };
        played.feed(Input::Tick);
        played
    }

    pub(super) fn connections(&self) -> usize {
        self.workers.len() + self.fresh.len()
    }

    pub(super) fn feed(&mut self, input: Input) {
        for output in self.bench.feed(input) {
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Start {
                attempt,
                request,
                route,
                ..
            } => {
                let asked = Asked {
                    number: self.asked.len(),
                    at: self.bench.now,
                    request,
                    route,
                };
                self.asked.push(asked);
                self.fresh.push((attempt, asked));
            }
            Output::Stop { attempt } => {
                self.fresh.retain(|(other, _)| *other != attempt);
                let gone = self.workers.remove(&attempt);
                let position = gone.map_or(0, |worker| worker.position);
                let brought = gone.is_some_and(|worker| position > worker.reply.start());
                let has_more = gone.is_some_and(|w| {
                    let left = ByteRange::new(position, w.reply.end());
                    let received = self.bench.scheduler.received();
                    left.is_some_and(|left| !received.contains(left))
                });
                let nobody = self.workers.values().all(|other| other.opened.is_none());
                self.let_go_for_nobody += usize::from(brought && has_more && nobody);
                let active = self.bench.scheduler.ledger.current(attempt);
                let cause = active.and_then(|active| active.stopping);
                self.stops += usize::from(cause != Some(StopCause::Done));
                self.feed(Input::Stopped {
                    attempt,
                    position,
                    how: Stop::Told,
                });
            }
            Output::Shrink { attempt, cut } => {
                let worker = self.workers.get_mut(&attempt).unwrap();
                let block = BlockSize::DEFAULT;
                let end = worker.end.expect("only what is leased is cut");
                let end = cut.max(block.ceil(worker.position)).min(end);
                worker.end = Some(end);
                self.feed(Input::Shrunk { attempt, end });
            }
            Output::Grant {
                attempt,
                grant: Grant::Range(range),
            } => {
                let worker = self.workers.get_mut(&attempt).unwrap();
                if worker.end.is_some() {
                    self.skipped += range.start() - worker.position;
                }
                worker.position = range.start();
                worker.reported = range.start();
                worker.end = Some(range.end());
            }
            Output::Extend { attempt, end } => {
                let worker = self.workers.get_mut(&attempt).unwrap();
                assert!(worker.end < Some(end) && end <= worker.reply.end());
                worker.end = Some(end);
            }
            Output::Checkpoint { id } => self.feed(Input::Durable { checkpoint: id }),
            Output::Finished(outcome) => self.ended = Some((outcome, self.bench.now)),
            Output::Wait { until, .. } => self.wait = until,
            Output::Grant { .. } | Output::Allow { .. } | Output::Notice(_) => {}
        }
    }

    /// Plays until the download ends, or so long. Answers when it ended.
    pub(super) fn until(
        &mut self,
        end: Duration,
        mut answer: impl FnMut(Asked) -> Answer,
    ) -> Option<(Outcome, Duration)> {
        while self.ended.is_none() && self.bench.now.since_start() < end {
            self.bench.now = self.bench.now + STEP;
            for (attempt, asked) in std::mem::take(&mut self.fresh) {
                self.admit(attempt, asked, answer(asked));
            }
            let attempts: Vec<AttemptId> = self.workers.keys().copied().collect();
            for attempt in attempts {
                self.work(attempt);
            }
            if self.wait.is_some_and(|until| until <= self.bench.now) {
                self.feed(Input::Tick);
            }
        }
        self.ended.map(|(outcome, at)| (outcome, at.since_start()))
    }

    fn admit(&mut self, attempt: AttemptId, asked: Asked, answer: Answer) {
        let wanted = match asked.request {
            Request::Part(range) => range,
            Request::First | Request::Whole => range(0, self.length),
        };
        let most = match answer {
            Answer::Serves { most, .. } => most,
            Answer::Fails(..) => u64::MAX,
        };
        let end = wanted.start().saturating_add(most).min(wanted.end());
        let reply = range(wanted.start(), end);
        let worker = Worker {
            asked,
            answer,
            reply,
            opened: None,
            has_begun: false,
            end: None,
            position: reply.start(),
            reported: reply.start(),
            reported_at: asked.at,
        };
        self.workers.insert(attempt, worker);
    }

    /// Lets go of all connections, as a network that is gone does.
    pub(super) fn interrupt(&mut self) {
        for (attempt, worker) in std::mem::take(&mut self.workers) {
            self.feed(Input::Stopped {
                attempt,
                position: worker.position,
                how: Stop::Failed(FailureClass::Interrupted),
            });
        }
    }

    fn work(&mut self, attempt: AttemptId) {
        let now = self.bench.now;
        let Some(mut worker) = self.workers.get(&attempt).copied() else {
            return;
        };
        let waited = now.since(worker.asked.at);
        match (worker.answer, worker.opened) {
            (Answer::Fails(after, class), _) if waited >= after => {
                let (position, how) = (worker.position, Stop::Failed(class));
                self.leave(attempt, position, how);
            }
            (Answer::Serves { head, .. }, None) if waited >= head => {
                worker.opened = Some(now);
                self.opened.push(now);
                self.workers.insert(attempt, worker);
                let body = Body::Part {
                    range: worker.reply,
                    complete_length: self.length,
                };
                self.feed(Input::Opened { attempt, body });
            }
            (Answer::Serves { .. }, Some(_)) => self.stream(attempt, worker),
            (Answer::Fails(..) | Answer::Serves { .. }, _) => {}
        }
    }

    fn stream(&mut self, attempt: AttemptId, mut worker: Worker) {
        let (
            Answer::Serves {
                late, rate, burst, ..
            },
            Some(opened),
        ) = (worker.answer, worker.opened)
        else {
            return;
        };
        let now = self.bench.now;
        let flows = now.since(opened).saturating_sub(late);
        let bytes = u128::from(rate) * flows.as_micros() / 1_000_000;
        let bytes = u64::try_from(bytes).unwrap() / burst * burst;
        if bytes > 0 && !worker.has_begun && matches!(worker.asked.request, Request::Part(_)) {
            self.workers.get_mut(&attempt).unwrap().has_begun = true;
            return self.feed(Input::Began { attempt });
        }
        let Some(end) = worker.end else { return };
        let replied = worker.reply.end().min(worker.reply.start() + bytes);
        worker.position = replied.clamp(worker.position, end);
        let position = worker.position;
        let is_silent = now.since(worker.reported_at) >= limits::REPORT_INTERVAL;
        if replied < position && is_silent {
            // The bytes before its lease are discarded.
            worker.reported_at = now;
            self.workers.insert(attempt, worker);
            return self.feed(Input::Received { attempt, position });
        }
        let is_written = position == end;
        if position == worker.reply.end() {
            return self.leave(attempt, position, Stop::Drained);
        }
        let is_due = position - worker.reported >= limits::REPORT_BYTES
            || now.since(worker.reported_at) >= limits::REPORT_INTERVAL;
        if position > worker.reported && (is_due || is_written) {
            worker.reported = position;
            worker.reported_at = now;
            self.workers.insert(attempt, worker);
            return self.feed(Input::Received { attempt, position });
        }
        self.workers.insert(attempt, worker);
    }

    fn leave(&mut self, attempt: AttemptId, position: u64, how: Stop) {
        self.workers.remove(&attempt);
        self.feed(Input::Stopped {
            attempt,
            position,
            how,
        });
    }
}
