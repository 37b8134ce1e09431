//! Owns what a failure leads to, for its segment, its source and the download. Starts nothing;
//! `dispatch` does.

use core::time::Duration;

use super::input::Lease;
use super::output::{Event, Outcome, Output, Route};
use super::retry::backoff;
use super::segment::{Active, Kind, Phase, Retry, Waiting};
use super::source::SourceId;
use super::{Scheduler, Shape};
use crate::failure::{Disposition, FailureClass};
use crate::limits;
use crate::range_set::RangeSet;

impl Scheduler {
    pub(super) fn failed(&mut self, lease: Lease, class: FailureClass) {
        let Some(mut active) = self.take(lease) else {
            return;
        };
        let failures = active.failures.add(self.received_total);
        let from = active.source;
        let now = self.now;
        let in_a_row = self.source(from).failed(now, active.last_progress);
        if self.ending.is_some() || self.source(from).is_dropped {
            return self.put_back(&active, None);
        }
        match class.disposition() {
            // No other source has another disk.
            Disposition::GiveUp if class == FailureClass::Storage => {
                self.end(Outcome::Failed(class));
            }
            Disposition::GiveUp => self.lose(from, class, Outcome::Failed(class)),
            Disposition::Restart => self.lose(from, class, Outcome::Changed),
            Disposition::SingleStream => {
                let source = self.source(from);
                source.range_mistakes += 1;
                if !source.ever_opened || source.range_mistakes >= limits::RANGE_MISTAKES_MAX {
                    self.lose(from, class, Outcome::SingleStreamNeeded);
                }
            }
            Disposition::Relocate => self.refused(&mut active, class),
            Disposition::AskAnew => active.route = Route::Original,
            Disposition::BackOffHost => self.one_too_many(&active),
            Disposition::BackOff => self.broken(&active, class),
        }
        let counted = if self.has_several_sources() {
            self.rest(from, in_a_row);
            in_a_row
        } else {
            failures
        };
        if counted >= self.tries_allowed(from) && !self.source(from).is_dropped {
            self.lose(from, class, Outcome::Failed(class));
        }
        if self.source(from).is_dropped {
            self.leave_to_others(&active);
        } else {
            self.retry(&active, class, failures);
        }
    }

    /// A source that has failed again, with nothing received from it in between, is left alone for
    /// a while: others are there.
    fn rest(&mut self, from: SourceId, in_a_row: u32) {
        if in_a_row > 1 {
            let until = self.now + backoff(in_a_row - 1, &mut self.jitter);
            let source = self.source(from);
            source.gate = source.gate.max(until);
        }
    }

    /// What a source had that is dropped: another one is asked for it at once.
    fn leave_to_others(&mut self, active: &Active) {
        if active.kind == Kind::Stream {
            self.received = RangeSet::new();
            self.shape = Shape::Stream { length: None };
        }
        self.put_back(active, None);
    }

    fn tries_allowed(&mut self, from: SourceId) -> u32 {
        if self.source(from).ever_opened {
            self.config.max_tries
        } else {
            self.config.max_tries.min(limits::FIRST_CONTACT_TRIES)
        }
    }

    /// A refusal is final unless it once worked: then a redirect's target may have expired, so
    /// one request asks the original URL. If that is refused too while others are served, it was
    /// one connection too many, and so are those refused later.
    fn refused(&mut self, active: &mut Active, class: FailureClass) {
        let (from, now) = (active.source, self.now);
        self.source(from).ever_refused = true;
        match active.route {
            _ if !self.source(from).ever_opened => self.lose(from, class, Outcome::Failed(class)),
            Route::Known if self.is_relocating_at(from) => {}
            Route::Known if self.refuses_extra(from) => self.one_too_many(active),
            Route::Known => active.route = Route::Original,
            Route::Original if self.source(from).workers == 0 => {
                self.lose(from, class, Outcome::Failed(class));
            }
            Route::Original => {
                self.source(from).relocated_at = Some(now);
                active.route = Route::Known;
                self.one_too_many(active);
            }
        }
    }

    /// Whether a host that serves others has refused the connection, not the address: that was
    /// found a moment ago, or found to be refused just the same.
    fn refuses_extra(&mut self, from: SourceId) -> bool {
        let now = self.now;
        let is_fresh = |at| now.since(at) < limits::ADDRESS_LIFE_MIN;
        let source = self.source(from);
        source.workers > 0 && source.relocated_at.is_some_and(is_fresh)
    }

    fn retry(&mut self, active: &Active, class: FailureClass, failures: u32) {
        // A connection that died while it worked is replaced at once, and a target that may have
        // expired is looked for at once.
        let has_died = class == FailureClass::Interrupted;
        let has_expired = class == FailureClass::Refused && active.route == Route::Original;
        let from = active.source;
        let had_any = self.source(from).ever_opened;
        let at_once =
            failures == 1 && (class == FailureClass::Stray || (has_died || has_expired) && had_any);
        let mut delay = if at_once {
            Duration::ZERO
        } else {
            backoff(failures, &mut self.jitter)
        };
        if let FailureClass::Busy { retry_after } = class {
            let asked = retry_after.unwrap_or_default().min(limits::RETRY_AFTER_MAX);
            delay = self.busy_delay(active, delay).max(asked);
            let serves = self.serves_anyone(from);
            let now = self.now;
            let source = self.source(from);
            let gate = if source.refusals > 1 || !serves {
                delay
            } else {
                asked
            };
            source.gate = source.gate.max(now + gate);
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
                source: from,
                not_before: self.now + delay,
                failures: active.failures,
                route: active.route,
            }),
        );
    }

    pub(super) fn put_back(&mut self, active: &Active, retry: Option<Retry>) {
        match (active.kind, active.left) {
            (Kind::Part, Some(range)) => self.wait_for(Waiting {
                range,
                retry,
                is_cut: false,
                barren: active.barren_with_this(),
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
        if !self.serves_anyone(active.source) {
            return delay;
        }
        let now = self.now;
        let source = self.source(active.source);
        if source.refusals == 0 || active.last_progress > source.refused_at {
            source.refusals += 1;
            source.refused_at = now;
        }
        let refusals = source.refusals;
        if refusals > 1 {
            backoff(refusals - 1, &mut self.jitter)
        } else {
            Duration::ZERO
        }
    }

    fn serves_anyone(&self, from: SourceId) -> bool {
        let serves = |a: &Active| a.source == from && a.phase == Phase::Streaming;
        self.active.values().any(serves)
    }

    /// A reply that breaks before its first byte while others stream is how some hosts refuse a
    /// connection; a link that breaks does so to everyone.
    fn broken(&mut self, active: &Active, class: FailureClass) {
        let is_start = active.phase == Phase::Starting || !active.brought_bytes();
        let serves = self.serves_anyone(active.source);
        let source = self.source(active.source);
        let unreachable = class == FailureClass::Unreachable && source.ever_opened;
        if class == FailureClass::Interrupted && is_start && serves {
            source.broken_starts += 1;
        } else {
            source.broken_starts = 0;
        }
        if unreachable || source.broken_starts >= limits::BROKEN_STARTS_MAX {
            self.one_too_many(active);
        }
    }
}
