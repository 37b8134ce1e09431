//! Owns the public handle of a download: what can be asked of one before, while and after it runs.
//! Knows nothing of how it is done.

use std::sync::Arc;

use range_core::units::RateLimit;
use scheduler::{Request, Route};
use tokio::sync::watch;

use crate::builder::{DownloadBuilder, Settings};
use crate::error::Error;
use crate::events::{EventStream, Events};
use crate::progress::ProgressHandle;
use crate::redact::SafeUrl;
use crate::report::Report;
use crate::session::{Session, transport};
use crate::transport::error::TransportError;
use crate::transport::judge_reply::accept;

/// One download, not started yet.
#[derive(Debug)]
pub struct Download {
    settings: Arc<Settings>,
    events: Events,
    progress: ProgressHandle,
    cancel: Arc<watch::Sender<bool>>,
    rate_limit: Arc<watch::Sender<Option<RateLimit>>>,
}

/// Stops a download from anywhere; cheap to clone.
#[derive(Clone, Debug)]
pub struct CancelHandle(Arc<watch::Sender<bool>>);

impl CancelHandle {
    /// Asks the download to stop. It keeps what was fetched and returns an error of kind
    /// [`ErrorKind::Cancelled`](crate::ErrorKind::Cancelled), usually within milliseconds. Once it
    /// publishes, it completes.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }
}

/// Limits the rate of a download from anywhere; cheap to clone.
#[derive(Clone, Debug)]
pub struct RateHandle(Arc<watch::Sender<Option<RateLimit>>>);

impl RateHandle {
    /// From here on no more than this is received in a second; `None` lifts the limit. Connections
    /// stay as they are.
    pub fn set(&self, limit: Option<RateLimit>) {
        self.0.send_replace(limit);
    }
}

impl Download {
    /// Begins to describe a download.
    pub fn builder(url: impl Into<String>) -> DownloadBuilder {
        DownloadBuilder::new(url.into())
    }

    pub(crate) fn new(settings: Settings) -> Self {
        Self {
            rate_limit: Arc::new(watch::Sender::new(settings.rate_limit)),
            settings: Arc::new(settings),
            events: Events::new(),
            progress: ProgressHandle::default(),
            cancel: Arc::new(watch::Sender::new(false)),
        }
    }

    /// The events from here on. Subscribe before [`run`](Self::run) to miss none.
    pub fn events(&self) -> EventStream {
        self.events.subscribe()
    }

    /// Snapshots of how far it is, to be polled.
    pub fn progress(&self) -> ProgressHandle {
        self.progress.clone()
    }

    /// The URL, without its secrets.
    pub fn url(&self) -> SafeUrl {
        SafeUrl::new(&self.settings.url)
    }

    /// The name the server suggests for the file with `Content-Disposition`: text from a stranger,
    /// not a safe name. `None` when it suggests none, or makes no sense.
    ///
    /// Costs a request whose body is not read, so that the name is known before anything is looked
    /// for or created under it. It is sent once: a server that does not answer within the stall
    /// timeout is an error.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; nothing else changes.
    pub async fn suggested_name(&self) -> Result<Option<String>, Error> {
        let ask = async {
            let transport = transport(&self.settings)?;
            let reply = transport.open(Request::First, Route::Original);
            let reply = tokio::time::timeout(self.settings.stall_timeout, reply).await;
            let reply = reply.map_err(|_| TransportError::Silent)??;
            accept(Request::First, None, &reply.head)?;
            Ok(reply.head.suggested_name)
        };
        ask.await.map_err(|error: Error| error.for_url(self.url()))
    }

    /// A way to stop it.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(Arc::clone(&self.cancel))
    }

    /// A way to change the limit on its rate.
    pub fn rate_handle(&self) -> RateHandle {
        RateHandle(Arc::clone(&self.rate_limit))
    }

    /// Downloads the file. The final name appears once and only when the file is proven; after
    /// an error it is as it was before, and what was fetched is kept in the part file.
    ///
    /// Needs a tokio runtime with time and I/O; a multi-threaded one is faster.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops all work and closes all connections. The part file and its
    /// journal stay, and a later run continues from them.
    pub async fn run(self) -> Result<Report, Error> {
        let url = SafeUrl::new(&self.settings.url);
        let session = Session::new(
            self.settings,
            self.events,
            self.progress,
            self.cancel.subscribe(),
            self.rate_limit.subscribe(),
        );
        session.run().await.map_err(|error| error.for_url(url))
    }
}
