//! Owns how much of the file a request asks for, and how far ahead. Starts nothing; `dispatch`
//! does.

use core::num::NonZeroU16;

use super::Scheduler;
use crate::choice;
use crate::ids::SourceId;
use crate::limits;
use crate::segment::Waiting;
use crate::split;
use range_core::units::BytesPerSecond;

impl Scheduler {
    /// The lowest run, if it may start.
    pub(super) fn ready(&self) -> Option<Waiting> {
        let run = choice::ready(self.view(), self.reach())?;
        self.may_ask_for(&run).then_some(run)
    }

    /// The reader is near enough for a request for a run.
    fn may_ask_for(&self, run: &Waiting) -> bool {
        let block = self.ledger.block_size();
        let length = self.ledger.length().unwrap_or(u64::MAX);
        let segment = self.segment_length(length, None);
        self.horizon.front(run.range, segment, block).is_some()
    }

    /// Nothing is missing but what the reader is too far from, so that its next step is waited for.
    pub(super) fn is_held_back(&self) -> bool {
        let mut waiting = self.ledger.waiting();
        self.horizon.end().is_some() && waiting.any(|run| !self.may_ask_for(run))
    }

    /// Returns how far from the lowest missing byte a request may begin: a block for every
    /// connection at least, and further than the user said where what that allows is there long
    /// before late bodies begin.
    fn reach(&self) -> u64 {
        let width = u64::from(self.sources.width_allowed().get());
        let blocks = width * u64::from(self.ledger.block_size().get());
        let missed = self.sources.missed_meanwhile(self.now);
        let late = missed.saturating_mul(limits::LATE_REACH_WAITS);
        let most = self.reach.saturating_mul(limits::LATE_REACH_MOST);
        self.reach.max(late.min(most)).max(blocks)
    }

    /// While the first of late bodies is waited for, all that waits is shared out among the workers
    /// that are free: another round would cost as much again. Returns how much that is, and how
    /// many they are.
    pub(super) fn first_round(&self) -> Option<(u64, u16)> {
        let is_first = self.sources.are_late() && !self.sources.have_begun();
        let free = u16::try_from(self.sources.free_workers()).ok();
        let waiting = || self.ledger.waiting().map(|run| run.range.len()).sum();
        free.filter(|free| is_first && *free > 0)
            .map(|free| (waiting(), free))
    }

    /// Returns the length of a segment; for a source, the one that suits its rate where that is
    /// known.
    pub(super) fn segment_length(&self, length: u64, source: Option<SourceId>) -> u64 {
        let sources = &self.sources;
        if sources.width_allowed() == NonZeroU16::MIN {
            // There is nobody to share with.
            return self.horizon.longest(self.ledger.block_size());
        }
        let is_growing = sources.are_growing();
        let typical = sources.rate_of_one();
        // Of its latest replies, which is news where the width has long been the same.
        let own = source.and_then(|source| sources.of(source).rate(self.now));
        let rate = match own {
            Some(own) if sources.are_several() => own,
            Some(own) if !is_growing => own.max(typical),
            Some(_) | None => typical,
        };
        let all = || (length - self.ledger.received().len(), sources.width());
        let (left, width) = self.first_round().unwrap_or_else(all);
        let segment = split::segment_length(&split::Plan {
            length,
            left,
            width,
            rate: BytesPerSecond(rate),
            is_growing,
            latency: sources.lead(),
            is_late: sources.are_late(),
            reach: self.horizon.within(self.reach()),
            block: self.ledger.block_size(),
        });
        segment.min(self.horizon.longest(self.ledger.block_size()))
    }
}
