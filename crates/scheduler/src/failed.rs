//! Owns what a failure leads to, for its segment, its source and the download. Starts nothing;
//! `dispatch` does.

use core::time::Duration;

use super::ids::AttemptId;
use super::ids::SourceId;
use super::output::{Event, Outcome, Output, Route};
use super::retry::backoff;
use super::segment::{Active, Kind, Phase, Retry, Waiting};
use super::{Scheduler, Shape};
use crate::failure::{Disposition, FailureClass};
use crate::limits;
use range_core::range_set::RangeSet;

impl Scheduler {
    pub(super) fn failed(&mut self, attempt: AttemptId, class: FailureClass) {
        let Some(mut active) = self.take(attempt) else {
            return;
        };
        let failures = active.failures.add(self.received_total);
        let from = active.source;
        let now = self.now;
        let in_a_row = self.source(from).failed(now, active.last_progress);
        self.notice_outage(&active, class);
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
                source.mistook(now, active.last_progress);
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
        } else if self.source(from).is_out() {
            in_a_row.max(failures)
        } else {
            failures
        };
        let is_spent = counted >= self.tries_allowed(from) || self.ends_there_again(&active);
        if is_spent && !self.source(from).is_dropped {
            self.lose(from, class, Outcome::Failed(class));
        }
        if self.source(from).is_dropped {
            self.leave_to_others(&active);
        } else {
            self.ask_elsewhere(&mut active, class, counted);
            self.retry(&active, class, counted);
        }
    }

    /// Whether a plain stream has ended where it did before, and often enough.
    fn ends_there_again(&mut self, active: &Active) -> bool {
        if active.kind != Kind::Stream || !active.brought_bytes() {
            return false;
        }
        let (end, times) = self.stream_end;
        let times = if end == active.position { times + 1 } else { 1 };
        self.stream_end = (active.position, times);
        times >= limits::SAME_END_MAX
    }

    /// A request that fails before its first byte, at a source that serves nobody at the moment, is
    /// an outage and says nothing about how many it would serve. Until a reply begins there, one
    /// request at a time asks.
    fn notice_outage(&mut self, active: &Active, class: FailureClass) {
        let is_about_it = match class.disposition() {
            Disposition::AskAnew | Disposition::BackOff | Disposition::BackOffHost => true,
            Disposition::Relocate => active.route == Route::Original,
            Disposition::SingleStream => class == FailureClass::Misplaced,
            Disposition::GiveUp | Disposition::Restart => false,
        };
        if is_about_it && !active.brought_bytes() && !self.serves_anyone(active.source) {
            let now = self.now;
            let source = self.source(active.source);
            let since = source.ever_opened.then_some(now);
            source.out_since = source.out_since.or(since);
        }
    }

    /// A source that was out has begun to reply: the others come back within a second, and not all
    /// at once.
    pub(super) fn come_back(&mut self, from: SourceId) {
        let latest = limits::COMEBACK;
        for waiting in self.waiting.values_mut() {
            if let Some(retry) = waiting.retry.as_mut().filter(|r| r.source == from) {
                let due = self.now + self.jitter.below(latest);
                retry.not_before = retry.not_before.min(due);
                retry.route = Route::Known;
            }
        }
    }

    /// A server that fails again and again with nothing in between may be one that a redirect led
    /// to, and that is gone: every other try follows the redirect anew, unless there are other
    /// sources.
    fn ask_elsewhere(&mut self, active: &mut Active, class: FailureClass, counted: u32) {
        let may_be_gone = match class.disposition() {
            Disposition::BackOff | Disposition::BackOffHost => true,
            Disposition::SingleStream => class == FailureClass::Misplaced,
            // They have rules of their own.
            Disposition::AskAnew | Disposition::Relocate => return,
            Disposition::GiveUp | Disposition::Restart => false,
        };
        let is_turn = counted >= 2 && active.route == Route::Known;
        let is_alone = !self.has_several_sources() && self.source(active.source).ever_opened;
        active.route = if may_be_gone && is_turn && is_alone {
            Route::Original
        } else {
            Route::Known
        };
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
            // Others were asked at the same time; one of them may be served.
            _ if !self.source(from).ever_opened && self.source(from).workers > 0 => {}
            _ if !self.source(from).ever_opened => self.lose(from, class, Outcome::Failed(class)),
            Route::Known if self.is_relocating_at(from) => {}
            Route::Known if self.refuses_extra(from) => self.one_too_many(active),
            Route::Known => active.route = Route::Original,
            // It has served the file a moment ago, so it may again.
            Route::Original if self.may_serve_again(from) => {}
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

    /// Whether a source that refuses everything has served the file in this run, and there is no
    /// other: it may do so again.
    fn may_serve_again(&mut self, from: SourceId) -> bool {
        let is_alone = !self.has_several_sources();
        let source = self.source(from);
        is_alone && source.is_out() && source.received > 0
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
        if self.source(from).is_out() && !self.has_several_sources() {
            let until = self.now + delay;
            let source = self.source(from);
            source.gate = source.gate.max(until);
        }
        delay = delay.max(self.meagre_delay(active));
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
            let attempt = active.attempt;
            self.outputs.push_back(Output::Event(Event::Retrying {
                attempt,
                class,
                delay,
            }));
        }
        self.put_back(
            active,
            Some(Retry {
                attempt: active.attempt,
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
                is_rejected: false,
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

    /// Whether bytes come from a source, as far as silence does not say otherwise.
    pub(super) fn serves_anyone(&self, from: SourceId) -> bool {
        let rhythm = &self.sources[usize::from(from.0)].rhythm;
        let serves = |a: &Active| {
            let silence = if a.brought_bytes() {
                rhythm.silence(self.latency)
            } else {
                rhythm.patience(self.latency, a.barren)
            };
            let is_told = self.now.since(a.last_progress) < silence;
            a.source == from && a.phase == Phase::Streaming && is_told
        };
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
