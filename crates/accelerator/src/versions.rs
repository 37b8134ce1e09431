//! Owns what joins the replies of several sources to one file. Within a source that is for
//! `Generations` to say, by its validators; between two of them, which have validators of their
//! own, the length has to be the same, and a digest tells the rest at the end. Pure.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::digest::Digest;
use range_core::http::validator::Validators;
use scheduler::{AttemptId, Body, Request, Route, SourceId};

use crate::claims::ServerDigests;
use crate::generation::{Expected, Generation};
use crate::generations::{Generations, Judged, Sighting};
use crate::transport::error::TransportError;
use crate::transport::head::Head;
use crate::transport::judge_reply::Accepted;

/// [`Versions`], as all workers of a download hold their replies against them: the first reply that
/// is judged decides for all that come after it, in whatever order they were asked for.
#[derive(Clone, Debug)]
pub(crate) struct SharedVersions(Arc<Mutex<Versions>>);

impl SharedVersions {
    pub(crate) fn new(first: Generations, digest_decides: bool) -> Self {
        Self(Arc::new(Mutex::new(Versions::new(first, digest_decides))))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Versions> {
        // Each change is a single assignment, so a panic elsewhere leaves nothing half done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The version that is fetched, as each source has it.
#[derive(Debug)]
pub(crate) struct Versions {
    /// By source, as far as they were asked.
    of: Vec<Generations>,
    /// The source whose reply says what the file is.
    leader: SourceId,
    digest_decides: bool,
    /// The digests that the URL's own replies claim.
    server_digests: ServerDigests,
    /// The first byte of the last of them.
    heard_at: Option<u64>,
}

impl Versions {
    /// `first` is what is known of the file at the first source.
    fn new(first: Generations, digest_decides: bool) -> Self {
        Self {
            of: vec![first],
            leader: SourceId(0),
            digest_decides,
            server_digests: ServerDigests::default(),
            heard_at: None,
        }
    }

    /// Hears what a reply claims that was accepted. Only the server that the user has named is
    /// believed.
    fn hear(&mut self, source: SourceId, accepted: &Accepted, head: &Head) {
        if source != SourceId(0) || accepted.coding.is_some() {
            return;
        }
        let begins = match accepted.body {
            Body::Part { range, .. } => range.start(),
            Body::Whole { .. } => 0,
        };
        let before = self.heard_at.replace(begins);
        let is_another = before.is_some_and(|before| before != begins);
        self.server_digests.hear(&head.claimed, is_another);
    }

    /// Returns the digest that the URL's own replies claim, if they agree on one.
    pub(crate) fn server_digest(&self) -> Option<Digest> {
        self.server_digests.best()
    }

    fn leading(&self) -> &Generations {
        &self.of[usize::from(self.leader.0)]
    }

    /// The knowledge of a source. One that joins others has to have the file that they have.
    fn at(&mut self, source: SourceId) -> &mut Generations {
        let at = usize::from(source.0);
        while self.of.len() <= at {
            self.of.push(Generations::begin(None, self.digest_decides));
        }
        if source != self.leader
            && self.of[at].pinned().is_none()
            && let Some(joined) = self.leading().beside()
        {
            self.of[at] = joined;
        }
        &mut self.of[at]
    }

    /// Judges a reply's head. Once it was accepted, its bytes may be written.
    pub(crate) fn judge(
        &mut self,
        (source, attempt): (SourceId, AttemptId),
        request: Request,
        head: &Head,
    ) -> Result<Judged, TransportError> {
        let known = self.leading().pinned().and_then(|known| known.length);
        let is_other = source != self.leader;
        let generations = self.at(source);
        let judged = generations.judge(attempt, request, head, |sighted| {
            let is_length = |length| sighted.length == Some(length);
            known.filter(|_| is_other).is_none_or(is_length)
        })?;
        let is_whole = matches!(judged.accepted.body, Body::Whole { .. });
        if is_whole || self.leading().pinned().is_none() {
            self.leader = source;
        }
        self.hear(source, &judged.accepted, head);
        Ok(judged)
    }

    /// Reports whether a digest is to tell which bytes are right, where no validator does.
    pub(crate) fn digest_decides(&self) -> bool {
        self.digest_decides
    }

    /// Notes that an attempt has ended.
    pub(crate) fn ended(&mut self, source: SourceId, attempt: AttemptId) {
        self.at(source).ended(attempt);
    }

    /// Notes that a reply was of another version.
    pub(crate) fn differs(
        &mut self,
        source: SourceId,
        sighted: &Generation,
        route: Route,
    ) -> Sighting {
        self.at(source).differs(sighted, route)
    }

    /// Returns what is known of the file. Validators are those of the first source, which later
    /// runs ask first: of another one they would tell a later run nothing.
    pub(crate) fn expected(&self) -> Option<Expected> {
        let expected = self.leading().expected()?.clone();
        let generation = self.as_first(&expected.generation);
        Some(Expected {
            generation,
            ..expected
        })
    }

    /// Returns the version of the bytes here.
    pub(crate) fn pinned(&self) -> Option<Generation> {
        self.leading().pinned().map(|known| self.as_first(known))
    }

    fn as_first(&self, known: &Generation) -> Generation {
        let mut known = known.clone();
        if self.leader != SourceId(0) {
            known.validators = Validators::default();
        }
        known
    }

    /// Reports whether a strong validator joins all replies so far.
    pub(crate) fn all_agree(&self) -> bool {
        let mut asked = self.of.iter().filter(|known| known.pinned().is_some());
        self.leader == SourceId(0) && asked.all(Generations::all_agree)
    }
}

#[cfg(test)]
mod tests;
