//! Owns the check that every byte is in one place, which is run after every input in debug builds.

use alloc::vec::Vec;

use super::{Ledger, Shape};
use crate::segment::{Kind, Phase};
use range_core::ByteRange;

impl Ledger {
    /// Panics where I1, I4, I5, I7 or I9 is broken.
    pub(crate) fn check(&self) {
        if let Shape::Segmented { length } = self.shape {
            self.check_partition(length);
            self.check_leases();
            self.check_challenges();
        }
    }

    /// I1 and I5: every byte is in exactly one place. I4 follows: a claimed byte is not received.
    fn check_partition(&self, length: u64) {
        let waiting = self.waiting.values().map(|waiting| waiting.range);
        let leased = self.active.values().filter_map(|active| active.left);
        let kept = self.received.iter().chain(self.claimed.iter());
        let mut runs: Vec<ByteRange> = kept.chain(waiting).chain(leased).collect();
        runs.sort_unstable();
        let mut at = 0;
        for run in runs {
            assert_eq!(
                run.start(),
                at,
                "I1: bytes are missing or in two places at {at}"
            );
            at = run.end();
        }
        assert_eq!(at, length, "I1: the parts do not make the file");
    }

    /// I5: what an attempt challenges for is the end of a lease, or is there already.
    fn check_challenges(&self) {
        for active in self.active.values() {
            let Some(challenge) = active.challenge.filter(|_| active.stopping.is_none()) else {
                continue;
            };
            let holder = self.active.get(&challenge.holder);
            let left = holder.and_then(|holder| holder.left);
            assert!(
                left.is_none_or(|left| left.end() == challenge.range.end()),
                "I5: {:?} challenges for {} of {left:?}",
                active.attempt,
                challenge.range
            );
            assert!(
                holder.is_some() && active.left.is_none() && active.phase != Phase::Streaming,
                "I5: {:?} challenges nobody, or writes",
                active.attempt
            );
        }
    }

    /// I7, and I9: the worker that writes the end of a block claims all of it, so what comes before
    /// its lease in that block has been written.
    fn check_leases(&self) {
        for active in self.active.values() {
            assert_eq!(
                active.kind,
                Kind::Part,
                "I7: {:?} is leased without a plan",
                active.attempt
            );
            if active.position >= self.block_size().ceil(active.began) {
                continue;
            }
            let block = self.block_size().floor(active.began);
            let before = ByteRange::new(block, active.began);
            assert!(
                before.is_none_or(|before| self.received.contains(before)),
                "I9: {:?} begins at {}, and not all before that in its block is written",
                active.attempt,
                active.began
            );
        }
    }
}
