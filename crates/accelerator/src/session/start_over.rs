//! Owns the steps after a fetch that cannot be completed: the choice of another way, the question
//! that is asked before it is taken, and the bytes that are kept. Knows nothing of how a file is
//! fetched.

use std::sync::Arc;
use std::time::Duration;

use range_store::OlderVersions;
use scheduler::failure::FailureClass;
use scheduler::limits::RETRY_AFTER_MAX;
use scheduler::{Beginning, Body, Outcome, Request, Route};

use super::remains::{can_be_continued, failure};
use super::{Session, Way};
use crate::driver::{self, Fetched, Start};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, RestartReason};
use crate::first::First;
use crate::generation::{Expected, Generation};
use crate::target::{Target, is_of};
use crate::threads::run_on;
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
            // It was not to be written over the bytes of the version before.
            Ok(Outcome::Changed) if self.way == Way::StreamOver => {
                return Some(RestartReason::Changed);
            }
            Ok(Outcome::Changed) if !self.is_plain() && self.changes < CHANGES_MAX => {
                self.changes += 1;
                return Some(RestartReason::Changed);
            }
            Ok(Outcome::Changed) if !self.is_plain() => self.doubts_validators = true,
            Ok(Outcome::SingleStreamNeeded) if !self.is_plain() => {
                // No two replies agreed on what the file is.
                let last = fetched.last_error.as_ref();
                self.doubts_validators |= last.is_some_and(says_that_it_changed);
            }
            Ok(Outcome::Failed(class))
                if !self.is_plain() && self.is_of_the_range(*class, fetched) => {}
            Ok(_) | Err(_) => return None,
        }
        self.way = Way::Stream;
        if fetched.last_error.as_ref().is_some_and(came_in_part) {
            self.loss = None;
        }
        Some(RestartReason::RangesUnreliable)
    }

    /// Begins anew, with the fetched bytes set aside until something better is complete.
    pub(super) async fn start_over(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        mut fetched: Fetched,
        reason: RestartReason,
    ) -> Result<Start, Error> {
        let _of_another_version = self.adopted.forget();
        let mut served = None;
        let is_last_resort = self.is_last_resort(&fetched);
        if reason != RestartReason::Unproven {
            (fetched, served) = self.ask_first(fetched).await?;
        }
        let (mut first, generation) = match served {
            Some((first, served)) => (Some(first), Some(served.generation)),
            None => (None, None),
        };
        let is_same = generation
            .as_ref()
            .is_some_and(|served| is_same(&fetched, served));
        // A part that was to be written over once, and was of another version then, is set aside.
        let was_over = self.way == Way::StreamOver;
        let mut is_back = reason == RestartReason::Changed && is_same && !was_over;
        if is_last_resort
            && let Some(plain) = &first
            && let Some(ranged) = self.ask_for_ranges(&fetched, plain).await
        {
            self.way = Way::Ranges;
            is_back = fetched.file.is_some();
            first = Some(ranged);
        }
        // A message that the checksum has disproven tells nothing of what the file looks like.
        let is_told_by =
            |expected: &Expected| reason != RestartReason::Unproven || !expected.is_of_a_message();
        let expected = fetched.expected.clone().filter(is_told_by);
        let place = generation.and_then(|served| older.find(|header| is_of(header, &served)));
        self.tally.wasted_bytes += self.tally.fetched_bytes;
        self.tally.fetched_bytes = 0;
        self.tally.resumed_bytes = 0;
        if is_back {
            drop(fetched);
            return Ok(self.begin(target.find()?));
        }
        self.tell(reason, &fetched);
        let may_be_over = is_same && self.is_plain() && !was_over;
        if self.is_plain() {
            self.way = Way::Stream;
        }
        if may_be_over
            && can_be_continued(&self.task, &fetched)
            && let (Some(file), Some(expected)) = (fetched.file.take(), &expected)
        {
            self.way = Way::StreamOver;
            let from = driver::From::Same(file, expected.clone());
            let mut start = self.start(Beginning::SingleStream, from);
            start.first = first;
            return Ok(start);
        }
        self.keep(older, fetched, place, reason)?;
        if let Some(at) = place.filter(|_| !self.is_plain()) {
            older.put_back(at)?;
            return Ok(self.begin(target.find()?));
        }
        let beginning = if self.is_plain() {
            Beginning::SingleStream
        } else {
            Beginning::Fresh
        };
        let mut start = self.start(beginning, driver::From::Nothing(expected));
        start.first = first;
        Ok(start)
    }

    /// Reports whether a failure may be of the range that was asked for, and not of the file: some
    /// servers refuse ranges above a size, or any, in whatever way. Where bytes came in this run,
    /// only a refusal says so.
    fn is_of_the_range(&self, class: FailureClass, fetched: &Fetched) -> bool {
        let may_be = fetched.last_error.as_ref().is_some_and(
            |error| matches!(error, AttemptError::Transport(error) if error.may_be_of_a_range()),
        );
        match class {
            FailureClass::Refused => may_be,
            FailureClass::Unanswered => !self.was_served(fetched),
            FailureClass::Busy { .. } | FailureClass::Interrupted | FailureClass::Stray => {
                may_be && !self.was_served(fetched)
            }
            FailureClass::Changed
            | FailureClass::Misplaced
            | FailureClass::RangeIgnored
            | FailureClass::Stalled
            | FailureClass::Storage
            | FailureClass::Unreachable
            | FailureClass::Untrusted => false,
        }
    }

    fn was_served(&self, fetched: &Fetched) -> bool {
        let expected = fetched.expected.as_ref();
        self.tally.fetched_bytes > 0 && expected.is_some_and(|expected| expected.is_of_this_run)
    }

    /// Reports whether the file was never to be had by ranges, so that it is asked for once as a
    /// browser does, and that is the last of it.
    fn is_last_resort(&self, fetched: &Fetched) -> bool {
        matches!(fetched.outcome, Ok(Outcome::Failed(_))) && !self.was_served(fetched)
    }

    /// Asks a server once more for ranges that has refused them, and then had the whole file to
    /// give: it may have been out for a while. Not where nothing is to be had from that.
    async fn ask_for_ranges(&mut self, fetched: &Fetched, plain: &First) -> Option<First> {
        let is_worth_it = fetched.file.is_some() || plain.reply.head.accepts_ranges;
        if std::mem::replace(&mut self.asked_again, true) || !is_worth_it {
            return None;
        }
        let asked = self.clock.now();
        let transport = self.asked.ask_who_served();
        let ask = run_on(&self.pool, async move {
            transport.open(Request::First, Route::Original).await
        });
        let reply = tokio::time::timeout(self.task.settings.stall_timeout, ask).await;
        let reply = reply.ok()?.ok()?.ok()?;
        let accepted = accept(Request::First, fetched.expected.as_ref(), &reply.head).ok()?;
        let is_part = matches!(accepted.body, Body::Part { .. });
        let can_go_on = fetched.file.is_none() || is_same(fetched, &accepted.generation);
        (is_part && can_go_on).then(|| First {
            request: Request::First,
            source: self.asked.serving(),
            reply,
            took: self.clock.now().since(asked),
            retries: 0,
        })
    }

    fn is_plain(&self) -> bool {
        self.way != Way::Ranges
    }

    /// Tells why it starts over, if there was anything to start over from.
    fn tell(&self, reason: RestartReason, fetched: &Fetched) {
        if fetched.file.is_none() {
            return;
        }
        let is_coded = reason == RestartReason::RangesUnreliable && fetched.coding.is_some();
        let reason = if is_coded {
            RestartReason::Coded
        } else {
            reason
        };
        self.events.send(Event::Restarting { reason });
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

    /// Asks for the file first: nothing is put aside for a file that is not served. Gives back what
    /// was fetched, with the reply if there was one, whose content is still to be read.
    pub(super) async fn ask_first(
        &self,
        mut fetched: Fetched,
    ) -> Result<(Fetched, Option<(First, Accepted)>), Error> {
        let is_last_resort = self.is_last_resort(&fetched);
        // Bytes of the file itself have come: its coded form is another one.
        let was_uncoded = fetched.generation.is_some() && fetched.coding.is_none();
        let request = if self.is_plain() {
            Request::Whole
        } else {
            Request::First
        };
        let expected = fetched.expected.clone();
        let transport = self.asked.ask_who_served();
        let source = self.asked.serving();
        let wait = asked_to_wait(&fetched);
        let patience = self.task.settings.first_byte_timeout;
        let (clock, began) = (self.clock, self.clock.now());
        let ask = run_on(&self.pool, async move {
            tokio::time::sleep(wait).await;
            let asked = clock.now();
            let open = transport.open(request, Route::Original);
            let reply = tokio::time::timeout(patience, open).await;
            let reply = reply.map_err(|_| TransportError::Silent)??;
            let accepted = accept(request, expected.as_ref(), &reply.head)?;
            if accepted.coding.is_some() && was_uncoded {
                return Err(TransportError::Coded);
            }
            let first = First {
                request,
                source,
                reply,
                took: clock.now().since(asked),
                retries: 0,
            };
            Ok((first, accepted))
        });
        let mut cancelled = self.cancelled.clone();
        let reply = tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                fetched.outcome = Ok(Outcome::Cancelled);
                return Err(failure(&self.task, fetched));
            }
            reply = ask => reply?,
        };
        let error = match reply {
            Ok(served) => return Ok((fetched, Some(served))),
            Err(error) if is_last_resort || is_a_no(&error) => error,
            // Any other failure is met again by the fetch, which tries again.
            Err(_) => return Ok((fetched, None)),
        };
        fetched.failing.requests += 1;
        fetched.failing.without_range += u32::from(request == Request::Whole);
        fetched.failing.span += self.clock.now().since(began);
        if let Ok(Outcome::Changed) = fetched.outcome {
            let cause = Cause::ChangedAndRefused(error);
            fetched.outcome = Err(Error::new(ErrorKind::Changed, cause));
        } else {
            fetched.outcome = Ok(Outcome::Failed(error.disposition()));
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
    let known = fetched.generation.as_ref();
    fetched.file.is_some() && known.is_some_and(|known| known.is_surely(served))
}

fn says_that_it_changed(error: &AttemptError) -> bool {
    matches!(
        error,
        AttemptError::Transport(TransportError::Changed { .. })
    )
}

fn came_in_part(error: &AttemptError) -> bool {
    matches!(
        error,
        AttemptError::Transport(TransportError::Misplaced { .. })
    )
}

/// Returns the time that the last refusal has asked to wait.
fn asked_to_wait(fetched: &Fetched) -> Duration {
    let wait = match &fetched.last_error {
        Some(AttemptError::Transport(TransportError::Status { retry_after, .. })) => *retry_after,
        _ => None,
    };
    wait.unwrap_or_default().min(RETRY_AFTER_MAX)
}
