//! Owns how workers look at a moment: how fast they are, and whether their silence says anything.
//! Changes nothing.

use crate::ids::SourceId;
use crate::ledger::Ledger;
use crate::limits;
use crate::segment::{Active, Phase};
use crate::sources::Sources;
use crate::time::Timestamp;

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
        !active.brought_bytes() && self.now.since(active.last_progress) >= patience
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

    /// Bytes come from a source, as far as silence does not say otherwise.
    pub(crate) fn serves_anyone(&self, from: SourceId) -> bool {
        let serves = |active: &Active| {
            let silence = if active.brought_bytes() {
                self.sources.silence(from)
            } else {
                self.sources.patience(from, active.barren)
            };
            active.source == from
                && active.phase != Phase::Starting
                && self.now.since(active.last_progress) < silence
        };
        self.ledger.active().any(serves)
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
