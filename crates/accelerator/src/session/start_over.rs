//! Owns the steps after a fetch that cannot be completed: the choice of another way, the question
//! that is asked before it is taken, and the bytes that are kept. Knows nothing of how a file is
//! fetched.

use std::sync::Arc;

use range_core::http::validator::Agreement;
use range_store::OlderVersions;
use scheduler::failure::FailureClass;
use scheduler::{Beginning, Outcome, Request, Route};

use super::{Session, can_be_continued, failure};
use crate::driver::{self, Fetched, Start};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, RestartReason};
use crate::generation::Generation;
use crate::target::{Target, is_of};
use crate::transport::Transport;
use crate::transport::error::TransportError;
use crate::transport::judge_reply::{Accepted, accept};
use crate::worker::AttemptError;

/// The number of times one run follows the file to another version by ranges. After that it takes
/// one stream, whose bytes are of one version whatever the server says. The number is two, because
/// a server that went back to the version before has changed twice.
const CHANGES_MAX: u32 = 2;

impl Session {
    /// Returns why the download starts over, and prepares how, if that can help.
    pub(super) fn way_on(&mut self, fetched: &Fetched) -> Option<RestartReason> {
        match &fetched.outcome {
            // The newer version is not the expected one.
            Ok(Outcome::Changed) if self.unproven.is_some() => return None,
            Ok(Outcome::Changed) if !self.plain && self.changes < CHANGES_MAX => {
                self.changes += 1;
                return Some(RestartReason::Changed);
            }
            Ok(Outcome::Changed) if !self.plain => self.doubts_validators = true,
            Ok(Outcome::SingleStreamNeeded) if !self.plain => {
                // No two replies agreed on what the file is.
                let last = fetched.last_error.as_ref();
                self.doubts_validators |= last.is_some_and(says_that_it_changed);
            }
            Ok(Outcome::Failed(FailureClass::Refused))
                if !self.plain && fetched.last_error.as_ref().is_some_and(blames_the_range) => {}
            Ok(_) | Err(_) => return None,
        }
        self.plain = true;
        Some(RestartReason::RangesUnreliable)
    }

    /// Begins anew, with the fetched bytes set aside until something better is complete.
    pub(super) async fn start_over(
        &mut self,
        target: &Arc<Target>,
        transport: &Transport,
        older: &mut OlderVersions,
        mut fetched: Fetched,
        reason: RestartReason,
    ) -> Result<Start, Error> {
        let mut served = None;
        if reason != RestartReason::Unproven {
            (fetched, served) = self.ask_first(transport, fetched).await?;
        }
        let generation = served.map(|served| served.generation);
        let is_back = reason == RestartReason::Changed
            && generation
                .as_ref()
                .is_some_and(|served| is_same(&fetched, served));
        let expected = fetched.expected.clone();
        let place = generation.and_then(|served| older.find(|header| is_of(header, &served)));
        self.tally.wasted_bytes += self.tally.fetched_bytes;
        self.tally.fetched_bytes = 0;
        self.tally.resumed_bytes = 0;
        if is_back {
            drop(fetched);
            return Ok(self.begin(target.find()?));
        }
        self.events.send(Event::Restarting { reason });
        self.keep(older, fetched, place, reason)?;
        if let Some(at) = place.filter(|_| !self.plain) {
            older.put_back(at)?;
            return Ok(self.begin(target.find()?));
        }
        let beginning = if self.plain {
            Beginning::SingleStream
        } else {
            Beginning::Fresh
        };
        Ok(self.start(beginning, driver::From::Nothing(expected)))
    }

    /// A version that is complete and has not the digest that is expected makes way, once, for an
    /// older one that waits: that may be the one the digest is of.
    pub(super) fn fall_back(
        &mut self,
        target: &Target,
        older: &mut OlderVersions,
        fetched: Fetched,
        error: Error,
    ) -> Result<Start, Error> {
        let may_help = error.kind() == ErrorKind::Corrupt && self.unproven.is_none();
        let at = older.fullest().filter(|_| may_help);
        let (Some(at), Some(file)) = (at, fetched.file) else {
            return Err(error);
        };
        let reason = RestartReason::Unproven;
        self.events.send(Event::Restarting { reason });
        self.unproven = Some(error);
        file.discard()?;
        drop(file);
        older.put_back(at)?;
        Ok(self.begin(target.find()?))
    }

    /// Sets aside the bytes that a later run could continue, and throws away those that none could.
    fn keep(
        &self,
        older: &mut OlderVersions,
        fetched: Fetched,
        place: Option<usize>,
        reason: RestartReason,
    ) -> Result<(), Error> {
        // Bytes that the digest has proven wrong as a whole are of no use to anybody.
        let is_wrong = reason == RestartReason::Unproven;
        let is_worth_it = !is_wrong && can_be_continued(&self.task, &fetched);
        drop(fetched.digester);
        match fetched.file {
            Some(file) if is_worth_it => older.set_aside(file, place)?,
            Some(file) => file.discard()?,
            None => {}
        }
        Ok(())
    }

    /// Asks for the file first, and does not read the reply: nothing is put aside for a file that
    /// is not served. Gives back what was fetched, with the reply if there was one.
    async fn ask_first(
        &self,
        transport: &Transport,
        mut fetched: Fetched,
    ) -> Result<(Fetched, Option<Accepted>), Error> {
        // Bytes of the file itself have come: its coded form is another one.
        let was_uncoded = fetched.generation.is_some() && fetched.coding.is_none();
        let request = if self.plain {
            Request::Whole
        } else {
            Request::First
        };
        let expected = fetched.expected.as_ref();
        let ask = async {
            let reply = transport.open(request, Route::Original).await?;
            let accepted = accept(request, expected, &reply.head)?;
            if accepted.coding.is_some() && was_uncoded {
                return Err(TransportError::Coded);
            }
            Ok(accepted)
        };
        let mut cancelled = self.cancelled.clone();
        let reply = tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                fetched.outcome = Ok(Outcome::Cancelled);
                return Err(failure(&self.task, fetched));
            }
            reply = tokio::time::timeout(self.task.settings.stall_timeout, ask) => reply,
        };
        let error = match reply {
            Ok(Ok(accepted)) => return Ok((fetched, Some(accepted))),
            Ok(Err(error)) if is_a_no(&error) => error,
            // Any other failure is met again by the fetch, which tries again.
            Ok(Err(_)) | Err(_) => return Ok((fetched, None)),
        };
        if let Ok(Outcome::Changed) = fetched.outcome {
            let cause = Cause::ChangedAndRefused(error);
            fetched.outcome = Err(Error::new(ErrorKind::Changed, cause));
        } else {
            fetched.outcome = Ok(Outcome::Failed(FailureClass::Refused));
            fetched.last_error = Some(AttemptError::Transport(error));
        }
        Err(failure(&self.task, fetched))
    }
}

/// Reports whether the file is not to be had: it is refused, or something else came in its place.
fn is_a_no(error: &TransportError) -> bool {
    matches!(
        error.disposition(),
        FailureClass::Refused | FailureClass::Stray
    )
}

/// Reports whether a reply is of the version that was fetched.
fn is_same(fetched: &Fetched, served: &Generation) -> bool {
    fetched.file.is_some()
        && fetched.generation.as_ref().is_some_and(|known| {
            known.length == served.length
                && known.validators.compare(&served.validators) == Agreement::Same
        })
}

fn says_that_it_changed(error: &AttemptError) -> bool {
    matches!(
        error,
        AttemptError::Transport(TransportError::Changed { .. })
    )
}

/// Reports whether a refusal may be of the range that was asked for, and not of the file: some
/// servers refuse ranges above a size, or any.
fn blames_the_range(error: &AttemptError) -> bool {
    let AttemptError::Transport(TransportError::Status { status, .. }) = error else {
        return false;
    };
    matches!(status, 400 | 403 | 416)
}
