//! Owns the order in which the parts are asked what is to be done after an input, and what to wait
//! for. Decides nothing itself.

use alloc::vec::Vec;
use core::cmp::Reverse;

use super::Scheduler;
use crate::choice;
use crate::credit::Drawer;
use crate::ids::{AttemptId, SegmentId, SourceId};
use crate::ledger::Shape;
use crate::limits;
use crate::output::{Notice, Outcome, Output, Request, Route, WaitReason};
use crate::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use crate::sources::Need;
use crate::split;
use crate::tail::TakeOver;
use crate::time::Timestamp;
use crate::view::View;
use crate::width::Look;
use range_core::ByteRange;

impl Scheduler {
    pub(super) fn dispatch(&mut self) {
        if let Some(length) = self.ledger.is_complete() {
            self.end(Outcome::Complete { length });
        }
        if self.ending.is_some() {
            self.stop_all(|_| true, StopCause::Ending);
            return;
        }
        self.stop_the_stalled();
        self.go_on();
        self.start_workers();
        self.skip();
        self.give_credit();
        self.use_free_workers();
        if let Some(id) = self.checkpoints.next(self.now) {
            self.outputs.push_back(Output::Checkpoint { id });
        }
    }

    pub(super) fn stop_all(&mut self, which: impl Fn(&Active) -> bool, cause: StopCause) {
        for active in self.ledger.active_mut().filter(|active| which(active)) {
            if active.stop(cause) {
                let attempt = active.attempt;
                self.outputs.push_back(Output::Stop { attempt });
            }
        }
    }

    pub(super) fn stop(&mut self, segments: impl IntoIterator<Item = SegmentId>, cause: StopCause) {
        for segment in segments {
            let active = self.ledger.holder(segment);
            if active.stop(cause) {
                let attempt = active.attempt;
                self.outputs.push_back(Output::Stop { attempt });
            }
        }
    }

    fn stop_the_stalled(&mut self) {
        let may_stall = |active: &&Active| {
            active.stopping.is_none()
                && !active.is_written_out()
                && !active.is_held
                && !self.credit.is_waited_for(&self.ledger.drawer(active))
        };
        let heard = self.ledger.active().filter(may_stall);
        let retries = self.retries;
        let heard = heard.map(|active| {
            let usual = self.sources.of(active.source).usual_wait();
            let patience = retries.patience(active.has_any(), usual, active.failures);
            (active.attempt.segment, active.last_progress, patience)
        });
        let stalled = self.retries.stalled(self.now, heard);
        self.stop(stalled, StopCause::Stalled);
        let view = self.view();
        let silent = self.ledger.active().filter(|a| view.is_ignored(a));
        let silent: Vec<SegmentId> = silent.map(|active| active.attempt.segment).collect();
        self.stop(silent, StopCause::Silent);
    }

    fn start_workers(&mut self) {
        while self.sources.have_room() {
            let started = match self.ledger.shape() {
                Shape::Unknown => self.start_alone(Kind::Probe, Request::First),
                Shape::Stream { .. } => self.start_alone(Kind::Stream, Request::Whole),
                Shape::Segmented { length } => self.start_lowest(length),
            };
            if started.is_none() {
                return;
            }
        }
    }

    /// Starts the only worker of a file whose shape is unknown, or that comes as one stream.
    fn start_alone(&mut self, kind: Kind, request: Request) -> Option<AttemptId> {
        let retry = self.ledger.restart();
        let source = choice::source_for(self.view(), retry, 0)?;
        (self.ledger.workers() == 0).then(|| self.start(source, kind, None, retry, request))
    }

    /// Starts the lowest run that may start, so that the frontier keeps close behind.
    fn start_lowest(&mut self, length: u64) -> Option<AttemptId> {
        let run = self.ready()?;
        let share = self.segment_length(length, None);
        let source = choice::source_for(self.view(), run.retry, run.range.len().min(share))?;
        let is_whole = run.retry.is_some() || run.is_cut || run.barren > 0;
        let segment = self.segment_length(length, Some(source));
        let block = self.ledger.block_size();
        let run = self.leave_to_the_first(run, segment, share);
        let within = self.horizon.front(run.range, share, block)?;
        let (front, _) = if is_whole || segment >= within.len() {
            (within, None)
        } else {
            let number = self.ledger.next_segment();
            // Nobody waits for another reply if all is asked for at once.
            let is_all = |(waiting, free)| segment.saturating_mul(u64::from(free)) >= waiting;
            let segment = if self.first_round().is_some_and(is_all) {
                segment
            } else {
                split::staggered(segment, number, block)
            };
            split::carve(within, segment, block)
        };
        let rest = ByteRange::new(front.end(), run.range.end());
        self.ledger.lease_out(&run, rest);
        let request = Request::Part(front);
        let attempt = self.start(source, Kind::Part, Some(front), run.retry, request);
        if let Some(active) = self.ledger.current_mut(attempt) {
            active.barren = run.barren;
        }
        Some(attempt)
    }

    /// Returns the run without its front, where that is left to the reply it follows: as much as
    /// that one brings while so few requests are served as may be all that are.
    fn leave_to_the_first(&mut self, run: Waiting, segment: u64, least: u64) -> Waiting {
        let Some(on_trial) = self.view().is_left_to_another(&run) else {
            return run;
        };
        let others = u32::from(self.sources.width()).saturating_sub(1).max(1);
        let segments = on_trial.div_ceil(others);
        let left = segment.saturating_mul(segments.into()).min(self.reach / 4);
        let block = self.ledger.block_size();
        let (front, Some(range)) = split::carve(run.range, left, block) else {
            return run;
        };
        if self.horizon.front(range, least, block).is_none() {
            return run;
        }
        self.ledger.lease_out(&run, Some(front));
        Waiting { range, ..run }
    }

    fn start(
        &mut self,
        source: SourceId,
        kind: Kind,
        left: Option<ByteRange>,
        retry: Option<Retry>,
        request: Request,
    ) -> AttemptId {
        let attempt = self.ledger.next_attempt(retry);
        let route = retry.map_or(Route::Known, |retry| retry.route);
        self.outputs.push_back(Output::Start {
            attempt,
            source,
            request,
            route,
        });
        let began = left.map_or(0, ByteRange::start);
        if let Some(end) = self.credit.started(attempt.segment, began) {
            self.outputs.push_back(Output::Allow { attempt, end });
        }
        let failures = retry.map(|retry| retry.failures).unwrap_or_default();
        let active = Active::starting(attempt, source, kind, left, self.now);
        self.ledger.start(Active {
            failures,
            route,
            ..active
        });
        self.sources.of_mut(source).started();
        attempt
    }

    fn give_credit(&mut self) {
        let drawers: Vec<Drawer> = self.drawers().collect();
        for given in self.credit.round(self.now, drawers.into_iter()) {
            let active = self.ledger.holder(given.segment);
            if given.was_hungry {
                active.last_progress = self.now;
            }
            let (attempt, end) = (active.attempt, given.end);
            self.outputs.push_back(Output::Allow { attempt, end });
        }
    }

    /// Judges the widths by what has arrived.
    pub(super) fn search_width(&mut self, is_tick: bool) {
        let Shape::Segmented { length } = self.ledger.shape() else {
            return;
        };
        if self.ending.is_some() || !self.sources.is_look_due(self.now, is_tick) {
            return;
        }
        let before = self.sources.width();
        let mut is_changed = false;
        let ids: Vec<SourceId> = self.sources.all().map(|(id, _)| id).collect();
        for id in ids {
            let view = self.view();
            let need = Need {
                now: self.now,
                starting: view.starting(id),
                waited: view.longest_wait(id),
                left: length - self.ledger.received().len(),
                limit: self.credit.limit(),
            };
            self.sources.waits(id, &need);
            let look = self.sources.look(id, &need);
            is_changed |= matches!(look, Look::Changed | Look::Collapsed);
            if matches!(look, Look::Collapsed | Look::Exceeded) {
                self.shed_workers(id);
            }
        }
        self.drop_the_slow();
        let width = self.sources.width();
        if is_changed && (width != before || !self.sources.are_several()) {
            self.tell(Notice::WidthChanged { width });
        }
    }

    /// The slowest let go, and first those that have brought nothing; what they have not fetched
    /// waits. One that rests takes no place, so that it need not leave one.
    pub(super) fn shed_workers(&mut self, id: SourceId) {
        let most = usize::from(self.sources.of(id).width.level());
        let (now, beat) = (self.now, self.sources.beat(id));
        let is_here = |active: &&Active| active.source == id && !active.is_written_out();
        let mut here: Vec<&Active> = self.ledger.active().filter(is_here).collect();
        here.sort_by_key(|active| {
            let rate = active.pace.at(now, beat).unwrap_or(0);
            Reverse((active.stopping.is_none(), active.has_any(), rate))
        });
        let slowest = here.into_iter().skip(most);
        let slowest: Vec<SegmentId> = slowest.map(|active| active.attempt.segment).collect();
        self.stop(slowest, StopCause::TakenOver);
    }

    /// Mid-file, a worker that stays far below its peers loses its remainder.
    fn drop_the_slow(&mut self) {
        if self.ledger.workers() < 3 || !self.sources.have_open_gate(self.now) {
            return;
        }
        self.measure();
        let is_limited = self.credit.binds(self.now);
        let slow = self.tail.slow_ones(self.view(), is_limited);
        for active in self.ledger.active_mut() {
            let is_slow = slow.contains(&active.attempt.segment);
            active.slow_since = is_slow.then(|| active.slow_since.unwrap_or(self.now));
        }
        let dropped = self.tail.drops(self.view());
        self.stop(dropped, StopCause::TakenOver);
    }

    fn measure(&mut self) {
        let block = self.ledger.block_size().get().into();
        let next = choice::source_for(self.view(), None, block);
        let view = View {
            now: self.now,
            ledger: &self.ledger,
            sources: &self.sources,
        };
        self.tail.measure(view, next);
    }

    /// Time alone may show that a segment should change hands.
    fn watches_the_tail(&self) -> bool {
        matches!(self.ledger.shape(), Shape::Segmented { .. })
            && self.sources.have_room()
            && !choice::is_relocating(self.view())
            && !self.credit.binds(self.now)
            && self.ready().is_none()
            && self.ledger.active().any(|a| a.stopping.is_none())
            && (!self.is_held_back() || self.head_of_line().is_some())
    }

    /// Returns the segment that the reader waits for, of a file whose rest is too far from the
    /// reader: the only one with which a free worker could help.
    fn head_of_line(&self) -> Option<SegmentId> {
        let active = self.ledger.active();
        let left = active.filter_map(|active| Some((active.left?.start(), active)));
        let (position, head) = left.min_by_key(|(position, _)| *position)?;
        let is_waited_for = self.horizon.starves_at(position) && self.is_held_back();
        is_waited_for.then_some(head.attempt.segment)
    }

    /// Each free worker gets part of the segment that would finish last, one victim a worker.
    fn use_free_workers(&mut self) {
        if !self.watches_the_tail() || !self.sources.are_open(self.now) {
            return;
        }
        self.measure();
        let changing = self.ledger.active().filter(|a| a.shrinking.is_some());
        let free = self.sources.free_workers().saturating_sub(changing.count());
        for _ in 0..free {
            match self.tail.take_over(self.view(), self.head_of_line()) {
                Some(TakeOver::All(segment)) => {
                    self.stop([segment], StopCause::TakenOver);
                }
                Some(TakeOver::From(segment, cut)) => {
                    let active = self.ledger.holder(segment);
                    let attempt = active.attempt;
                    if active.phase == Phase::Streaming {
                        active.shrinking = Some(cut);
                        self.outputs.push_back(Output::Shrink { attempt, cut });
                    } else {
                        // Nobody writes what is only reserved.
                        self.ledger.shrunk(attempt, cut);
                        self.start_workers();
                    }
                }
                None => return,
            }
        }
    }

    /// Returns what the driver is told once there is nothing left to do.
    pub(super) fn wait(&self) -> Output {
        let (until, reason) = match (self.ending, self.next_deadline()) {
            (Some(_), _) => (None, WaitReason::Stopping),
            (None, Some((until, reason))) => (Some(until), reason),
            (None, None) if self.horizon.end().is_some() => (None, WaitReason::Reader),
            (None, None) => (None, WaitReason::Verifying),
        };
        Output::Wait { until, reason }
    }

    /// The moment by which time alone changes something.
    pub(super) fn next_deadline(&self) -> Option<(Timestamp, WaitReason)> {
        let has_workers = self.ledger.workers() > 0;
        let is_segmented = matches!(self.ledger.shape(), Shape::Segmented { .. });
        let mut active = self.ledger.active();
        let stall = active
            .any(|active| active.stopping.is_none())
            .then(|| self.retries.next_stall());
        let look = (is_segmented && has_workers)
            .then(|| self.sources.next_look())
            .flatten();
        let tail = (self.watches_the_tail() || self.view().anyone_rests())
            .then(|| self.now + limits::TAIL_INTERVAL);
        let credit = self.credit.next_round(self.drawers());
        let view = self.view();
        let asking = self.ledger.active();
        let patience = asking.filter_map(|active| view.patience_ends(active)).min();
        [
            (stall, WaitReason::Workers),
            (choice::next_start(self.view()), WaitReason::Backoff),
            (self.checkpoints.deadline(), WaitReason::Checkpoint),
            (look, WaitReason::Workers),
            (tail, WaitReason::Workers),
            (patience, WaitReason::Workers),
            (credit, WaitReason::Credit),
        ]
        .into_iter()
        .filter_map(|(at, reason)| Some((at?, reason)))
        .min()
    }
}
