//! Owns the steps after several sources together have not given the file that the digest is of: one
//! after the other is asked alone, so that one that has the file is enough. Knows no reply.

use std::sync::Arc;

use range_core::RangeSet;
use scheduler::{Beginning, SourceId};

use super::one_by_one::{OneByOne, is_theirs};
use super::{Session, Way};
use crate::driver::{self, Fetched, Start};
use crate::error::{Error, ErrorKind};
use crate::events::{Event, RestartReason};
use crate::target::{Found, Target};

impl Session {
    /// Reports whether a complete file with another digest may be had from one source alone.
    pub(super) fn may_ask_one_alone(&self, error: &Error) -> bool {
        let may = !self.one_by_one.has_begun() || self.one_by_one.is_any_left();
        error.kind() == ErrorKind::Corrupt && self.sources.are_several() && may
    }

    /// Reports whether a source that was asked alone has failed, and another one is left.
    pub(super) fn may_ask_the_next(&self, error: &Error) -> bool {
        self.one_by_one.has_begun() && self.one_by_one.is_any_left() && is_theirs(error)
    }

    /// Asks the next source for all that it has not given.
    pub(super) fn ask_one_alone(
        &mut self,
        target: &Arc<Target>,
        mut fetched: Fetched,
        error: Error,
    ) -> Result<Start, Error> {
        let mut given = RangeSet::new();
        // Another one's bytes are written over those that any but the first of them gave.
        if !self.one_by_one.has_begun() {
            let gave = |at: &usize| fetched.given.get(*at).is_some_and(|it| !it.is_empty());
            let all = 0..usize::from(self.sources.count().get());
            let (first, last): (Vec<_>, Vec<_>) = all.partition(gave);
            if let Some(first) = first.first() {
                given = std::mem::take(&mut fetched.given[*first]);
            }
            let ids = first.into_iter().chain(last);
            let ids = ids.map(|at| SourceId(u16::try_from(at).expect("there are few")));
            self.one_by_one = OneByOne::of(ids);
        }
        drop(fetched);
        self.ask_alone(target, &given, error)
    }

    /// Asks the next source for the whole file.
    pub(super) fn ask_next(&mut self, target: &Arc<Target>, error: Error) -> Result<Start, Error> {
        self.ask_alone(target, &RangeSet::new(), error)
    }

    fn ask_alone(
        &mut self,
        target: &Arc<Target>,
        given: &RangeSet,
        error: Error,
    ) -> Result<Start, Error> {
        let reason = RestartReason::SourcesDisagree;
        self.events.send(Event::Restarting { reason });
        let next = self.one_by_one.next(error)?;
        self.asked = self.sources.only(next);
        self.way = Way::Ranges;
        self.tally.wasted_bytes += self.tally.fetched_bytes;
        self.tally.fetched_bytes = 0;
        self.tally.resumed_bytes = 0;
        let Found::Earlier(mut earlier) = target.find()? else {
            return Ok(self.start(Beginning::Fresh, driver::From::Nothing(None)));
        };
        earlier.claims.retain(|range| given.contains(range));
        let length = earlier.generation.length;
        let length = length.expect("the journal states the length");
        let claimed = earlier.claims.ranges().collect();
        let beginning = Beginning::Resume { length, claimed };
        Ok(self.start(beginning, driver::From::Earlier(earlier)))
    }

    /// Returns the error of all sources together, if that is why they were asked alone.
    pub(super) fn of_all_together(&mut self, error: Error) -> Error {
        let together = self
            .one_by_one
            .of_all_together()
            .filter(|_| is_theirs(&error));
        together.unwrap_or(error)
    }
}
