//! Owns the judgement of a file that has the final name already: whether a download is complete
//! before it begins. Asks the server one question at most, and changes nothing but to finish what
//! an earlier run began.

use std::sync::Arc;

use range_core::digest::Digest;
use range_core::http::validator::Agreement;
use range_store::disk::{Kind, Metadata};
use range_store::{Provenance, ReadOnlyFile, StoreError, Unfinished};
use scheduler::{Request, Route, SchedulerConfig, SourceId};
use tokio::runtime::Handle;

use crate::blocking;
use crate::digester::Digester;
use crate::error::{Cause, Error, ErrorKind, Occupied};
use crate::events::Events;
use crate::first;
use crate::generation::{Expected, Generation};
use crate::progress::{Phase, ProgressHandle};
use crate::report::Completion;
use crate::settings::Exists;
use crate::sources::Sources;
use crate::stored_url;
use crate::target::Target;
use crate::task::Task;
use crate::threads::run_on;
use crate::transport::error::TransportError;
use crate::transport::head::Head;
use crate::transport::judge_reply::accept;
use crate::transport::media_type::MediaType;

/// A file that has its name already, with which the download is over.
#[derive(Debug)]
pub(crate) struct AlreadyThere {
    pub(crate) completion: Completion,
    pub(crate) length: u64,
    /// The version; `None` if only its digest is known, or nothing.
    pub(crate) generation: Option<Generation>,
    /// The content coding that its bytes are in.
    pub(crate) coding: Option<String>,
    /// The number of requests that were made in vain.
    pub(crate) retries: u64,
    /// True if a part file stands beside it.
    pub(crate) has_part: bool,
}

/// The means to ask the one question.
#[derive(Debug)]
pub(crate) struct Asking {
    pub(crate) sources: Sources,
    pub(crate) pool: Handle,
    pub(crate) events: Events,
    pub(crate) config: SchedulerConfig,
    /// The head of the answer, if it was asked already.
    pub(crate) head: Option<(Request, Head)>,
}

/// The state of the final name before a download begins.
struct Found {
    /// A file that an earlier run published, and was killed before it could say so.
    published: Option<Unfinished>,
    /// The entry that has the name.
    entry: Option<Metadata>,
}

/// Returns the file that is there already, and whether a part file stands beside it. That may have
/// bytes that are worth something to somebody, so it stays.
pub(crate) async fn already_there(
    target: &Arc<Target>,
    asking: Asking,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    let Some(there) = find(target, asking, task, progress).await? else {
        return Ok(None);
    };
    let looking = Arc::clone(target);
    let has_part = blocking::run(move |_| looking.location().has_part()).await?;
    Ok(Some(AlreadyThere { has_part, ..there }))
}

/// Returns the file that is there already, if the download has nothing to do about it: an earlier
/// run published it and was killed before it could say so, it has every digest that is expected,
/// the server still has the version that it is, or it is not to be looked at. Fails if what is
/// there must not be replaced.
async fn find(
    target: &Arc<Target>,
    asking: Asking,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    let Found { published, entry } = look(target).await?;
    let exists = task.settings.exists;
    if let Some(published) = published
        && let Some(there) = is_finished(published, target, &asking, task, progress).await?
    {
        return Ok(Some(there));
    }
    let Some(entry) = entry else {
        return Ok(None);
    };
    match (entry.kind, exists) {
        (Kind::Directory, _) => return Err(Occupied::Directory.into()),
        (Kind::Other, _) => return Err(Occupied::NoFile.into()),
        (_, Exists::Overwrite) => return Ok(None),
        (_, Exists::Error | Exists::Rename) => return Err(Occupied::Exists.into()),
        (Kind::Symlink, _) => return Err(Occupied::Link.into()),
        (Kind::Regular, Exists::Continue | Exists::Verify | Exists::Skip) => {}
    }
    let judged = judge(target, asking, task, &entry, progress).await;
    match judged {
        Err(error) if exists == Exists::Continue && error.kind() == ErrorKind::Exists => Ok(None),
        judged => judged.map(Some),
    }
}

/// Returns the file that is there, if it is the one that is asked for. Fails if it is not, or if
/// nothing tells.
async fn judge(
    target: &Arc<Target>,
    asking: Asking,
    task: &Task,
    entry: &Metadata,
    progress: &ProgressHandle,
) -> Result<AlreadyThere, Error> {
    let exists = task.settings.exists;
    if task.expects_digest() {
        let length = has_the_digests(target, task, progress).await?;
        return Ok(AlreadyThere::complete(length, None));
    }
    if exists == Exists::Skip {
        return Ok(AlreadyThere {
            completion: Completion::Skipped,
            ..AlreadyThere::complete(entry.length, None)
        });
    }
    is_current(target, asking, task, entry, progress).await
}

impl AlreadyThere {
    fn complete(length: u64, generation: Option<Generation>) -> Self {
        Self {
            completion: Completion::AlreadyComplete,
            length,
            generation,
            coding: None,
            retries: 0,
            has_part: false,
        }
    }
}

/// Looks at the disk, which may take its time.
async fn look(target: &Arc<Target>) -> Result<Found, Error> {
    let looking = Arc::clone(target);
    let found = blocking::run(move |wanted| {
        let location = looking.location();
        Ok::<_, StoreError>(Found {
            published: location.unfinished(|| wanted.proceed())?,
            entry: location.final_entry()?,
        })
    });
    Ok(found.await??)
}

/// Does the rest of a publish, if what was published is the file that is asked for.
async fn is_finished(
    published: Unfinished,
    target: &Target,
    asking: &Asking,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<Option<AlreadyThere>, Error> {
    let is_it = if task.expects_digest() {
        match has_the_digests(target, task, progress).await {
            Ok(_) => true,
            Err(error) if error.kind() == ErrorKind::Exists => false,
            Err(error) => return Err(error),
        }
    } else {
        is_of_url(&published, task) || is_served(&published, asking, task).await?
    };
    if !is_it {
        return Ok(None);
    }
    let generation = generation(&published);
    let length = generation.length.expect("a journal states the length");
    published.finish(task.settings.sync)?;
    Ok(Some(AlreadyThere::complete(length, Some(generation))))
}

/// Returns the length of the final file, which has the digests that are expected now. The file is
/// read for that: digests that an earlier run expected prove nothing.
async fn has_the_digests(
    target: &Target,
    task: &Task,
    progress: &ProgressHandle,
) -> Result<u64, Error> {
    let file = target.location().open_final().map_err(Error::unreadable)?;
    progress.set_phase(Phase::Verifying);
    let length = file.length()?.0;
    let mut digester = Digester::of_file(file, task.algorithms());
    let actual = digester.finish(length).await?;
    match differing(&task.settings.digests, &actual) {
        Some((expected, actual)) => Err(Occupied::OtherDigest { expected, actual }.into()),
        None => Ok(length),
    }
}

fn differing(expected: &[Digest], actual: &[Digest]) -> Option<(Digest, Digest)> {
    let mut pairs = expected.iter().copied().zip(actual.iter().copied());
    pairs.find(|(expected, actual)| expected != actual)
}

/// Returns the final file, if its record says that it is from this URL, the server still has that
/// version, and it was not changed. An empty file needs no record: all of them are alike.
async fn is_current(
    target: &Arc<Target>,
    asking: Asking,
    task: &Task,
    entry: &Metadata,
    progress: &ProgressHandle,
) -> Result<AlreadyThere, Error> {
    let looking = Arc::clone(target);
    let kept = blocking::run(move |_| {
        let file = looking.location().open_final()?;
        Ok(known(&file))
    });
    let kept = kept.await?.map_err(Error::unreadable)?;
    let is_empty = entry.length == 0;
    let kept = match kept {
        Some((length, kept)) if stored_url::is_sealed(&kept.source, &task.url) => {
            Some((length, kept))
        }
        Some(_) if !is_empty => return Err(Occupied::OtherUrl.into()),
        None if !is_empty => return Err(Occupied::Unknown.into()),
        Some(_) | None => None,
    };
    let (request, head, retries) = ask(asking).await.map_err(Error::of_a_file_that_is_there)?;
    let there = |length, generation| AlreadyThere {
        retries,
        ..AlreadyThere::complete(length, generation)
    };
    if is_empty && is_empty_there(request, &head).map_err(Error::of_a_file_that_is_there)? {
        return Ok(there(0, None));
    }
    let (length, kept) = kept.ok_or(Occupied::Unknown)?;
    let served = compare(&kept, length, request, &head);
    match served.map_err(|error| Error::from(error).of_a_file_that_is_there())? {
        Agreement::Same => {}
        Agreement::Different => return Err(Occupied::OtherVersion.into()),
        Agreement::Unknown => return Err(Occupied::Unknown.into()),
    }
    progress.set_phase(Phase::Verifying);
    let looking = Arc::clone(target);
    let is_unchanged = blocking::run(move |wanted| {
        let file = looking.location().open_final()?;
        file.is_unchanged(|| wanted.proceed())
    });
    if !is_unchanged.await?? {
        return Err(Occupied::Altered.into());
    }
    Ok(AlreadyThere {
        coding: kept.coding,
        ..there(
            length,
            Some(Generation {
                length: Some(length),
                validators: kept.validators,
            }),
        )
    })
}

/// Reports whether the server has an empty file.
fn is_empty_there(request: Request, head: &Head) -> Result<bool, Error> {
    let accepted = accept(request, None, head)?;
    Ok(accepted.generation.length == Some(0) && accepted.coding.is_none())
}

fn known(file: &ReadOnlyFile) -> Option<(u64, Provenance)> {
    Some((file.length().ok()?.0, file.provenance()?))
}

/// Returns the answer to the first request of a download. Its body is not read.
async fn ask(asking: Asking) -> Result<(Request, Head, u64), Error> {
    if let Some((request, head)) = asking.head {
        return Ok((request, head, 0));
    }
    let ask = first::ask(asking.config, asking.sources, asking.events);
    let first = run_on(&asking.pool, ask).await??;
    Ok((first.request, first.reply.head, first.retries))
}

/// Compares what the server has with a file that is kept whole.
fn compare(
    kept: &Provenance,
    length: u64,
    request: Request,
    head: &Head,
) -> Result<Agreement, TransportError> {
    let generation = Generation {
        length: Some(length),
        validators: kept.validators.clone(),
    };
    let expected = Expected {
        generation,
        media_type: kept.media_type.as_deref().map(MediaType::from_journal),
        is_of_this_run: false,
        digest_decides: false,
    };
    let accepted = match accept(request, Some(&expected), head) {
        Err(TransportError::Changed { .. }) => return Ok(Agreement::Different),
        accepted => accepted?,
    };
    let served = &accepted.generation;
    if accepted.coding != kept.coding || served.length.is_some_and(|served| served != length) {
        return Ok(Agreement::Different);
    }
    Ok(kept.validators.compare_whole(&served.validators))
}

/// Reports whether the URL leads to the file that an earlier run published.
async fn is_served(published: &Unfinished, asking: &Asking, task: &Task) -> Result<bool, Error> {
    let transport = asking.sources.ask(SourceId(0));
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

#[cfg(test)]
mod tests;
