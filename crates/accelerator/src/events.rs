//! Owns the events of a download for those who listen. Knows neither screen nor log.

use std::error::Error as StdError;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures::Stream;
use futures::stream::{self, BoxStream, StreamExt};
use range_store::journal::Unusable;
use scheduler::Tries;
use scheduler::failure::FailureClass;
use tokio::sync::broadcast;

use crate::error_chain::in_one_line;
use crate::redact::SafeUrl;

/// The number of events that a slow listener may fall behind before it misses some.
const BACKLOG: usize = 256;

/// Something that happened to a download.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Event {
    /// Bytes of an earlier run were found; they are read back while the rest is fetched.
    Resuming {
        /// The number of bytes that the journal claims.
        claimed: u64,
        /// The length of the file.
        length: u64,
    },
    /// The file's length and the server's way with ranges are known.
    Planned {
        /// The length, unless only the end of the reply will tell.
        length: Option<u64>,
        /// True if it comes in segments, over several connections.
        segmented: bool,
    },
    /// A segment will be tried again.
    Retrying {
        /// The cause, as text.
        cause: String,
        /// The time until then.
        delay: Duration,
        /// The number of failures in a row, and the number of them that ends the download.
        tries: Tries,
    },
    /// A source is not asked any more, while others are. What it gave stays.
    SourceDropped {
        /// Its URL.
        url: SafeUrl,
        /// The cause, as text.
        cause: String,
    },
    /// The number of connections has changed: another one brings more, or the server refuses some.
    WidthChanged {
        /// The number of connections from here on.
        width: u16,
    },
    /// The bytes that were fetched are of no use; the download starts over.
    Restarting {
        /// The reason.
        reason: RestartReason,
    },
    /// Every byte is there; the digest's last bytes are computed.
    Verifying,
    /// The file is proven, and on its way to its final name.
    Publishing,
    /// The listener was too slow.
    Missed {
        /// The number of events that the listener missed.
        count: u64,
    },
}

impl Event {
    /// Returns the event of an attempt that failed, with the error or only its class.
    pub(crate) fn retrying(
        class: FailureClass,
        error: Option<&(dyn StdError + 'static)>,
        delay: Duration,
        tries: Tries,
    ) -> Self {
        Self::Retrying {
            cause: cause(class, error),
            delay,
            tries,
        }
    }

    /// Returns the event of a source that is of no use, with the error or only its class.
    pub(crate) fn source_dropped(
        url: SafeUrl,
        class: FailureClass,
        error: Option<&(dyn StdError + 'static)>,
    ) -> Self {
        let cause = cause(class, error);
        Self::SourceDropped { url, cause }
    }
}

fn cause(class: FailureClass, error: Option<&(dyn StdError + 'static)>) -> String {
    error.map_or_else(|| class.to_string(), in_one_line)
}

/// The reason why a download starts over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RestartReason {
    /// The remote file is not the one it was before.
    #[error("the remote file has changed")]
    Changed,
    /// The journal of an earlier run cannot be read.
    #[error("the journal of the earlier run is damaged")]
    JournalDamaged,
    /// The earlier run got a coded file, of which nothing can be asked for by its offset.
    #[error("the earlier run got the file in a content coding, in which nothing can continue it")]
    Coded,
    /// The earlier run could not know how far it was.
    #[error("the length of the file was unknown to the earlier run")]
    LengthUnknown,
    /// The earlier run was stopped before it had a whole block of the file.
    #[error("the earlier run had no whole block of the file")]
    NothingKept,
    /// The user asked for it.
    #[error("resuming was turned off")]
    NotWanted,
    /// Nothing can tell whether the remote file is still the same.
    #[error(
        "the server gives no strong validator and no checksum is expected, so the earlier bytes \
         cannot be trusted"
    )]
    NoValidator,
    /// With the bytes of an earlier run it has another digest than expected.
    #[error(
        "together with the earlier bytes, which only the checksum could tell from others, it does \
         not have the checksum"
    )]
    Unproven,
    /// A file that was there, and was to be gone on from, is another one.
    #[error("what was there is not of this file; fetching that as well")]
    OtherFile,
    /// The sources together have not given the file.
    #[error(
        "what the sources gave does not have the checksum together; one of them alone is asked for \
         what the others gave"
    )]
    SourcesDisagree,
    /// The server cannot be relied on with ranges.
    #[error("the server does not serve ranges reliably; fetching in one stream")]
    RangesUnreliable,
}

impl From<Unusable> for RestartReason {
    fn from(why: Unusable) -> Self {
        match why {
            Unusable::JournalDamaged => Self::JournalDamaged,
            Unusable::Coded => Self::Coded,
            Unusable::LengthUnknown => Self::LengthUnknown,
            Unusable::NoValidator => Self::NoValidator,
        }
    }
}

/// Sends events; never waits for a listener.
#[derive(Clone, Debug)]
pub(crate) struct Events(broadcast::Sender<Event>);

impl Events {
    pub(crate) fn new() -> Self {
        Self(broadcast::channel(BACKLOG).0)
    }

    pub(crate) fn send(&self, event: Event) {
        tracing::debug!(?event);
        // An event without listeners is fine.
        let _listeners = self.0.send(event);
    }

    pub(crate) fn subscribe(&self) -> EventStream {
        EventStream::new(self.0.subscribe())
    }
}

/// The events of a download, from the moment of subscribing on: a
/// [`Stream`] that ends with the download.
///
/// ```no_run
/// # async fn example() -> Result<(), accelerator::Error> {
/// use accelerator::{Download, Event, Settings};
/// use futures::StreamExt;
///
/// let settings = Settings::default();
/// let download = Download::new("https://example.org/disk.img", "/tmp/disk.img", settings)?;
/// let restarts = download.events().filter(|event| {
///     let is_restart = matches!(event, Event::Restarting { .. });
///     async move { is_restart }
/// });
/// let (report, restarts) = futures::join!(download.run(), restarts.count());
/// println!("{} bytes, started over {restarts} times", report?.bytes);
/// # Ok(())
/// # }
/// ```
pub struct EventStream(BoxStream<'static, Event>);

impl EventStream {
    fn new(receiver: broadcast::Receiver<Event>) -> Self {
        let events = stream::unfold(receiver, async |mut receiver| {
            let event = match receiver.recv().await {
                Ok(event) => event,
                Err(broadcast::error::RecvError::Lagged(count)) => Event::Missed { count },
                Err(broadcast::error::RecvError::Closed) => return None,
            };
            Some((event, receiver))
        });
        Self(events.boxed())
    }

    /// Waits for the next event; `None` once the download is over.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses no event.
    pub async fn next(&mut self) -> Option<Event> {
        self.0.next().await
    }
}

impl Stream for EventStream {
    type Item = Event;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Event>> {
        self.0.poll_next_unpin(context)
    }
}

impl fmt::Debug for EventStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventStream").finish_non_exhaustive()
    }
}
