//! Owns how much of the file a request asks for, and how far ahead. Starts nothing; `dispatch`
//! does.

use core::num::NonZeroU16;

use super::Scheduler;
use crate::choice;
use crate::ids::SourceId;
use crate::segment::Waiting;
use crate::split;
use range_core::units::BytesPerSecond;

impl Scheduler {
    /// The lowest run, if it may start.
    pub(super) fn ready(&self) -> Option<Waiting> {
        let width = u64::from(self.sources.width_allowed().get());
        let blocks = width * u64::from(self.ledger.block_size().get());
        choice::ready(self.view(), self.reach.max(blocks))
    }

    /// Returns the length of a segment; for a source, the one that suits its rate where that is
    /// known.
    pub(super) fn segment_length(&self, length: u64, source: Option<SourceId>) -> u64 {
        let sources = &self.sources;
        if sources.width_allowed() == NonZeroU16::MIN {
            // There is nobody to share with.
            return u64::MAX;
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
        let block = self.ledger.block_size();
        let blocks = u64::from(sources.width_allowed().get()) * u64::from(block.get());
        split::segment_length(&split::Plan {
            length,
            left: length - self.ledger.received().len(),
            width: sources.width(),
            rate: BytesPerSecond(rate),
            is_growing,
            latency: sources.lead(),
            is_late: sources.are_late(),
            reach: self.reach.max(blocks),
            block,
        })
    }
}
