//! Owns the limit on the rate: a bucket that time fills and received bytes empty, and the rounds in
//! which it is given to workers as offsets they may write up to. Knows no reply and no failure.

use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use super::Scheduler;
use super::ids::{AttemptId, SegmentId};
use super::output::Output;
use super::segment::{Active, Phase};
use crate::limits;
use crate::time::Timestamp;
use range_core::units::RateLimit;

#[cfg(test)]
mod tests;

const NANOS: u128 = 1_000_000_000;

/// What may still be received, and when the next part of it is given out.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: Option<RateLimit>,
    /// Bytes that may come, those included that workers were allowed and have not reported. Below
    /// zero when more has come than was allowed.
    bucket: i64,
    /// Parts of a byte that time has brought, in nanoseconds at a byte a second.
    fraction: u128,
    filled_at: Timestamp,
    round_at: Timestamp,
    /// When the bucket was last full, so that nobody used what time brought.
    full_at: Option<Timestamp>,
}

impl Limiter {
    pub(super) const fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            bucket: 0,
            fraction: 0,
            filled_at: Timestamp::START,
            round_at: Timestamp::START,
            full_at: None,
        }
    }

    pub(super) const fn limit(&self) -> Option<RateLimit> {
        self.limit
    }

    /// When credit is next given out; `None` without a limit.
    const fn next_round(&self) -> Option<Timestamp> {
        match self.limit {
            Some(_) => Some(self.round_at),
            None => None,
        }
    }

    /// Bytes have come.
    pub(super) fn spend(&mut self, bytes: u64) {
        if self.limit.is_some() {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            self.bucket = self.bucket.saturating_sub(bytes).max(-self.most());
        }
    }

    /// Whether it is the limit that holds the download back, not link or server: lately all that
    /// time brought was used.
    pub(super) fn binds(&self, now: Timestamp) -> bool {
        let unused = |at| now.since(at) < limits::RATE_MEMORY;
        self.limit.is_some() && !self.full_at.is_some_and(unused)
    }

    /// Begins, changes or ends the limit. What the old one brought does not come back.
    fn change(&mut self, now: Timestamp, limit: Option<RateLimit>) {
        self.fill(now);
        let is_first = self.limit.is_none();
        self.limit = limit;
        self.bucket = if is_first {
            0
        } else {
            self.bucket.clamp(-self.most(), self.most())
        };
        self.round_at = now;
        self.full_at = None;
    }

    fn fill(&mut self, now: Timestamp) {
        let elapsed = now.since(self.filled_at);
        self.filled_at = now;
        let Some(limit) = self.limit else { return };
        let brought = u128::from(limit.get()) * elapsed.as_nanos() + self.fraction;
        self.fraction = brought % NANOS;
        let brought = i64::try_from(brought / NANOS).unwrap_or(i64::MAX);
        let sum = self.bucket.saturating_add(brought);
        if sum > self.most() {
            self.full_at = Some(now);
        }
        self.bucket = sum.min(self.most());
    }

    /// What the bucket holds: the limit's bytes of a short time, and one for every worker there
    /// may be.
    fn most(&self) -> i64 {
        let burst = self.bytes_in(limits::RATE_BURST);
        i64::try_from(burst.max(limits::WIDTH_MAX.get().into())).unwrap_or(i64::MAX)
    }

    fn bytes_in(&self, span: Duration) -> u64 {
        let rate = self.limit.map_or(0, RateLimit::get);
        let bytes = u128::from(rate) * span.as_nanos() / NANOS;
        u64::try_from(bytes).unwrap_or(u64::MAX)
    }
}

/// What a worker gets in a round.
struct Part {
    segment: SegmentId,
    /// What it was allowed before and has not used.
    unused: u64,
    /// Most it can still be allowed.
    room: u64,
    /// When it last got or brought something.
    served_at: Timestamp,
    wants: u64,
    gets: u64,
}

impl Scheduler {
    /// The most that may be received in a second, if there is such a limit.
    pub const fn rate_limit(&self) -> Option<RateLimit> {
        self.limiter.limit()
    }

    /// Every worker learns at once that it may write without end, or only what it has.
    pub(super) fn limit_rate(&mut self, limit: Option<RateLimit>) {
        let before = self.limiter.limit();
        self.limiter.change(self.now, limit);
        if before.is_some() == limit.is_some() {
            return;
        }
        for active in self.active.values_mut() {
            let end = limit.map_or(u64::MAX, |_| active.position);
            active.allowed = limit.map(|_| end);
            // Who was silent without credit had to be.
            active.last_progress = self.now;
            let attempt = active.attempt;
            self.outputs.push_back(Output::Allow { attempt, end });
        }
    }

    /// What a worker that starts may write before the next round: nothing, or all of it.
    pub(super) fn first_credit(&mut self, attempt: AttemptId, began: u64) -> Option<u64> {
        self.limiter.limit()?;
        let end = began;
        self.outputs.push_back(Output::Allow { attempt, end });
        Some(end)
    }

    /// When credit is next given out, if there is anyone to give it to.
    pub(super) fn next_credit(&self) -> Option<Timestamp> {
        let at = self.limiter.next_round()?;
        self.active.values().any(takes_credit).then_some(at)
    }

    /// Whether a worker is silent because it has used its credit.
    pub(super) fn waits_for_credit(&self, active: &Active) -> bool {
        let part = self.part(active);
        takes_credit(active) && part.is_some_and(|part| part.unused == 0 && part.room > 0)
    }

    /// One round. First everyone's unused credit is raised to its share of two rounds, so that
    /// slow workers have what they can use and hoard no more than that; then those who had used
    /// theirs up share what remains, as far as two rounds go: the next to come need some too.
    pub(super) fn give_credit(&mut self) {
        let due = self.limiter.next_round();
        if due.is_none_or(|due| self.now < due) {
            return;
        }
        self.limiter.fill(self.now);
        self.limiter.round_at = self.now + limits::RATE_ROUND;
        let workers = self.active.values();
        let unused: u64 = workers.map(|active| self.unused_credit(active)).sum();
        let bucket = u64::try_from(self.limiter.bucket).unwrap_or(0);
        let mut free = bucket.saturating_sub(unused);
        let takers = self.active.values().filter(|active| takes_credit(active));
        let mut parts: Vec<Part> = takers.filter_map(|active| self.part(active)).collect();
        let rounds = self.limiter.bytes_in(limits::RATE_ROUND * 2);
        let share = (rounds / (parts.len() as u64).max(1)).max(1);
        for part in &mut parts {
            part.wants = share.saturating_sub(part.unused).min(part.room);
        }
        free -= divide(free, &mut parts);
        for part in &mut parts {
            let is_hungry = part.unused == 0;
            let most = part.room.min(rounds.max(1));
            part.wants = if is_hungry {
                most.saturating_sub(part.gets)
            } else {
                0
            };
        }
        divide(free, &mut parts);
        for part in parts.iter().filter(|part| part.gets > 0) {
            self.allow(part);
        }
    }

    fn allow(&mut self, part: &Part) {
        let active = self.active.get_mut(&part.segment);
        let active = active.expect("it was just found");
        if part.unused == 0 {
            // It was silent because it had to be.
            active.last_progress = self.now;
        }
        let end = active.position + part.unused + part.gets;
        active.allowed = Some(end);
        let attempt = active.attempt;
        self.outputs.push_back(Output::Allow { attempt, end });
    }

    /// What a worker may write and has not reported.
    fn unused_credit(&self, active: &Active) -> u64 {
        let allowed = active.allowed.unwrap_or(active.position);
        let end = allowed.min(self.lease_end(active));
        end.saturating_sub(active.position)
    }

    /// A part that holds nothing yet; `None` without a limit.
    fn part(&self, active: &Active) -> Option<Part> {
        active.allowed?;
        let unused = self.unused_credit(active);
        Some(Part {
            segment: active.attempt.segment,
            unused,
            room: self.lease_end(active) - active.position - unused,
            served_at: active.last_progress,
            wants: 0,
            gets: 0,
        })
    }

    fn lease_end(&self, active: &Active) -> u64 {
        match (active.left, self.length()) {
            (Some(left), _) => left.end(),
            // A stream whose end only its reply knows.
            (None, None) => u64::MAX,
            (None, Some(_)) => active.position,
        }
    }
}

/// A worker that has yet to be heard of opening gets nothing; neither does one that is to stop.
fn takes_credit(active: &Active) -> bool {
    active.phase == Phase::Streaming && active.stopping.is_none()
}

/// Gives equal parts to all who want something, and what one does not want to the others. Returns
/// what was given. Where there is less than a byte for each, those have it who have waited longest.
fn divide(free: u64, parts: &mut [Part]) -> u64 {
    parts.sort_by_key(|part| (part.wants, Reverse(part.served_at)));
    let mut left = free;
    let mut count = parts.len() as u64;
    for part in parts {
        let given = part.wants.min(left / count);
        part.gets += given;
        left -= given;
        count -= 1;
    }
    free - left
}
