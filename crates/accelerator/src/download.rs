//! Owns the public handle of a download: the questions and orders it takes before, during and after
//! its run. Knows nothing of how it is done.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use range_core::units::RateLimit;
use scheduler::{Request, Route};
use tokio::sync::watch;

use crate::clock::Clock;
use crate::driver::First;
use crate::error::Error;
use crate::events::{EventStream, Events};
use crate::progress::ProgressHandle;
use crate::redact::SafeUrl;
use crate::report::Report;
use crate::session::Session;
use crate::settings::{InvalidSetting, Settings};
use crate::task::Task;
use crate::transport::Transport;
use crate::transport::error::TransportError;
use crate::transport::judge_reply::accept;

/// One download, not started yet.
pub struct Download {
    task: Arc<Task>,
    transport: Transport,
    events: Events,
    progress: ProgressHandle,
    cancel: Arc<watch::Sender<bool>>,
    rate_limit: Arc<watch::Sender<Option<RateLimit>>>,
    /// The first reply, if it was asked for its name.
    first: Option<First>,
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
    /// Limits the bytes received in a second from here on; `None` lifts the limit. Connections stay
    /// as they are.
    pub fn set(&self, limit: Option<RateLimit>) {
        self.0.send_replace(limit);
    }
}

impl Download {
    /// Describes a download, and checks that it makes sense. Touches neither network nor disk.
    ///
    /// `url` is http or https. `output` is the final file, in a directory that exists. The part
    /// file and its journal stand beside it as `NAME.part` and `NAME.part.journal`.
    pub fn new(
        url: impl Into<String>,
        output: impl Into<PathBuf>,
        settings: Settings,
    ) -> Result<Self, InvalidSetting> {
        let task = Task::new(&url.into(), output.into(), settings)?;
        Ok(Self {
            transport: Transport::new(&task)?,
            events: Events::new(),
            progress: ProgressHandle::default(),
            cancel: Arc::new(watch::Sender::new(false)),
            rate_limit: Arc::new(watch::Sender::new(task.settings.rate_limit)),
            task: Arc::new(task),
            first: None,
        })
    }

    /// Returns the events from here on. Subscribe before [`run`](Self::run) to miss none.
    pub fn events(&self) -> EventStream {
        self.events.subscribe()
    }

    /// Returns a handle that is polled for snapshots of the progress.
    pub fn progress(&self) -> ProgressHandle {
        self.progress.clone()
    }

    /// Returns the URL, without its secrets.
    pub fn url(&self) -> SafeUrl {
        self.task.safe_url()
    }

    /// Asks for the name that the server suggests for the file with `Content-Disposition`: text
    /// from a stranger, not a safe name. `None` if it suggests none, or one that makes no sense.
    ///
    /// This sends the first request of the run, which takes the body of the reply, unless something
    /// to go on from is there under the name. So the name is known before anything is looked for or
    /// created under it; [`rename`](Self::rename) takes one. The request is sent once: a server
    /// that does not answer within the stall timeout is an error.
    ///
    /// The run has to be on the same runtime.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; nothing else changes.
    pub async fn suggested_name(&mut self) -> Result<Option<String>, Error> {
        let clock = Clock::start();
        let ask = async {
            let reply = self.transport.open(Request::First, Route::Original);
            let reply = tokio::time::timeout(self.task.settings.stall_timeout, reply).await;
            let reply = reply.map_err(|_| TransportError::Silent)??;
            accept(Request::First, None, &reply.head)?;
            Ok(reply)
        };
        let reply = ask
            .await
            .map_err(|error: Error| error.for_url(self.url()))?;
        let name = reply.head.suggested_name.clone();
        let took = clock.now().since_start();
        self.first = Some(First { reply, took });
        Ok(name)
    }

    /// Gives the final file another name, in the same directory.
    pub fn rename(&mut self, name: impl AsRef<OsStr>) -> Result<(), InvalidSetting> {
        let task = Arc::get_mut(&mut self.task);
        let task = task.expect("it is shared only once the download runs");
        task.rename(name.as_ref())
    }

    /// Returns a handle that stops it.
    pub fn cancel_handle(&self) -> CancelHandle {
        CancelHandle(Arc::clone(&self.cancel))
    }

    /// Returns a handle that changes the limit on its rate.
    pub fn rate_handle(&self) -> RateHandle {
        RateHandle(Arc::clone(&self.rate_limit))
    }

    /// Downloads the file. The final name appears once and only when the file is proven; after an
    /// error the final name is as it was before, and the bytes that were fetched are kept in the
    /// part file.
    ///
    /// The run needs a tokio runtime with time and I/O; a multi-threaded one is faster.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops all work and closes all connections. The part file and its
    /// journal stay, and a later run continues from them.
    pub async fn run(self) -> Result<Report, Error> {
        let url = self.task.safe_url();
        let session = Session::new(
            self.task,
            self.transport,
            self.events,
            self.progress,
            self.cancel.subscribe(),
            self.rate_limit.subscribe(),
        );
        session
            .run(self.first)
            .await
            .map_err(|error| error.for_url(url))
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Download");
        shown.field("url", &self.url()).finish_non_exhaustive()
    }
}
