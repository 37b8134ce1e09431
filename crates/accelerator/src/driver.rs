//! Owns the one loop of a download: everything that can happen wakes it, the scheduler decides,
//! and it does what the scheduler says. Touches no byte of the file.

mod act;
mod pieces;
mod terms;
mod wake;
mod workers;

use std::collections::BTreeMap;
use std::time::Duration;

use range_core::{ByteRange, RangeSet};
use range_store::{Finding, StoreError};
use scheduler::failure::FailureClass;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, CheckpointId, Input, Outcome, Output, Route, Scheduler, SchedulerConfig, SourceId,
};
use tokio::sync::mpsc;

use crate::digester::Digester;
use crate::disk_time::DiskTime;
use crate::error::{Cause, Error, ErrorKind, Failing};
use crate::first::First;
use crate::generations::Generations;
use crate::inbox;
use crate::progress::Tally;
use crate::sink::Sink;
use crate::syncer::Syncer;
use crate::verifier::Verifier;
use crate::versions::SharedVersions;
use crate::worker::{AttemptError, Order, WorkerReport};

pub(crate) use pieces::algorithm_of;
use pieces::{Hashed, PieceWatch};
pub(crate) use terms::{Context, Fetched, From, Start};
use workers::Workers;

/// The time between two snapshots for listeners.
const SNAPSHOT_INTERVAL: Duration = Duration::from_millis(100);

/// A worker that has not stopped yet.
struct AtWork {
    orders: mpsc::UnboundedSender<Order>,
    source: SourceId,
    route: Route,
    /// The offset up to which its bytes were counted as given; `None` before its lease.
    given: Option<u64>,
    /// True if the file is created, or created anew, when this worker gets its first lease: its
    /// reply then tells what the file is.
    is_first: bool,
}

/// Drives one scheduler to its end.
pub(crate) struct Driver<'a> {
    context: Context,
    scheduler: Scheduler,
    tally: &'a mut Tally,
    sink: Option<Sink>,
    /// True if a stream is written over the bytes of the file, which are of the same version.
    is_over: bool,
    versions: SharedVersions,
    /// The bytes that each source gave.
    given: Vec<RangeSet>,
    /// True once the URL itself has a newer version, whatever other sources have.
    is_superseded: bool,
    /// The reply for the first attempt.
    first: Option<First>,
    coding: Option<String>,
    workers: Workers,
    at_work: BTreeMap<AttemptId, AtWork>,
    reports: inbox::Sender<WorkerReport>,
    reports_in: inbox::Inbox<WorkerReport>,
    findings_in: mpsc::UnboundedReceiver<Result<Finding, StoreError>>,
    synced: mpsc::UnboundedSender<(CheckpointId, Result<(), StoreError>)>,
    synced_in: mpsc::UnboundedReceiver<(CheckpointId, Result<(), StoreError>)>,
    hashed: mpsc::UnboundedSender<Hashed>,
    hashed_in: mpsc::UnboundedReceiver<Hashed>,
    pieces: Option<PieceWatch>,
    digester: Option<Digester>,
    syncer: Option<Syncer>,
    verifier: Option<Verifier>,
    wait_until: Option<Timestamp>,
    /// The requests that have failed since that moment, in which progress began to lack.
    failed: u32,
    progress_at: Timestamp,
    /// The bytes received by then.
    progress_of: u64,
    /// The time as the scheduler knows it.
    time: DiskTime,
    snapshot_at: Timestamp,
    last_error: Option<AttemptError>,
    /// The meaning of that error.
    last_class: Option<FailureClass>,
    fatal: Option<Error>,
    cancel_seen: bool,
}

impl<'a> Driver<'a> {
    pub(crate) fn new(context: Context, start: Start, tally: &'a mut Tally) -> Self {
        let task = &context.task;
        let mut is_over = None;
        let (earlier, generations) = match start.from {
            From::Earlier(earlier) => {
                let generation = earlier.generation.clone();
                let generations = Generations::resume(
                    generation,
                    earlier.media_type.clone(),
                    earlier.is_mixed,
                    start.digest_decides,
                );
                (Some(*earlier), generations)
            }
            From::Nothing(before) => (None, Generations::begin(before, start.digest_decides)),
            From::Same(file, expected) => {
                is_over = Some(file);
                (None, Generations::once_more(expected))
            }
        };
        let config = SchedulerConfig {
            block_size: earlier.as_ref().map(|earlier| earlier.file.block_size()),
            sources: context.sources.count(),
            ..task.scheduling(*context.rate_limit.borrow(), context.clock)
        };
        let (reports, reports_in) = inbox::inbox();
        let (found, findings_in) = mpsc::unbounded_channel();
        let (synced, synced_in) = mpsc::unbounded_channel();
        let (hashed, hashed_in) = mpsc::unbounded_channel();
        let time = DiskTime::new(context.clock);
        let workers = Workers::new(context.pool.clone());
        let mut scheduler = Scheduler::new(config, start.beginning);
        for (source, most) in context.sources.limits() {
            scheduler.limit_source(source, most);
        }
        let given = vec![RangeSet::new(); context.sources.count().get().into()];
        let mut driver = Self {
            context,
            scheduler,
            tally,
            is_over: is_over.is_some(),
            sink: is_over.map(Sink::File),
            versions: SharedVersions::new(generations, start.digest_decides),
            given,
            is_superseded: false,
            first: start.first,
            coding: earlier.as_ref().and_then(|earlier| earlier.coding.clone()),
            workers,
            at_work: BTreeMap::new(),
            reports,
            reports_in,
            findings_in,
            synced,
            synced_in,
            hashed,
            hashed_in,
            pieces: None,
            digester: None,
            syncer: None,
            verifier: None,
            wait_until: None,
            failed: 0,
            progress_at: time.now(),
            progress_of: 0,
            time,
            snapshot_at: Timestamp::START,
            last_error: None,
            last_class: None,
            fatal: None,
            cancel_seen: false,
        };
        if let Some(earlier) = earlier {
            driver.keep(Sink::File(earlier.file.clone()));
            driver.watch();
            let found = move |finding| {
                // A driver that is gone has no use for findings.
                let _delivered = found.send(finding);
            };
            let tasks = driver.workers.tasks();
            driver.verifier = Some(Verifier::start(earlier.file, earlier.claims, found, tasks));
        }
        driver
    }

    /// Runs to the end. Every worker is gone when it returns.
    pub(crate) async fn run(mut self) -> Fetched {
        let took = self.first.as_ref().map(|first| first.took);
        let mut outcome = self.feed(Input::Tick).await;
        // The scheduler measures the time a reply takes.
        self.time.pass(took.unwrap_or_default());
        while outcome.is_none() && self.fatal.is_none() {
            let wake = self.next_wake().await;
            self.reap();
            outcome = match self.input_of(wake) {
                _ if self.is_superseded => Some(Outcome::Changed),
                Some(input) => self.feed(input).await,
                None => None,
            };
            self.show(false);
        }
        self.workers.shutdown().await;
        drop(self.syncer.take());
        drop(self.verifier.take());
        let are_pieces_proven = self.pieces.take().is_some();
        self.show(true);
        let outcome = match (self.fatal, outcome) {
            (Some(error), _) => Err(error),
            (None, Some(outcome)) => Ok(outcome),
            (None, None) => unreachable!("the loop ends with an outcome or an error"),
        };
        // Of those that are too silent, the scheduler tells all but the last.
        let is_silence = matches!(
            outcome,
            Ok(Outcome::Failed(
                FailureClass::Stalled | FailureClass::Unanswered
            ))
        );
        let failing = Failing {
            requests: self.failed + u32::from(is_silence),
            without_range: 0,
            span: self.time.now().since(self.progress_at),
        };
        let versions = self.versions.lock();
        Fetched {
            outcome,
            file: self.sink.as_ref().and_then(Sink::file).cloned(),
            generation: versions.pinned(),
            expected: versions.expected(),
            all_agree: versions.all_agree(),
            coding: self.coding,
            digester: self.digester,
            server_digest: versions.server_digest(),
            are_pieces_proven,
            given: self.given,
            last_error: self.last_error,
            failing,
        }
    }

    /// Lets go of workers that have ended. Each keeps some KiB until then, and while there is
    /// always something else to wake for, nothing else would let them go: a server that sends one
    /// byte a reply would fill the memory.
    fn reap(&mut self) {
        while let Some(ended) = self.workers.try_join_next() {
            if ended.is_err() {
                self.fatal = Some(Error::new(ErrorKind::Internal, Cause::WorkerLost));
            }
        }
    }

    /// Feeds one input and does everything that follows from it.
    async fn feed(&mut self, input: Input) -> Option<Outcome> {
        let before = self.scheduler.received().len();
        self.scheduler.handle_input(self.time.now(), input);
        self.count(input, before);
        loop {
            match self.scheduler.poll_output() {
                Output::Start {
                    attempt,
                    source,
                    request,
                    route,
                } => self.start((attempt, source), request, route),
                Output::Grant { attempt, grant } => self.grant(attempt, grant).await,
                Output::Allow { attempt, end } => self.order(attempt, Order::Allow(end)),
                Output::Extend { attempt, end } => self.order(attempt, Order::Extend(end)),
                Output::Shrink { attempt, cut } => self.order(attempt, Order::Shrink(cut)),
                Output::Stop { attempt } => self.order(attempt, Order::Stop),
                Output::Checkpoint { id } => {
                    self.syncer
                        .as_ref()
                        .expect("bytes were received into a file")
                        .checkpoint(id);
                }
                Output::Notice(notice) => self.tell(notice),
                Output::Wait { until, .. } => {
                    self.wait_until = until;
                    return None;
                }
                Output::Finished(outcome) => return Some(outcome),
            }
        }
    }

    /// Notes that an attempt has written every byte before an offset.
    fn gave(&mut self, attempt: AttemptId, position: u64) {
        let at_work = self.at_work.get_mut(&attempt);
        if let Some(AtWork {
            source,
            given: Some(given),
            ..
        }) = at_work
        {
            if let Some(range) = ByteRange::new(*given, position) {
                if let Some(pieces) = &mut self.pieces {
                    pieces.came(range);
                }
                self.given[usize::from(source.0)].insert(range);
            }
            *given = position.max(*given);
        }
    }

    /// Notes that bytes that had come are fetched again.
    fn gives_up(&mut self, range: ByteRange) {
        let mut fetched = 0;
        for given in &mut self.given {
            fetched += given.remove(range);
        }
        self.tally.wasted_bytes += fetched;
        self.tally.fetched_bytes = self.tally.fetched_bytes.saturating_sub(fetched);
        let resumed = range.len().saturating_sub(fetched);
        self.tally.resumed_bytes = self.tally.resumed_bytes.saturating_sub(resumed);
    }

    fn count(&mut self, input: Input, received_before: u64) {
        if let Input::Disproven { range, .. } = input {
            self.gives_up(range);
        }
        let received = self.scheduler.received();
        if received.len().abs_diff(self.progress_of) >= scheduler::limits::PROGRESS_MIN {
            self.progress_of = received.len();
            self.progress_at = self.time.now();
            self.failed = 0;
        }
        let is_verified = matches!(input, Input::Verified { .. });
        if !is_verified {
            self.tally.fetched_bytes += received.len().saturating_sub(received_before);
        }
        let is_disproven = matches!(input, Input::Disproven { .. });
        if received.len() < received_before && !is_disproven {
            // A plain stream starts over: the bytes it brought were of no use.
            self.tally.fetched_bytes -= received_before;
            self.tally.wasted_bytes += received_before;
        }
        if let Some(pieces) = &mut self.pieces {
            if let Input::Verified { range } = input {
                pieces.came(range);
            }
            pieces.ask(received);
        }
        if let Some(digester) = &self.digester {
            // Bytes that may be fetched again are not hashed before they are proven.
            let final_bytes = self.scheduler.proven().unwrap_or(received);
            digester.advance(final_bytes.frontier());
        }
    }
}
