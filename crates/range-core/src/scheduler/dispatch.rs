//! Owns what is started, split, stopped or synced after an input, and what to wait for.

use alloc::vec::Vec;
use core::time::Duration;

use super::input::{Lease, SegmentId};
use super::output::{CheckpointId, Event, Outcome, Output, Request, Route, WaitReason};
use super::pace::Pace;
use super::retry::Failures;
use super::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use super::width::{Sample, Verdict};
use super::{Scheduler, Shape, split};
use crate::limits;
use crate::range::ByteRange;
use crate::time::Timestamp;
use crate::units::BytesPerSecond;

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
                stalled.push(active.lease.segment);
            } else {
                self.no_stall_before = self.no_stall_before.min(due);
            }
        }
        for segment in stalled {
            let active = self.active.get_mut(&segment).expect("it was just found");
            stop(active, StopCause::Stalled, &mut self.outputs);
        }
    }

    /// Judges the width by what has arrived. Reports of many workers come with one tick, so a
    /// look waits for the tick, unless that is late.
    pub(super) fn search_width(&mut self, is_tick: bool) {
        let Shape::Segmented { length } = self.shape else {
            return;
        };
        let due = self.width.next_look().filter(|_| self.ending.is_none());
        let late = if is_tick {
            Duration::ZERO
        } else {
            limits::REPORT_INTERVAL
        };
        if due.is_none_or(|due| self.now < due + late) {
            return;
        }
        let starting = self.active.values().filter(|a| a.phase == Phase::Starting);
        let verdict = self.width.look(Sample {
            now: self.now,
            received: self.received_total,
            workers: self.active.len(),
            starting: starting.count(),
            latency: self.latency,
            left: length - self.received.len(),
            limit: self.limiter.limit(),
        });
        if verdict == Verdict::Collapsed {
            self.shed_workers();
        }
        self.drop_a_crawler();
        if verdict != Verdict::Unchanged {
            let width = self.width.level();
            self.outputs
                .push_back(Output::Event(Event::WidthChanged { width }));
        }
    }

    /// The latest ones let go; what they have not fetched waits.
    fn shed_workers(&mut self) {
        let most = usize::from(self.width.level());
        for active in self.active.values_mut().skip(most) {
            stop(active, StopCause::TakenOver, &mut self.outputs);
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
        self.active.len() < usize::from(self.width.level())
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
        let Some(Waiting {
            range,
            retry,
            is_cut,
        }) = self.ready()
        else {
            return false;
        };
        self.waiting.remove(&range.start());
        let (front, rest) = if retry.is_some() || is_cut {
            (range, None)
        } else {
            let segment = self.segment_length(length);
            split::carve(range, segment, self.block_size())
        };
        if let Some(rest) = rest {
            self.wait_for(Waiting::planned(rest));
        }
        self.start(Kind::Part, Some(front), retry, Request::Part(front));
        true
    }

    /// The lowest run, if it may start.
    pub(super) fn ready(&self) -> Option<Waiting> {
        if self.is_relocating() {
            return self.asks_anew().filter(|w| w.not_before() <= self.now);
        }
        let first = self
            .waiting
            .values()
            .find(|waiting| waiting.not_before() <= self.now)?;
        let leased = self.active.values().filter_map(|active| active.left);
        let waiting = self.waiting.keys().next().copied();
        let lowest = leased.map(ByteRange::start).chain(waiting).min();
        let reach = self.reach();
        let within = lowest.is_none_or(|lowest| first.range.start() < lowest.saturating_add(reach));
        within.then_some(*first)
    }

    /// Whether a request to the original URL is due or unanswered: until it is known where the
    /// file is, others would only be refused as well.
    pub(super) fn is_relocating(&self) -> bool {
        let asked = |a: &Active| a.route == Route::Original && a.phase == Phase::Starting;
        self.ever_refused && (self.asks_anew().is_some() || self.active.values().any(asked))
    }

    fn asks_anew(&self) -> Option<Waiting> {
        let route = |waiting: &Waiting| waiting.retry.map(|retry| retry.route);
        let mut waiting = self.waiting.values();
        waiting.find(|w| route(w) == Some(Route::Original)).copied()
    }

    fn reach(&self) -> u64 {
        let blocks = u64::from(self.width.most()) * u64::from(self.block_size().get());
        self.config.reach.max(blocks)
    }

    pub(super) fn segment_length(&self, length: u64) -> u64 {
        if self.width.most() == 1 {
            // There is nobody to share with.
            return u64::MAX;
        }
        let waiting = length - self.received.len();
        split::segment_length(&split::Plan {
            length,
            left: waiting,
            width: self.width.level(),
            rate: BytesPerSecond(self.width.rate_of_one()),
            latency: self.latency,
            reach: self.reach(),
            block: self.block_size(),
        })
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
        self.outputs.push_back(Output::Start {
            lease,
            request,
            route,
        });
        let allowed = self.first_credit(lease, began);
        let active = Active {
            lease,
            kind,
            phase: Phase::Starting,
            left,
            position: began,
            began,
            allowed,
            shrinking: None,
            stopping: None,
            last_progress: self.now,
            pace: Pace::begin(self.now),
            slow_since: None,
            failures: retry.map_or_else(Failures::default, |retry| retry.failures),
            route,
        };
        self.active.insert(lease.segment, active);
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
            .any(|active| active.stopping.is_none())
            .then_some((self.no_stall_before, WaitReason::Workers));
        let retries = self
            .waiting
            .values()
            .map(Waiting::not_before)
            .chain(self.restart.map(|retry| retry.not_before))
            .filter(|_| self.has_free_worker())
            .map(|not_before| not_before.max(self.host_gate))
            // What may start and has not is out of reach, and waits for a worker's progress.
            .filter(|not_before| *not_before > self.now)
            .min()
            .map(|not_before| (not_before, WaitReason::Backoff));
        let checkpoint = (self.checkpoint.unsynced > 0 && self.checkpoint.in_flight.is_none())
            .then(|| self.checkpoint.last + limits::CHECKPOINT_INTERVAL)
            .map(|due| (due, WaitReason::Checkpoint));
        let look = matches!(self.shape, Shape::Segmented { .. })
            .then(|| self.width.next_look())
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
            lease: active.lease,
        });
    } else if cause == StopCause::Ending {
        active.stopping = Some(cause);
    }
}
