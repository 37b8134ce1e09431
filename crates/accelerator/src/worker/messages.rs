//! Owns what a driver and its workers say to each other: jobs and orders, reports and ends. Does
//! nothing.

use std::sync::Arc;

use range_store::{ResumableFile, StoreError};
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, Request, Route, SourceId, Stop};

use crate::clock::Clock;
use crate::disk_time::DiskTime;
use crate::ordered::OtherBytes;
use crate::sink::{SinkWriter, WriteError};
use crate::transport::error::TransportError;
use crate::transport::judge_reply::Accepted;
use crate::transport::{Reply, Transport};
use crate::versions::SharedVersions;

/// The job of a worker.
#[derive(Debug)]
pub(crate) struct Job {
    pub(crate) attempt: AttemptId,
    /// The source that is asked, by `transport`.
    pub(crate) source: SourceId,
    pub(crate) request: Request,
    pub(crate) route: Route,
    /// The reply, if the request was sent already.
    pub(crate) reply: Option<Reply>,
    /// The versions that the reply is compared with.
    pub(crate) versions: SharedVersions,
    /// The file, once there is one: without the first reply's length there is none, nor is there
    /// one where a reader gets the bytes.
    pub(crate) file: Option<ResumableFile>,
    pub(crate) transport: Arc<Transport>,
    pub(crate) clock: Clock,
    pub(crate) time: DiskTime,
}

/// An order to a worker at work.
#[derive(Debug)]
pub(crate) enum Order {
    /// Write through this, which begins where the reply is or further on: the bytes between are of
    /// no use.
    Grant(SinkWriter),
    /// Go on to this offset.
    Extend(u64),
    /// Write up to this offset, and no further before there is another such order.
    Allow(u64),
    /// End the lease at this offset, or as soon after as possible.
    Shrink(u64),
    /// Let go.
    Stop,
}

/// A report of a worker.
#[derive(Debug)]
pub(crate) enum WorkerReport {
    /// The reply's head was accepted.
    Opened(AttemptId, Accepted),
    /// The first bytes of a reply to a request for a part are there.
    Began(AttemptId),
    /// Every byte of the lease before the offset is written.
    Received(AttemptId, u64),
    /// The lease ends at the offset.
    Shrunk(AttemptId, u64),
    /// The worker is done.
    Stopped(AttemptId, Ending),
}

/// The end of a worker.
#[derive(Debug)]
pub(crate) struct Ending {
    pub(crate) position: u64,
    pub(crate) result: Result<Stop, AttemptError>,
    /// Bytes that arrived and were of no use.
    pub(crate) wasted: u64,
}

/// The reason why an attempt failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AttemptError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error("could not {0}")]
    Store(#[from] StoreError),
    #[error(transparent)]
    OtherBytes(#[from] OtherBytes),
}

impl From<WriteError> for AttemptError {
    fn from(error: WriteError) -> Self {
        match error {
            WriteError::Store(error) => error.into(),
            WriteError::OtherBytes(error) => error.into(),
        }
    }
}

impl AttemptError {
    pub(crate) fn disposition(&self) -> FailureClass {
        match self {
            Self::Transport(error) => error.disposition(),
            Self::Store(_) => FailureClass::Storage,
            Self::OtherBytes(_) => FailureClass::Changed,
        }
    }
}
