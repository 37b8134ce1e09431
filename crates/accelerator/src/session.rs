//! Owns a download's order of steps: find what an earlier run left, fetch, start over if need be,
//! verify, publish. Knows nothing of what is told of it on the way.

mod finish;

use std::sync::Arc;

use range_core::RangeSet;
use range_core::digest::Digest;
use range_core::failure::FailureClass;
use range_core::scheduler::{Beginning, Outcome, Request, Route};
use range_core::units::RateLimit;
use tokio::sync::watch;

use crate::builder::{InvalidSetting, Settings};
use crate::clock::Clock;
use crate::download::{Report, Verification};
use crate::driver::{Driver, Fetched, Surroundings};
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, Events, RestartReason};
use crate::generation::Generation;
use crate::progress::{ProgressHandle, Tally};
use crate::published::{self, AlreadyThere};
use crate::redact::SafeUrl;
use crate::target::{Earlier, Found, Target};
use crate::transport::accept::{Accepted, accept};
use crate::transport::error::TransportError;
use crate::transport::http::{HttpTransport, TransportSettings};
use crate::worker::AttemptError;

pub(crate) fn transport(settings: &Settings) -> Result<HttpTransport, InvalidSetting> {
    HttpTransport::new(TransportSettings {
        url: settings.url.clone(),
        headers: settings.headers.clone(),
        tls: settings.tls.clone(),
        proxies: settings.proxies.clone(),
        allow_private: settings.allow_private,
        stall_timeout: settings.stall_timeout,
        connections: settings.connections.get().into(),
    })
}

/// One run of a download.
pub(crate) struct Session {
    clock: Clock,
    settings: Arc<Settings>,
    events: Events,
    progress: ProgressHandle,
    cancelled: watch::Receiver<bool>,
    rate_limit: watch::Receiver<Option<RateLimit>>,
    tally: Tally,
    /// Whether a change was answered by starting over.
    restarted: bool,
    /// Whether the file is fetched in one stream, without ranges.
    plain: bool,
    /// Whether the server changed its validators once too often to be believed.
    doubts_validators: bool,
}

impl Session {
    pub(crate) fn new(
        settings: Arc<Settings>,
        events: Events,
        progress: ProgressHandle,
        cancelled: watch::Receiver<bool>,
        rate_limit: watch::Receiver<Option<RateLimit>>,
    ) -> Self {
        Self {
            clock: Clock::start(),
            settings,
            events,
            progress,
            cancelled,
            rate_limit,
            tally: Tally::default(),
            restarted: false,
            plain: false,
            doubts_validators: false,
        }
    }

    pub(crate) async fn run(mut self) -> Result<Report, Error> {
        let target = Arc::new(Target::open(Arc::clone(&self.settings))?);
        let transport = Arc::new(transport(&self.settings)?);
        if let Some(there) = self.already_there(&target, &transport).await? {
            self.tally.resumed_bytes = there.length;
            self.tally.requests = transport.requests();
            let digests = self.settings.digests.clone();
            return Ok(self.report(there.length, there.generation.as_ref(), digests, None));
        }
        target.check_output()?;
        let (mut beginning, mut earlier) = self.begin(target.find()?);
        loop {
            let around = Surroundings {
                settings: Arc::clone(&self.settings),
                target: Arc::clone(&target),
                transport: Arc::clone(&transport),
                clock: self.clock,
                events: self.events.clone(),
                progress: self.progress.clone(),
                cancelled: self.cancelled.clone(),
                rate_limit: self.rate_limit.clone(),
            };
            let mut fetched = Driver::new(around, beginning, earlier.take(), &mut self.tally)
                .run()
                .await;
            let reason = if let Ok(Outcome::Complete { length }) = &fetched.outcome {
                let length = *length;
                match self.prove(&target, &mut fetched, length).await {
                    Ok(proven) => return self.publish(proven, fetched).await,
                    Err(error) if !self.restarted && self.may_be_mixed(&error, &fetched) => {
                        self.restarted = true;
                        RestartReason::Unproven
                    }
                    Err(error) => return Err(error),
                }
            } else {
                let Some(reason) = self.way_on(&fetched) else {
                    return Err(failure(&self.settings, fetched));
                };
                let is_refused = matches!(fetched.outcome, Ok(Outcome::Failed(_)));
                if is_refused || fetched.keeper.is_some() {
                    fetched = self.still_served(&transport, fetched).await?;
                }
                reason
            };
            beginning = if self.plain {
                Beginning::SingleStream
            } else {
                Beginning::Fresh
            };
            self.start_over(fetched, reason)?;
        }
    }

    /// Why and how it starts over, if that can help: once for a file that has changed, and once in
    /// one stream, whose bytes are of one generation whatever else the server says.
    fn way_on(&mut self, fetched: &Fetched) -> Option<RestartReason> {
        match &fetched.outcome {
            Ok(Outcome::Changed) if !self.restarted => {
                self.restarted = true;
                return Some(RestartReason::Changed);
            }
            Ok(Outcome::Changed) if !self.plain => self.doubts_validators = true,
            Ok(Outcome::SingleStreamNeeded) if !self.plain => {}
            Ok(Outcome::Failed(FailureClass::Refused))
                if !self.plain && fetched.last_error.as_ref().is_some_and(blames_the_range) => {}
            Ok(_) | Err(_) => return None,
        }
        self.plain = true;
        Some(RestartReason::RangesUnreliable)
    }

    /// Nothing is thrown away for a file the server refuses: it is asked for the whole of it first,
    /// and the reply is not read.
    async fn still_served(
        &self,
        transport: &HttpTransport,
        mut fetched: Fetched,
    ) -> Result<Fetched, Error> {
        // Bytes of the file itself have come: its coded form is another one.
        let was_uncoded = fetched.generation.is_some() && fetched.coding.is_none();
        let ask = async {
            let reply = transport.open(Request::Whole, Route::Original).await?;
            match accept(Request::Whole, None, &reply.head)? {
                Accepted {
                    coding: Some(_), ..
                } if was_uncoded => Err(TransportError::Coded),
                accepted => Ok(accepted),
            }
        };
        let mut cancelled = self.cancelled.clone();
        let reply = tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                fetched.outcome = Ok(Outcome::Cancelled);
                return Err(failure(&self.settings, fetched));
            }
            reply = tokio::time::timeout(self.settings.stall_timeout, ask) => reply,
        };
        let Ok(Err(error)) = reply else {
            return Ok(fetched);
        };
        // Whatever else went wrong is for who fetches it to try again.
        if error.disposition() != FailureClass::Refused {
            return Ok(fetched);
        }
        if let Ok(Outcome::Changed) = fetched.outcome {
            let cause = Cause::ChangedAndRefused(error);
            fetched.outcome = Err(Error::new(ErrorKind::Changed, cause));
        } else {
            fetched.outcome = Ok(Outcome::Failed(FailureClass::Refused));
            fetched.last_error = Some(AttemptError::Transport(error));
        }
        Err(failure(&self.settings, fetched))
    }

    /// [`published::already_there`], until it is told to stop.
    async fn already_there(
        &self,
        target: &Arc<Target>,
        transport: &HttpTransport,
    ) -> Result<Option<AlreadyThere>, Error> {
        let mut cancelled = self.cancelled.clone();
        let looking = published::already_there(target, transport, &self.settings, &self.progress);
        tokio::select! {
            biased;
            Ok(_) = cancelled.wait_for(|told| *told) => {
                Err(Error::new(ErrorKind::Cancelled, Cause::Cancelled))
            }
            there = looking => there,
        }
    }

    fn report(
        self,
        bytes: u64,
        generation: Option<&Generation>,
        digests: Vec<Digest>,
        coding: Option<String>,
    ) -> Report {
        let settings = &self.settings;
        let verified = match generation {
            _ if !digests.is_empty() => Verification::Digest,
            Some(generation) if generation.validators.is_strong() && !self.doubts_validators => {
                Verification::Validator
            }
            Some(_) | None => Verification::None,
        };
        Report {
            url: SafeUrl::new(&settings.url),
            path: settings.directory.join(settings.names.final_name()),
            bytes,
            elapsed: self.clock.now().since_start(),
            tally: self.tally,
            verified,
            digests,
            coding,
        }
    }

    fn begin(&self, found: Found) -> (Beginning, Option<Earlier>) {
        match found {
            Found::Nothing(reason) => {
                if let Some(reason) = reason {
                    self.events.send(Event::Restarting { reason });
                }
                (Beginning::Fresh, None)
            }
            Found::Earlier(earlier) => {
                let length = earlier
                    .generation
                    .length
                    .expect("the journal states the length");
                let block_size = earlier.keeper.block_size;
                let claimed: RangeSet = earlier
                    .claims
                    .iter()
                    .filter_map(|(block, _)| block_size.range_of(*block, length))
                    .collect();
                self.events.send(Event::Resuming {
                    claimed: claimed.len(),
                    length,
                });
                (Beginning::Resume { length, claimed }, Some(*earlier))
            }
        }
    }

    /// Throws away what belongs to another generation, or cannot be continued.
    fn start_over(&mut self, fetched: Fetched, reason: RestartReason) -> Result<(), Error> {
        self.events.send(Event::Restarting { reason });
        self.tally.wasted_bytes += self.tally.fetched_bytes;
        self.tally.fetched_bytes = 0;
        self.tally.resumed_bytes = 0;
        drop(fetched.digester);
        if let Some(keeper) = fetched.keeper {
            range_store::discard(&keeper.part)?;
        }
        Ok(())
    }

    /// Whether a file with another digest may be one of bytes of two generations: nothing but the
    /// digest could tell whether those of an earlier run still belong to it.
    fn may_be_mixed(&self, error: &Error, fetched: &Fetched) -> bool {
        let known = fetched.generation.as_ref();
        error.kind() == ErrorKind::Corrupt
            && self.tally.resumed_bytes > 0
            && !known.is_some_and(|known| known.validators.is_strong())
    }
}

/// Whether a refusal may be of the range that was asked for, and not of the file: some servers
/// refuse ranges above a size, or any.
fn blames_the_range(error: &AttemptError) -> bool {
    let AttemptError::Transport(TransportError::Status { status, .. }) = error else {
        return false;
    };
    matches!(status, 400 | 403 | 416)
}

/// The error a download ends with that was neither completed nor started over.
fn failure(settings: &Settings, fetched: Fetched) -> Error {
    let can_prove = |generation: &Generation| {
        generation.length.is_some()
            && (generation.validators.is_strong() || !settings.digests.is_empty())
    };
    let resumable = fetched.keeper.is_some() && fetched.generation.as_ref().is_some_and(can_prove);
    let error = match (fetched.outcome, fetched.last_error) {
        (Err(error), _) => error,
        (Ok(Outcome::Cancelled), _) => Error::new(ErrorKind::Cancelled, Cause::Cancelled),
        (Ok(Outcome::Changed | Outcome::SingleStreamNeeded), _) => {
            Error::new(ErrorKind::Network, Cause::NoWayLeft)
        }
        (Ok(Outcome::Failed(FailureClass::Stalled)), _) => {
            Error::new(ErrorKind::Network, Cause::Stalled)
        }
        (Ok(_), Some(AttemptError::Transport(error))) => error.into(),
        (Ok(_), Some(AttemptError::Store(error))) => error.into(),
        (Ok(_), None) => Error::new(ErrorKind::Internal, Cause::WorkerLost),
    };
    error.resumable(resumable)
}
