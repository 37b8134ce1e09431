//! Owns how workers look at a moment: how fast they are, and whether their silence says anything.
//! Changes nothing.

use core::time::Duration;

use crate::ids::SourceId;
use crate::ledger::Ledger;
use crate::limits;
use crate::segment::{Active, Kind, Phase, Waiting};
use crate::sources::Sources;
use crate::time::Timestamp;
use range_core::ByteRange;

/// Which bytes are where and what is known of the sources, at a moment.
#[derive(Clone, Copy, Debug)]
pub(crate) struct View<'a> {
    pub(crate) now: Timestamp,
    pub(crate) ledger: &'a Ledger,
    pub(crate) sources: &'a Sources,
}

impl View<'_> {
    /// Bytes a second that a worker brings, if they can be measured.
    pub(crate) fn rate(&self, active: &Active) -> Option<u64> {
        active.rate(self.now, self.sources.beat(active.source))
    }

    /// It has brought nothing for longer than replies of its source take to begin, and longer still
    /// where others were given up for that.
    pub(crate) fn is_overdue(&self, active: &Active) -> bool {
        let patience = self.sources.patience(active.source, active.barren);
        !active.brought_bytes() && self.now.since(active.barren_since()) >= patience
    }

    /// Returns the moment from which a request is no longer waited for whose head has not come,
    /// though bytes have come from its source since it was made.
    pub(crate) fn patience_ends(&self, active: &Active) -> Option<Timestamp> {
        let waits = active.phase == Phase::Starting && active.kind == Kind::Part;
        let last = self.sources.of(active.source).last_received;
        let others_were_served = last.is_some_and(|last| last > active.asked_at);
        let is_asked = waits && active.stopping.is_none();
        (is_asked && others_were_served).then(|| {
            let patience = self.sources.patience(active.source, active.barren);
            active.last_progress + patience
        })
    }

    /// No head has come for longer than is ordinary, while others were served.
    pub(crate) fn is_ignored(&self, active: &Active) -> bool {
        self.patience_ends(active)
            .is_some_and(|end| end <= self.now)
    }

    /// It brings bytes, be it slowly, and its source has turned away whoever asked last, or has
    /// done so before or leaves somebody without an answer, and serves nobody else now: another
    /// request may not be served in its place. Where there are several sources others are.
    pub(crate) fn may_be_last_served(&self, active: &Active) -> bool {
        let source = self.sources.of(active.source);
        let silence = self.now.since(active.last_progress);
        let is_last = || {
            let may_refuse = source.turned_away_at.is_some() || self.ignores_anyone(active.source);
            may_refuse && !self.others_are_served(active)
        };
        let brings = active.brought_bytes() && silence < self.sources.silence(active.source);
        brings && !self.sources.are_several() && (source.may_serve_no_more() || is_last())
    }

    /// A request has waited for a head for longer than says nothing.
    fn ignores_anyone(&self, from: SourceId) -> bool {
        let span = self.sources.silence(from);
        let waits = |active: &Active| {
            let is_asked = active.source == from && active.phase == Phase::Starting;
            is_asked && self.now.since(active.asked_at) >= span
        };
        self.ledger.active().any(waits)
    }

    /// Another request was accepted, and its reply goes on.
    fn others_are_served(&self, than: &Active) -> bool {
        self.others(than)
            .any(|other| other.phase != Phase::Starting)
    }

    /// It was silent for a while in which others were not, or, when it is the last, for longer.
    pub(crate) fn is_silent(&self, active: &Active) -> bool {
        if !active.brought_bytes() {
            return self.is_overdue(active);
        }
        let span = self.sources.silence(active.source);
        let silence = self.now.since(active.last_progress);
        let others = self.sources.last_received().since(active.last_progress);
        (silence >= span && others >= span / 2) || silence >= limits::LAST_SILENCE.max(span * 2)
    }

    /// A source has accepted a request, and bytes of the reply come or may yet, as far as silence
    /// does not say otherwise.
    pub(crate) fn serves_anyone(&self, from: SourceId) -> bool {
        let may_begin = |active: &Active| {
            let patience = self.sources.patience(from, active.barren);
            active.source == from
                && active.phase != Phase::Starting
                && !active.brought_bytes()
                && self.now.since(active.last_progress) < patience
        };
        self.delivers(from) || self.ledger.active().any(may_begin)
    }

    /// A source has accepted a request that was made before a moment, and nothing of its body has
    /// come.
    pub(crate) fn has_accepted(&self, from: SourceId, before: Timestamp) -> bool {
        let may_begin = |active: &Active| {
            active.source == from
                && active.phase != Phase::Starting
                && active.stopping.is_none()
                && !active.has_any()
                && active.asked_at < before
        };
        self.ledger.active().any(may_begin)
    }

    /// A run directly follows what a reply is to write that goes on over it, and few requests have
    /// been served besides: it is left to that reply, as others may not be served for long. Returns
    /// how many more are to be seen.
    pub(crate) fn is_left_to_another(&self, run: &Waiting) -> Option<u32> {
        let at = run.range.start();
        let goes_on = |active: &&Active| {
            let end = active.left.map_or(active.position, ByteRange::end);
            let is_served = active.phase == Phase::Streaming && active.is_undisturbed();
            is_served && end == at && active.reach > at
        };
        let active = self.ledger.active().find(goes_on)?;
        let on_trial = self.sources.on_trial(active.source);
        on_trial.filter(|_| run.is_plain())
    }

    /// Bytes of a reply come from a source, or would if they were asked for.
    pub(crate) fn delivers(&self, from: SourceId) -> bool {
        let delivers = |active: &Active| {
            let silence = self.now.since(active.last_progress);
            let comes = active.has_any() && silence < self.sources.silence(from);
            active.source == from && (comes || active.is_written_out())
        };
        self.ledger.active().any(delivers)
    }

    /// Another stream brings bytes, where there are several sources from anywhere, and will go on.
    pub(crate) fn others_deliver(&self, than: &Active) -> bool {
        self.others(than).any(|other| {
            let silence = self.now.since(other.last_progress);
            other.phase == Phase::Streaming
                && other.left.is_some()
                && silence < self.sources.silence(other.source)
        })
    }

    /// Another request was made, and may be answered yet.
    pub(crate) fn others_may_begin(&self, than: &Active) -> bool {
        self.others(than).any(|other| {
            let patience = self.sources.patience(other.source, other.barren);
            other.phase != Phase::Streaming && self.now.since(other.last_progress) < patience
        })
    }

    fn others(&self, than: &Active) -> impl Iterator<Item = &Active> {
        let are_several = self.sources.are_several();
        let (attempt, source) = (than.attempt, than.source);
        self.ledger.active().filter(move |other| {
            other.attempt != attempt
                && other.stopping.is_none()
                && (are_several || other.source == source)
        })
    }

    /// Somebody rests, which depends on what others do in time.
    pub(crate) fn anyone_rests(&self) -> bool {
        self.ledger.active().any(Active::is_written_out)
    }

    /// Returns the time for which a reply of a source has brought nothing after its head: the
    /// longest of these times, where more replies wait like that than have brought anything.
    pub(crate) fn longest_wait(&self, from: SourceId) -> Duration {
        let accepted = |active: &&Active| active.source == from && active.phase != Phase::Starting;
        let accepted = || self.ledger.active().filter(accepted);
        let waiting = || accepted().filter(|active| !active.has_any());
        let spans = waiting().map(|active| self.now.since(active.opened_at));
        if 2 * waiting().count() <= accepted().count() {
            return Duration::ZERO;
        }
        spans.max().unwrap_or_default()
    }

    /// How many workers of a source wait for bytes. Where first bytes come soon after their heads,
    /// the head tells enough.
    pub(crate) fn starting(&self, from: SourceId) -> usize {
        let is_late = !self.sources.of(from).rhythm.first_byte().is_zero();
        let waits = |a: &Active| a.phase == Phase::Starting || (is_late && !a.brought_bytes());
        let here = self.ledger.active().filter(|active| active.source == from);
        here.filter(|active| waits(active)).count()
    }
}
