//! Owns the events that wake the driver, and the input that each is to the scheduler. Does nothing
//! of what follows.

use range_core::digest::Digest;
use range_core::units::RateLimit;
use range_store::{Finding, StoreError};
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, CheckpointId, Input, SourceId, Stop};

use super::Driver;
use super::pieces::{Hashed, blame};
use crate::error::{Cause, Error, ErrorKind};
use crate::ordered::Reading;
use crate::pieces::Question;
use crate::transport::error::TransportError;
use crate::transport::judge_reply::Accepted;
use crate::worker::{AttemptError, Ending, WorkerReport};

/// Everything that can wake the loop.
pub(super) enum Wake {
    Worker(WorkerReport),
    WorkerLost,
    Found(Result<Finding, StoreError>),
    Synced(CheckpointId, Result<(), StoreError>),
    Hashed(Hashed),
    Cancelled,
    Limited(Option<RateLimit>),
    Read(Reading),
    Timer,
}

impl Driver<'_> {
    pub(super) async fn next_wake(&mut self) -> Wake {
        let wait = self.wait_until.map(|until| until.since(self.time.now()));
        let timer = async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Ok(_) = self.context.cancelled.wait_for(|told| *told), if !self.cancel_seen => {
                Wake::Cancelled
            }
            Ok(()) = self.context.rate_limit.changed() => {
                Wake::Limited(*self.context.rate_limit.borrow_and_update())
            }
            Ok(()) = self.context.reading.changed() => {
                Wake::Read(self.context.reading.borrow_and_update().clone())
            }
            Some(report) = self.reports_in.recv() => Wake::Worker(report),
            Some(finding) = self.findings_in.recv() => Wake::Found(finding),
            Some((checkpoint, result)) = self.synced_in.recv() => Wake::Synced(checkpoint, result),
            Some(answer) = self.hashed_in.recv() => Wake::Hashed(answer),
            Some(Err(_)) = self.workers.join_next() => Wake::WorkerLost,
            () = timer => Wake::Timer,
        }
    }

    pub(super) fn input_of(&mut self, wake: Wake) -> Option<Input> {
        match wake {
            Wake::Timer => Some(Input::Tick),
            Wake::Cancelled => {
                self.cancel_seen = true;
                Some(Input::Cancel)
            }
            Wake::Limited(limit) => Some(Input::RateLimit(limit)),
            Wake::Read(Reading {
                failed: Some(error),
                ..
            }) => {
                self.fatal = Some(Error::of_writer(error));
                None
            }
            Wake::Read(Reading { taken, .. }) => Some(Input::Taken { end: taken }),
            Wake::WorkerLost => {
                self.fatal = Some(Error::new(ErrorKind::Internal, Cause::WorkerLost));
                None
            }
            Wake::Worker(report) => Some(self.input_of_report(report)),
            Wake::Found(Ok(Finding::Verified(range))) => {
                self.tally.resumed_bytes += range.len();
                Some(Input::Verified { range })
            }
            Wake::Found(Ok(Finding::Rejected(range))) => Some(Input::Rejected { range }),
            Wake::Synced(checkpoint, Ok(())) => Some(Input::Durable { checkpoint }),
            // The data of a failed sync may be lost although a second sync succeeds, so no sync is
            // tried again and believed.
            Wake::Hashed(Ok(answer)) => self.input_of_piece(answer),
            Wake::Found(Err(error)) | Wake::Synced(_, Err(error)) | Wake::Hashed(Err(error)) => {
                self.fatal = Some(error.into());
                None
            }
        }
    }

    fn input_of_piece(&mut self, answer: (Question, Digest)) -> Option<Input> {
        let task = &self.context.task;
        let pieces = self.pieces.as_mut()?;
        match pieces.input_of(task, answer, &self.given, &self.scheduler) {
            Ok(input) => {
                if let Some(Input::Disproven { source, .. }) = input
                    && let Some((error, class)) = blame(source)
                {
                    (self.last_error, self.last_class) = (Some(error), Some(class));
                }
                input
            }
            Err(error) => {
                self.fatal = Some(error);
                None
            }
        }
    }

    fn input_of_report(&mut self, report: WorkerReport) -> Input {
        match report {
            WorkerReport::Opened(attempt, Accepted { body, coding, .. }) => {
                // A part is never coded.
                if let Some(at_work) = self.at_work.get(&attempt) {
                    self.context.sources.served(at_work.source);
                    if at_work.is_first {
                        self.coding = coding;
                    }
                }
                self.digest();
                Input::Opened { attempt, body }
            }
            WorkerReport::Began(attempt) => Input::Began { attempt },
            WorkerReport::Received(attempt, position) => {
                self.gave(attempt, position);
                Input::Received { attempt, position }
            }
            WorkerReport::Shrunk(attempt, end) => Input::Shrunk { attempt, end },
            WorkerReport::Stopped(
                attempt,
                Ending {
                    position,
                    result,
                    wasted,
                },
            ) => {
                self.tally.wasted_bytes += wasted;
                self.gave(attempt, position);
                let how = match result {
                    Ok(stop) => stop,
                    Err(error) => Stop::Failed(self.class_of(attempt, error)),
                };
                if let Some(at_work) = self.at_work.remove(&attempt) {
                    self.versions.lock().ended(at_work.source, attempt);
                }
                Input::Stopped {
                    attempt,
                    position,
                    how,
                }
            }
        }
    }

    /// Reports whether a newer version at a source is what is to be fetched, whatever others have:
    /// it is the URL itself, and no digest says which version is wanted.
    fn decides(&self, source: SourceId) -> bool {
        let sources = &self.context.sources;
        let is_url = source == SourceId(0) && sources.are_several();
        is_url && !self.context.task.expects_digest()
    }

    /// Returns the class of a failed attempt, in the light of the replies before it.
    fn class_of(&mut self, attempt: AttemptId, error: AttemptError) -> FailureClass {
        let class = match (&error, self.at_work.get(&attempt)) {
            (AttemptError::Transport(TransportError::Changed { sighted, .. }), Some(at_work)) => {
                let (source, route) = (at_work.source, at_work.route);
                let class = self.versions.lock().differs(source, sighted, route).class();
                if class == FailureClass::Changed && self.decides(source) {
                    self.is_superseded = true;
                    self.context.sources.served(source);
                }
                class
            }
            _ => error.disposition(),
        };
        self.last_error = Some(error);
        self.failed += 1;
        self.last_class = Some(class);
        class
    }
}
