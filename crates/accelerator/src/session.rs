//! Owns a download's order of steps: find what an earlier run left, fetch, start over if need be,
//! verify, publish. Knows nothing of how its steps are shown.

mod adopt;
mod adopted;
mod ask_alone;
mod finish;
mod in_order;
mod one_by_one;
mod remains;
mod reported;
mod start_over;

use std::num::NonZeroU16;
use std::sync::Arc;

use range_core::digest::Digest;
use range_core::units::RateLimit;
use range_store::{OlderVersions, ResumableFile};
use scheduler::{Beginning, Outcome, Request, SchedulerConfig, SourceId};
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::clock::Clock;
use crate::driver::{self, Context, Driver, Fetched, Start};
use crate::error::{Cause, Error, ErrorKind, Loss};
use crate::events::{Event, Events, RestartReason};
use crate::first::First;
use crate::ordered::Reading;
use crate::progress::{ProgressHandle, Tally};
use crate::published::{self, AlreadyThere};
use crate::report::Report;
use crate::settings::Exists;
use crate::sink::Destination;
use crate::sources::Sources;
use crate::target::{Found, Target, take_free_name};
use crate::task::Task;
use adopted::Adopted;
use one_by_one::OneByOne;
use remains::{failure, find, keep_oldest};

/// A file that needs nothing but its name.
struct Proven {
    file: ResumableFile,
    length: u64,
    digests: Vec<Digest>,
    /// True if the digests are those that the server claims, and not what anybody else expects.
    is_claimed: bool,
}

/// The way in which the file is fetched.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    /// By ranges, where the server serves them.
    Ranges,
    /// In one stream, without ranges.
    Stream,
    /// In one stream that is written over bytes of the same version.
    StreamOver,
}

/// One run of a download.
pub(crate) struct Session {
    clock: Clock,
    task: Arc<Task>,
    sources: Sources,
    /// Those of them that are asked.
    asked: Sources,
    one_by_one: OneByOne,
    adopted: Adopted,
    /// The threads on which requests are made, and bytes are received and written.
    pool: Handle,
    events: Events,
    progress: ProgressHandle,
    cancelled: watch::Receiver<bool>,
    rate_limit: watch::Receiver<Option<RateLimit>>,
    tally: Tally,
    /// The number of times that this run started over for a newer version.
    changes: u32,
    /// The reason why a version that was complete has made way for an older one.
    unproven: Option<Error>,
    /// True if bytes of one version only are accepted although a digest is expected.
    is_strict: bool,
    way: Way,
    /// The loss if a plain stream breaks off: none where the server sends parts, although not such
    /// as this run could use.
    loss: Option<Loss>,
    /// True if ranges were asked for once more after they had failed.
    asked_again: bool,
    /// True if the server changed its validators once too often to be believed.
    doubts_validators: bool,
}

impl Session {
    pub(crate) fn new(
        task: Arc<Task>,
        sources: Sources,
        pool: Handle,
        events: Events,
        progress: ProgressHandle,
        cancelled: watch::Receiver<bool>,
        rate_limit: watch::Receiver<Option<RateLimit>>,
    ) -> Self {
        let clock = Clock::start();
        progress.start(clock);
        Self {
            clock,
            task,
            asked: sources.clone(),
            sources,
            one_by_one: OneByOne::default(),
            adopted: Adopted::default(),
            pool,
            events,
            progress,
            cancelled,
            rate_limit,
            tally: Tally::default(),
            changes: 0,
            unproven: None,
            is_strict: false,
            way: Way::Ranges,
            loss: Some(Loss::NoRanges),
            asked_again: false,
            doubts_validators: false,
        }
    }

    /// Runs it. `first` is a reply to the first request, if that was sent already.
    pub(crate) async fn run(mut self, first: Option<First>) -> Result<Report, Error> {
        if self.task.settings.exists == Exists::Rename {
            take_free_name(&mut self.task)?;
        }
        let target = Arc::new(Target::open(Arc::clone(&self.task))?);
        self.tally.retries = first.as_ref().map_or(0, |first| first.retries);
        if let Some(there) = self.already_there(&target, first.as_ref()).await? {
            return Ok(self.has_found(there));
        }
        target.check_output()?;
        let first = self.adopt(&target, first).await?;
        let digest_expected = self.task.expects_digest();
        let mut older = OlderVersions::new(target.location().clone(), digest_expected);
        match self.fetch(&target, &mut older, first).await {
            Ok((proven, fetched)) => self.publish(&target, proven, fetched, older).await,
            Err(error) => {
                let error = self.of_all_together(error);
                let is_kept = keep_oldest(&target, &mut older);
                let has_kept = error.has_kept_bytes() || is_kept;
                let came = self.tally.fetched_bytes + self.tally.wasted_bytes;
                let came_plain = self.way != Way::Ranges && came > 0;
                let loss = self.loss.filter(|_| has_kept && came_plain);
                Err(error.keeping(has_kept).losing(loss))
            }
        }
    }

    /// Fetches the file until every byte of one version is there and proven.
    async fn fetch(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        first: Option<First>,
    ) -> Result<(Proven, Fetched), Error> {
        let found = find(target, older, self.task.settings.resume)?;
        let found = self.take_samples(target, found).await?;
        let mut start = self.begin(found);
        // A download that resumes asks for something else.
        start.first = first.filter(|_| matches!(start.beginning, Beginning::Fresh));
        if let Some(First {
            request: Request::Whole,
            ..
        }) = &start.first
        {
            self.way = Way::Stream;
            start.beginning = Beginning::SingleStream;
        }
        loop {
            let destination = Destination::File(Arc::clone(target));
            // Nobody reads the file yet.
            let (_, reading) = watch::channel(Reading::default());
            let context = self.context(destination, reading);
            let mut fetched = Driver::new(context, start, &mut self.tally).run().await;
            let next = if let Ok(Outcome::Complete { length }) = &fetched.outcome {
                let length = *length;
                if let Some(start) = self.differs(target, older, &mut fetched).await? {
                    Ok(start)
                } else {
                    match self.prove(target, &mut fetched, length).await {
                        Ok(proven) => return Ok((proven, fetched)),
                        Err(error) => self.disproven(target, older, fetched, error).await,
                    }
                }
            } else {
                self.incomplete(target, older, fetched).await
            };
            start = match next {
                Err(error) if self.may_ask_the_next(&error) => self.ask_next(target, error)?,
                next => next?,
            };
        }
    }

    fn context(&self, destination: Destination, reading: watch::Receiver<Reading>) -> Context {
        Context {
            task: Arc::clone(&self.task),
            destination,
            sources: self.asked.clone(),
            pool: self.pool.clone(),
            clock: self.clock,
            events: self.events.clone(),
            progress: self.progress.clone(),
            cancelled: self.cancelled.clone(),
            rate_limit: self.rate_limit.clone(),
            reading,
        }
    }

    /// Returns how it goes on after a whole file that is not proven.
    async fn disproven(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        fetched: Fetched,
        error: Error,
    ) -> Result<Start, Error> {
        if self.adopted.is_some() && error.kind() == ErrorKind::Corrupt {
            return self.forsake(target, older, fetched);
        }
        if self.may_ask_one_alone(&error) {
            return self.ask_one_alone(target, fetched, error);
        }
        if !self.is_strict && self.may_be_mixed(&error, &fetched) {
            self.is_strict = true;
            let reason = RestartReason::Unproven;
            return self.start_over(target, older, fetched, reason).await;
        }
        self.fall_back(target, older, fetched, error)
    }

    /// Returns how it goes on after a fetch that was not completed.
    async fn incomplete(
        &mut self,
        target: &Arc<Target>,
        older: &mut OlderVersions,
        fetched: Fetched,
    ) -> Result<Start, Error> {
        if let Some(reason) = self.way_on(&fetched) {
            return self.start_over(target, older, fetched, reason).await;
        }
        let is_newer = matches!(fetched.outcome, Ok(Outcome::Changed));
        let unproven = self.unproven.take().filter(|_| is_newer);
        Err(unproven.unwrap_or_else(|| failure(&self.task, fetched)))
    }

    /// Asks [`published::already_there`], until it is told to stop.
    async fn already_there(
        &self,
        target: &Arc<Target>,
        first: Option<&First>,
    ) -> Result<Option<AlreadyThere>, Error> {
        let mut cancelled = self.cancelled.clone();
        let asking = published::Asking {
            // The record of the file has the validators of the URL's own replies.
            sources: self.sources.only(SourceId(0)),
            pool: self.pool.clone(),
            events: self.events.clone(),
            config: SchedulerConfig {
                sources: NonZeroU16::MIN,
                ..self.task.scheduling(*self.rate_limit.borrow(), self.clock)
            },
            head: first
                .filter(|first| first.source == SourceId(0))
                .map(|first| (first.request, first.reply.head.clone())),
        };
        let looking = published::already_there(target, asking, &self.task, &self.progress);
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled))
            }
            there = looking => there,
        }
    }

    fn begin(&self, found: Found) -> Start {
        match found {
            Found::Nothing(reason) => {
                if let Some(reason) = reason {
                    self.events.send(Event::Restarting { reason });
                }
                self.start(Beginning::Fresh, driver::From::Nothing(None))
            }
            Found::Earlier(mut earlier) => {
                let length = earlier
                    .generation
                    .length
                    .expect("the journal states the length");
                let claimed = earlier.claims.bytes();
                self.events.send(Event::Resuming { claimed, length });
                if claimed == length && !self.task.expects_digest() {
                    // Only a reply can tell whether the remote file is still this one, so that
                    // there has to be a request: the last block is fetched again.
                    earlier.claims.forget_last();
                }
                let claimed = earlier.claims.ranges().collect();
                let beginning = Beginning::Resume { length, claimed };
                self.start(beginning, driver::From::Earlier(earlier))
            }
        }
    }

    fn start(&self, beginning: Beginning, from: driver::From) -> Start {
        Start {
            beginning,
            first: None,
            digest_decides: self.task.expects_digest() && !self.is_strict,
            from,
        }
    }

    /// Reports whether a file with another digest may have bytes of two generations: nothing but
    /// the digest could tell whether those of an earlier run still belong to it.
    fn may_be_mixed(&self, error: &Error, fetched: &Fetched) -> bool {
        let known = fetched.generation.as_ref();
        let is_joined = known.is_some_and(|known| known.validators.is_strong());
        error.kind() == ErrorKind::Corrupt
            && !self.sources.are_several()
            && (!fetched.all_agree || self.tally.resumed_bytes > 0 && !is_joined)
    }
}
