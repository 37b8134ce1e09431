//! Owns the terms between a session and its driver: what a driver begins with, and what it ends
//! with. Does nothing.

use std::sync::Arc;

use range_core::RangeSet;
use range_core::digest::Digest;
use range_core::units::RateLimit;
use range_store::ResumableFile;
use scheduler::{Beginning, Outcome};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::digester::Digester;
use crate::error::{Error, Failing};
use crate::events::Events;
use crate::first::First;
use crate::generation::{Expected, Generation};
use crate::ordered::Reading;
use crate::progress::ProgressHandle;
use crate::sink::Destination;
use crate::sources::Sources;
use crate::target::Earlier;
use crate::task::Task;
use crate::worker::AttemptError;

/// The parts that a download shares with the program around it.
#[derive(Clone, Debug)]
pub(crate) struct Context {
    pub(crate) task: Arc<Task>,
    pub(crate) destination: Destination,
    pub(crate) sources: Sources,
    /// The threads on which workers work.
    pub(crate) pool: Handle,
    pub(crate) clock: Clock,
    pub(crate) events: Events,
    pub(crate) progress: ProgressHandle,
    pub(crate) cancelled: watch::Receiver<bool>,
    pub(crate) rate_limit: watch::Receiver<Option<RateLimit>>,
    /// The progress of the reader, if there is one.
    pub(crate) reading: watch::Receiver<Reading>,
}

/// The outcome of a download of one generation.
#[derive(Debug)]
pub(crate) struct Fetched {
    /// An error is one of our side: the disk, or a bug.
    pub(crate) outcome: Result<Outcome, Error>,
    pub(crate) file: Option<ResumableFile>,
    /// The version of the bytes.
    pub(crate) generation: Option<Generation>,
    /// The expectation that a request for the file that follows is held against.
    pub(crate) expected: Option<Expected>,
    /// True if a strong validator joins all replies.
    pub(crate) all_agree: bool,
    pub(crate) coding: Option<String>,
    pub(crate) digester: Option<Digester>,
    /// The digest that the server claims.
    pub(crate) server_digest: Option<Digest>,
    /// True if every piece was found right.
    pub(crate) are_pieces_proven: bool,
    /// The bytes that each source gave.
    pub(crate) given: Vec<RangeSet>,
    /// The error of the last attempt that failed.
    pub(crate) last_error: Option<AttemptError>,
    pub(crate) failing: Failing,
}

/// The beginning of a download.
pub(crate) struct Start {
    pub(crate) beginning: Beginning,
    /// A reply to the request that it begins with, if that was sent already.
    pub(crate) first: Option<First>,
    /// True if bytes are accepted whatever their validators say, because a digest will tell.
    pub(crate) digest_decides: bool,
    pub(crate) from: From,
}

/// The bytes that are there already.
pub(crate) enum From {
    /// Bytes of an earlier run.
    Earlier(Box<Earlier>),
    /// No bytes; what was known of the file until now, if anything.
    Nothing(Option<Expected>),
    /// Bytes of the very version that is fetched again, in one stream: it is written over them, so
    /// that nothing is given up and no room is taken twice.
    Same(ResumableFile, Expected),
}
