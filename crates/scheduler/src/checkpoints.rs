//! Owns when what was received is to reach the disk. Knows no byte and no file.

use crate::ids::CheckpointId;
use crate::limits;
use crate::time::Timestamp;

/// The moment at which the disk was last brought up to date, and the need to do so again.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Checkpoints {
    are_wanted: bool,
    next_id: u32,
    in_flight: Option<CheckpointId>,
    last: Timestamp,
    /// Something was received since the last one was asked for.
    is_needed: bool,
}

impl Checkpoints {
    pub(crate) const fn new(are_wanted: bool) -> Self {
        Self {
            are_wanted,
            next_id: 0,
            in_flight: None,
            last: Timestamp::START,
            is_needed: false,
        }
    }

    /// Bytes have come that were not there.
    pub(crate) const fn received(&mut self) {
        self.is_needed = self.are_wanted;
    }

    /// A checkpoint is on the disk.
    pub(crate) fn durable(&mut self, checkpoint: CheckpointId) {
        self.in_flight = self.in_flight.filter(|asked| *asked != checkpoint);
    }

    /// The moment from which one is due, if time alone is missing.
    pub(crate) fn deadline(&self) -> Option<Timestamp> {
        (self.is_needed && self.in_flight.is_none())
            .then(|| self.last + limits::CHECKPOINT_INTERVAL)
    }

    /// The next one, if it is due.
    pub(crate) fn next(&mut self, now: Timestamp) -> Option<CheckpointId> {
        self.deadline().filter(|due| *due <= now)?;
        let id = CheckpointId(self.next_id);
        self.next_id += 1;
        self.in_flight = Some(id);
        self.is_needed = false;
        self.last = now;
        Some(id)
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use super::*;

    fn after(millis: u64) -> Timestamp {
        Timestamp::after_start(Duration::from_millis(millis))
    }

    #[test]
    fn one_is_asked_for_a_second_after_the_last_where_bytes_have_come() {
        let mut checkpoints = Checkpoints::new(true);
        assert_eq!(checkpoints.next(after(5000)), None, "nothing to sync");
        checkpoints.received();
        let first = checkpoints.next(after(5000));
        assert_eq!(first, Some(CheckpointId(0)));
        checkpoints.received();
        assert_eq!(checkpoints.next(after(9000)), None, "one is in flight");
        assert_eq!(checkpoints.deadline(), None);
        checkpoints.durable(CheckpointId(7));
        assert_eq!(checkpoints.next(after(9000)), None, "another one is");
        checkpoints.durable(CheckpointId(0));
        assert_eq!(checkpoints.deadline(), Some(after(6000)));
        assert_eq!(checkpoints.next(after(5999)), None);
        assert_eq!(checkpoints.next(after(6000)), Some(CheckpointId(1)));
    }

    #[test]
    fn none_is_asked_for_where_none_is_wanted() {
        let mut checkpoints = Checkpoints::new(false);
        checkpoints.received();
        assert_eq!(checkpoints.next(after(60_000)), None);
    }
}
