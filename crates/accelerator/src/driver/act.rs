//! Owns the execution of the scheduler's decisions: workers, part file, digest, listeners. Decides
//! nothing.

use range_core::RangeSet;
use range_core::units::BytesPerSecond;
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, Grant, Notice, Request, Route, SourceId};
use tokio::sync::mpsc;
use tracing::instrument::{Instrument, WithSubscriber};

use super::pieces::PieceWatch;
use super::{AtWork, Driver, SNAPSHOT_INTERVAL};
use crate::digester::Digester;
use crate::error::Error;
use crate::events::Event;
use crate::progress::{Phase, Progress};
use crate::sink::Sink;
use crate::syncer::Syncer;
use crate::worker::{self, Job, Order};

impl Driver<'_> {
    pub(super) fn start(
        &mut self,
        (attempt, source): (AttemptId, SourceId),
        request: Request,
        route: Route,
    ) {
        let first = self.first.take();
        let first = first.filter(|first| (first.request, first.source) == (request, source));
        let job = Job {
            attempt,
            source,
            request,
            route,
            reply: first.map(|first| first.reply),
            versions: self.versions.clone(),
            file: self.sink.as_ref().and_then(Sink::file).cloned(),
            transport: self.context.sources.ask(source),
            clock: self.context.clock,
            time: self.time.clone(),
        };
        let (orders, inbox) = mpsc::unbounded_channel();
        let at_work = AtWork {
            orders,
            source,
            route,
            given: None,
            is_first: matches!(request, Request::First | Request::Whole),
        };
        self.at_work.insert(attempt, at_work);
        let span = tracing::debug_span!("request", ?attempt, ?source, asked = ?request, ?route);
        let work = worker::run(job, inbox, self.reports.clone()).instrument(span);
        self.workers.spawn(work.with_current_subscriber());
        self.tally.connections_peak = self
            .tally
            .connections_peak
            .max(self.scheduler.connections());
    }

    pub(super) fn order(&mut self, attempt: AttemptId, order: Order) {
        if let Some(at_work) = self.at_work.get(&attempt) {
            // A worker that has just ended will report so.
            let _delivered = at_work.orders.send(order);
        }
    }

    /// Lets a worker write, once there is a file to write to.
    pub(super) async fn grant(&mut self, attempt: AttemptId, grant: Grant) {
        let Some(at_work) = self.at_work.get_mut(&attempt) else {
            return;
        };
        if std::mem::take(&mut at_work.is_first) {
            // On a file system that writes zeros, reserving the part file can take minutes.
            let time = self.time.clone();
            let call = time.call();
            let prepared = self.prepare().await;
            drop(call);
            if let Err(error) = prepared {
                self.fatal = Some(error);
                return;
            }
        }
        let sink = self.sink.as_ref().expect("the first reply had its grant");
        let (writer, start) = match grant {
            Grant::Range(range) => (sink.lease(range), range.start()),
            Grant::ToEnd => (sink.lease_all(), 0),
        };
        if let Some(at_work) = self.at_work.get_mut(&attempt) {
            at_work.given = Some(start);
        }
        self.order(attempt, Order::Grant(writer));
    }

    async fn prepare(&mut self) -> Result<(), Error> {
        let expected = self.versions.lock().expected();
        let expected = expected.expect("a reply was accepted before its grant");
        if let Some(sink) = self.sink.take() {
            if self.is_over {
                self.keep(sink);
                return Ok(());
            }
            // Only a plain stream that starts over is granted twice. Its new reply may be of
            // another generation, so neither bytes nor journal of the old one are kept.
            self.digester = None;
            self.syncer = None;
            self.pieces = None;
            self.given.fill(RangeSet::new());
            sink.give_up()?;
        }
        self.context.progress.set_phase(Phase::Reserving);
        let coding = self.coding.as_deref();
        let sink = self.context.destination.create(expected, coding).await?;
        self.keep(sink);
        self.watch();
        Ok(())
    }

    /// Checks the pieces of a file as they come, if they are known.
    pub(super) fn watch(&mut self) {
        let file = self.sink.as_ref().and_then(Sink::file);
        if let Some(file) = file.filter(|_| self.coding.is_none()) {
            let (task, scheduler) = (&self.context.task, &mut self.scheduler);
            self.pieces = PieceWatch::begin(task, file, scheduler, &self.hashed);
        }
    }

    pub(super) fn keep(&mut self, sink: Sink) {
        if let Sink::File(file) = &sink {
            let synced = self.synced.clone();
            self.syncer = Some(Syncer::start(file.clone(), move |checkpoint, result| {
                // A driver that is gone has no use for the answer.
                let _delivered = synced.send((checkpoint, result));
            }));
        }
        self.sink = Some(sink);
        self.digest();
    }

    /// Begins to hash a file, if it is known by which algorithms: the server's claim may come with
    /// a later reply. What is read in order is hashed where it is written.
    pub(super) fn digest(&mut self) {
        let file = self.sink.as_ref().and_then(Sink::file);
        let Some(file) = file.filter(|_| self.digester.is_none()) else {
            return;
        };
        let task = &self.context.task;
        let mut algorithms = task.algorithms();
        if task.heeds_server_digest() {
            let claimed = self.versions.lock().server_digest();
            algorithms.extend(claimed.map(|digest| digest.algorithm()));
        }
        if !algorithms.is_empty() {
            self.digester = Some(Digester::start(file.clone(), algorithms));
        }
    }

    pub(super) fn tell(&mut self, notice: Notice) {
        self.context.events.send(match notice {
            Notice::Planned { length, segmented } => Event::Planned { length, segmented },
            Notice::WidthChanged { width } => Event::WidthChanged { width },
            Notice::Retrying {
                class,
                delay,
                tries,
                ..
            } => {
                self.tally.retries += 1;
                if matches!(class, FailureClass::Stalled | FailureClass::Unanswered) {
                    self.failed += 1;
                }
                // An error of another attempt is not the cause.
                let error = self.last_error.as_ref();
                let error = error.filter(|_| self.last_class == Some(class));
                Event::retrying(class, error.map(|error| error as _), delay, tries)
            }
            // The only source there is ends the download instead.
            Notice::SourceDropped { source, class } => {
                let error = self.last_error.as_ref();
                let error = error.filter(|_| self.last_class == Some(class));
                let url = self.context.sources.url(source);
                Event::source_dropped(url, class, error.map(|error| error as _))
            }
        });
    }

    /// Returns the number of bytes that the digest has covered; those of a reader are hashed as
    /// they go by.
    fn digested(&self) -> u64 {
        match &self.digester {
            Some(digester) => digester.covered(),
            None if self.context.task.expects_digest() => self.context.reading.borrow().taken,
            None => 0,
        }
    }

    /// Gives listeners a new snapshot, if the last one is old enough.
    pub(super) fn show(&mut self, now: bool) {
        let time = self.context.clock.now();
        if !now && time.since(self.snapshot_at) < SNAPSHOT_INTERVAL {
            return;
        }
        self.snapshot_at = time;
        self.tally.requests = self.context.sources.requests();
        self.context.progress.set(Progress {
            phase: if self.sink.is_some() {
                Phase::Fetching
            } else {
                Phase::Connecting
            },
            elapsed: time.since_start(),
            length: self.scheduler.length(),
            received: self.scheduler.received().clone(),
            claimed: self.scheduler.claimed().clone(),
            in_flight: self.scheduler.in_flight().collect(),
            digested: self.digested(),
            tally: *self.tally,
            // It is measured when somebody looks.
            rate: BytesPerSecond(0),
        });
    }
}
