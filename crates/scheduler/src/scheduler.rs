//! Owns the order in which the parts of a scheduler are asked, and what is told to those who drive
//! it. The parts own what is known, and decide; none of them sees another.

mod dispatch;
mod extend;
mod failed;
mod react;
mod sizes;
#[cfg(test)]
mod tests;

use alloc::collections::VecDeque;
use core::num::NonZeroU16;

use crate::checkpoints::Checkpoints;
use crate::config::{Beginning, SchedulerConfig};
use crate::credit::{Credit, Drawer};
use crate::horizon::Horizon;
use crate::ids::SourceId;
use crate::input::Input;
use crate::ledger::Ledger;
use crate::limits;
use crate::output::{Notice, Outcome, Output};
use crate::retries::Retries;
use crate::sources::Sources;
use crate::stream::Stream;
use crate::tail::Tail;
use crate::time::Timestamp;
use crate::view::View;
use range_core::units::RateLimit;
use range_core::{ByteRange, RangeSet};

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
/// - A lease is exclusive. A request may be sent for bytes that another worker has leased, but the
///   bytes are granted only after that worker has answered `Shrunk` or has stopped.
/// - `First` and `Whole` requests are answered with `Opened` before a byte is written; the
///   worker writes after `Grant`.
/// - Under a limit on the rate an `Allow` follows each `Start`, and a worker writes nothing past
///   what it was last allowed.
/// - A download that is read in order has a window: a request is for bytes before what was taken
///   and the window, except for `First` and `Whole`, and so is every lease but that of a plain
///   stream, to which an `Allow` says how far it may write.
/// - Every worker that was started ends with exactly one `Stopped`.
///
/// # Invariants, checked after every input in debug builds
///
/// - I1 *partition*: received, claimed, waiting and leased bytes are disjoint and together are
///   the file.
/// - I2 *width*: no more workers than the width, except for those a lowered width lets finish.
/// - I3 *monotone*: received only grows, except when a plain stream starts over, and for what is
///   disproven.
/// - I4 *claims*: what an earlier run claims counts as received only once verified.
/// - I5 *exclusive*: no two leases overlap.
/// - I6 *live*: an unfinished download has a worker, a deadline, bytes being verified, or a reader
///   that has yet to take what is there.
/// - I7 *identity*: nothing is leased before a reply's head was accepted as this generation, or
///   is asked for under a request that will be checked so.
/// - I8 *bounded*: at most [`limits::WIDTH_MAX`] workers, and no more
///   waiting runs than segments that ever failed or were split, plus the gaps there were at first.
/// - I9 *blocks*: a lease that begins inside a block finds what comes before it in there written,
///   because the worker that writes the end of a block claims all of it.
#[derive(Debug)]
pub struct Scheduler {
    /// Most bytes between the lowest one that is missing and the furthest one asked for.
    reach: u64,
    now: Timestamp,
    ledger: Ledger,
    sources: Sources,
    stream: Stream,
    retries: Retries,
    tail: Tail,
    credit: Credit,
    horizon: Horizon,
    checkpoints: Checkpoints,
    outputs: VecDeque<Output>,
    ending: Option<Outcome>,
}

impl Scheduler {
    /// A download that has not asked for anything yet. The first outputs come after the first
    /// `Tick`.
    pub fn new(config: SchedulerConfig, beginning: Beginning) -> Self {
        let width = config.width.min(limits::WIDTH_MAX);
        let mut outputs = VecDeque::new();
        let in_order = config.window.map(|_| limits::WINDOW_BLOCK);
        let block_size = in_order.or(config.block_size);
        let ledger = match beginning {
            Beginning::Fresh => Ledger::new(block_size, false),
            Beginning::SingleStream => Ledger::new(block_size, true),
            Beginning::Resume { length, claimed } => {
                outputs.push_back(Output::Notice(Notice::Planned {
                    length: Some(length),
                    segmented: true,
                }));
                Ledger::resumed(block_size, length, claimed)
            }
        };
        Self {
            reach: config.reach,
            now: Timestamp::START,
            ledger,
            sources: Sources::new(config.sources, width),
            stream: Stream::default(),
            retries: Retries::new(&config),
            tail: Tail::default(),
            credit: Credit::new(config.rate_limit),
            horizon: Horizon::new(config.window),
            checkpoints: Checkpoints::new(config.checkpoints),
            outputs,
            ending: None,
        }
    }

    /// Limits the connections to one source, besides all of them together. It is called before the
    /// first input.
    pub fn limit_source(&mut self, source: SourceId, most: NonZeroU16) {
        self.sources.limit(source, most);
    }

    /// Does not finish before every byte is `Proven`. Reports whether that is possible: the bytes
    /// of one plain stream cannot be fetched again one by one, so that only its end is told.
    pub fn await_proof(&mut self) -> bool {
        self.ledger.await_proof()
    }

    /// Returns the bytes that are proven, if proof is awaited.
    pub const fn proven(&self) -> Option<&RangeSet> {
        self.ledger.proven()
    }

    /// Reports whether a source is asked, and is not the only one that is.
    pub fn is_one_of_several(&self, source: SourceId) -> bool {
        let mut living = self.sources.living();
        self.sources.are_several() && living.any(|(id, _)| id == source)
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
            Some(outcome) if self.ledger.workers() == 0 => Output::Finished(outcome),
            _ => self.wait(),
        }
    }

    /// The bytes that are written, verified ones of earlier runs included.
    pub const fn received(&self) -> &RangeSet {
        self.ledger.received()
    }

    /// The bytes an earlier run claims that are not verified yet.
    pub const fn claimed(&self) -> &RangeSet {
        self.ledger.claimed()
    }

    /// Returns the ranges that the workers still have to fetch, in no particular order.
    pub fn in_flight(&self) -> impl Iterator<Item = ByteRange> + '_ {
        self.ledger.active().filter_map(|active| active.left)
    }

    /// Returns the number of workers.
    pub fn connections(&self) -> usize {
        self.ledger.workers()
    }

    /// The length of the file, once known.
    pub const fn length(&self) -> Option<u64> {
        self.ledger.length()
    }

    /// The most that may be received in a second, if there is such a limit.
    pub const fn rate_limit(&self) -> Option<RateLimit> {
        self.credit.limit()
    }

    /// Panics when an invariant of the [`Scheduler`] is broken. Debug builds call it after every
    /// input; a simulation calls it in any build.
    pub fn check_invariants(&self) {
        self.ledger.check();
        let allowed = self.sources.width_allowed();
        assert!(
            self.ledger.workers() <= usize::from(allowed.get()),
            "I2, I8: {} workers, {allowed} allowed",
            self.ledger.workers()
        );
        for (id, source) in self.sources.all() {
            let here = self.ledger.active().filter(|active| active.source == id);
            source.check(id, here);
        }
        let waits_for_something = self.ledger.workers() > 0
            || !self.ledger.claimed().is_empty()
            || self.ending.is_some()
            || self.ledger.lacks_proof()
            || !self.outputs.is_empty()
            || self.next_deadline().is_some()
            || self.is_held_back();
        assert!(
            waits_for_something,
            "I6: the download is unfinished and nothing will wake it"
        );
    }

    /// Returns the state of the parts, for code that only looks.
    fn view(&self) -> View<'_> {
        View {
            now: self.now,
            ledger: &self.ledger,
            sources: &self.sources,
        }
    }

    /// Returns the workers as a limit on the rate sees them: what is behind the horizon is not
    /// theirs yet.
    fn drawers(&self) -> impl Iterator<Item = Drawer> {
        let horizon = self.horizon;
        self.ledger.drawers().map(move |drawer| Drawer {
            end: horizon.bound(drawer.end).max(drawer.position),
            ..drawer
        })
    }

    fn tell(&mut self, notice: Notice) {
        self.outputs.push_back(Output::Notice(notice));
    }

    fn end(&mut self, outcome: Outcome) {
        if self.ending.is_none() {
            self.ending = Some(outcome);
        }
    }
}
