//! Owns what a virtual server answers to a request. Knows no connection's rate and no policy.

use range_core::ByteRange;
use scheduler::failure::FailureClass;
use scheduler::{Body, Request, Route, SourceId};

use crate::dice::Dice;
use crate::mirror::MirrorFault;
use crate::world::{Lying, Oddity, Refusing, World};

/// A request on its way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asked {
    source: SourceId,
    request: Request,
    route: Route,
    /// The number of requests before it.
    number: u64,
    /// Since when the address it goes to is good.
    address_since: f64,
}

/// The content of a reply's head, as the client's judge sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Accepted {
        body: Body,
        generation: u32,
    },
    Failed(FailureClass),
    /// There is none, and never will be.
    Silence,
}

/// The server of one world.
#[derive(Debug)]
pub(crate) struct Server<'w> {
    world: &'w World,
    requests: u64,
    /// Since when the address the client knows is good.
    address_since: f64,
}

impl From<Refusing> for Answer {
    fn from(how: Refusing) -> Self {
        Self::Failed(match how {
            Refusing::Busy(retry_after) => FailureClass::Busy { retry_after },
            Refusing::Forbidden => FailureClass::Refused,
            Refusing::Reset => FailureClass::Interrupted,
            Refusing::Stray => FailureClass::Stray,
            Refusing::Silence => return Self::Silence,
        })
    }
}

impl Asked {
    pub(crate) const fn source(self) -> SourceId {
        self.source
    }
}

impl<'w> Server<'w> {
    pub(crate) const fn new(world: &'w World) -> Self {
        Self {
            world,
            requests: 0,
            address_since: 0.0,
        }
    }

    pub(crate) const fn requests(&self) -> u64 {
        self.requests
    }

    /// Returns how long after its head the reply's body begins.
    pub(crate) fn lateness(&self, asked: Asked) -> f64 {
        self.world.lateness(asked.number)
    }

    /// Returns what is odd about the reply.
    pub(crate) fn oddity(&self, asked: Asked) -> Option<Oddity> {
        self.world.oddity(asked.number)
    }

    /// Takes a request, and tells how much longer than the path its head will take.
    pub(crate) fn ask(&mut self, source: SourceId, request: Request, route: Route) -> (Asked, f64) {
        let asked = Asked {
            source,
            request,
            route,
            number: self.requests,
            address_since: self.address_since,
        };
        self.requests += 1;
        let mut dice = Dice::new(self.world.seed ^ asked.number.rotate_left(17));
        let hesitation = self.world.hesitation * (1.0 + dice.fraction());
        let redirect = match route {
            Route::Original => self.world.round_trip,
            Route::Known => 0.0,
        };
        (asked, hesitation + redirect)
    }

    /// The head of a reply leaves while the same source is sending so many others.
    pub(crate) fn answer(&mut self, asked: Asked, now: f64, streaming: usize) -> Answer {
        if let Some(how) = self.turns_away(asked, now, streaming) {
            return how.into();
        }
        if let Some(outage) = self.world.outage
            && now >= outage.from
        {
            // A target that is gone has a successor at the original URL.
            let has_moved = outage.to.is_infinite()
                && (asked.route == Route::Original || asked.address_since >= outage.from);
            if now < outage.to && !has_moved {
                return Answer::Failed(outage.how);
            }
        }
        if let (Some(dying), Route::Known, Request::Part(_)) =
            (&self.world.dying, asked.route, asked.request)
            && dying.ends(asked.address_since, now)
        {
            return Answer::Failed(dying.how);
        }
        let mirror = self.world.mirror(asked.source);
        let fault = mirror.and_then(|mirror| mirror.fault);
        match fault {
            Some(MirrorFault::Refuses) => return Answer::Failed(FailureClass::Refused),
            Some(MirrorFault::Dies(at)) if now >= at => {
                return Answer::Failed(FailureClass::Unreachable);
            }
            Some(MirrorFault::Misplaces) => return Answer::Failed(FailureClass::Misplaced),
            Some(MirrorFault::Dies(_) | MirrorFault::HasAnother) | None => {}
        }
        if mirror.is_some_and(|mirror| streaming >= mirror.serves) {
            return Answer::Failed(FailureClass::Busy { retry_after: None });
        }
        // Before the first reply no address is known but the original URL.
        match (asked.route, asked.request) {
            (Route::Original, _) | (_, Request::First | Request::Whole) => {
                self.address_since = now;
            }
            (Route::Known, Request::Part(_)) => {
                let expires = self.world.expires_after.unwrap_or(f64::INFINITY);
                if now - asked.address_since > expires {
                    return Answer::Failed(FailureClass::Refused);
                }
            }
        }
        let is_replaced = self.world.replaced_at.is_some_and(|at| now >= at);
        let generation = u32::from(is_replaced || fault == Some(MirrorFault::HasAnother));
        match self.body(asked) {
            Ok(body) => Answer::Accepted { body, generation },
            Err(class) => Answer::Failed(class),
        }
    }

    /// Returns how a request is turned away, if it is, whatever it is for.
    fn turns_away(&self, asked: Asked, now: f64, streaming: usize) -> Option<Refusing> {
        let above = self.world.refusal.filter(|r| streaming >= r.above);
        let mut closed = self.world.closed.iter().filter(|closed| {
            asked.number >= closed.after && (closed.from..closed.to).contains(&now)
        });
        let stray = self.world.is_stray(asked.number);
        above
            .map(|refusal| refusal.how)
            .or_else(|| closed.next().map(|closed| closed.how))
            .or_else(|| stray.then_some(Refusing::Stray))
    }

    fn body(&self, asked: Asked) -> Result<Body, FailureClass> {
        let complete_length = self.world.length;
        let whole = Body::Whole {
            length: Some(complete_length),
        };
        let range = match asked.request {
            Request::Whole => return Ok(whole),
            Request::First => ByteRange::whole(complete_length).expect("no world's file is empty"),
            Request::Part(range) => range,
        };
        let most = self.world.most_of_a_part(asked.number);
        let most_end = range.start().saturating_add(most);
        let lie = self.world.lie.filter(|lie| {
            (lie.honest..lie.honest.saturating_add(lie.lies)).contains(&asked.number)
        });
        match (lie.map(|lie| lie.how), asked.request) {
            (None, _) => Ok(Body::Part {
                range: range.split_at(most_end).0.unwrap_or(range),
                complete_length,
            }),
            (Some(Lying::Whole), Request::First) => Ok(whole),
            (Some(Lying::Whole), _) => Err(FailureClass::RangeIgnored),
            (Some(Lying::Elsewhere), _) => Err(FailureClass::Misplaced),
        }
    }
}
