//! Owns the one error the crate shows: opaque, with a kind to branch on and a line to read.

mod cause;
mod kind;

use std::error::Error as StdError;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use range_store::{StoreError, StoreFailure};

use crate::error_chain::in_one_line;
use crate::redact::SafeUrl;
use crate::settings::InvalidSetting;
use crate::transport::error::TransportError;
use crate::transport::redirect::RedirectError;
use crate::transport::whom::Whom;
pub(crate) use cause::{Cause, Occupied};
pub use kind::{ErrorKind, Loss, Remedy};

/// The reason why a download failed. The text is one line without the URL's secrets, and is not
/// stable; branch on [`kind`](Self::kind).
#[derive(Debug)]
pub struct Error(Box<Details>);

#[derive(Debug)]
struct Details {
    kind: ErrorKind,
    url: Option<SafeUrl>,
    has_kept: bool,
    given_up: Option<Failing>,
    /// True if there is a file already, and this is why it could not be compared.
    is_there: bool,
    /// The server that was asked last.
    whom: Option<Whom>,
    /// The directory of the file, if that is what the error is about.
    directory: Option<PathBuf>,
    /// The reason why no run is sure to continue what was fetched.
    loss: Option<Loss>,
    /// The number of bytes that a reader was given.
    written: Option<u64>,
    cause: Cause,
}

/// The attempts since anything came.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Failing {
    /// The number of requests that have failed.
    pub(crate) requests: u32,
    /// The number of them that asked for the whole file, after the others.
    pub(crate) without_range: u32,
    /// The time that took.
    pub(crate) span: Duration,
}

impl Error {
    pub(crate) fn new(kind: ErrorKind, cause: Cause) -> Self {
        Self(Box::new(Details {
            kind,
            url: None,
            has_kept: false,
            given_up: None,
            is_there: false,
            whom: None,
            directory: None,
            loss: None,
            written: None,
            cause,
        }))
    }

    /// Makes the error of a directory that cannot be used.
    pub(crate) fn of_directory(path: &Path, source: StoreError) -> Self {
        let path = path.to_owned();
        Self::new(kind::of_store(&source), Cause::Directory { path, source })
    }

    /// Makes the error of a file that exists and cannot be read.
    pub(crate) fn unreadable(source: StoreError) -> Self {
        Self::new(ErrorKind::Exists, Cause::Unreadable(source))
    }

    /// Makes the error of the caller's writer.
    pub(crate) fn of_writer(source: Arc<io::Error>) -> Self {
        let kind = if source.kind() == io::ErrorKind::BrokenPipe {
            ErrorKind::Unread
        } else {
            ErrorKind::Disk
        };
        Self::new(kind, Cause::Writer(source))
    }

    /// Says how many bytes a reader was given.
    pub(crate) fn after(mut self, written: u64) -> Self {
        self.0.written = Some(written);
        self
    }

    /// Returns the number of bytes that were written to the caller's
    /// [writer](crate::Download::to_writer), which are the first of the file.
    pub fn written(&self) -> Option<u64> {
        self.0.written
    }

    pub(crate) fn for_url(mut self, url: SafeUrl) -> Self {
        self.0.url = Some(url);
        self
    }

    /// Says whether bytes are kept for another run.
    pub(crate) fn keeping(mut self, has_kept: bool) -> Self {
        self.0.has_kept = has_kept;
        self
    }

    /// Says that there is a file already, which could not be compared with the server's.
    pub(crate) fn of_a_file_that_is_there(mut self) -> Self {
        self.0.is_there = true;
        self
    }

    /// Says which server was asked last.
    pub(crate) fn asked_of(mut self, whom: Option<Whom>) -> Self {
        self.0.whom = whom;
        self
    }

    /// Says in which directory the disk failed, if it did.
    pub(crate) fn in_directory(mut self, directory: &Path) -> Self {
        let is_of_disk = matches!(
            self.0.cause,
            Cause::Store(StoreError::Io { .. } | StoreError::NoRoom { .. })
        );
        if is_of_disk {
            let absolute = std::path::absolute(directory);
            self.0.directory = Some(absolute.unwrap_or_else(|_| directory.to_owned()));
        }
        self
    }

    /// Says that the digest which a file lacks is one that the server claims.
    pub(crate) fn of_claim(mut self, is_claim: bool) -> Self {
        if let Cause::DigestMismatch { expected, actual } = self.0.cause
            && is_claim
        {
            self.0.cause = Cause::ClaimMismatch { expected, actual };
        }
        self
    }

    /// Says what becomes of the bytes that were fetched.
    pub(crate) fn losing(mut self, loss: Option<Loss>) -> Self {
        self.0.loss = self.0.loss.or(loss);
        self
    }

    /// Returns why another run may have to fetch again what was fetched, if it may.
    pub fn loss(&self) -> Option<Loss> {
        self.0.loss
    }

    /// Returns the server to name, if the text does not.
    fn server(&self) -> Option<&Whom> {
        let is_silence = matches!(
            self.0.cause,
            Cause::Stalled | Cause::Unanswered | Cause::Crumbs | Cause::NoWayLeft
        );
        let is_open = is_silence
            || self
                .transport_error()
                .is_some_and(TransportError::leaves_the_server_open);
        self.0.whom.as_ref().filter(|_| is_open)
    }

    /// Says what was tried before it was given up.
    pub(crate) fn given_up(mut self, failing: Failing) -> Self {
        let is_worth_telling = failing.requests > 1 || failing.span >= Duration::from_secs(1);
        self.0.given_up = Some(failing).filter(|_| is_worth_telling);
        self
    }

    /// Returns the kind of failure.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Reports whether the same download, started again, continues with bytes that were kept and
    /// may get further, without anything being done before: it was cancelled, or the network or the
    /// server failed it for a time. It is false where a retry would only fail again, as after a
    /// refusal, a wrong digest or on a full disk. A server can be away for long: bound the retries.
    ///
    /// ```no_run
    /// # async fn example() -> Result<(), accelerator::Error> {
    /// use accelerator::{Download, Settings};
    ///
    /// let mut runs = 1;
    /// let report = loop {
    ///     let settings = Settings::default();
    ///     let download = Download::new("https://example.org/disk.img", "disk.img", settings)?;
    ///     match download.run().await {
    ///         Err(error) if error.is_resumable() && runs < 5 => runs += 1,
    ///         ended => break ended?,
    ///     }
    /// };
    /// # Ok(())
    /// # }
    /// ```
    pub fn is_resumable(&self) -> bool {
        self.0.has_kept && matches!(self.0.kind, ErrorKind::Cancelled | ErrorKind::Network)
    }

    /// Reports whether bytes that were fetched are kept. Another run continues with them once its
    /// cause is out of the way: there is room on the disk, the link is renewed, or the digest that
    /// is expected is the right one.
    pub fn has_kept_bytes(&self) -> bool {
        self.0.has_kept
    }

    /// Returns the setting that would have helped, if there is one.
    pub fn remedy(&self) -> Option<Remedy> {
        if let Cause::Unanswered = self.0.cause {
            return Some(Remedy::FirstByteTimeout);
        }
        if let Cause::Stalled = self.0.cause {
            return Some(Remedy::StallTimeout);
        }
        if self.0.directory.is_some() && self.is_of_the_directory() {
            return Some(Remedy::OtherDirectory);
        }
        if let Cause::Occupied(Occupied::NoFile) = self.0.cause {
            return Some(Remedy::Writer);
        }
        if let Cause::Occupied(Occupied::Directory | Occupied::Link)
        | Cause::PartWithoutJournal { .. }
        | Cause::PartOfAnother { .. }
        | Cause::NoJournal { .. } = self.0.cause
        {
            return Some(Remedy::OtherName);
        }
        if let Cause::Occupied(_)
        | Cause::Unreadable(_)
        | Cause::Store(StoreError::OutputExists { .. }) = self.0.cause
        {
            return Some(Remedy::Overwrite);
        }
        if let Cause::Store(StoreError::Unmappable { .. }) = self.0.cause {
            return Some(Remedy::OtherWriteMode);
        }
        if let Cause::ClaimMismatch { .. } = self.0.cause {
            return Some(Remedy::ServerDigests);
        }
        let error = self.transport_error()?;
        if let TransportError::Silent = error {
            return Some(Remedy::FirstByteTimeout);
        }
        if let TransportError::Unreachable { whom, .. } = error {
            let is_proxied = whom.is_proxied();
            return Some(if is_proxied {
                Remedy::Proxies
            } else {
                Remedy::Host
            });
        }
        if let TransportError::Status {
            status: 401,
            wanted: None,
            ..
        } = error
        {
            return Some(Remedy::Credentials);
        }
        if let TransportError::TooLarge { .. } = error {
            return Some(Remedy::MaxSize);
        }
        if let TransportError::Redirect(RedirectError::Private { .. }) = error {
            return Some(Remedy::AllowPrivate);
        }
        let lacks_an_authority = matches!(
            error,
            TransportError::Untrusted {
                of_issuer: true,
                ..
            }
        );
        lacks_an_authority.then_some(Remedy::Authorities)
    }

    fn is_of_the_directory(&self) -> bool {
        let Cause::Store(error) = &self.0.cause else {
            return false;
        };
        matches!(
            error.disposition(),
            StoreFailure::Denied | StoreFailure::Full
        )
    }

    /// Returns the status of the reply that the error is about, if there is one.
    pub fn status(&self) -> Option<u16> {
        if let TransportError::Status { status, .. } = self.transport_error()? {
            return Some(*status);
        }
        None
    }

    fn transport_error(&self) -> Option<&TransportError> {
        if let Cause::Transport(error) | Cause::ChangedAndRefused(error) = &self.0.cause {
            return Some(error);
        }
        None
    }

    /// Returns the URL, without its secrets.
    pub fn url(&self) -> Option<&SafeUrl> {
        self.0.url.as_ref()
    }
}

impl fmt::Display for Error {
    /// Writes the cause and its own causes in one line. Foreign text is not escaped.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_there {
            f.write_str("the file exists, and could not be compared with the server's: ")?;
        }
        let cause = in_one_line(&self.0.cause);
        f.write_str(&cause)?;
        if let Some(whom) = self.server().filter(|whom| !cause.contains(whom.host())) {
            write!(f, " ({whom})")?;
        }
        if let Some(directory) = &self.0.directory {
            write!(f, " (in {})", directory.display())?;
        }
        if let Some(failing) = &self.0.given_up {
            failing.tell(f)?;
        }
        match self.0.written {
            None => Ok(()),
            Some(0) => f.write_str("; nothing was written"),
            Some(1) => f.write_str("; 1 byte was written"),
            Some(bytes) => write!(f, "; {bytes} bytes were written"),
        }
    }
}

impl Failing {
    fn tell(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let &Self {
            requests,
            without_range,
            span,
        } = self;
        let s = if requests == 1 { "" } else { "s" };
        let last = match without_range {
            0 => "",
            _ if requests == 1 => ", without a range,",
            1 => ", the last one without a range,",
            _ => ", the last ones without a range,",
        };
        let seconds = span.as_secs_f64();
        let digits = usize::from(seconds < 10.0);
        write!(
            f,
            "; given up after {requests} failed request{s}{last} in {seconds:.digits$} s"
        )
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.cause.source()
    }
}

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        Self::new(kind::of_store(&error), error.into())
    }
}

impl From<Occupied> for Error {
    fn from(occupied: Occupied) -> Self {
        Self::new(ErrorKind::Exists, occupied.into())
    }
}

impl From<TransportError> for Error {
    fn from(error: TransportError) -> Self {
        Self::new(kind::of_transport(&error), error.into())
    }
}

impl From<InvalidSetting> for Error {
    fn from(error: InvalidSetting) -> Self {
        Self::new(ErrorKind::Invalid, error.into())
    }
}

impl From<range_store::NameError> for Error {
    fn from(error: range_store::NameError) -> Self {
        Self::new(ErrorKind::Invalid, error.into())
    }
}

#[cfg(test)]
mod tests;
