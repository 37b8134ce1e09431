//! Owns one attempt at one segment: open, have the reply judged, write, report. Decides nothing
//! and never retries.

mod messages;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use range_core::ByteRange;
use scheduler::limits;
use scheduler::time::Timestamp;
use scheduler::{Body, Request, Stop};
use tokio::sync::mpsc;

use crate::inbox;
use crate::sink::SinkWriter;
use crate::transport::Reply;
use crate::transport::error::TransportError;
use crate::transport::judge_reply::Accepted;
pub(crate) use messages::{AttemptError, Ending, Job, Order, WorkerReport};

/// Runs a job to its end. Its last report is `Stopped`.
pub(crate) async fn run(
    job: Job,
    orders: mpsc::UnboundedReceiver<Order>,
    reports: inbox::Sender<WorkerReport>,
) {
    let attempt = job.attempt;
    let mut worker = Worker {
        arrived: start_of(job.request),
        reported: 0,
        reported_at: job.clock.now(),
        is_end_reported: false,
        promised_end: None,
        allowed: u64::MAX,
        held: Bytes::new(),
        wasted: 0,
        writer: None,
        job,
        orders,
        reports: reports.clone(),
    };
    let result = worker.fetch().await;
    if let Err(error) = &result {
        tracing::debug!(%error, "an attempt failed");
    }
    let ending = Ending {
        position: worker.position(),
        result,
        wasted: worker.wasted + worker.held.len() as u64,
    };
    // The lease is released before the report that it is free.
    drop(worker);
    reports.send(WorkerReport::Stopped(attempt, ending)).await;
}

struct Worker {
    job: Job,
    orders: mpsc::UnboundedReceiver<Order>,
    reports: inbox::Sender<WorkerReport>,
    /// The right to write, which the grant gave.
    writer: Option<SinkWriter>,
    /// The offset of the first byte of the reply that is neither written nor thrown away.
    arrived: u64,
    /// The bytes that have come from there on: they wait for the grant, for more lease, or for
    /// leave under a limit on the rate. There is at most one chunk: while there is any, nothing is
    /// read.
    held: Bytes,
    reported: u64,
    reported_at: Timestamp,
    /// True if the worker has reported that the lease is written.
    is_end_reported: bool,
    /// The end of the reply's bytes; `None` when it did not say.
    promised_end: Option<u64>,
    /// The offset it may write up to, under a limit on the rate.
    allowed: u64,
    wasted: u64,
}

/// The worker's next step after an order.
enum Obeyed {
    Continue,
    Stop,
}

impl Worker {
    async fn fetch(&mut self) -> Result<Stop, AttemptError> {
        let Some(mut reply) = self.open().await? else {
            return Ok(Stop::Told);
        };
        let accepted = self.judge(&reply)?;
        self.promised_end = match accepted.body {
            Body::Part { range, .. } => Some(range.end()),
            Body::Whole { length } => length,
        };
        self.report(WorkerReport::Opened(self.job.attempt, accepted))
            .await;
        if let Request::Part(_) = self.job.request
            && let Some(stop) = self.begin(&mut reply).await?
        {
            return Ok(stop);
        }
        while self.writer.is_none() {
            let order = self.orders.recv().await;
            if let Obeyed::Stop = self.obey(order).await {
                return Ok(Stop::Told);
            }
        }
        self.stream(&mut reply).await
    }

    /// Sends the request, unless it was told to stop.
    async fn open(&mut self) -> Result<Option<Reply>, AttemptError> {
        if let Some(reply) = self.job.reply.take() {
            return Ok(Some(reply));
        }
        let transport = Arc::clone(&self.job.transport);
        let open = transport.open(self.job.request, self.job.route);
        tokio::pin!(open);
        loop {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if let Obeyed::Stop = self.obey(order).await { return Ok(None) }
                }
                reply = &mut open => return Ok(Some(reply?)),
            }
        }
    }

    /// Judges a reply. Its meaning for the bytes of others is noted before another reply can be
    /// judged, and so before any byte that depends on it.
    fn judge(&self, reply: &Reply) -> Result<Accepted, AttemptError> {
        let mut versions = self.job.versions.lock();
        let asked = (self.job.source, self.job.attempt);
        let judged = versions.judge(asked, self.job.request, &reply.head)?;
        if let (true, Some(file)) = (judged.is_first_to_differ, &self.job.file) {
            if versions.digest_decides() {
                file.note_mixed()?;
            } else {
                file.note_several()?;
            }
        }
        Ok(judged.accepted)
    }

    /// Waits for the first bytes: a reply gets a lease only once it brings some.
    async fn begin(&mut self, reply: &mut Reply) -> Result<Option<Stop>, AttemptError> {
        while self.held.is_empty() {
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if let Obeyed::Stop = self.obey(order).await { return Ok(Some(Stop::Told)) }
                }
                chunk = reply.chunk() => match chunk? {
                    None => return Ok(Some(Stop::Drained)),
                    Some(chunk) => self.hold(chunk)?,
                },
            }
        }
        self.report(WorkerReport::Began(self.job.attempt)).await;
        Ok(None)
    }

    async fn stream(&mut self, reply: &mut Reply) -> Result<Stop, AttemptError> {
        loop {
            if !self.held.is_empty() {
                self.use_held()?;
                self.report_progress().await;
            }
            self.report_end().await;
            tokio::select! {
                biased;
                order = self.orders.recv() => {
                    if let Obeyed::Stop = self.obey(order).await { return Ok(Stop::Told) }
                }
                chunk = reply.chunk(), if self.may_read() => match chunk? {
                    None => return Ok(Stop::Drained),
                    Some(chunk) => self.hold(chunk)?,
                },
            }
        }
    }

    /// Reports whether the worker may read. While it can write nothing it reads nothing, so that
    /// the sender is held back. A reply that ends where its lease does is read to its end: that
    /// brings no byte, and lets the connection be used again.
    fn may_read(&self) -> bool {
        let has_room = self.remaining().is_some() && self.position() < self.allowed;
        self.held.is_empty() && (has_room || self.promised_end == Some(self.arrived))
    }

    fn position(&self) -> u64 {
        let writer = self.writer.as_ref();
        writer.map_or(self.arrived, SinkWriter::position)
    }

    fn remaining(&self) -> Option<ByteRange> {
        self.writer.as_ref().and_then(SinkWriter::remaining)
    }

    fn hold(&mut self, chunk: Bytes) -> Result<(), AttemptError> {
        debug_assert!(
            self.held.is_empty(),
            "nothing is read while anything is held"
        );
        let after = self.arrived.saturating_add(chunk.len() as u64);
        if self.promised_end.is_some_and(|end| after > end) {
            return Err(TransportError::Surplus.into());
        }
        self.held = chunk;
        Ok(())
    }

    /// Throws away the bytes before the lease, and writes those that lie in it and are allowed. The
    /// others wait.
    fn use_held(&mut self) -> Result<(), AttemptError> {
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        let before = first_of(&mut self.held, writer.position() - self.arrived);
        self.wasted += before.len() as u64;
        self.arrived += before.len() as u64;
        if self.held.is_empty() {
            return Ok(());
        }
        let room = writer.remaining().map_or(0, ByteRange::len);
        let allowed = self.allowed.saturating_sub(writer.position());
        let now = first_of(&mut self.held, room.min(allowed));
        let call = self.job.time.call();
        let written = writer.write(&now);
        drop(call);
        written?;
        self.arrived = writer.position();
        Ok(())
    }

    async fn obey(&mut self, order: Option<Order>) -> Obeyed {
        match order {
            // Without a driver there is nobody to work for.
            None | Some(Order::Stop) => return Obeyed::Stop,
            Some(Order::Grant(writer)) => {
                assert!(
                    writer.position() >= self.arrived,
                    "what has been written or thrown away does not come again"
                );
                self.reported = writer.position();
                self.is_end_reported = false;
                self.writer = Some(writer);
            }
            Some(Order::Extend(end)) => {
                if let Some(writer) = &mut self.writer {
                    writer.extend_to(end);
                    self.is_end_reported = false;
                }
            }
            Some(Order::Allow(end)) => self.allowed = end,
            Some(Order::Shrink(cut)) => {
                if let Some(writer) = &mut self.writer {
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
        // A worker that has used what it was allowed gets more only once that is known.
        let is_used_up = position >= self.allowed && position > self.reported;
        let is_much = position - self.reported >= limits::REPORT_BYTES;
        if is_used_up {
            self.report_position().await;
        } else if is_much || waited >= limits::REPORT_INTERVAL {
            let report = self.position_report();
            self.reports.send_soon(report).await;
        }
    }

    /// Reports at once that the lease is written while the reply goes on: nothing more happens
    /// before there is an order.
    async fn report_end(&mut self) {
        let is_written = self.writer.is_some() && self.remaining().is_none();
        if is_written && self.promised_end != Some(self.arrived) && !self.is_end_reported {
            self.is_end_reported = true;
            self.report_position().await;
        }
    }

    async fn report_position(&mut self) {
        let report = self.position_report();
        self.report(report).await;
    }

    fn position_report(&mut self) -> WorkerReport {
        self.reported = self.position();
        self.reported_at = self.job.clock.now();
        WorkerReport::Received(self.job.attempt, self.reported)
    }

    /// Reports what needs an answer. A driver that is gone will abort this task.
    async fn report(&self, report: WorkerReport) {
        self.reports.send(report).await;
    }
}

/// Returns the beginning of the reply to a request.
fn start_of(request: Request) -> u64 {
    match request {
        Request::Part(range) => range.start(),
        Request::First | Request::Whole => 0,
    }
}

/// Takes the first bytes off, `most` or all there are.
fn first_of(bytes: &mut Bytes, most: u64) -> Bytes {
    match usize::try_from(most) {
        Ok(most) if most < bytes.len() => bytes.split_to(most),
        Ok(_) | Err(_) => std::mem::take(bytes),
    }
}

#[cfg(test)]
mod tests;
