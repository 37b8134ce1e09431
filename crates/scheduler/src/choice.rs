//! Owns which source is asked for which bytes, and when one is asked no more. Knows no reply.

use super::Scheduler;
use super::dispatch::stop;
use super::ids::SourceId;
use super::output::{Event, Outcome, Output, Route};
use super::segment::{Active, Phase, Retry, StopCause, Waiting};
use super::source::Source;
use crate::failure::FailureClass;
use crate::time::Timestamp;

/// Least first: one that was never measured is tried, then who finishes first, then who has least
/// to do.
type Preference = (u8, u128, SourceId);

impl Scheduler {
    pub(super) fn source(&mut self, id: SourceId) -> &mut Source {
        &mut self.sources[usize::from(id.0)]
    }

    pub(super) fn has_several_sources(&self) -> bool {
        self.living().nth(1).is_some()
    }

    pub(super) fn living(&self) -> impl Iterator<Item = (SourceId, &Source)> {
        let ids = (0..).map(SourceId);
        ids.zip(&self.sources)
            .filter(|(_, source)| !source.is_dropped)
    }

    /// Whether any request could start at the moment.
    pub(super) fn has_open_source(&self) -> bool {
        self.living()
            .any(|(id, source)| source.gate <= self.now && self.room(id, source) > 0)
    }

    /// Whether any source could be asked, had it room.
    pub(super) fn has_open_gate(&self) -> bool {
        self.living().any(|(_, source)| source.gate <= self.now)
    }

    /// Whom to ask for a run of `bytes`, of which an attempt may have failed.
    pub(super) fn source_for(&self, retry: Option<Retry>, bytes: u64) -> Option<SourceId> {
        self.living()
            .filter(|(id, source)| self.may_ask(*id, source, retry))
            .map(|(id, source)| self.preference(id, source, bytes))
            .min()
            .map(|(_, _, id)| id)
    }

    fn may_ask(&self, id: SourceId, source: &Source, retry: Option<Retry>) -> bool {
        source.gate <= self.now && self.is_due_at(id, retry) && self.room(id, source) > 0
    }

    /// Whether nothing that an attempt has told stands against asking a source.
    fn is_due_at(&self, id: SourceId, retry: Option<Retry>) -> bool {
        let failed_here = retry.filter(|retry| retry.source == id);
        let asks_anew = retry.is_some_and(|retry| retry.route == Route::Original);
        let is_due = failed_here.is_none_or(|retry| retry.not_before <= self.now);
        let is_found = if asks_anew {
            failed_here.is_some()
        } else {
            !self.is_relocating_at(id)
        };
        is_due && is_found
    }

    /// Whether a run is due somewhere. A closed gate holds back everything where there is one
    /// source; where there are several, only what no other is due for.
    pub(super) fn may_start(&self, waiting: &Waiting) -> bool {
        let is_alone = !self.has_several_sources();
        self.living().any(|(id, source)| {
            (is_alone || source.gate <= self.now) && self.is_due_at(id, waiting.retry)
        })
    }

    fn preference(&self, id: SourceId, source: &Source, bytes: u64) -> Preference {
        match source.rate(self.now) {
            None if source.workers == 0 => (0, 0, id),
            None => (2, source.workers.into(), id),
            Some(rate) => {
                let time = (u128::from(bytes) * 1000).checked_div(rate.into());
                let time = time.unwrap_or(u128::MAX - u128::from(u64::MAX));
                (1, time + source.latency.as_millis(), id)
            }
        }
    }

    /// The moment from which somebody may be asked for a run.
    pub(super) fn opens_at(&self, retry: Option<Retry>) -> Timestamp {
        let opens = self.living().map(|(id, source)| {
            let failed_here = retry.filter(|retry| retry.source == id);
            let due = failed_here.map_or(Timestamp::START, |retry| retry.not_before);
            source.gate.max(due)
        });
        opens.min().unwrap_or(Timestamp::START)
    }

    /// Whether a request to a source's original URL is due or unanswered: until it is known where
    /// the file is, others would only be refused as well.
    pub(super) fn is_relocating_at(&self, id: SourceId) -> bool {
        let asked =
            |a: &Active| a.source == id && a.route == Route::Original && a.phase == Phase::Starting;
        let asks = |w: &Waiting| {
            let retry = w.retry.filter(|retry| retry.source == id);
            retry.is_some_and(|retry| retry.route == Route::Original)
        };
        self.sources[usize::from(id.0)].ever_refused
            && (self.waiting.values().any(asks) || self.active.values().any(asked))
    }

    pub(super) fn is_relocating(&self) -> bool {
        self.living().any(|(id, _)| self.is_relocating_at(id))
    }

    /// A source is of no use any more. Where it was the last, that is the end; otherwise its
    /// workers let go, and others fetch the rest.
    pub(super) fn lose(&mut self, id: SourceId, class: FailureClass, outcome: Outcome) {
        if !self.has_several_sources() {
            return self.end(outcome);
        }
        self.source(id).is_dropped = true;
        for active in self.active.values_mut().filter(|a| a.source == id) {
            stop(active, StopCause::TakenOver, &mut self.outputs);
        }
        for waiting in self.waiting.values_mut() {
            waiting.retry = waiting.retry.filter(|retry| retry.source != id);
        }
        self.restart = self.restart.filter(|retry| retry.source != id);
        let source = id;
        self.outputs
            .push_back(Output::Event(Event::SourceDropped { source, class }));
    }
}
