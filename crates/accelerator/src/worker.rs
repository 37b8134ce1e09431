//! Owns one attempt at one segment: open, have the reply judged, write, report. Decides nothing
//! and never retries.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use range_store::{StoreError, Writer};
use scheduler::failure::FailureClass;
use scheduler::limits;
use scheduler::time::Timestamp;
use scheduler::{AttemptId, Request, Route, Stop};
use tokio::sync::mpsc;

use crate::clock::Clock;
use crate::generations::SharedGenerations;
use crate::transport::error::TransportError;
use crate::transport::http::{HttpTransport, Reply};
use crate::transport::judge_reply::Accepted;

/// What a worker is to do.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) attempt: AttemptId,
    pub(crate) request: Request,
    pub(crate) route: Route,
    /// What the reply is held against.
    pub(crate) generations: SharedGenerations,
    /// Present from the start when the bytes are known; granted later otherwise.
    pub(crate) writer: Option<Writer>,
    pub(crate) transport: Arc<HttpTransport>,
    pub(crate) clock: Clock,
}

/// What a worker is told while it works.
#[derive(Debug)]
pub(crate) enum Order {
    /// Write through this.
    Grant(Writer),
    /// Write up to this offset, and no further before there is another such order.
    Allow(u64),
    /// End the lease at this offset, or as soon after as possible.
    Shrink(u64),
    /// Let go.
    Stop,
}

/// What a worker tells.
#[derive(Debug)]
pub(crate) enum WorkerReport {
    /// The reply's head was accepted.
    Opened(AttemptId, Accepted),
    /// Every byte of the lease before the offset is written.
    Received(AttemptId, u64),
    /// The lease ends at the offset.
    Shrunk(AttemptId, u64),
    /// The worker is done.
    Stopped(AttemptId, Ending),
}

/// How a worker ended.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) position: u64,
    pub(crate) result: Result<Stop, AttemptError>,
    /// Bytes that arrived and were of no use.
    pub(crate) wasted: u64,
}

/// Why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("could not {0}")]
    Store(#[from] StoreError),
}

impl AttemptError {
    pub(crate) fn disposition(&self) -> FailureClass {
        match self {
            Self::Transport(error) => error.disposition(),
            Self::Store(_) => FailureClass::Storage,
        }
    }
}

/// Runs a job to its end. Its last report is `Stopped`.
pub(crate) async fn run(
    job: Job,
    orders: mpsc::UnboundedReceiver<Order>,
    reports: mpsc::Sender<WorkerReport>,
) {
    let attempt = job.attempt;
    let mut worker = Worker {
        reported: job.writer.as_ref().map_or(0, Writer::position),
        reported_at: job.clock.now(),
        promised_end: None,
        allowed: u64::MAX,
        held: Bytes::new(),
        wasted: 0,
        job,
        orders,
        reports: reports.clone(),
    };
    let result = worker.fetch().await;
    let ending = Ending {
        position: worker.job.writer.as_ref().map_or(0, Writer::position),
        result,
        wasted: worker.wasted + worker.held.len() as u64,
    };
    // The lease is released before anyone hears that it is free.
    drop(worker);
    // A driver that is gone has no use for reports.
    let _delivered = reports.send(WorkerReport::Stopped(attempt, ending)).await;
}

struct Worker {
    job: Job,
    orders: mpsc::UnboundedReceiver<Order>,
    reports: mpsc::Sender<WorkerReport>,
    reported: u64,
    reported_at: Timestamp,
    /// Where the reply's bytes end; `None` when it did not say.
    promised_end: Option<u64>,
    /// Offset it may write up to, under a limit on the rate.
    allowed: u64,
    /// What has arrived past that.
    held: Bytes,
    wasted: u64,
}

/// What an order leaves to do.
enum Obeyed {
    Continue,
    Stop,
}

impl Worker {
    async fn fetch(&mut self) -> Result<Stop, AttemptError> {
        let transport = Arc::clone(&self.job.transport);
        let open = transport.open(self.job.request, self.job.route);
        tokio::pin!(open);
        let mut reply = loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if let Obeyed::Stop = self.obey(order).await { return Ok(Stop::Told) }
                }
                reply = &mut open => break reply?,
            }
        };
        let accepted = self.judge(&reply)?;
        self.promised_end = match accepted.body {
            scheduler::Body::Part { range, .. } => Some(range.end()),
            scheduler::Body::Whole { length } => length,
        };
        self.report(WorkerReport::Opened(self.job.attempt, accepted))
            .await;
        while self.job.writer.is_none() {
            let order = self.orders.recv().await;
            if let Obeyed::Stop = self.obey(order).await {
                return Ok(Stop::Told);
            }
        }
        self.stream(&mut reply).await
    }

    /// Judges a reply. What it means for the bytes of others is noted before another one can be
    /// judged, and so before any byte that depends on it.
    fn judge(&self, reply: &Reply) -> Result<Accepted, AttemptError> {
        let mut generations = self.job.generations.lock();
        let judged = generations.judge(self.job.attempt, self.job.request, &reply.head)?;
        if let (true, Some(writer)) = (judged.is_first_to_differ, &self.job.writer) {
            writer.note_mixed()?;
        }
        Ok(judged.accepted)
    }

    async fn stream(&mut self, reply: &mut Reply) -> Result<Stop, AttemptError> {
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if let Obeyed::Stop = self.obey(order).await { return Ok(Stop::Told) }
                }
                chunk = reply.chunk(), if self.may_read() => match chunk? {
                    None => return Ok(Stop::Drained),
                    Some(chunk) => {
                        self.take(chunk)?;
                        self.report_progress().await;
                    }
                },
            }
            if !self.held.is_empty() && self.position() < self.allowed {
                let chunk = std::mem::take(&mut self.held);
                self.take(chunk)?;
                self.report_progress().await;
            }
            if self.lease_is_written_before_the_reply_ends() {
                return Ok(Stop::Drained);
            }
        }
    }

    /// A lease that ends where the reply does is read to the reply's end, which costs nothing
    /// and lets the connection be used again.
    fn lease_is_written_before_the_reply_ends(&self) -> bool {
        let Some(writer) = &self.job.writer else {
            return false;
        };
        writer.remaining().is_none() && Some(writer.position()) != self.promised_end
    }

    /// At the end of what is allowed nothing is read, so that the sender is held back. The end of
    /// the reply is: it brings no byte.
    fn may_read(&self) -> bool {
        let writer = self.job.writer.as_ref();
        let is_written = writer.is_some_and(|writer| writer.remaining().is_none());
        self.held.is_empty() && (self.position() < self.allowed || is_written)
    }

    fn position(&self) -> u64 {
        self.job.writer.as_ref().map_or(0, Writer::position)
    }

    /// Writes a chunk as far as the lease goes, and holds what is not allowed yet.
    fn take(&mut self, mut chunk: Bytes) -> Result<(), AttemptError> {
        let writer = self
            .job
            .writer
            .as_mut()
            .expect("bytes are read only under a lease");
        let after = writer.position().saturating_add(chunk.len() as u64);
        if self.promised_end.is_some_and(|end| after > end) {
            return Err(TransportError::Surplus.into());
        }
        let allowed = self.allowed.saturating_sub(writer.position());
        if let Ok(allowed) = usize::try_from(allowed)
            && allowed < chunk.len()
        {
            self.held = chunk.split_off(allowed);
        }
        let room = writer.remaining().map_or(0, range_core::ByteRange::len);
        let fits = usize::try_from(room).map_or(chunk.len(), |room| room.min(chunk.len()));
        self.wasted += (chunk.len() - fits) as u64;
        writer.write(&chunk[..fits])?;
        Ok(())
    }

    async fn obey(&mut self, order: Option<Order>) -> Obeyed {
        match order {
            // Without a driver there is nobody to work for.
            None | Some(Order::Stop) => return Obeyed::Stop,
            Some(Order::Grant(writer)) => {
                self.reported = writer.position();
                self.job.writer = Some(writer);
            }
            Some(Order::Allow(end)) => self.allowed = end,
            Some(Order::Shrink(cut)) => {
                if let Some(writer) = &mut self.job.writer {
                    let end = writer.shrink_to(cut);
                    self.report(WorkerReport::Shrunk(self.job.attempt, end))
                        .await;
                }
            }
        }
        Obeyed::Continue
    }

    async fn report_progress(&mut self) {
        let position = self.position();
        let now = self.job.clock.now();
        let waited: Duration = now.since(self.reported_at);
        // Who has used what it was allowed gets more only once that is known.
        let is_used_up = position >= self.allowed && position > self.reported;
        let is_much = position - self.reported >= limits::REPORT_BYTES;
        if is_much || waited >= limits::REPORT_INTERVAL || is_used_up {
            self.reported = position;
            self.reported_at = now;
            self.report(WorkerReport::Received(self.job.attempt, position))
                .await;
        }
    }

    async fn report(&self, report: WorkerReport) {
        // A driver that is gone has no use for reports, and will abort this task.
        let _delivered = self.reports.send(report).await;
    }
}
