//! Owns the order in which the parts learn of a failure, and what follows for its segment, its
//! source and the download. Starts nothing; `dispatch` does.

use core::time::Duration;

use super::Scheduler;
use crate::choice;
use crate::failure::{Disposition, FailureClass};
use crate::ids::{AttemptId, SourceId};
use crate::limits;
use crate::output::{Notice, Outcome, Route, Tries};
use crate::segment::{Active, Kind, Phase, Retry, StopCause};

impl Scheduler {
    pub(super) fn failed(&mut self, attempt: AttemptId, class: FailureClass) {
        let Some(mut active) = self.take(attempt) else {
            return;
        };
        let failures = active.failures.add(self.sources.received());
        let (from, now) = (active.source, self.now);
        let source = self.sources.of_mut(from);
        let in_a_row = source.failed(now, active.last_progress, class);
        let (ever_began, are_alike) = (source.usual_wait().is_some(), source.fails_alike());
        self.notice_outage(&active, class);
        if !self.view().serves_anyone(from) {
            self.sources.of_mut(from).width.broke_off(now);
        }
        if self.ending.is_some() || self.sources.of(from).is_dropped {
            return self.ledger.put_back(&active, None);
        }
        let allowed = self.retries.allowed(ever_began, class, are_alike);
        let is_spared = self.is_spared(&active, class, in_a_row >= allowed);
        let may_at_once = if is_spared {
            self.turn_away(&mut active, class)
        } else {
            self.settle_for_source(&mut active, class);
            true
        };
        let counted = if self.sources.are_several() {
            self.rest(from, in_a_row);
            in_a_row
        } else if self.sources.of(from).is_out() {
            in_a_row.max(failures)
        } else {
            failures
        };
        // A server that brings next to nothing each time does so to everyone in turn.
        let is_spent = counted.max(in_a_row) >= allowed || self.ends_there_again(&active);
        if is_spent && !is_spared && !self.sources.of(from).is_dropped {
            self.lose(from, class, Outcome::Failed(class));
        }
        if self.sources.of(from).is_dropped {
            if active.kind == Kind::Stream {
                self.ledger.forget_the_stream();
            }
            self.ledger.put_back(&active, None);
        } else {
            self.ask_elsewhere(&mut active, class, counted);
            let tries = Tries {
                failed: counted.max(in_a_row),
                allowed,
            };
            self.retry(&active, class, counted, may_at_once, tries);
        }
    }

    /// A request that fails before its first byte at a source that delivers meanwhile ends nothing,
    /// whatever the failure is: the width and its next try pay for it. A reply whose body has yet
    /// to begin spares others as well. But once as many have failed in a row as are allowed, only a
    /// reply does that was asked for before they did. Otherwise replies that never begin would
    /// spare one another for ever.
    fn is_spared(&self, active: &Active, class: FailureClass, is_spent: bool) -> bool {
        let is_extra = active.kind == Kind::Part && !active.has_begun;
        if !is_extra || class == FailureClass::Storage {
            return false;
        }
        let (view, from) = (self.view(), active.source);
        let since = self.sources.of(from).failing_since;
        view.delivers(from)
            || view.has_accepted(from, since)
            || (!is_spent && view.serves_anyone(from))
    }

    /// A source that delivers has turned a request away. True where that is the first one of a
    /// burst, and may be tried again at once.
    fn turn_away(&mut self, active: &mut Active, class: FailureClass) -> bool {
        let now = self.now;
        self.sources.of_mut(active.source).serves_no_more(now);
        match class.disposition() {
            Disposition::Relocate => self.refused(active, class),
            Disposition::BackOffHost => self.one_too_many(active),
            Disposition::BackOff if class == FailureClass::Stalled => self.one_too_many(active),
            Disposition::BackOff => self.broken(active, class),
            Disposition::AskAnew => {
                active.route = Route::Original;
                self.strayed(active);
            }
            Disposition::SingleStream => {
                self.mistook(active, class);
                self.strayed(active);
            }
            Disposition::GiveUp | Disposition::Restart => self.strayed(active),
        }
        if matches!(class, FailureClass::Busy { .. }) {
            // They are counted with the delay that they ask for.
            return true;
        }
        let source = self.sources.of_mut(active.source);
        let before = source.refusals;
        let in_a_row = source.turned_away(self.now, active.last_progress);
        if in_a_row > 1 {
            let until = self.now + self.retries.backoff(in_a_row - 1);
            source.is_full_until(until);
        }
        in_a_row > before
    }

    /// A range was misplaced or ignored. Where ranges are not to be relied on, one stream brings
    /// all that is missing: the one that does already, or else one that begins anew.
    fn mistook(&mut self, active: &Active, class: FailureClass) {
        let from = active.source;
        let source = self.sources.of_mut(from);
        source.mistook(self.now, active.last_progress);
        if source.ever_opened && source.range_mistakes < limits::RANGE_MISTAKES_MAX {
            return;
        }
        let Some(sole) = self.ledger.stream_for_all(from) else {
            return self.lose(from, class, Outcome::SingleStreamNeeded);
        };
        self.sources.of_mut(from).sole = Some(sole);
        let is_other = |other: &Active| other.source == from && other.attempt != sole;
        self.stop_all(is_other, StopCause::TakenOver);
    }

    /// A reply of something else says nothing of how many are served, unless there are many.
    fn strayed(&mut self, active: &Active) {
        if self.sources.of_mut(active.source).strayed() {
            self.one_too_many(active);
        }
    }

    /// A request that brings nothing while others are served holds a connection that could do
    /// without: it is one too many.
    pub(super) fn was_silent(&mut self, active: &Active) {
        self.sources.of_mut(active.source).serves_no_more(self.now);
        self.one_too_many(active);
    }

    /// Settles the meaning of a failure for its source and for the route of the next try.
    fn settle_for_source(&mut self, active: &mut Active, class: FailureClass) {
        let from = active.source;
        match class.disposition() {
            // No other source has another disk.
            Disposition::GiveUp if class == FailureClass::Storage => {
                self.end(Outcome::Failed(class));
            }
            Disposition::GiveUp => self.lose(from, class, Outcome::Failed(class)),
            Disposition::Restart => self.lose(from, class, Outcome::Changed),
            Disposition::SingleStream => self.mistook(active, class),
            Disposition::Relocate => self.refused(active, class),
            Disposition::AskAnew => active.route = Route::Original,
            Disposition::BackOffHost => self.one_too_many(active),
            Disposition::BackOff => self.broken(active, class),
        }
    }

    /// A plain stream has ended where it did before, and often enough.
    fn ends_there_again(&mut self, active: &Active) -> bool {
        let has_ended = active.kind == Kind::Stream && active.brought_bytes();
        has_ended && self.stream.broke_at(active.position)
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
        let from = active.source;
        if is_about_it && !active.brought_bytes() && !self.view().serves_anyone(from) {
            self.sources.of_mut(from).goes_out(self.now);
        }
    }

    /// A source that was out has begun to reply: the others come back within a second, and not all
    /// at once.
    pub(super) fn come_back(&mut self, from: SourceId) {
        self.sources.of_mut(from).width.broke_off(self.now);
        for retry in self.ledger.retries_at(from) {
            let due = self.now + self.retries.comeback();
            retry.not_before = retry.not_before.min(due);
            retry.route = Route::Known;
        }
    }

    /// A server that fails again and again with nothing in between may be one that a redirect led
    /// to, and that is gone: every other try follows the redirect anew, unless there are other
    /// sources.
    fn ask_elsewhere(&self, active: &mut Active, class: FailureClass, counted: u32) {
        let may_be_gone = match class.disposition() {
            Disposition::BackOff | Disposition::BackOffHost => true,
            Disposition::SingleStream => class == FailureClass::Misplaced,
            // They have rules of their own.
            Disposition::AskAnew | Disposition::Relocate => return,
            Disposition::GiveUp | Disposition::Restart => false,
        };
        let is_turn = counted >= 2 && active.route == Route::Known;
        let has_replied = self.sources.of(active.source).ever_opened;
        let is_alone = !self.sources.are_several() && has_replied;
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
            let until = self.now + self.retries.backoff(in_a_row - 1);
            self.sources.of_mut(from).rest_until(until);
        }
    }

    /// A source is of no use any more. Where it was the last, that is the end; otherwise its
    /// workers let go, and others fetch the rest.
    pub(super) fn lose(&mut self, id: SourceId, class: FailureClass, outcome: Outcome) {
        if !self.sources.are_several() {
            return self.end(outcome);
        }
        self.sources.of_mut(id).is_dropped = true;
        self.stop_all(|active| active.source == id, StopCause::TakenOver);
        self.ledger.forgive(id);
        self.tell(Notice::SourceDropped { source: id, class });
    }

    /// A refusal is final unless it once worked: then a redirect's target may have expired, so
    /// one request asks the original URL. If that is refused too while others are served, it was
    /// one connection too many, and so are those refused later.
    fn refused(&mut self, active: &mut Active, class: FailureClass) {
        let (from, now) = (active.source, self.now);
        let is_alone = !self.sources.are_several();
        let source = self.sources.of_mut(from);
        source.ever_refused = true;
        let has_workers = source.workers > 0;
        // It has served the file a moment ago, so it may again.
        let may_serve_again = is_alone && source.is_out() && source.received > 0;
        let (ever_opened, is_fresh) = (source.ever_opened, source.refuses_extra(now));
        let refuses_extra = is_fresh && self.view().serves_anyone(from);
        match active.route {
            // Others were asked at the same time; one of them may be served.
            _ if !ever_opened && has_workers => {}
            _ if !ever_opened => self.lose(from, class, Outcome::Failed(class)),
            Route::Known if choice::is_relocating_at(self.view(), from) => {}
            Route::Known if refuses_extra => self.one_too_many(active),
            Route::Known => active.route = Route::Original,
            Route::Original if may_serve_again => {}
            Route::Original if !has_workers => self.lose(from, class, Outcome::Failed(class)),
            Route::Original => {
                self.sources.of_mut(from).relocated_at = Some(now);
                active.route = Route::Known;
                self.one_too_many(active);
            }
        }
    }

    fn retry(
        &mut self,
        active: &Active,
        class: FailureClass,
        failures: u32,
        may_at_once: bool,
        tries: Tries,
    ) {
        // A connection that died while it worked is replaced at once, and a target that may have
        // expired is looked for at once.
        let has_died = class == FailureClass::Interrupted;
        let has_expired = class == FailureClass::Refused && active.route == Route::Original;
        let (from, now) = (active.source, self.now);
        let had_any = self.sources.of(from).ever_opened;
        let is_ordinary = class == FailureClass::Stray || (has_died || has_expired) && had_any;
        let at_once = failures == 1 && may_at_once && is_ordinary;
        let mut delay = if at_once {
            Duration::ZERO
        } else {
            self.retries.backoff(failures)
        };
        if self.sources.of(from).is_out() && !self.sources.are_several() {
            self.sources.of_mut(from).rest_until(now + delay);
        }
        delay = delay.max(self.meagre_delay(active));
        if let FailureClass::Busy { retry_after } = class {
            let asked = retry_after.unwrap_or_default().min(limits::RETRY_AFTER_MAX);
            let serves = self.view().serves_anyone(from);
            delay = self.busy_delay(active, serves, delay).max(asked);
            let source = self.sources.of_mut(from);
            source.rest_until(now + if serves { asked } else { delay });
            if source.refusals > 1 {
                source.is_full_until(now + delay);
            }
        }
        if self.ending.is_none() {
            self.tell(Notice::Retrying {
                attempt: active.attempt,
                class,
                delay,
                tries,
            });
        }
        let retry = Retry {
            attempt: active.attempt,
            source: from,
            not_before: now + delay,
            failures: active.failures,
            route: active.route,
        };
        self.ledger.put_back(active, Some(retry));
    }

    /// A host that serves others has refused a connection too many, not this segment: the width
    /// is lower for it and the segment need not wait.
    fn busy_delay(&mut self, active: &Active, serves: bool, delay: Duration) -> Duration {
        if !serves {
            return delay;
        }
        let source = self.sources.of_mut(active.source);
        match source.turned_away(self.now, active.last_progress) {
            0 | 1 => Duration::ZERO,
            refusals => self.retries.backoff(refusals - 1),
        }
    }

    /// A reply that breaks before its first byte while others stream is how some hosts refuse a
    /// connection.
    fn broken(&mut self, active: &Active, class: FailureClass) {
        let is_start = active.phase == Phase::Starting || !active.brought_bytes();
        let at_start = class == FailureClass::Interrupted && is_start;
        let serves = self.view().serves_anyone(active.source);
        let source = self.sources.of_mut(active.source);
        let is_refusing = source.broke(at_start, serves);
        let is_unreachable = class == FailureClass::Unreachable && source.ever_opened;
        if is_unreachable || is_refusing {
            self.one_too_many(active);
        }
    }

    /// No more workers at a source than it has at the moment, where it serves any of them. One that
    /// serves nobody does not say that there are too many.
    fn one_too_many(&mut self, refused: &Active) {
        if !self.view().serves_anyone(refused.source) {
            return;
        }
        let source = self.sources.of_mut(refused.source);
        let workers = source.workers;
        if source
            .width
            .refused(self.now, refused.last_progress, workers)
        {
            let width = self.sources.width();
            self.tell(Notice::WidthChanged { width });
        }
    }
}
