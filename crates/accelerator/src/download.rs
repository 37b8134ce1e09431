//! Owns the public handle of a download: the questions and orders it takes before, during and after
//! its run. Knows nothing of how it is done.

use std::ffi::OsStr;
use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

use range_core::units::RateLimit;
use tokio::io::AsyncWrite;
use tokio::sync::watch;
use tracing::dispatcher;
use tracing::instrument::{Instrument, WithSubscriber};

use crate::clock::Clock;
use crate::error::Error;
use crate::events::{EventStream, Events};
use crate::file_name::FileName;
use crate::first::{self, First};
use crate::ordered::BoxWriter;
use crate::probe::Probe;
use crate::progress::ProgressHandle;
use crate::redact::SafeUrl;
use crate::report::Report;
use crate::session::Session;
use crate::settings::{InvalidSetting, Settings};
use crate::sources::Sources;
use crate::task::Task;
use crate::threads::{self, Pool};

/// One download, not started yet.
pub struct Download {
    task: Arc<Task>,
    sources: Sources,
    /// The threads that the first reply, where there is one, has begun to use.
    pool: Option<Pool>,
    events: Events,
    progress: ProgressHandle,
    cancel: Arc<watch::Sender<bool>>,
    rate_limit: Arc<watch::Sender<Option<RateLimit>>>,
    /// The first reply, if it was asked for its name.
    first: Option<First>,
    /// The writer that gets the bytes in order, if they go to no file.
    writer: Option<BoxWriter>,
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
        Self::of(Task::new(&url.into(), output.into(), settings)?, None)
    }

    /// Describes a download whose bytes are written in order to `writer`, and kept in no file.
    ///
    /// At most [`Settings::window`] of bytes wait for the writer: while it takes none, nothing is
    /// received. What was written cannot be taken back: after an error, which tells [how much that
    /// was](Error::written), it is the beginning of the file, and if a digest is wrong, it is all
    /// of a wrong file. Where the remote file changes on the way, the download fails. The writer is
    /// flushed at the end and dropped, also after an error.
    ///
    /// ```no_run
    /// # async fn example(socket: tokio::net::TcpStream) -> Result<(), accelerator::Error> {
    /// use accelerator::{Download, Settings};
    ///
    /// let settings = Settings::default();
    /// let download = Download::to_writer("https://example.org/disk.img", socket, settings)?;
    /// let report = download.run().await?;
    /// println!("{} bytes", report.bytes);
    /// # Ok(())
    /// # }
    /// ```
    pub fn to_writer(
        url: impl Into<String>,
        writer: impl AsyncWrite + Send + Unpin + 'static,
        settings: Settings,
    ) -> Result<Self, InvalidSetting> {
        let task = Task::in_order(&url.into(), settings)?;
        Self::of(task, Some(Box::new(writer)))
    }

    fn of(task: Task, writer: Option<BoxWriter>) -> Result<Self, InvalidSetting> {
        Ok(Self {
            sources: Sources::new(&task)?,
            pool: None,
            events: Events::new(),
            progress: ProgressHandle::default(),
            cancel: Arc::new(watch::Sender::new(false)),
            rate_limit: Arc::new(watch::Sender::new(task.settings.rate_limit)),
            task: Arc::new(task),
            first: None,
            writer,
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

    /// Asks what there is at the URL: its length, whether it comes by ranges, and its names.
    ///
    /// Sends the first request of the run, with its retries. The reply's body is that of the run,
    /// unless something is there to go on from. So a name is known before anything is looked for or
    /// created under it; [`rename`](Self::rename) takes one.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), accelerator::Error> {
    /// use accelerator::{Download, Settings};
    ///
    /// let settings = Settings::default();
    /// let mut download = Download::new("https://example.org/?id=5", "/tmp/download", settings)?;
    /// let found = download.probe().await?;
    /// download.rename(found.name())?;
    /// let report = download.run().await?;
    /// println!("{}", report.path.display());
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection; nothing else changes.
    pub async fn probe(&mut self) -> Result<Probe, Error> {
        let config = self
            .task
            .scheduling(*self.rate_limit.borrow(), Clock::start());
        let pool = match self.pool.take() {
            Some(pool) => pool,
            None => self.new_pool()?,
        };
        let pool = self.pool.insert(pool);
        let ask = first::ask(config, self.sources.clone(), self.events.clone());
        let span = tracing::info_span!("probe", url = %self.task.safe_url());
        let ask = ask.instrument(span).with_current_subscriber();
        let asked = threads::run_on(pool.handle(), ask)
            .await
            .and_then(|asked| asked);
        let probed = asked.and_then(|first| {
            let first = self.first.insert(first);
            let answered = self.sources.answered_at();
            let url = answered.unwrap_or_else(|| self.task.safe_url());
            Probe::new(first, url, FileName::from_url_path(self.task.url.path()))
        });
        probed.map_err(|error| {
            let error = error.for_url(self.task.safe_url());
            error.asked_of(self.sources.asked())
        })
    }

    fn new_pool(&self) -> Result<Pool, Error> {
        Pool::new(self.task.connections).map_err(|error| error.for_url(self.task.safe_url()))
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
    /// It works on threads of its own, so that any executor will do, and none of its threads is
    /// ever held up by the disk.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future stops all work, closes all connections, and waits until that is done: as
    /// a rule for less than a millisecond, but for as long as a call takes that waits for the disk.
    /// The part file and its journal stay, and a later run continues from them.
    pub async fn run(mut self) -> Result<Report, Error> {
        let url = self.task.safe_url();
        let pool = match self.pool.take() {
            Some(pool) => pool,
            None => self.new_pool()?,
        };
        let span = tracing::info_span!("download", %url);
        let sources = self.sources.clone();
        let directory = self.task.directory.clone();
        let subscriber = dispatcher::get_default(Clone::clone);
        let run = threads::drive(pool, move |pool| {
            let session = Session::new(
                self.task,
                self.sources,
                pool,
                self.events,
                self.progress,
                self.cancel.subscribe(),
                self.rate_limit.subscribe(),
            );
            let running = async {
                match self.writer {
                    None => session.run(self.first).await,
                    Some(writer) => session.run_in_order(self.first, writer).await,
                }
            };
            running.instrument(span).with_subscriber(subscriber)
        });
        run.await.map_err(|error| {
            let error = error.for_url(url).in_directory(&directory);
            error.asked_of(sources.asked())
        })
    }
}

impl fmt::Debug for Download {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Download");
        shown.field("url", &self.url()).finish_non_exhaustive()
    }
}

/// Asks what there is at a URL, and downloads nothing of it.
///
/// The request is the one that a download begins with, because some servers answer `HEAD`
/// otherwise. The connection is closed once the head of the reply is there. [`Download::probe`]
/// goes on with the reply instead.
///
/// ```no_run
/// # async fn example() -> Result<(), accelerator::Error> {
/// use accelerator::{Settings, probe};
///
/// let found = probe("https://example.org/disk.img", Settings::default()).await?;
/// println!("{}: {:?} bytes, {:?}", found.name(), found.length, found.remote.entity_tag);
/// if !found.is_resumable() {
///     println!("an interrupted download would start over");
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Cancel safety
///
/// Dropping the future closes the connection.
pub async fn probe(url: impl Into<String>, settings: Settings) -> Result<Probe, Error> {
    // Nothing is ever created under this name.
    let mut download = Download::new(url, "probe", settings)?;
    download.probe().await
}
