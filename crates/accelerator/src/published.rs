//! Owns the judgement of a file that has the final name already: whether a download is complete
//! before it begins. Asks the server one question at most, and changes nothing but to finish what
//! an earlier run began.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use range_core::http::validator::{Agreement, Validators};
use range_store::journal::{Decoded, Header};
use range_store::{
    AppendLog, Claims, Directory, Finding, PartNames, StoreError, StoreFailure, Unfinished,
};
use scheduler::{Request, Route};

use crate::digester::Digester;
use crate::error::{Cause, Error, ErrorKind};
use crate::generation::Generation;
use crate::progress::{Phase, ProgressHandle};
use crate::stored_url;
use crate::target::{Target, read};
use crate::task::Task;
use crate::transport::http::HttpTransport;
use crate::transport::judge_reply::accept;

/// A file that has its name and is what the download would have made.
#[derive(Debug)]
pub(crate) struct AlreadyThere {
    pub(crate) length: u64,
    /// `None` where only its digest is known.
    pub(crate) generation: Option<Generation>,
}

/// Whether the file is there already: an earlier run published it and was killed before it could
/// say so, or it has every digest that is expected.
pub(crate) async fn already_there(
    target: &Arc<Target>,
    transport: &HttpTransport,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    let looking = Arc::clone(target);
    let stop = StopOnDrop::default();
    let stopped = Arc::clone(&stop.0);
    let find = move || Published::find(looking.directory(), looking.names(), &stopped);
    let published = tokio::task::spawn_blocking(find).await;
    let published = published.map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))??;
    if task.expects_digest() {
        return has_the_digests(target, published, task, progress).await;
    }
    let Some(published) = published else {
        return Ok(None);
    };
    if !published.is_of_url(task) && !is_served(&published, transport, task).await? {
        return Ok(None);
    }
    let generation = published.generation();
    published.finish(task.settings.sync)?;
    Ok(Some(AlreadyThere {
        length: generation.length.expect("a journal states the length"),
        generation: Some(generation),
    }))
}

/// Ends what reads a whole file in the background, when nobody waits for it any more.
#[derive(Default)]
struct StopOnDrop(Arc<AtomicBool>);

impl Drop for StopOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Whether the final file has the digests that are expected now. That is found out by reading it:
/// those in a journal's header were expected by the run that began it, and prove nothing.
async fn has_the_digests(
    target: &Target,
    published: Option<Published>,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    if task.settings.overwrite && published.is_none() {
        return Ok(None);
    }
    let Some(file) = target.final_file() else {
        return Ok(None);
    };
    progress.set_phase(Phase::Verifying);
    let length = file.length()?.0;
    let digester = Digester::of_file(file, task.algorithms());
    if digester.finish(length).await? != task.settings.digests {
        return Ok(None);
    }
    let generation = published.as_ref().map(Published::generation);
    if let Some(published) = published {
        published.finish(task.settings.sync)?;
    }
    Ok(Some(AlreadyThere { length, generation }))
}

/// Whether what an earlier run published is what the URL leads to.
async fn is_served(
    published: &Published,
    transport: &HttpTransport,
    task: &Task,
) -> Result<bool, Error> {
    let open = transport.open(Request::First, Route::Original);
    let reply = tokio::time::timeout(task.settings.stall_timeout, open).await;
    let reply = reply.map_err(|_| Error::new(ErrorKind::Network, Cause::Stalled))??;
    let accepted = accept(Request::First, None, &reply.head)?;
    Ok(published.is_served(&accepted.generation))
}

/// The final file, and the journal that says what it is.
#[derive(Debug)]
pub(crate) struct Published {
    file: Unfinished,
    header: Header,
    /// Held, so that nobody else does what is left to do.
    journal: AppendLog,
}

impl Published {
    /// The final file, if its journal is still there and claims every byte of it. Only a proven
    /// file can have got that far. Ends within a block once it is told to `stop`.
    fn find(
        directory: &Directory,
        names: &PartNames,
        stop: &AtomicBool,
    ) -> Result<Option<Self>, Error> {
        let log = match AppendLog::open(directory, names) {
            Ok(log) => log,
            Err(error) if error.disposition() == StoreFailure::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Ok(mut decoded) = read(&log)? else {
            return Ok(None);
        };
        if decoded.is_mixed {
            // They are those of some of its replies only, and say nothing of the file.
            decoded.header.validators = Validators::default();
        }
        let identity = decoded.header.part_file;
        let Some(file) = Unfinished::find(directory, names, identity)? else {
            return Ok(None);
        };
        Ok(
            is_what_the_journal_says(&file, &decoded, stop)?.then_some(Self {
                file,
                header: decoded.header,
                journal: log,
            }),
        )
    }

    /// Which version of the remote file it is.
    pub(crate) fn generation(&self) -> Generation {
        Generation {
            length: Some(self.header.length),
            validators: self.header.validators.clone(),
        }
    }

    /// Whether it came from the URL of this download, so that the server need not be asked.
    pub(crate) fn is_of_url(&self, task: &Task) -> bool {
        self.header.url == stored_url::stored(&task.url, self.header.session)
    }

    /// Whether it is the version that is served at the URL.
    pub(crate) fn is_served(&self, served: &Generation) -> bool {
        let length = self.header.length;
        let validators = &self.header.validators;
        served.length.is_none_or(|served| served == length)
            && validators.compare(&served.validators) == Agreement::Same
    }

    /// Does what is left of publishing it.
    pub(crate) fn finish(self, sync: bool) -> Result<(), StoreError> {
        let finished = self.file.finish(sync);
        drop(self.journal);
        finished
    }
}

fn is_what_the_journal_says(
    found: &Unfinished,
    journal: &Decoded,
    stop: &AtomicBool,
) -> Result<bool, StoreError> {
    let claims = Claims::of(journal);
    if found.length()?.0 != journal.header.length || !claims.is_complete() {
        return Ok(false);
    }
    let hash_block = |range| found.hash_block(range);
    let all = claims.verify(hash_block, |finding| match finding {
        Finding::Verified(_) if !stop.load(Ordering::Relaxed) => ControlFlow::Continue(()),
        Finding::Verified(_) | Finding::Rejected(_) => ControlFlow::Break(()),
    })?;
    Ok(all.is_continue())
}
