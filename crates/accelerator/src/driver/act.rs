//! Owns how the driver does what the scheduler says: workers, part file, digest, listeners.
//! Decides nothing.

use std::sync::Arc;

use range_core::ByteRange;
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, Event as Decision, Grant, Request, Route};
use tokio::sync::mpsc;

use super::{AtWork, Driver, SNAPSHOT_INTERVAL};
use crate::digester::Digester;
use crate::error::{Cause, Error, ErrorKind};
use crate::error_chain::in_one_line;
use crate::events::Event;
use crate::generation::Generation;
use crate::keeper::Keeper;
use crate::progress::{Phase, Progress};
use crate::syncer::Syncer;
use crate::target::Target;
use crate::worker::{self, Job, Order};

/// End of the lease for a reply of unknown length: the store's limit.
const TO_END: u64 = i64::MAX.unsigned_abs();

impl Driver<'_> {
    pub(super) fn start(&mut self, attempt: AttemptId, request: Request, route: Route) {
        let writer = match (request, &self.keeper) {
            (Request::Part(range), Some(keeper)) => Some(keeper.writer(range)),
            (Request::Part(_) | Request::First | Request::Whole, _) => None,
        };
        let job = Job {
            attempt,
            request,
            route,
            generations: self.generations.clone(),
            writer,
            transport: Arc::clone(&self.context.transport),
            clock: self.context.clock,
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        self.at_work.insert(attempt, AtWork { orders, route });
        self.workers
            .spawn(worker::run(job, inbox, self.reports.clone()));
        self.tally.connections_peak = self
            .tally
            .connections_peak
            .max(self.scheduler.connections());
    }

    pub(super) fn order(&mut self, attempt: AttemptId, order: Order) {
        if let Some(at_work) = self.at_work.get(&attempt) {
            // A worker that has just ended will say so.
            let _delivered = at_work.orders.send(order);
        }
    }

    /// Creates the part file, if this is the first reply, and lets the worker write to it.
    pub(super) async fn grant(&mut self, attempt: AttemptId, grant: Grant) {
        let before = self.context.clock.now();
        let prepared = self.prepare().await;
        self.held_up += self.context.clock.now().since(before);
        if let Err(error) = prepared {
            self.fatal = Some(error);
            return;
        }
        let keeper = self.keeper.as_ref().expect("just prepared");
        let range = match grant {
            Grant::Range(range) => range,
            Grant::ToEnd => ByteRange::new(0, TO_END).expect("not empty"),
        };
        let writer = keeper.writer(range);
        self.order(attempt, Order::Grant(writer));
    }

    async fn prepare(&mut self) -> Result<(), Error> {
        let expected = self.generations.lock().expected().cloned();
        let expected = expected.expect("a reply was accepted before its grant");
        let mut generation = expected.generation;
        if self.coding.is_some() {
            // Offsets into coded bytes are of no use to another request, so that the journal must
            // not promise that the file can be continued: it is begun as one of unknown length.
            generation.length = None;
        }
        if let Some(keeper) = self.keeper.take() {
            // Only a plain stream that starts over is granted twice. Its new reply may be of
            // another generation, so neither bytes nor journal of the old one are kept.
            self.digester = None;
            self.syncer = None;
            range_store::discard(&keeper.part)?;
        }
        let keeper = create(&self.context.target, generation).await?;
        if let Some(media_type) = expected.media_type {
            keeper.journal.note_media_type(media_type.as_str())?;
        }
        self.keep(keeper);
        Ok(())
    }

    pub(super) fn keep(&mut self, keeper: Keeper) {
        let synced = self.synced.clone();
        self.syncer = Some(Syncer::start(keeper.clone(), move |checkpoint, result| {
            // A driver that is gone has no use for it.
            let _delivered = synced.send((checkpoint, result));
        }));
        self.start_digester(&keeper);
        self.keeper = Some(keeper);
    }

    fn start_digester(&mut self, keeper: &Keeper) {
        let algorithms = self.context.task.algorithms();
        if !algorithms.is_empty() {
            let store = Arc::clone(&keeper.part) as Arc<dyn range_store::Store>;
            self.digester = Some(Digester::start(store, algorithms));
        }
    }

    pub(super) fn tell(&mut self, event: Decision) {
        self.context.events.send(match event {
            Decision::Planned { length, segmented } => Event::Planned { length, segmented },
            Decision::WidthChanged { width } => Event::WidthChanged { width },
            Decision::Retrying { class, delay, .. } => {
                self.tally.retries += 1;
                Event::Retrying {
                    cause: self.cause_of(class),
                    delay,
                }
            }
            // The only source there is ends the download instead.
            Decision::SourceDropped { .. } => return,
        });
    }

    fn cause_of(&self, class: FailureClass) -> String {
        match (&self.last_error, class) {
            (_, FailureClass::Stalled) => Cause::Stalled.to_string(),
            (Some(error), _) => in_one_line(error),
            (None, class) => format!("{class:?}"),
        }
    }

    /// Gives listeners a new snapshot, if the last one is old enough.
    pub(super) fn show(&mut self, now: bool) {
        let time = self.context.clock.now();
        if !now && time.since(self.snapshot_at) < SNAPSHOT_INTERVAL {
            return;
        }
        self.snapshot_at = time;
        self.tally.requests = self.context.transport.requests();
        self.context.progress.set(Progress {
            phase: if self.keeper.is_some() {
                Phase::Fetching
            } else {
                Phase::Connecting
            },
            elapsed: time.since_start(),
            length: self.scheduler.length(),
            received: self.scheduler.received().clone(),
            claimed: self.scheduler.claimed().clone(),
            in_flight: self.scheduler.in_flight().collect(),
            digested: self.digester.as_ref().map_or(0, Digester::covered),
            tally: *self.tally,
        });
    }
}

/// Creates the part file off the async threads: reserving blocks may take a while.
pub(crate) async fn create(target: &Arc<Target>, generation: Generation) -> Result<Keeper, Error> {
    let target = Arc::clone(target);
    tokio::task::spawn_blocking(move || target.create(&generation))
        .await
        .map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))?
}
