//! Owns the check of the scheduler's invariants, run after every input in debug builds.

use alloc::vec::Vec;

use super::segment::Kind;
use super::{Scheduler, Shape};
use crate::range::ByteRange;

impl Scheduler {
    /// Panics when an invariant of the [`Scheduler`] is broken. Debug builds call it after every
    /// input; a simulation calls it in any build.
    pub fn check_invariants(&self) {
        self.check_partition();
        assert!(
            self.active.len() <= usize::from(self.config.width.get()),
            "I2, I8: {} workers, {} allowed",
            self.active.len(),
            self.config.width
        );
        self.check_live();
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
                active.lease
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
