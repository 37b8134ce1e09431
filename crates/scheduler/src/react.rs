//! Owns what each input changes in the scheduler's state. Starts nothing; `dispatch` does.

use core::time::Duration;

use super::ids::AttemptId;
use super::ids::SourceId;
use super::input::{Body, Input, Stop};
use super::output::{Event, Grant, Outcome, Output, Route};
use super::pace::Pace;
use super::rhythm::blended;
use super::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use super::{Scheduler, Shape, split};
use crate::failure::FailureClass;
use crate::limits;
use crate::time::Timestamp;
use range_core::range::ByteRange;

impl Scheduler {
    pub(super) fn react(&mut self, input: Input) {
        match input {
            Input::Tick => {}
            Input::Opened { attempt, body } => self.opened(attempt, body),
            Input::Received { attempt, position } => self.moved(attempt, position),
            Input::Shrunk { attempt, end } => self.shrunk(attempt, end),
            Input::Stopped {
                attempt,
                position,
                how,
            } => self.stopped(attempt, position, how),
            Input::Verified { range } => {
                if self.claimed.contains(range) {
                    self.claimed.remove(range);
                    self.received.insert(range);
                }
            }
            Input::Rejected { range } => {
                if self.claimed.contains(range) {
                    self.claimed.remove(range);
                    self.wait_for(Waiting::rejected(range));
                }
            }
            Input::Durable { checkpoint } => {
                if self.checkpoint.in_flight == Some(checkpoint) {
                    self.checkpoint.in_flight = None;
                }
            }
            Input::RateLimit(limit) => self.limit_rate(limit),
            Input::Cancel => self.end(Outcome::Cancelled),
        }
    }

    pub(super) fn current(&mut self, attempt: AttemptId) -> Option<&mut Active> {
        self.active
            .get_mut(&attempt.segment)
            .filter(|active| active.attempt == attempt)
    }

    fn opened(&mut self, attempt: AttemptId, body: Body) {
        let now = self.now;
        let Some(active) = self.current(attempt) else {
            return;
        };
        active.phase = Phase::Streaming;
        let latency = now.since(active.last_progress);
        active.last_progress = now;
        active.opened_at = now;
        active.pace = Pace::begin(now);
        let (kind, from) = (active.kind, active.source);
        let asked_anew = active.route == Route::Original;
        active.route = Route::Known;
        let is_known = self.sources.iter().any(|source| source.ever_opened);
        self.latency = blended(is_known, self.latency, latency);
        let is_limited = self.limiter.limit().is_some();
        if self.source(from).is_out() {
            self.come_back(from);
        }
        let source = self.source(from);
        source.opened(latency, is_limited);
        if asked_anew {
            source.relocated_at = Some(now);
        }
        match (kind, body) {
            // The lease stands since the start; a reply that is shorter is legal (RFC 9110
            // §15.3.7) and shows when the worker drains.
            (Kind::Part, _) => source.range_mistakes = 0,
            (
                Kind::Probe,
                Body::Part {
                    range,
                    complete_length,
                },
            ) => {
                self.shape = Shape::Segmented {
                    length: complete_length,
                };
                self.plan_around_probe(attempt, range, complete_length);
            }
            (Kind::Probe | Kind::Stream, Body::Whole { length }) => self.stream(attempt, length),
            // A 206 to a request without a range: `accept` never lets it through.
            (Kind::Stream, Body::Part { .. }) => {
                self.failed(attempt, FailureClass::Misplaced);
            }
        }
    }

    /// The first reply's body becomes the first segment; the rest of the file is planned. Where the
    /// reply ends before the segment does, the segment keeps its end: a second one that begins
    /// inside a block would claim all of it (I9).
    fn plan_around_probe(&mut self, attempt: AttemptId, served: ByteRange, length: u64) {
        let segment = self.segment_length(length, None) / limits::FIRST_SEGMENT_DIVISOR;
        let segment = self.block_size().ceil(segment);
        let file = ByteRange::new(served.start(), length).expect("a part lies in its file");
        let (first, _) = split::carve(file, segment, self.block_size());
        if let Some(rest) = ByteRange::new(first.end(), length) {
            self.wait_for(Waiting::planned(rest));
        }
        if let Some(active) = self.current(attempt) {
            active.kind = Kind::Part;
            active.begin_at(first);
        }
        self.outputs.push_back(Output::Event(Event::Planned {
            length: Some(length),
            segmented: true,
        }));
        self.outputs.push_back(Output::Grant {
            attempt,
            grant: Grant::Range(first),
        });
    }

    fn stream(&mut self, attempt: AttemptId, length: Option<u64>) {
        self.shape = Shape::Stream { length };
        let range = length.map(ByteRange::whole);
        if let Some(active) = self.current(attempt) {
            active.kind = Kind::Stream;
            active.left = range.flatten();
        }
        self.outputs.push_back(Output::Event(Event::Planned {
            length,
            segmented: false,
        }));
        match range {
            Some(Some(range)) => {
                self.outputs.push_back(Output::Grant {
                    attempt,
                    grant: Grant::Range(range),
                });
            }
            // An empty file: there is nothing to lease, and the reply is not needed.
            Some(None) => self.end(Outcome::Complete { length: 0 }),
            None => self.outputs.push_back(Output::Grant {
                attempt,
                grant: Grant::ToEnd,
            }),
        }
    }

    fn moved(&mut self, attempt: AttemptId, position: u64) {
        let now = self.now;
        let Some(&mut Active {
            source: from,
            position: before,
            began,
            last_progress,
            ..
        }) = self.current(attempt)
        else {
            return;
        };
        if position <= before {
            return;
        }
        let (begins, pause) = (before == began, now.since(last_progress));
        let beat = self.takes_in(from, begins, pause);
        let Some(active) = self.current(attempt) else {
            return;
        };
        let Some(written) = active.advance(position) else {
            return;
        };
        active.last_progress = now;
        if begins {
            // What passed before the first byte is no part of its pace.
            let told = pause.min(limits::REPORT_INTERVAL);
            let since = now.since_start().saturating_sub(told);
            active.pace = Pace::begin(Timestamp::after_start(since));
        }
        active.pace.moved(now, written.len(), beat);
        active.route = Route::Known;
        let is_stream = active.kind == Kind::Stream;
        let rate = active.pace.at(now, beat);
        self.limiter.spend(written.len());
        let added = self.received.insert(written);
        let progress = if is_stream {
            // Bytes of a plain stream are progress only where no earlier try has been.
            position.saturating_sub(self.stream_furthest)
        } else {
            added
        };
        if is_stream {
            self.stream_furthest = self.stream_furthest.max(position);
        }
        self.received_total += progress;
        self.source(from).moved(now, progress, rate);
        self.checkpoint.is_needed |= added > 0 && self.config.checkpoints;
        self.last_received = now;
    }

    /// Takes in that a reply from a source has brought its first bytes, or more, after a pause.
    /// Answers how much time says little there.
    fn takes_in(&mut self, from: SourceId, begins: bool, pause: Duration) -> Duration {
        let rhythm = &mut self.source(from).rhythm;
        if begins {
            rhythm.began(pause);
            self.first_byte = rhythm.first_byte();
        } else {
            rhythm.moved(pause);
        }
        self.beat(from)
    }

    fn shrunk(&mut self, attempt: AttemptId, end: u64) {
        let Some(active) = self.current(attempt) else {
            return;
        };
        active.shrinking = None;
        let Some(left) = active.left else { return };
        // The worker may have written up to its answer without having reported it yet.
        let (kept, released) = left.split_at(end);
        active.left = kept;
        if let Some(released) = released {
            self.wait_for(Waiting::cut(released));
        }
    }

    fn stopped(&mut self, attempt: AttemptId, position: u64, how: Stop) {
        self.moved(attempt, position);
        match how {
            Stop::Failed(class) => self.failed(attempt, class),
            Stop::Told => self.told(attempt),
            Stop::Drained => self.drained(attempt),
        }
    }

    fn told(&mut self, attempt: AttemptId) {
        let stalled = self
            .current(attempt)
            .is_some_and(|a| a.stopping == Some(StopCause::Stalled));
        if stalled {
            return self.failed(attempt, FailureClass::Stalled);
        }
        if let Some(active) = self.take(attempt) {
            if active.phase == Phase::Streaming && !active.brought_bytes() {
                let span = self.now.since(active.opened_at);
                self.source(active.source).rhythm.waited(span);
            }
            self.put_back(&active, None);
        }
    }

    fn drained(&mut self, attempt: AttemptId) {
        let Some(active) = self.current(attempt).copied() else {
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
                self.source(active.source).finished(now, rate);
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

    /// What a short reply has left is asked for, at once unless that happens too often.
    fn follow_a_short_reply(&mut self, active: &Active) {
        let delay = self.meagre_delay(active);
        let retry = (delay > Duration::ZERO).then(|| Retry {
            attempt: active.attempt,
            source: active.source,
            not_before: self.now + delay,
            failures: active.failures,
            route: Route::Known,
        });
        self.put_back(active, retry);
    }

    /// How long the request after one that brought less than a block has to wait for that.
    pub(super) fn meagre_delay(&mut self, active: &Active) -> Duration {
        let is_meagre = active.brought() < self.block_size().get().into();
        let now = self.now;
        if is_meagre {
            let at_once = limits::MEAGRE_AT_ONCE * u32::from(self.config.width.get());
            self.source(active.source).meagre.delay(now, at_once)
        } else {
            Duration::ZERO
        }
    }

    pub(super) fn take(&mut self, attempt: AttemptId) -> Option<Active> {
        self.current(attempt)?;
        let active = self.active.remove(&attempt.segment)?;
        self.source(active.source).workers -= 1;
        Some(active)
    }
}
