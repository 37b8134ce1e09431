//! Owns the first request of a download whose reply is to name the file, and its retries: the
//! scheduler says when, as for any other. Knows nothing of the file.

use std::future::pending;
use std::pin::Pin;
use std::time::Duration;

use scheduler::failure::FailureClass;
use scheduler::time::Timestamp;
use scheduler::{
    AttemptId, Beginning, Input, Notice, Outcome, Output, Request, Route, Scheduler,
    SchedulerConfig, SourceId, Stop, Tries,
};

use crate::clock::Clock;
use crate::error::{Cause, Error, ErrorKind};
use crate::events::{Event, Events};
use crate::sources::Sources;
use crate::transport::Reply;
use crate::transport::error::TransportError;
use crate::transport::judge_reply::accept;

/// A reply to a request that was sent before the download ran.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) request: Request,
    /// The source that it is from.
    pub(crate) source: SourceId,
    pub(crate) reply: Reply,
    /// The time from the request to its head.
    pub(crate) took: Duration,
    /// The number of requests before it that were in vain.
    pub(crate) retries: u64,
}

/// Asks for the file until a reply is accepted: by ranges first, and without where the server
/// cannot be trusted with them.
pub(crate) async fn ask(
    config: SchedulerConfig,
    sources: Sources,
    events: Events,
) -> Result<First, Error> {
    let mut asking = Asking::new(sources, events);
    let asked = match asking.run(config, Beginning::Fresh).await {
        Err(Outcome::SingleStreamNeeded) => asking.run(config, Beginning::SingleStream).await,
        Err(Outcome::Failed(class)) if asking.may_be_the_range(class) => {
            let once = SchedulerConfig {
                max_tries: Some(1),
                ..config
            };
            asking.run(once, Beginning::SingleStream).await
        }
        asked => asked,
    };
    asked.map_err(|outcome| asking.failure(outcome))
}

/// Asks for a file that is read as it comes, without ranges, until a reply is accepted.
pub(crate) async fn ask_plainly(
    config: SchedulerConfig,
    sources: Sources,
    events: Events,
) -> Result<First, Error> {
    let mut asking = Asking::new(sources, events);
    let asked = asking.run(config, Beginning::SingleStream).await;
    asked.map_err(|outcome| asking.failure(outcome))
}

struct Asking {
    sources: Sources,
    events: Events,
    clock: Clock,
    retries: u64,
    /// The error of the last request, and its meaning.
    last_error: Option<(FailureClass, TransportError)>,
}

/// The request that is under way.
struct Attempt {
    id: AttemptId,
    source: SourceId,
    request: Request,
    begun: Timestamp,
    reply: Pin<Box<dyn Future<Output = Result<Reply, TransportError>> + Send>>,
}

impl Asking {
    fn new(sources: Sources, events: Events) -> Self {
        Self {
            sources,
            events,
            clock: Clock::start(),
            retries: 0,
            last_error: None,
        }
    }

    /// Does what the scheduler says until there is a reply, or the scheduler ends.
    async fn run(
        &mut self,
        config: SchedulerConfig,
        beginning: Beginning,
    ) -> Result<First, Outcome> {
        let mut scheduler = Scheduler::new(config, beginning);
        let mut attempt = None;
        let mut input = Input::Tick;
        loop {
            scheduler.handle_input(self.clock.now(), input);
            let mut told = None;
            let until = loop {
                match scheduler.poll_output() {
                    Output::Start {
                        attempt: id,
                        source,
                        request,
                        route,
                    } => attempt = Some(self.begin((id, source), request, route)),
                    Output::Stop { attempt } => told = Some(attempt),
                    Output::Notice(Notice::Retrying {
                        class,
                        delay,
                        tries,
                        ..
                    }) => {
                        self.tell(class, delay, tries);
                    }
                    Output::Wait { until, .. } => break until,
                    Output::Finished(outcome) => return Err(outcome),
                    // Nothing is granted where nothing is reported as opened.
                    Output::Grant { .. }
                    | Output::Allow { .. }
                    | Output::Extend { .. }
                    | Output::Shrink { .. }
                    | Output::Checkpoint { .. }
                    | Output::Notice(_) => {}
                }
            };
            input = if let Some(id) = told {
                attempt = None;
                stopped(id, Stop::Told)
            } else {
                match self.wait(&mut attempt, until).await {
                    Ok(first) => return Ok(first),
                    Err(input) => input,
                }
            };
        }
    }

    fn begin(
        &self,
        (id, source): (AttemptId, SourceId),
        request: Request,
        route: Route,
    ) -> Attempt {
        let transport = self.sources.ask(source);
        let reply = async move {
            let reply = transport.open(request, route).await?;
            accept(request, None, &reply.head)?;
            Ok(reply)
        };
        Attempt {
            id,
            source,
            request,
            begun: self.clock.now(),
            reply: Box::pin(reply),
        }
    }

    /// Waits for the reply, or for what else there is to tell the scheduler.
    async fn wait(
        &mut self,
        attempt: &mut Option<Attempt>,
        until: Option<Timestamp>,
    ) -> Result<First, Input> {
        let wait = until.map(|until| until.since(self.clock.now()));
        let timer = async move {
            match wait {
                Some(wait) => tokio::time::sleep(wait).await,
                None => pending().await,
            }
        };
        let reply = async {
            match attempt {
                Some(attempt) => (
                    attempt.id,
                    (attempt.source, attempt.request),
                    attempt.begun,
                    (&mut attempt.reply).await,
                ),
                None => pending().await,
            }
        };
        let (id, (source, request), begun, reply) = tokio::select! {
            reply = reply => reply,
            () = timer => return Err(Input::Tick),
        };
        *attempt = None;
        match reply {
            Ok(reply) => {
                self.sources.served(source);
                Ok(First {
                    request,
                    source,
                    reply,
                    took: self.clock.now().since(begun),
                    retries: self.retries,
                })
            }
            Err(error) => {
                let class = error.disposition();
                self.last_error = Some((class, error));
                Err(stopped(id, Stop::Failed(class)))
            }
        }
    }

    fn tell(&mut self, class: FailureClass, delay: Duration, tries: Tries) {
        self.retries += 1;
        let last = self.last_error.as_ref();
        let error = last
            .filter(|(its, _)| *its == class)
            .map(|(_, error)| error as _);
        self.events
            .send(Event::retrying(class, error, delay, tries));
    }

    /// Reports whether the failure may be of the range, and not of the file.
    fn may_be_the_range(&self, class: FailureClass) -> bool {
        let last = self.last_error.as_ref();
        class == FailureClass::Unanswered
            || last.is_some_and(|(its, error)| *its == class && error.may_be_of_a_range())
    }

    fn failure(self, outcome: Outcome) -> Error {
        match (outcome, self.last_error) {
            (Outcome::Failed(FailureClass::Stalled), _) => {
                Error::new(ErrorKind::Network, Cause::Stalled)
            }
            (Outcome::Failed(FailureClass::Unanswered), _) => {
                Error::new(ErrorKind::Network, Cause::Unanswered)
            }
            (_, Some((_, error))) => error.into(),
            (_, None) => Error::new(ErrorKind::Network, Cause::NoWayLeft),
        }
    }
}

fn stopped(attempt: AttemptId, how: Stop) -> Input {
    Input::Stopped {
        attempt,
        position: 0,
        how,
    }
}
