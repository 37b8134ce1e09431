//! Owns what is started, split, stopped or synced after an input, and what to wait for.

use alloc::vec::Vec;
use core::num::NonZeroU16;

use super::ids::CheckpointId;
use super::ids::SourceId;
use super::ids::{AttemptId, SegmentId};
use super::output::{Outcome, Output, Request, Route, WaitReason};
use super::pace::Pace;
use super::retry::Failures;
use super::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use super::{Scheduler, Shape, split};
use crate::limits;
use crate::time::Timestamp;
use range_core::range::ByteRange;
use range_core::units::BytesPerSecond;

impl Scheduler {
    pub(super) fn dispatch(&mut self) {
        self.finish_if_complete();
        if self.ending.is_some() {
            self.stop_everyone();
            return;
        }
        self.stop_the_stalled();
        self.start_workers();
        self.give_credit();
        self.use_free_workers();
        self.checkpoint_if_due();
    }

    fn finish_if_complete(&mut self) {
        if let Shape::Segmented { length } = self.shape
            && self.waiting.is_empty()
            && self.active.is_empty()
            && self.claimed.is_empty()
        {
            self.plan_what_is_missing(length);
            if self.waiting.is_empty() {
                self.end(Outcome::Complete { length });
            }
        }
    }

    /// A file with a hole must not pass for a whole one, were it for a mistake of ours.
    fn plan_what_is_missing(&mut self, length: u64) {
        if self.received.len() == length {
            return;
        }
        let Some(whole) = ByteRange::whole(length) else {
            return;
        };
        let gaps: Vec<ByteRange> = self.received.gaps(whole).collect();
        for gap in gaps {
            self.wait_for(Waiting::planned(gap));
        }
    }

    fn stop_everyone(&mut self) {
        for active in self.active.values_mut() {
            stop(active, StopCause::Ending, &mut self.outputs);
        }
    }

    fn stop_the_stalled(&mut self) {
        if self.now < self.no_stall_before {
            return;
        }
        let patience = self.config.stall_timeout;
        self.no_stall_before = self.now + patience;
        let mut stalled: Vec<SegmentId> = Vec::new();
        for active in self.active.values() {
            let due = active.last_progress + patience;
            if active.stopping.is_some() || self.waits_for_credit(active) {
                continue;
            }
            if due <= self.now {
                stalled.push(active.attempt.segment);
            } else {
                self.no_stall_before = self.no_stall_before.min(due);
            }
        }
        for segment in stalled {
            let active = self.active.get_mut(&segment).expect("it was just found");
            stop(active, StopCause::Stalled, &mut self.outputs);
        }
    }

    fn start_workers(&mut self) {
        while self.has_free_worker() {
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

    /// Starts the only worker of a file whose shape is unknown, or that comes as one stream.
    fn start_alone(&mut self, kind: Kind) -> bool {
        let source = self.source_for(self.restart, 0);
        let Some(source) = source.filter(|_| self.active.is_empty()) else {
            return false;
        };
        let retry = self.restart.take();
        let request = if kind == Kind::Probe {
            Request::First
        } else {
            Request::Whole
        };
        self.start(source, kind, None, retry, request);
        true
    }

    /// Starts the lowest run that may start, so that the frontier keeps close behind.
    fn start_lowest(&mut self, length: u64) -> bool {
        let Some(Waiting {
            range,
            retry,
            is_cut,
            is_rejected,
            barren,
        }) = self.ready()
        else {
            return false;
        };
        let share = self.segment_length(length, None);
        let Some(source) = self.source_for(retry, range.len().min(share)) else {
            return false;
        };
        self.waiting.remove(&range.start());
        let (front, rest) = if retry.is_some() || is_cut || barren > 0 {
            (range, None)
        } else {
            let segment = self.segment_length(length, Some(source));
            if segment < range.len() {
                let block = self.block_size();
                let segment = split::staggered(segment, self.next_segment, block);
                split::carve(range, segment, block)
            } else {
                (range, None)
            }
        };
        if let Some(rest) = rest {
            self.wait_for(Waiting {
                is_rejected,
                ..Waiting::planned(rest)
            });
        }
        let attempt = self.start(source, Kind::Part, Some(front), retry, Request::Part(front));
        if let Some(active) = self.current(attempt) {
            active.barren = barren;
        }
        true
    }

    /// The lowest run, if it may start.
    pub(super) fn ready(&self) -> Option<Waiting> {
        if let Some(waiting) = self.asks_anew()
            && self.may_start(&waiting)
        {
            return Some(waiting);
        }
        let may_start = |w: &&Waiting| self.may_start(w) && !self.may_grow(w);
        let first = self.waiting.values().find(may_start)?;
        let leased = self.active.values().filter_map(|active| active.left);
        let waiting = self.waiting.keys().next().copied();
        let lowest = leased.map(ByteRange::start).chain(waiting).min();
        let reach = self.reach();
        let within = lowest.is_none_or(|lowest| first.range.start() < lowest.saturating_add(reach));
        within.then_some(*first)
    }

    /// Whether what follows a run of rejected bytes is being verified, and may soon belong to it: a
    /// request for each block would be thousands.
    fn may_grow(&self, waiting: &Waiting) -> bool {
        let end = waiting.range.end();
        let block = self.block_size().get().into();
        let next = ByteRange::new(end, end.saturating_add(block));
        waiting.is_rejected
            && waiting.is_plain()
            && waiting.range.len() < limits::SEGMENT_BLIND_MAX
            && next.is_some_and(|next| self.claimed.intersects(next))
    }

    fn asks_anew(&self) -> Option<Waiting> {
        let route = |waiting: &Waiting| waiting.retry.map(|retry| retry.route);
        let mut waiting = self.waiting.values();
        waiting.find(|w| route(w) == Some(Route::Original)).copied()
    }

    fn reach(&self) -> u64 {
        let blocks = u64::from(self.config.width.get()) * u64::from(self.block_size().get());
        self.config.reach.max(blocks)
    }

    /// For a source, what suits its rate where that is known.
    pub(super) fn segment_length(&self, length: u64, source: Option<SourceId>) -> u64 {
        if self.config.width == NonZeroU16::MIN {
            // There is nobody to share with.
            return u64::MAX;
        }
        let waiting = length - self.received.len();
        let is_growing = self.living().any(|(_, source)| source.width.is_growing());
        let typical = self.rate_of_one();
        // Of its latest replies, which is news where the width has long been what it is.
        let own = source.and_then(|source| self.sources[usize::from(source.0)].rate(self.now));
        let rate = match own {
            Some(own) if self.has_several_sources() => own,
            Some(own) if !is_growing => own.max(typical),
            Some(_) | None => typical,
        };
        split::segment_length(&split::Plan {
            length,
            left: waiting,
            width: self.width(),
            rate: BytesPerSecond(rate),
            is_growing,
            latency: self.lead(),
            is_late: self.first_byte >= limits::LATE_BODY,
            reach: self.reach(),
            block: self.block_size(),
        })
    }

    fn start(
        &mut self,
        source: SourceId,
        kind: Kind,
        left: Option<ByteRange>,
        retry: Option<Retry>,
        request: Request,
    ) -> AttemptId {
        let attempt = retry.map_or_else(|| self.new_attempt(), |retry| retry.attempt.next());
        let route = retry.map_or(Route::Known, |retry| retry.route);
        let began = left.map_or(0, ByteRange::start);
        self.outputs.push_back(Output::Start {
            attempt,
            source,
            request,
            route,
        });
        let allowed = self.first_credit(attempt, began);
        let active = Active {
            attempt,
            source,
            kind,
            phase: Phase::Starting,
            left,
            position: began,
            began,
            opened_at: self.now,
            barren: 0,
            allowed,
            shrinking: None,
            stopping: None,
            last_progress: self.now,
            pace: Pace::begin(self.now),
            slow_since: None,
            failures: retry.map_or_else(Failures::default, |retry| retry.failures),
            route,
        };
        self.active.insert(attempt.segment, active);
        self.source(source).workers += 1;
        attempt
    }

    fn new_attempt(&mut self) -> AttemptId {
        let attempt = AttemptId::first(self.next_segment);
        self.next_segment += 1;
        attempt
    }

    fn checkpoint_if_due(&mut self) {
        let checkpoint = &mut self.checkpoint;
        let due = self.now.since(checkpoint.last) >= limits::CHECKPOINT_INTERVAL;
        if checkpoint.in_flight.is_none() && checkpoint.is_needed && due {
            let id = CheckpointId(checkpoint.next_id);
            checkpoint.next_id += 1;
            checkpoint.in_flight = Some(id);
            checkpoint.is_needed = false;
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
            .any(|active| active.stopping.is_none())
            .then_some((self.no_stall_before, WaitReason::Workers));
        let retries = self
            .waiting
            .values()
            .map(|waiting| waiting.retry)
            .chain(self.restart.map(Some))
            .filter(|_| self.has_free_worker())
            .map(|retry| self.opens_at(retry))
            // What may start and has not is out of reach, and waits for a worker's progress.
            .filter(|not_before| *not_before > self.now)
            .min()
            .map(|not_before| (not_before, WaitReason::Backoff));
        let checkpoint = (self.checkpoint.is_needed && self.checkpoint.in_flight.is_none())
            .then(|| self.checkpoint.last + limits::CHECKPOINT_INTERVAL)
            .map(|due| (due, WaitReason::Checkpoint));
        let look = matches!(self.shape, Shape::Segmented { .. })
            .then(|| self.next_look())
            .flatten()
            .filter(|_| !self.active.is_empty())
            .map(|due| (due, WaitReason::Workers));
        let credit = self.next_credit().map(|due| (due, WaitReason::Credit));
        let tail = self
            .watches_the_tail()
            .then(|| (self.now + limits::TAIL_INTERVAL, WaitReason::Workers));
        stalls
            .into_iter()
            .chain(retries)
            .chain(checkpoint)
            .chain(look)
            .chain(tail)
            .chain(credit)
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
            attempt: active.attempt,
        });
    } else if cause == StopCause::Ending {
        active.stopping = Some(cause);
    }
}
