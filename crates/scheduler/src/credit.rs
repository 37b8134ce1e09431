//! Owns the limit on the rate: a bucket that time fills and received bytes empty, and the rounds in
//! which it is given to workers as offsets they may write up to. Knows no reply and no failure.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::time::Duration;

use crate::ids::SegmentId;
use crate::limits;
use crate::time::Timestamp;
use range_core::units::RateLimit;

const NANOS: u128 = 1_000_000_000;

/// The bytes that may still be received, and the moment at which the next part of them is given
/// out.
#[derive(Debug)]
pub(crate) struct Credit {
    limit: Option<RateLimit>,
    /// Bytes that may come, those included that workers were allowed and have not reported. Below
    /// zero when more has come than was allowed.
    bucket: i64,
    /// Parts of a byte that time has brought, in nanoseconds at a byte a second.
    fraction: u128,
    filled_at: Timestamp,
    round_at: Timestamp,
    /// The moment at which the bucket was last full, so that nobody used what time brought.
    full_at: Option<Timestamp>,
    /// The offset each worker may write up to; empty without a limit.
    allowed: BTreeMap<SegmentId, u64>,
}

/// A worker, as far as credit depends on it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Drawer {
    pub(crate) segment: SegmentId,
    /// Offset one past the last byte that it has reported.
    pub(crate) position: u64,
    /// The end of its lease.
    pub(crate) end: u64,
    /// The moment at which it last got or brought something.
    pub(crate) served_at: Timestamp,
    /// It reads a reply, and was not told to stop.
    pub(crate) takes: bool,
}

/// A worker that may write further.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Allowance {
    pub(crate) segment: SegmentId,
    pub(crate) end: u64,
    /// It had used what it was allowed before: it was silent because it had to be.
    pub(crate) was_hungry: bool,
}

impl Credit {
    pub(crate) const fn new(limit: Option<RateLimit>) -> Self {
        Self {
            limit,
            bucket: 0,
            fraction: 0,
            filled_at: Timestamp::START,
            round_at: Timestamp::START,
            full_at: None,
            allowed: BTreeMap::new(),
        }
    }

    pub(crate) const fn limit(&self) -> Option<RateLimit> {
        self.limit
    }

    /// Bytes have come.
    pub(crate) fn spend(&mut self, bytes: u64) {
        if self.limit.is_some() {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let least = self.bucket.min(-self.most());
            self.bucket = self.bucket.saturating_sub(bytes).max(least);
        }
    }

    /// Bytes come that a worker discards. They are not held back, so they are paid for afterwards,
    /// by everyone.
    pub(crate) fn charge(&mut self, bytes: u64) {
        if self.limit.is_some() {
            let bytes = i64::try_from(bytes).unwrap_or(i64::MAX);
            let most = i64::try_from(self.bytes_in(limits::RATE_DEBT)).unwrap_or(i64::MAX);
            let least = self.bucket.min(-most);
            self.bucket = self.bucket.saturating_sub(bytes).max(least);
        }
    }

    /// Reports whether the limit holds the download back, and not the link or a server: lately all
    /// that time brought was used.
    pub(crate) fn binds(&self, now: Timestamp) -> bool {
        let unused = |at| now.since(at) < limits::RATE_MEMORY;
        self.limit.is_some() && !self.full_at.is_some_and(unused)
    }

    /// Begins, changes or ends the limit. The bytes that the old one brought do not come back.
    /// Returns the new allowance of every worker whose allowance changes: without end, or only what
    /// it has.
    pub(crate) fn change(
        &mut self,
        now: Timestamp,
        limit: Option<RateLimit>,
        positions: impl Iterator<Item = (SegmentId, u64)>,
    ) -> Vec<(SegmentId, u64)> {
        self.fill(now);
        let before = self.limit;
        self.limit = limit;
        self.bucket = if before.is_none() {
            0
        } else {
            self.bucket.clamp(-self.most(), self.most())
        };
        self.round_at = now;
        self.full_at = None;
        if before.is_some() == limit.is_some() {
            return Vec::new();
        }
        self.allowed = BTreeMap::new();
        let mut ends: Vec<(SegmentId, u64)> = positions.collect();
        if limit.is_some() {
            self.allowed.extend(ends.iter().copied());
        } else {
            for (_, end) in &mut ends {
                *end = u64::MAX;
            }
        }
        ends
    }

    /// A worker starts at an offset. Returns what it may write before the next round, which is
    /// nothing; without a limit it needs no leave.
    pub(crate) fn started(&mut self, segment: SegmentId, began: u64) -> Option<u64> {
        self.limit?;
        self.allowed.insert(segment, began);
        Some(began)
    }

    /// Notes that a worker is gone. Its unused allowance is back in the bucket.
    pub(crate) fn left(&mut self, segment: SegmentId) {
        self.allowed.remove(&segment);
    }

    /// Returns the moment at which credit is next given out, if there is anyone to give it to.
    pub(crate) fn next_round(
        &self,
        mut workers: impl Iterator<Item = Drawer>,
    ) -> Option<Timestamp> {
        self.limit?;
        workers.any(|worker| worker.takes).then_some(self.round_at)
    }

    /// A worker is silent because it has used its credit.
    pub(crate) fn is_waited_for(&self, worker: &Drawer) -> bool {
        let part = self.part(worker);
        worker.takes && part.is_some_and(|part| part.unused == 0 && part.room > 0)
    }

    /// One round, if it is due. First everyone's unused credit is raised to its share of two
    /// rounds, so that slow workers have what they can use and hoard no more than that; then those
    /// who had used theirs up share what remains, as far as two rounds go: the next to come need
    /// some too.
    pub(crate) fn round(
        &mut self,
        now: Timestamp,
        workers: impl Iterator<Item = Drawer>,
    ) -> Vec<Allowance> {
        if self.limit.is_none() || now < self.round_at {
            return Vec::new();
        }
        self.fill(now);
        self.round_at = now + limits::RATE_ROUND;
        let workers: Vec<Drawer> = workers.collect();
        let unused: u64 = workers.iter().map(|worker| self.unused(worker)).sum();
        let bucket = u64::try_from(self.bucket).unwrap_or(0);
        let mut free = bucket.saturating_sub(unused);
        let takers = workers.iter().filter(|worker| worker.takes);
        let mut parts: Vec<Part> = takers.filter_map(|worker| self.part(worker)).collect();
        let rounds = self.bytes_in(limits::RATE_ROUND * 2);
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
        let given = parts.iter().filter(|part| part.gets > 0);
        let given: Vec<Allowance> = given.map(Part::allowance).collect();
        let ends = given.iter().map(|given| (given.segment, given.end));
        self.allowed.extend(ends);
        given
    }

    /// Returns the bytes that a worker may write and has not reported.
    fn unused(&self, worker: &Drawer) -> u64 {
        let allowed = self.allowed.get(&worker.segment).copied();
        let end = allowed.unwrap_or(worker.position).min(worker.end);
        end.saturating_sub(worker.position)
    }

    /// A part that holds nothing yet; `None` without a limit.
    fn part(&self, worker: &Drawer) -> Option<Part> {
        self.limit?;
        let unused = self.unused(worker);
        Some(Part {
            segment: worker.segment,
            position: worker.position,
            unused,
            room: worker.end - worker.position - unused,
            served_at: worker.served_at,
            wants: 0,
            gets: 0,
        })
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

    /// Returns the size of the bucket: the limit's bytes of a short time, and one for every worker
    /// there may be.
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

/// The part of a worker in a round.
struct Part {
    segment: SegmentId,
    position: u64,
    /// The part of its allowance that it has not used.
    unused: u64,
    /// Most it can still be allowed.
    room: u64,
    /// The moment at which it last got or brought something.
    served_at: Timestamp,
    wants: u64,
    gets: u64,
}

impl Part {
    const fn allowance(&self) -> Allowance {
        Allowance {
            segment: self.segment,
            end: self.position + self.unused + self.gets,
            was_hungry: self.unused == 0,
        }
    }
}

/// Gives equal parts to all workers that want something, and the parts that one does not want to
/// the others. Returns the bytes that were given. If there is less than a byte for each, the
/// workers that have waited longest have it.
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
