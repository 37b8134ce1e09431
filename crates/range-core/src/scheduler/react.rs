//! Owns what each input changes in the scheduler's state. Starts nothing; `dispatch` does.

use core::time::Duration;

use super::input::{Body, Input, Lease, Stop};
use super::output::{Event, Grant, Outcome, Output, Route};
use super::pace::Pace;
use super::retry::backoff;
use super::segment::{Active, Kind, Phase, Retry, StopCause, Waiting};
use super::{Scheduler, Shape, split};
use crate::failure::{Disposition, FailureClass};
use crate::limits;
use crate::range::ByteRange;
use crate::range_set::RangeSet;

impl Scheduler {
    pub(super) fn react(&mut self, input: Input) {
        match input {
            Input::Tick => {}
            Input::Opened { lease, body } => self.opened(lease, body),
            Input::Received { lease, position } => self.moved(lease, position),
            Input::Shrunk { lease, end } => self.shrunk(lease, end),
            Input::Stopped {
                lease,
                position,
                how,
            } => self.stopped(lease, position, how),
            Input::Verified { range } => {
                if self.claimed.contains(range) {
                    self.claimed.remove(range);
                    self.received.insert(range);
                }
            }
            Input::Rejected { range } => {
                if self.claimed.contains(range) {
                    self.claimed.remove(range);
                    self.wait_for(Waiting::planned(range));
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

    fn current(&mut self, lease: Lease) -> Option<&mut Active> {
        self.active
            .get_mut(&lease.segment)
            .filter(|active| active.lease == lease)
    }

    fn opened(&mut self, lease: Lease, body: Body) {
        let now = self.now;
        let Some(active) = self.current(lease) else {
            return;
        };
        active.phase = Phase::Streaming;
        let latency = now.since(active.last_progress);
        active.last_progress = now;
        active.pace = Pace::begin(now);
        let kind = active.kind;
        if active.route == Route::Original {
            active.route = Route::Known;
            self.relocated_at = Some(now);
        }
        self.latency = if self.ever_opened {
            (self.latency + latency) / 2
        } else {
            latency
        };
        self.ever_opened = true;
        self.broken_starts = 0;
        self.refusals = 0;
        match (kind, body) {
            // The lease stands since the start; a reply that is shorter is legal (RFC 9110
            // §15.3.7) and shows when the worker drains.
            (Kind::Part, _) => self.range_mistakes = 0,
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
                self.plan_around_probe(lease, range, complete_length);
            }
            (Kind::Probe | Kind::Stream, Body::Whole { length }) => self.stream(lease, length),
            // A 206 to a request without a range: `accept` never lets it through.
            (Kind::Stream, Body::Part { .. }) => {
                self.failed(lease, FailureClass::Misplaced);
            }
        }
    }

    /// The first reply's body becomes the first segment; the rest of the file is planned.
    fn plan_around_probe(&mut self, lease: Lease, served: ByteRange, length: u64) {
        let segment = self.segment_length(length);
        let (first, _) = split::carve(served, segment, self.block_size());
        if let Some(rest) = ByteRange::new(first.end(), length) {
            self.wait_for(Waiting::planned(rest));
        }
        if let Some(active) = self.current(lease) {
            active.kind = Kind::Part;
            active.begin_at(first);
        }
        self.outputs.push_back(Output::Event(Event::Planned {
            length: Some(length),
            segmented: true,
        }));
        self.outputs.push_back(Output::Grant {
            lease,
            grant: Grant::Range(first),
        });
    }

    fn stream(&mut self, lease: Lease, length: Option<u64>) {
        self.shape = Shape::Stream { length };
        let range = length.map(ByteRange::whole);
        if let Some(active) = self.current(lease) {
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
                    lease,
                    grant: Grant::Range(range),
                });
            }
            // An empty file: there is nothing to lease, and the reply is not needed.
            Some(None) => self.end(Outcome::Complete { length: 0 }),
            None => self.outputs.push_back(Output::Grant {
                lease,
                grant: Grant::ToEnd,
            }),
        }
    }

    fn moved(&mut self, lease: Lease, position: u64) {
        let (now, latency) = (self.now, self.latency);
        let Some(active) = self.current(lease) else {
            return;
        };
        let Some(written) = active.advance(position) else {
            return;
        };
        active.last_progress = now;
        active.pace.moved(now, written.len(), latency);
        active.route = Route::Known;
        let is_stream = active.kind == Kind::Stream;
        self.limiter.spend(written.len());
        let added = self.received.insert(written);
        if is_stream {
            // Bytes of a plain stream are progress only where no earlier try has been.
            self.received_total += position.saturating_sub(self.stream_furthest);
            self.stream_furthest = self.stream_furthest.max(position);
        } else {
            self.received_total += added;
        }
        self.checkpoint.unsynced += added;
        self.last_received = now;
    }

    fn shrunk(&mut self, lease: Lease, end: u64) {
        let Some(active) = self.current(lease) else {
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

    fn stopped(&mut self, lease: Lease, position: u64, how: Stop) {
        self.moved(lease, position);
        match how {
            Stop::Failed(class) => self.failed(lease, class),
            Stop::Told => self.told(lease),
            Stop::Drained => self.drained(lease),
        }
    }

    fn told(&mut self, lease: Lease) {
        let stalled = self
            .current(lease)
            .is_some_and(|a| a.stopping == Some(StopCause::Stalled));
        if stalled {
            return self.failed(lease, FailureClass::Stalled);
        }
        if let Some(active) = self.take(lease) {
            self.put_back(&active, None);
        }
    }

    fn drained(&mut self, lease: Lease) {
        let Some(active) = self.current(lease).copied() else {
            return;
        };
        match (active.kind, active.left) {
            (Kind::Stream, None) => {
                self.take(lease);
                self.end(Outcome::Complete {
                    length: active.position,
                });
            }
            (_, None) => {
                self.take(lease);
            }
            // A shorter reply than asked for: what it brought is kept. One that brought nothing
            // is a failure, or the same request would be repeated for ever.
            (Kind::Part, Some(left)) if active.brought_bytes() => {
                self.take(lease);
                self.wait_for(Waiting::planned(left));
            }
            (_, Some(_)) => self.failed(lease, FailureClass::Interrupted),
        }
    }

    fn take(&mut self, lease: Lease) -> Option<Active> {
        self.current(lease)?;
        self.active.remove(&lease.segment)
    }

    fn failed(&mut self, lease: Lease, class: FailureClass) {
        let Some(mut active) = self.take(lease) else {
            return;
        };
        let failures = active.failures.add(self.received_total);
        if self.ending.is_some() {
            return self.put_back(&active, None);
        }
        match class.disposition() {
            Disposition::GiveUp => self.end(Outcome::Failed(class)),
            Disposition::Restart => self.end(Outcome::Changed),
            Disposition::SingleStream => {
                self.range_mistakes += 1;
                if !self.ever_opened || self.range_mistakes >= limits::RANGE_MISTAKES_MAX {
                    self.end(Outcome::SingleStreamNeeded);
                }
            }
            Disposition::Relocate => self.refused(&mut active, class),
            Disposition::BackOffHost => self.one_too_many(&active),
            Disposition::BackOff => self.broken(&active, class),
        }
        if failures >= self.tries_allowed() {
            self.end(Outcome::Failed(class));
        }
        self.retry(&active, class, failures);
    }

    fn tries_allowed(&self) -> u32 {
        if self.ever_opened {
            self.config.max_tries
        } else {
            self.config.max_tries.min(limits::FIRST_CONTACT_TRIES)
        }
    }

    /// A refusal is final unless it once worked: then a redirect's target may have expired, so
    /// one request asks the original URL. If that is refused too while others are served, it was
    /// one connection too many, and so are those refused later.
    fn refused(&mut self, active: &mut Active, class: FailureClass) {
        self.ever_refused = true;
        match active.route {
            _ if !self.ever_opened => self.end(Outcome::Failed(class)),
            Route::Known if self.is_relocating() => {}
            Route::Known if self.refuses_extra() => self.one_too_many(active),
            Route::Known => active.route = Route::Original,
            Route::Original if self.active.is_empty() => self.end(Outcome::Failed(class)),
            Route::Original => {
                self.relocated_at = Some(self.now);
                active.route = Route::Known;
                self.one_too_many(active);
            }
        }
    }

    /// Whether a host that serves others has refused the connection, not the address: that was
    /// found a moment ago, or found to be refused just the same.
    fn refuses_extra(&self) -> bool {
        let is_fresh = |at| self.now.since(at) < limits::ADDRESS_LIFE_MIN;
        !self.active.is_empty() && self.relocated_at.is_some_and(is_fresh)
    }

    fn retry(&mut self, active: &Active, class: FailureClass, failures: u32) {
        // A connection that died while it worked is replaced at once, and a target that may have
        // expired is looked for at once.
        let has_died = class == FailureClass::Interrupted;
        let has_expired = class == FailureClass::Refused && active.route == Route::Original;
        let at_once = (has_died || has_expired) && failures == 1 && self.ever_opened;
        let mut delay = if at_once {
            Duration::ZERO
        } else {
            backoff(failures, &mut self.jitter)
        };
        if let FailureClass::Busy { retry_after } = class {
            let asked = retry_after.unwrap_or_default().min(limits::RETRY_AFTER_MAX);
            delay = self.busy_delay(active, delay).max(asked);
            let gate = if self.refusals > 1 || !self.serves_anyone() {
                delay
            } else {
                asked
            };
            self.host_gate = self.host_gate.max(self.now + gate);
        }
        if self.ending.is_none() {
            let lease = active.lease;
            self.outputs.push_back(Output::Event(Event::Retrying {
                lease,
                class,
                delay,
            }));
        }
        self.put_back(
            active,
            Some(Retry {
                lease: active.lease,
                not_before: self.now + delay,
                failures: active.failures,
                route: active.route,
            }),
        );
    }

    fn put_back(&mut self, active: &Active, retry: Option<Retry>) {
        match (active.kind, active.left) {
            (Kind::Part, Some(range)) => self.wait_for(Waiting {
                range,
                retry,
                is_cut: false,
            }),
            // A plain stream cannot be continued, so its bytes count for nothing.
            (Kind::Probe | Kind::Stream, _) if retry.is_some() => {
                self.received = RangeSet::new();
                self.restart = retry;
            }
            (Kind::Part, None) | (Kind::Probe | Kind::Stream, _) => {}
        }
    }

    /// A host that serves others has refused a connection too many, not this segment: the width
    /// is lower for it and the segment need not wait. Only refusals of requests that were made
    /// since the last one was heard of count as another one.
    fn busy_delay(&mut self, active: &Active, delay: Duration) -> Duration {
        if !self.serves_anyone() {
            return delay;
        }
        if self.refusals == 0 || active.last_progress > self.refused_at {
            self.refusals += 1;
            self.refused_at = self.now;
        }
        if self.refusals > 1 {
            backoff(self.refusals - 1, &mut self.jitter)
        } else {
            Duration::ZERO
        }
    }

    fn serves_anyone(&self) -> bool {
        self.active.values().any(|a| a.phase == Phase::Streaming)
    }

    /// A reply that breaks before its first byte while others stream is how some hosts refuse a
    /// connection; a link that breaks does so to everyone.
    fn broken(&mut self, active: &Active, class: FailureClass) {
        let unreachable = class == FailureClass::Unreachable && self.ever_opened;
        let is_start = active.phase == Phase::Starting || !active.brought_bytes();
        if class == FailureClass::Interrupted && is_start && self.serves_anyone() {
            self.broken_starts += 1;
        } else {
            self.broken_starts = 0;
        }
        if unreachable || self.broken_starts >= limits::BROKEN_STARTS_MAX {
            self.one_too_many(active);
        }
    }

    /// No more workers than those that are served at the moment.
    fn one_too_many(&mut self, refused: &Active) {
        let served = u16::try_from(self.active.len()).unwrap_or(u16::MAX);
        if self.width.refused(self.now, refused.last_progress, served) {
            let width = self.width.level();
            self.outputs
                .push_back(Output::Event(Event::WidthChanged { width }));
        }
    }
}
