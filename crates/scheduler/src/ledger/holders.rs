//! Owns how a lease grows over bytes that nobody brings, and which attempts are made for bytes that
//! another one's lease covers: its challengers. Knows no rate and no connection.

use alloc::vec::Vec;

use super::Ledger;
use crate::ids::{AttemptId, SegmentId, SourceId};
use crate::segment::{Active, Challenge, Phase, Waiting};
use crate::time::Timestamp;
use range_core::ByteRange;

/// The fate of the bytes that follow a lease.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Next {
    /// They wait.
    Waits(Waiting),
    /// An attempt has reserved them, whose reply has not begun.
    Reserved(AttemptId, ByteRange),
    /// They are there, or someone else brings them.
    Taken,
}

impl Ledger {
    /// Makes the bytes that are reserved for an attempt its lease. Returns it, if there is any.
    pub(crate) fn lease(&mut self, attempt: AttemptId, now: Timestamp) -> Option<ByteRange> {
        let active = self.current_mut(attempt)?;
        let left = active.left?;
        active.lease(now, left);
        Some(left)
    }

    /// Attempts whose lease is written and whose reply goes on.
    pub(crate) fn written_out(&self) -> Vec<AttemptId> {
        let active = self.active.values();
        let written = active.filter(|active| active.is_written_out());
        written.map(|active| active.attempt).collect()
    }

    /// An attempt whose reply is being written, and brings all that is missing.
    pub(crate) fn stream_for_all(&self, source: SourceId) -> Option<AttemptId> {
        let lowest = self.lowest_missing();
        let brings_all = |active: &&Active| {
            let is_before = lowest.is_none_or(|lowest| active.position <= lowest);
            let is_written = active.source == source && active.phase == Phase::Streaming;
            is_written
                && is_before
                && active.stopping.is_none()
                && Some(active.reach) == self.length()
        };
        let found = self.active.values().find(brings_all);
        found.map(|active| active.attempt)
    }

    /// Returns the state of the lowest byte after `position` that is not there.
    pub(crate) fn next_after(&self, position: u64) -> Next {
        let waiting = self.waiting.range(position..).next();
        let after = |active: &Active| {
            let left = active.left.filter(|left| left.start() > position)?;
            Some((left.start(), active.attempt))
        };
        let active = self.active.values().filter_map(after).min();
        match (waiting, active) {
            (Some((_, run)), None) => Next::Waits(*run),
            (Some((at, run)), Some((taken, _))) if *at < taken => Next::Waits(*run),
            (_, Some((at, _))) => self.next_to(at),
            (None, None) => Next::Taken,
        }
    }

    /// Bytes of a range are not received, if only claimed by an earlier run.
    pub(crate) fn misses(&self, start: u64, end: u64) -> bool {
        let range = ByteRange::new(start, end);
        range.is_some_and(|range| !self.received.contains(range))
    }

    /// Returns the state of the bytes from `position` on.
    pub(crate) fn next_to(&self, position: u64) -> Next {
        if let Some(waiting) = self.waiting.get(&position) {
            return Next::Waits(*waiting);
        }
        let mut reserved = self.active.values().filter(|a| a.phase != Phase::Streaming);
        let next = reserved.find_map(|active| {
            let range = active.left.filter(|range| range.start() == position)?;
            Some(Next::Reserved(active.attempt, range))
        });
        next.unwrap_or(Next::Taken)
    }

    /// A lease that is written goes on over the front of a run that waits.
    pub(crate) fn extend(&mut self, attempt: AttemptId, run: &Waiting, front: ByteRange) {
        self.waiting.remove(&run.range.start());
        if let Some(range) = run.range.split_at(front.end()).1 {
            self.wait_for(Waiting { range, ..*run });
        }
        if let Some(active) = self.current_mut(attempt) {
            active.left = Some(front);
        }
    }

    /// A lease that is written goes on over what another attempt has reserved, which challenges it
    /// from here on, unless it was told to stop.
    pub(crate) fn absorb(&mut self, holder: AttemptId, reserved: AttemptId) {
        let Some(challenger) = self.current_mut(reserved) else {
            return;
        };
        let Some(range) = challenger.left.take() else {
            return;
        };
        challenger.challenge = challenger.stopping.is_none().then_some(Challenge {
            holder: holder.segment,
            range,
        });
        if let Some(active) = self.current_mut(holder) {
            active.left = Some(range);
        }
    }

    /// The attempt that challenges the holder of a segment, unless it was told to stop.
    pub(crate) fn challenger_of(&self, holder: SegmentId) -> Option<&Active> {
        self.active.values().find(|active| {
            let challenges = |challenge: Challenge| challenge.holder == holder;
            active.stopping.is_none() && active.challenge.is_some_and(challenges)
        })
    }

    /// A holder's lease ends at `end`, and what was behind that is the challenger's. False where
    /// nothing was.
    pub(crate) fn hand_over(&mut self, holder: AttemptId, end: u64, to: AttemptId) -> bool {
        let mut released = None;
        if let Some(active) = self.current_mut(holder) {
            active.shrinking = None;
            if let Some(left) = active.left {
                (active.left, released) = left.split_at(end);
            }
        }
        self.reserve(to, released)
    }

    /// A holder's worker is gone. The bytes its challenger has asked for are reserved for that
    /// again; the rest stays with the holder. Returns the challenger, and whether it has got
    /// anything.
    pub(crate) fn release(&mut self, gone: &mut Active) -> Option<(AttemptId, bool)> {
        let challenger = self.challenger_of(gone.attempt.segment)?;
        let (to, challenge) = (challenger.attempt, challenger.challenge?);
        let mut released = None;
        if let Some(left) = gone.left {
            (gone.left, released) = left.split_at(challenge.range.start());
        }
        Some((to, self.reserve(to, released)))
    }

    /// A challenger has these bytes to itself, or none.
    fn reserve(&mut self, challenger: AttemptId, range: Option<ByteRange>) -> bool {
        if let Some(active) = self.current_mut(challenger) {
            active.challenge = None;
            active.left = range;
        }
        range.is_some()
    }
}
