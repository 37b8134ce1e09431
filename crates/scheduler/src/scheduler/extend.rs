//! Owns what follows when a lease is written and its reply goes on, and when two attempts want the
//! same bytes. Starts nothing; `dispatch` does.

use core::time::Duration;

use super::Scheduler;
use crate::ids::AttemptId;
use crate::ledger::{Next, Shape};
use crate::output::{Grant, Output};
use crate::segment::{Active, StopCause, Waiting};
use crate::split;
use range_core::ByteRange;

impl Scheduler {
    /// Every stream that has written its lease goes on, rests, or lets go.
    pub(super) fn go_on(&mut self) {
        for attempt in self.ledger.written_out() {
            self.stop_challenger(attempt);
            if let Some(end) = self.extension(attempt) {
                let active = self.ledger.holder(attempt.segment);
                active.goes_on(self.now);
                self.outputs.push_back(Output::Extend { attempt, end });
            } else if self.waits_for_the_reader(attempt) {
                self.ledger.holder(attempt.segment).is_held = true;
            } else if !self.may_be_last(attempt) {
                self.stop([attempt.segment], StopCause::Done);
            }
        }
        let resting = self.ledger.active().filter(|a| a.is_written_out());
        self.sources.rest(resting.map(|active| active.source));
    }

    /// The bytes that follow are too far from the reader, and come without another request later.
    fn waits_for_the_reader(&self, attempt: AttemptId) -> bool {
        let Some(active) = self.ledger.current(attempt) else {
            return false;
        };
        let next = self.ledger.next_to(active.position);
        let is_behind = |run: &Waiting| run.range.start() < self.grantable_end(active);
        matches!(next, Next::Waits(run) if is_behind(&run) && self.front(active, &run).is_none())
    }

    /// A stream that has nothing to do rests while bytes are missing that it reaches, and either
    /// nobody else brings any or its source's latest request was not served: it may be the last
    /// that is. It holds its connection then, and reads nothing. One such stream a source is
    /// enough.
    fn may_be_last(&self, attempt: AttemptId) -> bool {
        let Some(active) = self.ledger.current(attempt) else {
            return false;
        };
        let are_several = self.sources.are_several();
        let is_on_trial = self.sources.on_trial(active.source).is_some();
        let is_refusing = self.sources.of(active.source).may_serve_no_more() && !are_several;
        let is_stingy = is_refusing || is_on_trial;
        let may_be_last = is_stingy || !self.view().others_deliver(active);
        let better = |other: &Active| {
            let is_here = other.source == active.source || are_several;
            is_here && other.is_written_out() && other.rest() > active.rest()
        };
        may_be_last
            && self
                .ledger
                .misses(active.position, self.grantable_end(active))
            && !self.ledger.active().any(better)
    }

    /// A request is served, so that none need be kept for the case that none is: one that still
    /// discards lets go, and what it was to bring is asked for.
    pub(super) fn need_no_more(&mut self, served: &Active) {
        let source = self.sources.of(served.source);
        if source.may_serve_no_more() || source.sole.is_some() {
            return;
        }
        let is_kept =
            |active: &Active| active.source == served.source && active.is_kept && active.discards();
        self.stop_all(is_kept, StopCause::Done);
    }

    /// A stream that rests goes on, where nobody brings anything and nobody may be about to, at the
    /// lowest bytes that are missing, unless somebody has to let go of them first. It discards what
    /// comes before.
    pub(super) fn skip(&mut self) {
        for attempt in self.ledger.written_out() {
            let Some(active) = self.ledger.current(attempt).copied() else {
                continue;
            };
            let view = self.view();
            if view.others_deliver(&active) || view.others_may_begin(&active) {
                continue;
            }
            let next = self.ledger.next_after(active.position);
            if let Next::Waits(Waiting { range, .. }) | Next::Reserved(_, range) = next
                && self.others_are_sooner(&active, range.start())
            {
                continue;
            }
            let has_any = match next {
                Next::Waits(run) => self.front(&active, &run).inspect(|front| {
                    self.ledger.extend(attempt, &run, *front);
                }),
                Next::Reserved(other, range) if range.end() <= active.reach => {
                    self.ledger.absorb(attempt, other);
                    Some(range)
                }
                Next::Reserved(..) | Next::Taken => None,
            };
            if has_any.is_some() {
                let active = self.ledger.holder(attempt.segment);
                active.last_progress = self.now;
                active.is_kept = true;
                self.grant(attempt);
            }
        }
    }

    /// Reports whether a source that has said when to ask again may be asked before a stream would
    /// have read up to an offset. It is put off once: a source that says so again, and has served
    /// nobody in between, may not mean it.
    fn others_are_sooner(&mut self, active: &Active, offset: u64) -> bool {
        let now = self.now;
        let source = self.sources.of_mut(active.source);
        let bytes = offset.saturating_sub(active.position);
        let span = source.rate(now).and_then(|rate| {
            let millis = u128::from(bytes) * 1000 / u128::from(rate.max(1));
            Some(Duration::from_millis(u64::try_from(millis).ok()?))
        });
        span.is_some_and(|span| source.puts_off(now, span))
    }

    /// Returns the new end of the lease of a stream that has written it: what follows is had from
    /// it without a request.
    fn extension(&mut self, attempt: AttemptId) -> Option<u64> {
        let active = *self.ledger.current(attempt)?;
        match self.ledger.next_to(active.position) {
            Next::Waits(run) => {
                let front = self.front(&active, &run)?;
                self.ledger.extend(attempt, &run, front);
                Some(front.end())
            }
            Next::Reserved(other, range) if range.end() <= active.reach => {
                self.ledger.absorb(attempt, other);
                Some(range.end())
            }
            Next::Reserved(..) | Next::Taken => None,
        }
    }

    /// The part of a run that a stream goes on over: a segment's length, as far as its reply
    /// reaches.
    fn front(&self, active: &Active, run: &Waiting) -> Option<ByteRange> {
        let Shape::Segmented { length } = self.ledger.shape() else {
            return None;
        };
        let segment = self.segment_length(length, Some(active.source));
        let block = self.ledger.block_size();
        let within = self.horizon.front(run.range, segment, block)?;
        let (front, _) = split::carve(within, segment, block);
        ByteRange::new(front.start(), front.end().min(self.grantable_end(active)))
    }

    /// Returns where the whole blocks of a reply end. It is granted nothing after that: the rest of
    /// the block would be another's, and neither could claim it.
    fn grantable_end(&self, active: &Active) -> u64 {
        if Some(active.reach) == self.ledger.length() {
            return active.reach;
        }
        self.ledger.block_size().floor(active.reach)
    }

    /// The bytes a holder's challenger has asked for are there. Where a stream is faster than other
    /// requests begin, it overtakes one after the other, and each was made for nothing: such
    /// requests have the pace of those that bring less than a block.
    fn stop_challenger(&mut self, holder: AttemptId) {
        let Some(challenger) = self.ledger.challenger_of(holder.segment).copied() else {
            return;
        };
        let delay = self.meagre_delay(&challenger);
        let source = self.sources.of_mut(challenger.source);
        source.rest_until(self.now + delay);
        self.stop([challenger.attempt.segment], StopCause::Done);
    }

    /// A reply has begun for bytes that another one's lease covers: that one's lease is to end
    /// where they begin, or where its writer is.
    pub(super) fn contest(&mut self, challenger: &Active) {
        let Some(challenge) = challenger.challenge else {
            return;
        };
        let block = self.ledger.block_size();
        let holder = self.ledger.holder(challenge.holder);
        if holder.shrinking.is_some() || holder.stopping.is_some() {
            // Its answer says what there is.
            return;
        }
        let cut = block.ceil(holder.position).max(challenge.range.start());
        if holder.left.is_none_or(|left| left.end() <= cut) {
            return self.stop([challenger.attempt.segment], StopCause::Done);
        }
        holder.shrinking = Some(cut);
        let attempt = holder.attempt;
        self.outputs.push_back(Output::Shrink { attempt, cut });
    }

    /// A lease ends at `end`. The rest of it waits, unless a reply for it has begun.
    pub(super) fn shrunk(&mut self, attempt: AttemptId, end: u64) {
        if self.ledger.current(attempt).is_none() {
            return;
        }
        let challenger = self.ledger.challenger_of(attempt.segment);
        let begun = challenger.filter(|challenger| challenger.has_begun);
        match begun.map(|challenger| challenger.attempt) {
            Some(to) => {
                let is_any = self.ledger.hand_over(attempt, end, to);
                self.settle(to, is_any);
            }
            None => self.ledger.shrunk(attempt, end),
        }
    }

    /// A holder's worker is gone: its challenger has what it asked for to itself.
    pub(super) fn release(&mut self, gone: &mut Active) {
        if let Some((to, is_any)) = self.ledger.release(gone) {
            self.settle(to, is_any);
        }
    }

    /// An attempt challenges nobody any more: it writes, once it has begun, or there is nothing
    /// for it to do.
    fn settle(&mut self, attempt: AttemptId, has_any: bool) {
        let has_begun = self.ledger.holder(attempt.segment).has_begun;
        if !has_any {
            self.stop([attempt.segment], StopCause::Done);
        } else if has_begun {
            self.grant(attempt);
        }
    }

    /// The bytes reserved for an attempt are its lease from here on.
    pub(super) fn grant(&mut self, attempt: AttemptId) {
        let Some(active) = self.ledger.current(attempt) else {
            return;
        };
        let (asked_from, read) = (active.began, active.position);
        let Some(range) = self.ledger.lease(attempt, self.now) else {
            return;
        };
        let grant = Grant::Range(range);
        self.outputs.push_back(Output::Grant { attempt, grant });
        self.credit.charge(range.start().saturating_sub(read));
        if range.start() != asked_from
            && let Some(end) = self.credit.started(attempt.segment, range.start())
        {
            self.outputs.push_back(Output::Allow { attempt, end });
        }
    }
}
