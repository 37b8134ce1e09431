//! Owns what each input changes, part by part. Starts nothing; `dispatch` does.

use core::time::Duration;

use super::Scheduler;
use crate::failure::FailureClass;
use crate::ids::{AttemptId, SourceId};
use crate::input::{Body, Input, Stop};
use crate::ledger::Shape;
use crate::limits;
use crate::output::{Grant, Notice, Outcome, Output, Route};
use crate::pace::Pace;
use crate::segment::{Active, Kind, Phase, Retry, StopCause};
use crate::split;
use crate::time::Timestamp;
use range_core::ByteRange;
use range_core::units::RateLimit;

impl Scheduler {
    pub(super) fn react(&mut self, input: Input) {
        match input {
            Input::Tick => {}
            Input::Opened { attempt, body } => self.opened(attempt, body),
            Input::Began { attempt } => self.began(attempt),
            Input::Received { attempt, position } => {
                self.moved(attempt, position);
                self.serves(attempt);
                self.discards(attempt);
            }
            Input::Shrunk { attempt, end } => self.shrunk(attempt, end),
            Input::Stopped {
                attempt,
                position,
                how,
            } => self.stopped(attempt, position, how),
            Input::Verified { range } => self.ledger.verified(range),
            Input::Rejected { range } => self.ledger.rejected(range),
            Input::Proven { range } => self.ledger.is_proven(range),
            Input::Disproven { range, source } => self.disproven(range, source),
            Input::Durable { checkpoint } => self.checkpoints.durable(checkpoint),
            Input::RateLimit(limit) => self.limit_rate(limit),
            Input::Taken { end } => self.taken(end),
            Input::Cancel => self.end(Outcome::Cancelled),
        }
    }

    /// Bytes are wrong. A source that alone gave them is left, unless it is the last: the next
    /// reply may be right.
    fn disproven(&mut self, range: ByteRange, source: Option<SourceId>) {
        self.ledger.is_disproven(range);
        let others = self.sources.are_several() && self.ending.is_none();
        let left = source.filter(|id| others && !self.sources.of(*id).is_dropped);
        if let Some(source) = left {
            let class = FailureClass::Stray;
            self.lose(source, class, Outcome::Failed(class));
        }
    }

    fn opened(&mut self, attempt: AttemptId, body: Body) {
        let now = self.now;
        let Some(active) = self.ledger.current_mut(attempt) else {
            return;
        };
        let latency = now.since(active.last_progress);
        if let Body::Part { range, .. } = body {
            active.reach = range.end();
        }
        let (kind, from) = (active.kind, active.source);
        let (asked_anew, was_starting) = (active.route == Route::Original, active.opened(now));
        if self.sources.of(from).is_out() {
            self.come_back(from);
        }
        self.sources
            .opened(from, latency, self.credit.limit().is_some());
        let source = self.sources.of_mut(from);
        if was_starting {
            source.began();
        }
        if asked_anew {
            source.relocated_at = Some(now);
        }
        match (kind, body) {
            // Its bytes are reserved; a reply that is shorter is legal (RFC 9110 §15.3.7) and shows
            // when the worker drains.
            (Kind::Part, _) => source.range_mistakes = 0,
            (
                Kind::Probe,
                Body::Part {
                    range,
                    complete_length,
                },
            ) => self.plan_around_probe(attempt, range, complete_length),
            (Kind::Probe | Kind::Stream, Body::Whole { length }) => self.stream(attempt, length),
            // A 206 to a request without a range, which no driver lets through.
            (Kind::Stream, Body::Part { .. }) => self.failed(attempt, FailureClass::Misplaced),
        }
    }

    /// The first reply's body becomes the first segment; the rest of the file is planned. Where the
    /// reply ends before the segment does, the segment keeps its end: a second one that begins
    /// inside a block would claim all of it (I9).
    fn plan_around_probe(&mut self, attempt: AttemptId, served: ByteRange, length: u64) {
        self.ledger.has_length(length);
        let block = self.ledger.block_size();
        let segment = self.segment_length(length, None) / limits::FIRST_SEGMENT_DIVISOR;
        let file = ByteRange::new(served.start(), length).expect("a part lies in its file");
        let file = self.horizon.front(file, segment, block).unwrap_or(file);
        let (first, _) = split::carve(file, block.ceil(segment), block);
        self.ledger.segmented(self.now, attempt, first);
        self.tell(Notice::Planned {
            length: Some(length),
            segmented: true,
        });
        self.outputs.push_back(Output::Grant {
            attempt,
            grant: Grant::Range(first),
        });
    }

    fn stream(&mut self, attempt: AttemptId, length: Option<u64>) {
        self.ledger.streams(attempt, length);
        self.tell(Notice::Planned {
            length,
            segmented: false,
        });
        let grant = match length.map(ByteRange::whole) {
            Some(Some(range)) => Grant::Range(range),
            None => Grant::ToEnd,
            // An empty file: there is nothing to lease, and the reply is not needed.
            Some(None) => return self.end(Outcome::Complete { length: 0 }),
        };
        if self.credit.limit().is_none()
            && let Some(end) = self.horizon.end()
        {
            self.outputs.push_back(Output::Allow { attempt, end });
        }
        self.outputs.push_back(Output::Grant { attempt, grant });
    }

    /// A reply's first bytes are there: what was reserved for it is its lease from here on.
    fn began(&mut self, attempt: AttemptId) {
        let now = self.now;
        let Some(active) = self.ledger.current_mut(attempt) else {
            return;
        };
        if active.has_begun {
            return;
        }
        let wait = now.since(active.last_progress);
        active.begun(now);
        active.last_progress = now;
        let active = *active;
        self.sources.began(active.source, wait);
        let source = self.sources.of_mut(active.source);
        source.serves_more(active.asked_at);
        if active.stopping.is_some() {
            return;
        }
        self.need_no_more(&active);
        if active.challenge.is_some() {
            self.contest(&active);
        } else {
            self.grant(attempt);
        }
    }

    /// A worker that discards what comes before its lease tells of that as of progress, and its
    /// lease is as young as the latest such report.
    fn discards(&mut self, attempt: AttemptId) {
        let now = self.now;
        let active = self.ledger.current_mut(attempt);
        if let Some(active) = active.filter(|active| active.discards()) {
            active.last_progress = now;
            active.pace = Pace::begin(now);
        }
    }

    /// A worker goes on: its source serves it. What one reports as it fails says no such thing.
    fn serves(&mut self, attempt: AttemptId) {
        if let Some(active) = self.ledger.current(attempt) {
            self.sources.of_mut(active.source).width.is_serving();
        }
    }

    fn moved(&mut self, attempt: AttemptId, position: u64) {
        let now = self.now;
        let Some(&Active {
            source: from,
            kind,
            position: before,
            has_begun,
            last_progress,
            ..
        }) = self.ledger.current(attempt)
        else {
            return;
        };
        if position <= before {
            return;
        }
        let pause = now.since(last_progress);
        if has_begun {
            self.sources.paused(from, pause);
        } else {
            // Bytes are told of so much later, at most.
            let wait = pause.saturating_sub(limits::REPORT_INTERVAL);
            self.sources.began(from, wait);
        }
        let beat = self.sources.beat(from);
        let Some(written) = self.ledger.advance(attempt, position) else {
            return;
        };
        let bytes = written.bytes.len();
        let Some(active) = self.ledger.current_mut(attempt) else {
            return;
        };
        active.last_progress = now;
        if kind == Kind::Stream && self.horizon.holds(position) {
            active.is_held = true;
        }
        if !has_begun {
            let told = pause.min(limits::REPORT_INTERVAL);
            let since = now.since_start().saturating_sub(told);
            active.begun(Timestamp::after_start(since));
        }
        active.pace.moved(now, bytes, beat);
        active.route = Route::Known;
        let rate = active.pace.at(now, beat);
        self.credit.spend(bytes);
        let progress = if kind == Kind::Stream {
            self.stream.reached(position)
        } else {
            written.added
        };
        self.sources.moved(from, now, progress, rate);
        if written.added > 0 {
            self.checkpoints.received();
        }
    }

    fn stopped(&mut self, attempt: AttemptId, position: u64, how: Stop) {
        self.moved(attempt, position);
        match how {
            Stop::Failed(FailureClass::Interrupted) if self.was_held(attempt) => {
                self.idled_out(attempt);
            }
            Stop::Failed(class) => self.failed(attempt, class),
            Stop::Told => self.told(attempt),
            Stop::Drained => self.drained(attempt),
        }
    }

    fn told(&mut self, attempt: AttemptId) {
        if let Some(active) = self.ledger.current(attempt)
            && active.stopping == Some(StopCause::Stalled)
        {
            let class = if active.has_any() {
                FailureClass::Stalled
            } else {
                FailureClass::Unanswered
            };
            return self.failed(attempt, class);
        }
        if let Some(active) = self.take(attempt) {
            if active.stopping == Some(StopCause::Silent) && !active.has_begun {
                self.was_silent(&active);
            }
            if active.phase != Phase::Starting && !active.has_begun {
                let span = self.now.since(active.opened_at);
                self.sources.of_mut(active.source).rhythm.waited(span);
            }
            if active.left.is_none() && active.brought_bytes() {
                let (now, rate) = (self.now, active.rate_so_far(self.now));
                self.sources.of_mut(active.source).finished(now, rate);
            }
            self.ledger.put_back(&active, None);
        }
    }

    fn drained(&mut self, attempt: AttemptId) {
        let Some(active) = self.ledger.current(attempt).copied() else {
            return;
        };
        match (active.kind, active.left) {
            (Kind::Stream, None) => {
                self.take(attempt);
                self.end(Outcome::Complete {
                    length: active.position,
                });
            }
            (_, None) => {
                let (now, rate) = (self.now, active.rate_so_far(self.now));
                self.sources.of_mut(active.source).finished(now, rate);
                self.take(attempt);
            }
            // A shorter reply than asked for: what it brought is kept. One that brought next to
            // nothing is a failure, or there would be a request for every byte.
            (Kind::Part, Some(_)) if active.brought() >= limits::PROGRESS_MIN => {
                self.take(attempt);
                self.follow_a_short_reply(&active);
            }
            (_, Some(_)) => self.failed(attempt, FailureClass::Interrupted),
        }
    }

    /// The rest of a short reply is asked for, at once unless that happens too often.
    fn follow_a_short_reply(&mut self, active: &Active) {
        let delay = self.meagre_delay(active);
        let retry = (delay > Duration::ZERO).then(|| Retry {
            attempt: active.attempt,
            source: active.source,
            not_before: self.now + delay,
            failures: active.failures,
            route: Route::Known,
        });
        self.ledger.put_back(active, retry);
    }

    /// Returns the time for which the request after one that brought less than a block has to wait.
    pub(super) fn meagre_delay(&mut self, active: &Active) -> Duration {
        if active.brought() >= self.ledger.block_size().get().into() {
            return Duration::ZERO;
        }
        let width = self.sources.width_allowed().get();
        let at_once = limits::MEAGRE_AT_ONCE * u32::from(width);
        let source = self.sources.of_mut(active.source);
        source.meagre.delay(self.now, at_once)
    }

    /// An attempt's worker is gone.
    pub(super) fn take(&mut self, attempt: AttemptId) -> Option<Active> {
        let mut active = self.ledger.take(attempt)?;
        self.release(&mut active);
        self.credit.left(attempt.segment);
        let was_starting = active.phase == Phase::Starting;
        let source = self.sources.of_mut(active.source);
        source.left(attempt, was_starting);
        if active.has_begun {
            source.has_place(self.now);
        }
        Some(active)
    }

    /// The reader has taken more. A plain stream may bring as much more; requests follow by
    /// themselves.
    fn taken(&mut self, end: u64) {
        if !self.horizon.takes(end) || !matches!(self.ledger.shape(), Shape::Stream { .. }) {
            return;
        }
        let Some(end) = self.horizon.end() else {
            return;
        };
        let (now, is_limited) = (self.now, self.credit.limit().is_some());
        let streams = self.ledger.active_mut();
        for active in streams.filter(|active| active.phase == Phase::Streaming) {
            if active.is_held {
                active.goes_on(now);
            }
            if !is_limited {
                let attempt = active.attempt;
                self.outputs.push_back(Output::Allow { attempt, end });
            }
        }
    }

    /// A worker had to wait for the reader for so long that its server may have closed the
    /// connection.
    fn was_held(&self, attempt: AttemptId) -> bool {
        let active = self.ledger.current(attempt);
        active.is_some_and(|active| active.stopping.is_none() && active.was_held(self.now))
    }

    /// A server has closed a connection on which nothing was read. It is opened again as if it had
    /// never been; nobody has failed.
    fn idled_out(&mut self, attempt: AttemptId) {
        let Some(active) = self.take(attempt) else {
            return;
        };
        let again = (active.kind != Kind::Part).then_some(Retry {
            attempt: active.attempt,
            source: active.source,
            not_before: self.now,
            failures: active.failures,
            route: Route::Known,
        });
        self.ledger.put_back(&active, again);
    }

    /// Every worker learns at once that it may write without end, or only what it has.
    fn limit_rate(&mut self, limit: Option<RateLimit>) {
        let active = self.ledger.active();
        let positions = active.map(|active| (active.attempt.segment, active.position));
        let streams = matches!(self.ledger.shape(), Shape::Stream { .. });
        for (segment, end) in self.credit.change(self.now, limit, positions) {
            let end = if streams {
                self.horizon.bound(end)
            } else {
                end
            };
            let active = self.ledger.holder(segment);
            // One that was silent without credit had to be.
            active.last_progress = self.now;
            let attempt = active.attempt;
            self.outputs.push_back(Output::Allow { attempt, end });
        }
    }
}
