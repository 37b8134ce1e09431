//! Owns the steps of a download whose bytes a reader gets in order: fetch, and begin again only
//! where that cannot mix what the reader has with anything else. Nothing is kept.

use range_core::digest::Digest;
use scheduler::{Beginning, Outcome, Request};

use super::finish::mismatch;
use super::remains::failure;
use super::{Session, Way};
use crate::driver::{self, Driver, Fetched, Start};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, RestartReason};
use crate::first::First;
use crate::ordered::{BoxWriter, Ordered, Output};
use crate::progress::Phase;
use crate::report::{Completion, Report};
use crate::sink::Destination;
use crate::worker::AttemptError;

impl Session {
    /// Runs a download to a writer.
    pub(crate) async fn run_in_order(
        mut self,
        first: Option<First>,
        writer: BoxWriter,
    ) -> Result<Report, Error> {
        // Only bytes of one version are of use to a reader: what a digest tells comes too late.
        self.is_strict = true;
        self.tally.retries = first.as_ref().map_or(0, |first| first.retries);
        let ordered = Ordered::default();
        let algorithms = self.task.algorithms();
        let window = self.task.settings.window.0;
        let mut output = Output::start(ordered.clone(), writer, algorithms, window, &self.pool);
        let ended = match self.fetch_in_order(&ordered, &output, first).await {
            Ok((fetched, length)) => {
                ordered.ends_at(length);
                self.deliver(&mut output, fetched, length).await
            }
            Err(error) => {
                let is_over = [ErrorKind::Cancelled, ErrorKind::Disk, ErrorKind::Unread];
                if !is_over.contains(&error.kind()) {
                    // The reader gets what there is.
                    ordered.ends_here();
                    let _also = self.written(&mut output).await;
                }
                Err(error)
            }
        };
        ended.map_err(|error| error.after(output.written()))
    }

    /// Waits until the reader has everything, and makes sure that it has the right digests.
    async fn deliver(
        self,
        output: &mut Output,
        fetched: Fetched,
        length: u64,
    ) -> Result<Report, Error> {
        self.progress.set_phase(Phase::Verifying);
        self.events.send(Event::Verifying);
        let digests = self.written(output).await?;
        if let Some(error) = mismatch(&self.task.settings.digests, &digests) {
            return Err(error);
        }
        let generation = fetched.generation.as_ref();
        let verified = self.verified(generation, fetched.all_agree);
        let expected = fetched.expected.as_ref();
        let media_type = expected.and_then(|expected| expected.media_type.as_ref());
        let remote = self.remote(generation, media_type);
        let (done, coding) = (Completion::Downloaded, fetched.coding);
        Ok(self.report(done, length, verified, digests, coding, remote))
    }

    /// Waits until the writer has everything, unless it is told to stop.
    async fn written(&self, output: &mut Output) -> Result<Vec<Digest>, Error> {
        let mut cancelled = self.cancelled.clone();
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled))
            }
            digests = output.finish() => digests,
        }
    }

    /// Fetches the file until every byte has come. Returns its length as well.
    async fn fetch_in_order(
        &mut self,
        ordered: &Ordered,
        output: &Output,
        first: Option<First>,
    ) -> Result<(Fetched, u64), Error> {
        let mut start = self.start(Beginning::Fresh, driver::From::Nothing(None));
        if let Some(First {
            request: Request::Whole,
            ..
        }) = &first
        {
            self.way = Way::Stream;
            start.beginning = Beginning::SingleStream;
        }
        start.first = first;
        loop {
            let destination = Destination::Reader(ordered.clone());
            let context = self.context(destination, output.reading());
            let fetched = Driver::new(context, start, &mut self.tally).run().await;
            match fetched.outcome {
                Ok(Outcome::Complete { length }) if length >= ordered.given() => {
                    return Ok((fetched, length));
                }
                // The file is shorter than what the reader has of it.
                Ok(Outcome::Complete { .. }) => return Err(other_bytes()),
                Ok(_) | Err(_) => start = self.again_in_order(ordered, fetched).await?,
            }
        }
    }

    /// Returns how it goes on after a fetch that was not completed.
    ///
    /// Once the reader has bytes, the file can only come anew in one stream, whose beginning is
    /// compared with them. That is worth it where the server cannot be trusted with ranges, which
    /// shows early. Later, a file that changes is the end.
    async fn again_in_order(
        &mut self,
        ordered: &Ordered,
        fetched: Fetched,
    ) -> Result<Start, Error> {
        let given = ordered.given();
        if let Ok(Outcome::Changed) = fetched.outcome
            && given > 0
            && (self.way != Way::Ranges || given > self.task.settings.window.0)
        {
            let is_other = matches!(fetched.last_error, Some(AttemptError::OtherBytes(_)));
            return Err(if is_other { other_bytes() } else { changed() });
        }
        let Some(reason) = self.way_on(&fetched) else {
            return Err(failure(&self.task, fetched));
        };
        if given > 0 {
            self.doubts_validators |= reason == RestartReason::Changed;
            self.way = Way::Stream;
        }
        if self.tally.fetched_bytes > 0 {
            self.events.send(Event::Restarting { reason });
        }
        let (fetched, served) = self.ask_first(fetched).await?;
        self.tally.wasted_bytes += self.tally.fetched_bytes;
        self.tally.fetched_bytes = 0;
        let beginning = if self.way == Way::Ranges {
            Beginning::Fresh
        } else {
            Beginning::SingleStream
        };
        let mut start = self.start(beginning, driver::From::Nothing(fetched.expected));
        start.first = served.map(|(first, _)| first);
        Ok(start)
    }
}

fn other_bytes() -> Error {
    Error::new(ErrorKind::Changed, Cause::OtherBytes)
}

fn changed() -> Error {
    Error::new(ErrorKind::Changed, Cause::ChangedWhileRead)
}
