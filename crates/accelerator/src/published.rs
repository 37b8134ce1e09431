//! Owns the judgement of a file that has the final name already: whether a download is complete
//! before it begins. Asks the server one question at most, and changes nothing but to finish what
//! an earlier run began.

use std::sync::Arc;

use range_core::http::validator::Agreement;
use range_store::Unfinished;
use scheduler::{Request, Route};
use tokio::runtime::Handle;

use crate::blocking;
use crate::digester::Digester;
use crate::error::{Cause, Error, ErrorKind};
use crate::generation::Generation;
use crate::progress::{Phase, ProgressHandle};
use crate::stored_url;
use crate::target::Target;
use crate::task::Task;
use crate::threads::run_on;
use crate::transport::Transport;
use crate::transport::judge_reply::accept;

/// A file that has its name and is the one that the download would have made.
#[derive(Debug)]
pub(crate) struct AlreadyThere {
    pub(crate) length: u64,
    /// The version; `None` if only its digest is known.
    pub(crate) generation: Option<Generation>,
}

/// The means to ask the one question.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) transport: Arc<Transport>,
    pub(crate) pool: Handle,
}

/// Reports whether the file is there already: an earlier run published it and was killed before it
/// could say so, or it has every digest that is expected.
pub(crate) async fn already_there(
    target: &Arc<Target>,
    asking: &Asking,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    let looking = Arc::clone(target);
    let published =
        blocking::run(move |wanted| looking.location().unfinished(|| wanted.proceed())).await??;
    if task.expects_digest() {
        return has_the_digests(target, published, task, progress).await;
    }
    let Some(published) = published else {
        return Ok(None);
    };
    if !is_of_url(&published, task) && !is_served(&published, asking, task).await? {
        return Ok(None);
    }
    let generation = generation(&published);
    published.finish(task.settings.sync)?;
    Ok(Some(AlreadyThere {
        length: generation.length.expect("a journal states the length"),
        generation: Some(generation),
    }))
}

/// Reports whether the final file has the digests that are expected now. The file is read for that:
/// the digests in a journal's header were expected by the run that began it, and prove nothing.
async fn has_the_digests(
    target: &Target,
    published: Option<Unfinished>,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    if task.settings.overwrite && published.is_none() {
        return Ok(None);
    }
    let Some(file) = target.location().final_file() else {
        return Ok(None);
    };
    progress.set_phase(Phase::Verifying);
    let length = file.length()?.0;
    let mut digester = Digester::of_file(file, task.algorithms());
    if digester.finish(length).await? != task.settings.digests {
        return Ok(None);
    }
    let generation = published.as_ref().map(generation);
    if let Some(published) = published {
        published.finish(task.settings.sync)?;
    }
    Ok(Some(AlreadyThere { length, generation }))
}

/// Reports whether the URL leads to the file that an earlier run published.
async fn is_served(published: &Unfinished, asking: &Asking, task: &Task) -> Result<bool, Error> {
    let transport = Arc::clone(&asking.transport);
    let ask = run_on(&asking.pool, async move {
        let reply = transport.open(Request::First, Route::Original).await?;
        accept(Request::First, None, &reply.head)
    });
    let reply = tokio::time::timeout(task.settings.first_byte_timeout, ask).await;
    let accepted = reply.map_err(|_| Error::new(ErrorKind::Network, Cause::Unanswered))???;
    let (header, served) = (published.header(), &accepted.generation);
    Ok(served.length.is_none_or(|served| served == header.length)
        && header.validators.compare(&served.validators) == Agreement::Same)
}

/// Returns the version of the remote file that was published.
fn generation(published: &Unfinished) -> Generation {
    let header = published.header();
    Generation {
        length: Some(header.length),
        validators: header.validators.clone(),
    }
}

/// Reports whether it came from the URL of this download, so that the server need not be asked.
fn is_of_url(published: &Unfinished, task: &Task) -> bool {
    let header = published.header();
    header.url == stored_url::stored(&task.url, header.session)
}
