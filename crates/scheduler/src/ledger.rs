//! Owns where every byte of the file is: received, claimed by an earlier run, waiting, or reserved
//! for or leased to an attempt; and what is known of the file's length. Knows no rate and no
//! connection.

mod check;
mod holders;
#[cfg(test)]
mod tests;

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use crate::credit::Drawer;
use crate::ids::{AttemptId, SegmentId, SourceId};
use crate::output::Route;
use crate::segment::{Active, Kind, Phase, Retry, Waiting};
use crate::time::Timestamp;
use range_core::block::BlockSize;
use range_core::{ByteRange, RangeSet};

pub(crate) use holders::Next;

/// The knowledge about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    /// Nothing: the first reply will tell.
    Unknown,
    /// One plain stream; the length may come with its head, or with its end.
    Stream { length: Option<u64> },
    /// Its length is known and ranges are served.
    Segmented { length: u64 },
}

/// Bytes that an attempt has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: ByteRange,
    /// The number of those that were not there.
    pub(crate) added: u64,
}

/// Every byte of the file, each in exactly one place.
#[derive(Debug)]
pub(crate) struct Ledger {
    shape: Shape,
    /// Cuts fall on multiples of it; `None` for what suits the length.
    block_size: Option<BlockSize>,
    received: RangeSet,
    /// The part of that which is proven, if nothing is complete without.
    proven: Option<RangeSet>,
    claimed: RangeSet,
    /// By start offset, so that the lowest bytes are fetched first.
    waiting: BTreeMap<u64, Waiting>,
    active: BTreeMap<SegmentId, Active>,
    /// Set while the only request of a probe or plain stream waits to be made again.
    restart: Option<Retry>,
    next_segment: u32,
}

impl Ledger {
    /// A file of which nothing is known, or that it comes as one plain stream.
    pub(crate) const fn new(block_size: Option<BlockSize>, is_stream: bool) -> Self {
        Self {
            shape: if is_stream {
                Shape::Stream { length: None }
            } else {
                Shape::Unknown
            },
            block_size,
            received: RangeSet::new(),
            proven: None,
            claimed: RangeSet::new(),
            waiting: BTreeMap::new(),
            active: BTreeMap::new(),
            restart: None,
            next_segment: 0,
        }
    }

    /// A file of which an earlier run claims some bytes.
    pub(crate) fn resumed(block_size: Option<BlockSize>, length: u64, claimed: RangeSet) -> Self {
        let mut ledger = Self::new(block_size, false);
        ledger.shape = Shape::Segmented { length };
        if let Some(whole) = ByteRange::whole(length) {
            for gap in claimed.gaps(whole) {
                ledger.wait_for(Waiting::planned(gap));
            }
        }
        ledger.claimed = claimed;
        ledger
    }

    pub(crate) const fn shape(&self) -> Shape {
        self.shape
    }

    /// The length of the file; `None` where nobody knows it.
    pub(crate) const fn length(&self) -> Option<u64> {
        match self.shape {
            Shape::Unknown => None,
            Shape::Stream { length } => length,
            Shape::Segmented { length } => Some(length),
        }
    }

    pub(crate) fn block_size(&self) -> BlockSize {
        let suits = || {
            self.length()
                .map_or(BlockSize::DEFAULT, BlockSize::for_length)
        };
        self.block_size.unwrap_or_else(suits)
    }

    pub(crate) const fn received(&self) -> &RangeSet {
        &self.received
    }

    pub(crate) const fn claimed(&self) -> &RangeSet {
        &self.claimed
    }

    /// The runs that wait, lowest first.
    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.waiting.values()
    }

    /// The attempt that waits to be made again, where there is one request only.
    pub(crate) const fn restart(&self) -> Option<Retry> {
        self.restart
    }

    /// Every attempt that has a worker.
    pub(crate) fn active(&self) -> impl Iterator<Item = &Active> {
        self.active.values()
    }

    pub(crate) fn active_mut(&mut self) -> impl Iterator<Item = &mut Active> {
        self.active.values_mut()
    }

    /// Returns the number of attempts that have a worker.
    pub(crate) fn workers(&self) -> usize {
        self.active.len()
    }

    /// An attempt that a message is about, unless it is an older one.
    pub(crate) fn current(&self, attempt: AttemptId) -> Option<&Active> {
        let active = self.active.get(&attempt.segment)?;
        (active.attempt == attempt).then_some(active)
    }

    pub(crate) fn current_mut(&mut self, attempt: AttemptId) -> Option<&mut Active> {
        let active = self.active.get_mut(&attempt.segment)?;
        (active.attempt == attempt).then_some(active)
    }

    /// The attempt that a segment is leased to, which is known to be there.
    pub(crate) fn holder(&mut self, segment: SegmentId) -> &mut Active {
        self.active.get_mut(&segment).expect("it was just found")
    }

    /// Every worker, as far as a limit on the rate depends on it.
    pub(crate) fn drawers(&self) -> impl Iterator<Item = Drawer> {
        self.active.values().map(|active| self.drawer(active))
    }

    pub(crate) fn drawer(&self, active: &Active) -> Drawer {
        Drawer {
            segment: active.attempt.segment,
            position: active.position,
            end: match (active.left, self.length()) {
                (Some(left), _) => left.end(),
                // A stream whose end only its reply knows.
                (None, None) => u64::MAX,
                (None, Some(_)) => active.position,
            },
            served_at: active.last_progress,
            // A worker without a lease gets nothing.
            takes: active.phase == Phase::Streaming && active.stopping.is_none(),
        }
    }

    /// The lowest byte that is not there.
    pub(crate) fn lowest_missing(&self) -> Option<u64> {
        let leased = self.active.values().filter_map(|active| active.left);
        let waiting = self.waiting.keys().next().copied();
        leased.map(ByteRange::start).chain(waiting).min()
    }

    /// A request to a source's original URL is due or unanswered.
    pub(crate) fn asks_original(&self, source: SourceId) -> bool {
        let is_asked = |active: &Active| {
            active.source == source
                && active.route == Route::Original
                && active.phase == Phase::Starting
        };
        let is_due = |waiting: &Waiting| {
            let retry = waiting.retry.filter(|retry| retry.source == source);
            retry.is_some_and(|retry| retry.route == Route::Original)
        };
        self.waiting.values().any(is_due) || self.active.values().any(is_asked)
    }

    /// Claimed bytes are what their hashes say.
    pub(crate) fn verified(&mut self, range: ByteRange) {
        if self.claimed.contains(range) {
            self.claimed.remove(range);
            self.received.insert(range);
        }
    }

    /// Claimed bytes are not what their hashes say.
    pub(crate) fn rejected(&mut self, range: ByteRange) {
        if self.claimed.contains(range) {
            self.claimed.remove(range);
            self.wait_for(Waiting::rejected(range));
        }
    }

    /// Nothing is complete from here on that is not proven, where that can be.
    pub(crate) fn await_proof(&mut self) -> bool {
        let can_be = matches!(self.shape, Shape::Segmented { .. });
        if can_be {
            self.proven.get_or_insert_default();
        }
        can_be
    }

    pub(crate) const fn proven(&self) -> Option<&RangeSet> {
        self.proven.as_ref()
    }

    /// Received bytes are yet to be proven.
    pub(crate) fn lacks_proof(&self) -> bool {
        let proven = self.proven.as_ref();
        proven.is_some_and(|proven| proven.len() < self.received.len())
    }

    /// Received bytes are right.
    pub(crate) fn is_proven(&mut self, range: ByteRange) {
        if let Some(proven) = &mut self.proven
            && self.received.contains(range)
        {
            proven.insert(range);
        }
    }

    /// Received bytes are wrong, and wait to be fetched.
    pub(crate) fn is_disproven(&mut self, range: ByteRange) {
        if let Some(proven) = &mut self.proven
            && self.received.contains(range)
        {
            proven.remove(range);
            self.received.remove(range);
            self.wait_for(Waiting::planned(range));
        }
    }

    /// A run waits. One of which nothing else is known is one with those it touches, or each would
    /// be a request.
    pub(crate) fn wait_for(&mut self, mut waiting: Waiting) {
        if waiting.is_plain() {
            if let Some((&at, next)) = self.waiting.range(waiting.range.end()..).next()
                && at == waiting.range.end()
                && next.is_plain()
            {
                waiting.range = joined(waiting.range, next.range);
                waiting.is_rejected = next.is_rejected;
                self.waiting.remove(&at);
            }
            let before = self.waiting.range_mut(..waiting.range.start()).next_back();
            if let Some((_, before)) = before
                && before.range.end() == waiting.range.start()
                && before.is_plain()
            {
                before.range = joined(before.range, waiting.range);
                before.is_rejected = waiting.is_rejected;
                return;
            }
        }
        let before = self.waiting.insert(waiting.range.start(), waiting);
        debug_assert!(
            before.is_none(),
            "two runs wait for the byte at {}",
            waiting.range.start()
        );
    }

    /// A run waits no more. The part of it that is not fetched by one request goes on waiting as
    /// `rest`.
    pub(crate) fn lease_out(&mut self, run: &Waiting, rest: Option<ByteRange>) {
        self.waiting.remove(&run.range.start());
        if let Some(rest) = rest {
            self.wait_for(Waiting {
                is_rejected: run.is_rejected,
                ..Waiting::planned(rest)
            });
        }
    }

    /// The number of the next segment that is begun, and of those that were cut before.
    pub(crate) const fn next_segment(&self) -> u32 {
        self.next_segment
    }

    /// The id of an attempt at something that failed before, or of a first one.
    pub(crate) fn next_attempt(&mut self, retry: Option<Retry>) -> AttemptId {
        if let Some(retry) = retry {
            return retry.attempt.next();
        }
        let first = AttemptId::first(self.next_segment);
        self.next_segment += 1;
        first
    }

    /// An attempt has a worker.
    pub(crate) fn start(&mut self, active: Active) {
        if active.kind != Kind::Part {
            self.restart = None;
        }
        self.active.insert(active.attempt.segment, active);
    }

    /// The first reply serves ranges: its body becomes the first segment, and the rest waits.
    pub(crate) fn segmented(&mut self, now: Timestamp, attempt: AttemptId, first: ByteRange) {
        let Some(length) = self.length() else { return };
        if let Some(rest) = ByteRange::new(first.end(), length) {
            self.wait_for(Waiting::planned(rest));
        }
        if let Some(active) = self.current_mut(attempt) {
            active.kind = Kind::Part;
            active.lease(now, first);
        }
    }

    /// The length is known, and ranges are served.
    pub(crate) const fn has_length(&mut self, length: u64) {
        self.shape = Shape::Segmented { length };
    }

    /// The reply is the whole file, from byte 0.
    pub(crate) fn streams(&mut self, attempt: AttemptId, length: Option<u64>) {
        self.shape = Shape::Stream { length };
        if let Some(active) = self.current_mut(attempt) {
            active.kind = Kind::Stream;
            active.phase = Phase::Streaming;
            active.left = length.and_then(ByteRange::whole);
        }
    }

    /// An attempt has written every byte before `position`.
    pub(crate) fn advance(&mut self, attempt: AttemptId, position: u64) -> Option<Written> {
        let bytes = self.current_mut(attempt)?.advance(position)?;
        let added = self.received.insert(bytes);
        Some(Written { bytes, added })
    }

    /// A lease ends at `end`; what was behind that waits. The worker may have written up to its
    /// answer without having reported it yet.
    pub(crate) fn shrunk(&mut self, attempt: AttemptId, end: u64) {
        let Some(active) = self.current_mut(attempt) else {
            return;
        };
        active.shrinking = None;
        let Some(left) = active.left else { return };
        let (kept, released) = left.split_at(end);
        active.left = kept;
        if let Some(released) = released {
            self.wait_for(Waiting::cut(released));
        }
    }

    /// An attempt's worker is gone.
    pub(crate) fn take(&mut self, attempt: AttemptId) -> Option<Active> {
        self.current(attempt)?;
        self.active.remove(&attempt.segment)
    }

    /// Makes the bytes that an attempt has not fetched wait.
    pub(crate) fn put_back(&mut self, active: &Active, retry: Option<Retry>) {
        match (active.kind, active.left) {
            (Kind::Part, Some(range)) => self.wait_for(Waiting {
                range,
                retry,
                is_cut: false,
                is_rejected: false,
                barren: active.barren_with_this(),
            }),
            // A plain stream cannot be continued, so its bytes count for nothing.
            (Kind::Probe | Kind::Stream, _) if retry.is_some() => {
                self.received = RangeSet::new();
                self.restart = retry;
            }
            (Kind::Part, None) | (Kind::Probe | Kind::Stream, _) => {}
        }
    }

    /// A plain stream is asked for anew, of another source.
    pub(crate) fn forget_the_stream(&mut self) {
        self.received = RangeSet::new();
        self.shape = Shape::Stream { length: None };
    }

    /// Nothing is asked of a source any more: what has failed there need not wait.
    pub(crate) fn forgive(&mut self, source: SourceId) {
        let elsewhere = |retry: &Retry| retry.source != source;
        for waiting in self.waiting.values_mut() {
            waiting.retry = waiting.retry.filter(elsewhere);
        }
        self.restart = self.restart.filter(elsewhere);
    }

    /// Returns the runs that have failed at a source and wait.
    pub(crate) fn retries_at(&mut self, source: SourceId) -> impl Iterator<Item = &mut Retry> {
        let retries = self.waiting.values_mut().filter_map(|w| w.retry.as_mut());
        retries.filter(move |retry| retry.source == source)
    }

    /// Every byte has come, if nothing is to be done any more. A file with a hole must not pass for
    /// a whole one, were it for a mistake of ours: what is missing is planned then.
    pub(crate) fn is_complete(&mut self) -> Option<u64> {
        let Shape::Segmented { length } = self.shape else {
            return None;
        };
        if !(self.waiting.is_empty() && self.active.is_empty() && self.claimed.is_empty()) {
            return None;
        }
        let missing = ByteRange::whole(length).filter(|_| self.received.len() != length);
        let gaps: Vec<ByteRange> = missing
            .map(|whole| self.received.gaps(whole).collect())
            .unwrap_or_default();
        for gap in gaps {
            self.wait_for(Waiting::planned(gap));
        }
        (self.waiting.is_empty() && !self.lacks_proof()).then_some(length)
    }
}

/// Two runs that touch, as one.
fn joined(front: ByteRange, rest: ByteRange) -> ByteRange {
    ByteRange::new(front.start(), rest.end()).expect("the front is not empty")
}
