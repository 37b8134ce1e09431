//! Owns what a run finds of earlier ones, what it leaves for later ones, and the error that tells
//! which. Fetches nothing.

use range_store::{OlderVersions, ResumableFile};
use scheduler::Outcome;
use scheduler::failure::FailureClass;

use crate::driver::Fetched;
use crate::error::{Cause, Error, ErrorKind, Loss};
use crate::generation::Generation;
use crate::target::{Found, Target};
use crate::task::Task;
use crate::worker::AttemptError;

/// Finds what an earlier run left, under the download's own names or beside them.
pub(super) fn find(
    target: &Target,
    older: &mut OlderVersions,
    resume: bool,
) -> Result<Found, Error> {
    if !resume {
        older.clear()?;
        return target.find();
    }
    older.recover()?;
    match (target.find()?, older.fullest()) {
        (Found::Nothing(_), Some(at)) => {
            older.put_back(at)?;
            target.find()
        }
        (found, _) => Ok(found),
    }
}

/// Gives an older version its name back if no newer one has it. Reports whether one is kept.
pub(super) fn keep_oldest(target: &Target, older: &mut OlderVersions) -> bool {
    let Some(at) = older.fullest() else {
        return false;
    };
    if target.location().has_part() {
        return true;
    }
    // If the version cannot have its name back now, the next run finds it where it is.
    let _moved = older.put_back(at);
    true
}

/// Reports whether the next run could go on from what was fetched.
pub(super) fn can_be_continued(task: &Task, fetched: &Fetched) -> bool {
    is_linked(task, fetched) && has_blocks(fetched)
}

fn has_blocks(fetched: &Fetched) -> bool {
    fetched.file.as_ref().is_some_and(ResumableFile::has_claims)
}

/// Reports whether something links the bytes of a later run to those that were fetched.
fn is_linked(task: &Task, fetched: &Fetched) -> bool {
    let can_prove = |generation: &Generation| {
        generation.length.is_some() && (generation.validators.is_strong() || task.expects_digest())
    };
    let file = fetched.file.as_ref();
    fetched.coding.is_none()
        && file.is_some_and(|file| file.length().is_some())
        && fetched.generation.as_ref().is_some_and(can_prove)
}

/// Removes what no later run can continue: nothing links other bytes to those of a stream of
/// unknown length, and a file without a whole block has nothing to continue.
fn clear_away(fetched: &Fetched) {
    let is_of_no_use = |file: &&ResumableFile| file.length().is_none() || !file.has_claims();
    if let Some(file) = fetched.file.as_ref().filter(is_of_no_use) {
        // The error that ends the download is the one to report.
        let _removed = file.discard();
    }
}

/// Returns the error of a download that was neither completed nor started over.
pub(super) fn failure(task: &Task, fetched: Fetched) -> Error {
    let has_kept = can_be_continued(task, &fetched);
    let is_lost = fetched.file.is_some() && !is_linked(task, &fetched);
    let loss = Some(Loss::Unlinked).filter(|_| is_lost);
    clear_away(&fetched);
    let failing = fetched.failing;
    let error = match (fetched.outcome, fetched.last_error) {
        (Err(error), _) => error,
        (Ok(Outcome::Cancelled), _) => Error::new(ErrorKind::Cancelled, Cause::Cancelled),
        (Ok(Outcome::Changed | Outcome::SingleStreamNeeded), _) => {
            Error::new(ErrorKind::Network, Cause::NoWayLeft)
        }
        (Ok(Outcome::Failed(FailureClass::Stalled)), _) => {
            Error::new(ErrorKind::Network, Cause::Stalled)
        }
        (Ok(Outcome::Failed(FailureClass::Unanswered)), _) => {
            Error::new(ErrorKind::Network, Cause::Unanswered)
        }
        (Ok(_), Some(AttemptError::Transport(error))) => error.into(),
        (Ok(_), Some(AttemptError::Store(error))) => error.into(),
        (Ok(_), Some(AttemptError::OtherBytes(_))) => {
            Error::new(ErrorKind::Changed, Cause::OtherBytes)
        }
        (Ok(Outcome::Failed(FailureClass::Interrupted)), None) => {
            Error::new(ErrorKind::Network, Cause::Crumbs)
        }
        (Ok(_), None) => Error::new(ErrorKind::Internal, Cause::WorkerLost),
    };
    let error = if error.kind() == ErrorKind::Network {
        error.given_up(failing)
    } else {
        error
    };
    error.keeping(has_kept).losing(loss)
}
