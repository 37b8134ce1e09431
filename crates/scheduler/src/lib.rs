//! Owns the decisions of a download: which bytes to ask for, over how many connections, what to
//! do about failures, when to sync, when it is finished. Knows no clock, socket or file.
//!
//! Time is an argument ([`time::Timestamp`]), randomness is a seed, and bytes of the file never
//! come here; only counts do.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod choice;
mod dispatch;
mod failed;
pub mod failure;
mod ids;
mod input;
mod invariants;
mod limit;
pub mod limits;
mod output;
mod pace;
mod react;
mod retry;
mod rhythm;
mod sample;
mod segment;
mod source;
mod split;
mod tail;
#[cfg(test)]
mod tests;
pub mod time;
mod width;
mod widths;

use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;
use core::num::NonZeroU16;
use core::time::Duration;

pub use ids::{AttemptId, CheckpointId, SegmentId, SourceId};
pub use input::{Body, Input, Stop};
pub use output::{Event, Grant, Outcome, Output, Request, Route, WaitReason};

use crate::time::Timestamp;
use limit::Limiter;
use range_core::block::BlockSize;
use range_core::range::ByteRange;
use range_core::range_set::RangeSet;
use range_core::units::RateLimit;
use retry::Jitter;
use segment::{Active, Retry, Waiting};
use source::Source;
use width::WidthSearch;

/// What a user may set, in the scheduler's terms.
#[derive(Clone, Copy, Debug)]
pub struct SchedulerConfig {
    /// How many places the file can be had from, all of which have the same bytes; at most
    /// [`limits::SOURCES_MAX`](limits::SOURCES_MAX) count.
    pub sources: NonZeroU16,
    /// Most connections at once; at most [`limits::WIDTH_MAX`](limits::WIDTH_MAX) count.
    pub width: NonZeroU16,
    /// Most bytes between the lowest byte that is missing and the furthest one asked for; at
    /// least a block for every connection counts.
    pub reach: u64,
    /// Cuts fall on multiples of it; `None` for what suits the length.
    pub block_size: Option<BlockSize>,
    /// Failures of one segment in a row, with nothing received by anyone in between, before the
    /// download gives up.
    pub max_tries: u32,
    /// How long a worker may be silent before its connection is given up.
    pub stall_timeout: Duration,
    /// Most that may be received in a second, by all workers together.
    pub rate_limit: Option<RateLimit>,
    /// Whether what was received is to reach the disk on the way, and not when the system likes.
    pub checkpoints: bool,
    /// Seed of the backoff's jitter.
    pub seed: u64,
}

/// Where a download starts from.
#[derive(Clone, Debug)]
pub enum Beginning {
    /// Nothing is known.
    Fresh,
    /// Nothing is known, and ranges are not to be used.
    SingleStream,
    /// An earlier run left bytes behind.
    Resume {
        /// The length of the file.
        length: u64,
        /// What the journal claims. Each run must be answered with `Verified` or `Rejected`
        /// inputs before the download can finish.
        claimed: RangeSet,
    },
}

/// What is known about the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shape {
    /// Nothing: the first reply will tell.
    Unknown,
    /// One plain stream; the length may come with its head, or with its end.
    Stream { length: Option<u64> },
    /// Its length is known and ranges are served.
    Segmented { length: u64 },
}

/// The state machine of one download.
///
/// # Contract
///
/// Feed it with [`handle_input`](Self::handle_input), and after *every* input drain
/// [`poll_output`](Self::poll_output) until it answers [`Output::Wait`] or
/// [`Output::Finished`]. Do what the outputs say, in order. A `Wait` names the moment by which a
/// [`Input::Tick`] must come if nothing else does.
///
/// - Bytes never come here. A worker writes them under its lease and reports positions.
/// - Time never goes backwards: an input with an older timestamp counts as the latest one.
/// - Every attempt has a number; a message of an older attempt is ignored.
/// - A lease is exclusive. A thief starts only after the victim has answered `Shrunk`.
/// - `First` and `Whole` requests are answered with `Opened` before a byte is written; the
///   worker writes after `Grant`.
/// - Under a limit on the rate an `Allow` follows each `Start`, and a worker writes nothing past
///   what it was last allowed.
/// - Every worker that was started ends with exactly one `Stopped`.
///
/// # Invariants, checked after every input in debug builds
///
/// - I1 *partition*: received, claimed, waiting and leased bytes are disjoint and together are
///   the file.
/// - I2 *width*: no more workers than the width, except for those a lowered width lets finish.
/// - I3 *monotone*: received only grows, except when a plain stream starts over.
/// - I4 *claims*: what an earlier run claims counts as received only once verified.
/// - I5 *exclusive*: no two leases overlap.
/// - I6 *live*: an unfinished download has a worker, a deadline, or bytes being verified.
/// - I7 *identity*: nothing is leased before a reply's head was accepted as this generation, or
///   is asked for under a request that will be checked so.
/// - I8 *bounded*: at most [`limits::WIDTH_MAX`](limits::WIDTH_MAX) workers, and no more
///   waiting runs than segments that ever failed or were split, plus the gaps there were at first.
/// - I9 *blocks*: a lease that begins inside a block finds what comes before it in there written,
///   because whoever writes the end of a block claims all of it.
#[derive(Debug)]
pub struct Scheduler {
    config: SchedulerConfig,
    now: Timestamp,
    shape: Shape,
    received: RangeSet,
    claimed: RangeSet,
    /// By start offset, so that the lowest bytes are fetched first.
    waiting: BTreeMap<u64, Waiting>,
    active: BTreeMap<SegmentId, Active>,
    /// Set while the only request of a probe or plain stream waits to be made again.
    restart: Option<Retry>,
    next_segment: u32,
    /// Bytes received in this run, by any worker; the measure of progress.
    received_total: u64,
    last_received: Timestamp,
    /// A worker that was looked at is not silent for too long before this, nor is one that has
    /// begun since.
    no_stall_before: Timestamp,
    /// How far any try of a plain stream came.
    stream_furthest: u64,
    /// Where the last try of a plain stream ended, and how many in a row have.
    stream_end: (u64, u32),
    sources: Vec<Source>,
    /// What a reply's head takes to arrive, from wherever, recent ones counting most.
    latency: Duration,
    /// What the first byte takes once the head has come.
    first_byte: Duration,
    /// What a worker brought in a second, recent ones counting most; 0 before any was measured.
    typical_rate: u64,
    checkpoint: Checkpoint,
    limiter: Limiter,
    jitter: Jitter,
    outputs: VecDeque<Output>,
    ending: Option<Outcome>,
}

/// When the disk was last brought up to date.
#[derive(Clone, Copy, Debug, Default)]
struct Checkpoint {
    next_id: u32,
    in_flight: Option<CheckpointId>,
    last: Timestamp,
    /// Whether anything was received since the last one was asked for.
    is_needed: bool,
}

impl Scheduler {
    /// A download that has not asked for anything yet. The first outputs come after the first
    /// `Tick`.
    pub fn new(mut config: SchedulerConfig, beginning: Beginning) -> Self {
        config.width = config.width.min(limits::WIDTH_MAX);
        config.sources = config.sources.min(limits::SOURCES_MAX);
        // All of them together start as one does.
        let start = limits::WIDTH_START.div_ceil(config.sources.get());
        let search = WidthSearch::new(start, config.width.get());
        let mut scheduler = Self {
            config,
            now: Timestamp::START,
            shape: Shape::Unknown,
            received: RangeSet::new(),
            claimed: RangeSet::new(),
            waiting: BTreeMap::new(),
            active: BTreeMap::new(),
            restart: None,
            next_segment: 0,
            received_total: 0,
            last_received: Timestamp::START,
            no_stall_before: Timestamp::START,
            stream_furthest: 0,
            stream_end: (0, 0),
            sources: alloc::vec![Source::new(search); config.sources.get().into()],
            latency: Duration::ZERO,
            first_byte: Duration::ZERO,
            typical_rate: 0,
            checkpoint: Checkpoint::default(),
            limiter: Limiter::new(config.rate_limit),
            jitter: Jitter::new(config.seed),
            outputs: VecDeque::new(),
            ending: None,
        };
        match beginning {
            Beginning::Fresh => {}
            Beginning::SingleStream => scheduler.shape = Shape::Stream { length: None },
            Beginning::Resume { length, claimed } => scheduler.resume(length, claimed),
        }
        scheduler
    }

    fn resume(&mut self, length: u64, claimed: RangeSet) {
        self.shape = Shape::Segmented { length };
        if let Some(whole) = ByteRange::whole(length) {
            for gap in claimed.gaps(whole) {
                self.wait_for(Waiting::planned(gap));
            }
        }
        self.claimed = claimed;
        self.outputs.push_back(Output::Event(Event::Planned {
            length: Some(length),
            segmented: true,
        }));
    }

    /// Takes in what happened at `now`.
    pub fn handle_input(&mut self, now: Timestamp, input: Input) {
        self.now = self.now.max(now);
        self.react(input);
        self.search_width(input == Input::Tick);
        self.dispatch();
        if cfg!(debug_assertions) {
            self.check_invariants();
        }
    }

    /// The next thing to do. Ends with [`Output::Wait`] or [`Output::Finished`], which are
    /// repeated until an input changes something.
    pub fn poll_output(&mut self) -> Output {
        if let Some(output) = self.outputs.pop_front() {
            return output;
        }
        match self.ending {
            Some(outcome) if self.active.is_empty() => Output::Finished(outcome),
            _ => self.wait(),
        }
    }

    /// The bytes that are written, verified ones of earlier runs included.
    pub const fn received(&self) -> &RangeSet {
        &self.received
    }

    /// The bytes an earlier run claims that are not verified yet.
    pub const fn claimed(&self) -> &RangeSet {
        &self.claimed
    }

    /// What every worker still has to fetch, in no particular order.
    pub fn in_flight(&self) -> impl Iterator<Item = ByteRange> + '_ {
        self.active.values().filter_map(|active| active.left)
    }

    /// How many workers are at it.
    pub fn connections(&self) -> usize {
        self.active.len()
    }

    /// The length of the file, once known.
    pub const fn length(&self) -> Option<u64> {
        match self.shape {
            Shape::Unknown => None,
            Shape::Stream { length } => length,
            Shape::Segmented { length } => Some(length),
        }
    }

    fn block_size(&self) -> BlockSize {
        let suits = || {
            self.length()
                .map_or(BlockSize::DEFAULT, BlockSize::for_length)
        };
        self.config.block_size.unwrap_or_else(suits)
    }

    /// A run waits. One of which nothing else is known is one with those it touches, or each would
    /// be a request.
    fn wait_for(&mut self, mut waiting: Waiting) {
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

    fn end(&mut self, outcome: Outcome) {
        if self.ending.is_none() {
            self.ending = Some(outcome);
        }
    }
}

/// Two runs that touch, as one.
fn joined(front: ByteRange, rest: ByteRange) -> ByteRange {
    ByteRange::new(front.start(), rest.end()).expect("the front is not empty")
}

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
