//! Owns what is started, split, stopped or synced after an input, and what to wait for.

use super::input::Lease;
use super::output::{CheckpointId, Event, Outcome, Output, Request, Route, WaitReason};
use super::pace::Pace;
use super::retry::Failures;
use super::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use super::{Scheduler, Shape, split};
use crate::limits;
use crate::range::ByteRange;
use crate::time::Timestamp;

impl Scheduler {
    pub(super) fn dispatch(&mut self) {
        self.finish_if_complete();
        if self.ending.is_some() {
            self.stop_everyone();
            return;
        }
        self.stop_the_stalled();
        self.raise_width();
        self.start_workers();
        self.use_free_workers();
        self.checkpoint_if_due();
    }

    fn finish_if_complete(&mut self) {
        if let Shape::Segmented { length } = self.shape
            && self.waiting.is_empty()
            && self.active.is_empty()
            && self.claimed.is_empty()
        {
            debug_assert_eq!(
                self.received.len(),
                length,
                "nothing is left, yet bytes are missing"
            );
            self.end(Outcome::Complete { length });
        }
    }

    fn stop_everyone(&mut self) {
        for active in self.active.values_mut() {
            stop(active, StopCause::Ending, &mut self.outputs);
        }
    }

    fn stop_the_stalled(&mut self) {
        let deadline = self.config.stall_timeout;
        for active in self.active.values_mut() {
            if self.now.since(active.last_progress) >= deadline {
                stop(active, StopCause::Stalled, &mut self.outputs);
            }
        }
    }

    /// A lowered width recovers one connection at a time, so that a refusal that was an accident
    /// costs little and one that was meant is tested rarely.
    fn raise_width(&mut self) {
        if self.width < self.config.width.get() && self.width_raise_at <= self.now {
            self.width += 1;
            self.width_raise_at = self.now + limits::WIDTH_RAISE_INTERVAL;
            self.outputs
                .push_back(Output::Event(Event::WidthChanged { width: self.width }));
        }
    }

    fn start_workers(&mut self) {
        while self.has_free_worker() && self.host_gate <= self.now {
            let started = match self.shape {
                Shape::Unknown => self.start_alone(Kind::Probe),
                Shape::Stream { .. } => self.start_alone(Kind::Stream),
                Shape::Segmented { length } => self.start_lowest(length),
            };
            if !started {
                return;
            }
        }
    }

    pub(super) fn has_free_worker(&self) -> bool {
        self.active.len() < usize::from(self.width)
    }

    /// Starts the only worker of a file whose shape is unknown, or that comes as one stream.
    fn start_alone(&mut self, kind: Kind) -> bool {
        if !self.active.is_empty() || self.restart.is_some_and(|r| r.not_before > self.now) {
            return false;
        }
        let retry = self.restart.take();
        let request = if kind == Kind::Probe {
            Request::First
        } else {
            Request::Whole
        };
        self.start(kind, None, retry, request);
        true
    }

    /// Starts the lowest run that may start, so that the frontier keeps close behind.
    fn start_lowest(&mut self, length: u64) -> bool {
        let ready = self
            .waiting
            .values()
            .find(|waiting| waiting.not_before() <= self.now);
        let Some(Waiting { range, retry }) = ready.copied() else {
            return false;
        };
        self.waiting.remove(&range.start());
        let (front, rest) = if retry.is_some() {
            (range, None)
        } else {
            let segment = split::segment_length(length, self.width, self.config.block_size);
            split::carve(range, segment, self.config.block_size)
        };
        if let Some(rest) = rest {
            self.wait_for(Waiting::planned(rest));
        }
        self.start(Kind::Part, Some(front), retry, Request::Part(front));
        true
    }

    fn start(
        &mut self,
        kind: Kind,
        left: Option<ByteRange>,
        retry: Option<Retry>,
        request: Request,
    ) {
        let lease = retry.map_or_else(|| self.new_lease(), |retry| retry.lease.next());
        let route = retry.map_or(Route::Known, |retry| retry.route);
        let began = left.map_or(0, ByteRange::start);
        let active = Active {
            lease,
            kind,
            phase: Phase::Starting,
            left,
            position: began,
            began,
            shrinking: None,
            stopping: None,
            last_progress: self.now,
            pace: Pace::begin(self.now),
            failures: retry.map_or_else(Failures::default, |retry| retry.failures),
            route,
        };
        self.active.insert(lease.segment, active);
        self.outputs.push_back(Output::Start {
            lease,
            request,
            route,
        });
    }

    fn new_lease(&mut self) -> Lease {
        let lease = Lease::first(self.next_segment);
        self.next_segment += 1;
        lease
    }

    fn checkpoint_if_due(&mut self) {
        let checkpoint = &mut self.checkpoint;
        let due = checkpoint.unsynced >= limits::CHECKPOINT_BYTES
            || self.now.since(checkpoint.last) >= limits::CHECKPOINT_INTERVAL;
        if checkpoint.in_flight.is_none() && checkpoint.unsynced > 0 && due {
            let id = CheckpointId(checkpoint.next_id);
            checkpoint.next_id += 1;
            checkpoint.in_flight = Some(id);
            checkpoint.unsynced = 0;
            checkpoint.last = self.now;
            self.outputs.push_back(Output::Checkpoint { id });
        }
    }

    /// What the driver is told once there is nothing left to do.
    pub(super) fn wait(&self) -> Output {
        let (until, reason) = if self.ending.is_some() {
            (None, WaitReason::Stopping)
        } else {
            match self.next_deadline() {
                Some((until, reason)) => (Some(until), reason),
                None => (None, WaitReason::Verifying),
            }
        };
        Output::Wait { until, reason }
    }

    /// The moment by which time alone changes something.
    pub(super) fn next_deadline(&self) -> Option<(Timestamp, WaitReason)> {
        let stalls = self
            .active
            .values()
            .filter(|active| active.stopping.is_none())
            .map(|active| {
                (
                    active.last_progress + self.config.stall_timeout,
                    WaitReason::Workers,
                )
            });
        let retries = self
            .waiting
            .values()
            .map(Waiting::not_before)
            .chain(self.restart.map(|retry| retry.not_before))
            .filter(|_| self.has_free_worker())
            .min()
            .map(|not_before| (not_before.max(self.host_gate), WaitReason::Backoff));
        let checkpoint = (self.checkpoint.unsynced > 0 && self.checkpoint.in_flight.is_none())
            .then(|| self.checkpoint.last + limits::CHECKPOINT_INTERVAL)
            .map(|due| (due, WaitReason::Checkpoint));
        let raise = (self.width < self.config.width.get())
            .then_some((self.width_raise_at, WaitReason::Workers));
        let tail = self
            .watches_the_tail()
            .then(|| (self.now + limits::TAIL_INTERVAL, WaitReason::Workers));
        stalls
            .chain(retries)
            .chain(checkpoint)
            .chain(raise)
            .chain(tail)
            .min()
    }
}

pub(super) fn stop(
    active: &mut Active,
    cause: StopCause,
    outputs: &mut alloc::collections::VecDeque<Output>,
) {
    if active.stopping.is_none() {
        active.stopping = Some(cause);
        outputs.push_back(Output::Stop {
            lease: active.lease,
        });
    } else if cause == StopCause::Ending {
        active.stopping = Some(cause);
    }
}
