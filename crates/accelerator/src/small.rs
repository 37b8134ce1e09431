//! Owns the fetch of a small file into memory: a list of checksums, which is needed before the file
//! that it is about. Keeps nothing, and knows no list.

use range_core::units::ByteCount;
use scheduler::Body;

use crate::clock::Clock;
use crate::error::Error;
use crate::events::Events;
use crate::first::{self, First};
use crate::redact::SafeUrl;
use crate::settings::Settings;
use crate::sources::Sources;
use crate::task::Task;
use crate::threads::{self, Pool};
use crate::transport::error::TransportError;
use crate::transport::judge_reply::accept;

/// The number of times that a reply that broke is asked for again.
const TRIES: u32 = 3;

/// A small file that was fetched into memory.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Small {
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// The URL that the redirects led to, without its secrets: what is relative in the file is
    /// relative to it.
    pub url: SafeUrl,
    /// True if it is from a host out in the world, which must not send anyone to an address of this
    /// machine, its network or its provider's inside. False with
    /// [`Settings::allow_private`](crate::Settings::allow_private).
    pub is_from_outside: bool,
}

/// Fetches a small file, of `most` bytes or fewer, into memory.
///
/// It is asked for and judged as any other file: with the retries, the redirects and the
/// credentials that the settings say.
///
/// ```no_run
/// # async fn example() -> Result<(), accelerator::Error> {
/// use accelerator::{ByteCount, Settings, read};
///
/// let url = "https://example.org/SHA256SUMS";
/// let list = read(url, Settings::default(), ByteCount(1 << 20)).await?.bytes;
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub async fn read(
    url: impl Into<String>,
    settings: Settings,
    most: ByteCount,
) -> Result<Small, Error> {
    let settings = Settings {
        max_size: Some(
            settings
                .max_size
                .map_or(most, |own| ByteCount(own.0.min(most.0))),
        ),
        sources: Vec::new(),
        ..settings
    };
    // Nothing is ever created under this name.
    let task = Task::new(&url.into(), "list".into(), settings)?;
    let sources = Sources::new(&task)?;
    let url = task.safe_url();
    let pool = Pool::new(task.connections).map_err(|error| error.for_url(url.clone()))?;
    let asked = sources.clone();
    let read = threads::run_on(pool.handle(), async move { all_of(&task, &sources).await });
    let read = read.await.and_then(|read| read);
    let small = read.map(|bytes| Small {
        bytes,
        url: asked.answered_at().unwrap_or_else(|| url.clone()),
        is_from_outside: asked.answered_from_outside(),
    });
    small.map_err(|error| error.for_url(url).asked_of(asked.asked()))
}

async fn all_of(task: &Task, sources: &Sources) -> Result<Vec<u8>, Error> {
    let mut tries = 1;
    loop {
        let config = task.scheduling(task.settings.rate_limit, Clock::start());
        let first = first::ask_plainly(config, sources.clone(), Events::new()).await?;
        let broken = match body(first, task).await {
            Ok(bytes) => return Ok(bytes),
            Err(error) => error,
        };
        if tries == TRIES
            || !matches!(
                broken,
                TransportError::Interrupted { .. } | TransportError::Silent
            )
        {
            return Err(broken.into());
        }
        tries += 1;
    }
}

async fn body(first: First, task: &Task) -> Result<Vec<u8>, TransportError> {
    let First {
        request, mut reply, ..
    } = first;
    let accepted = accept(request, None, &reply.head)?;
    if accepted.coding.is_some() {
        return Err(TransportError::Coded);
    }
    let mut bytes = Vec::new();
    loop {
        let chunk = tokio::time::timeout(task.settings.stall_timeout, reply.chunk()).await;
        match chunk.map_err(|_| TransportError::Silent)?? {
            Some(chunk) => bytes.extend_from_slice(&chunk),
            None => break,
        }
    }
    match accepted.body {
        Body::Whole {
            length: Some(length),
        } if length != bytes.len() as u64 => Err(TransportError::Misplaced {
            what: "it ended before its last byte",
        }),
        Body::Whole { .. } | Body::Part { .. } => Ok(bytes),
    }
}
