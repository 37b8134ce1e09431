//! Owns the check of the scheduler's invariants, run after every input in debug builds.

use alloc::vec::Vec;

use super::ids::SourceId;
use super::segment::{Active, Kind};
use super::{Scheduler, Shape};
use range_core::range::ByteRange;

impl Scheduler {
    /// Panics when an invariant of the [`Scheduler`] is broken. Debug builds call it after every
    /// input; a simulation calls it in any build.
    pub fn check_invariants(&self) {
        self.check_partition();
        self.check_blocks();
        assert!(
            self.active.len() <= usize::from(self.config.width.get()),
            "I2, I8: {} workers, {} allowed",
            self.active.len(),
            self.config.width
        );
        self.check_sources();
        self.check_live();
    }

    /// I2, source by source: workers are counted where they are, and none stays where nothing is
    /// asked any more.
    fn check_sources(&self) {
        for (id, source) in (0..).map(SourceId).zip(&self.sources) {
            let here = self.active.values().filter(|active| active.source == id);
            assert_eq!(
                here.clone().count(),
                usize::from(source.workers),
                "I2: workers at {id:?}"
            );
            let stays = |active: &Active| active.stopping.is_none();
            assert!(
                !source.is_dropped || !here.clone().any(stays),
                "I2: a worker stays at {id:?}, which is dropped"
            );
        }
    }

    /// I1 and I5: every byte is in exactly one place. I4 follows: a claimed byte is not received.
    fn check_partition(&self) {
        let Shape::Segmented { length } = self.shape else {
            return;
        };
        let mut runs: Vec<ByteRange> = self
            .received
            .iter()
            .chain(self.claimed.iter())
            .chain(self.waiting.values().map(|waiting| waiting.range))
            .chain(self.active.values().filter_map(|active| active.left))
            .collect();
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
        for active in self.active.values() {
            assert_eq!(
                active.kind,
                Kind::Part,
                "I7: {:?} is leased without a plan",
                active.attempt
            );
        }
    }

    /// I9: whoever writes the end of a block claims all of it, so what comes before its lease in
    /// that block has been written.
    fn check_blocks(&self) {
        let Shape::Segmented { .. } = self.shape else {
            return;
        };
        for active in self.active.values() {
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

    fn check_live(&self) {
        let waits_for_something = !self.active.is_empty()
            || !self.claimed.is_empty()
            || self.ending.is_some()
            || !self.outputs.is_empty()
            || self.next_deadline().is_some();
        assert!(
            waits_for_something,
            "I6: the download is unfinished and nothing will wake it"
        );
    }
}
