//! Owns the decision which version of the remote file a download is of, and when a newer one is
//! believed in. Pure; knows nothing of what follows.

use std::collections::BTreeSet;

use range_core::http::validator::{Agreement, Validators};
use scheduler::failure::FailureClass;
use scheduler::{AttemptId, Body, Request, Route};

use crate::generation::{Expected, Generation};
use crate::transport::error::TransportError;
use crate::transport::head::Head;
use crate::transport::judge_reply::{Accepted, accept};
use crate::transport::media_type::MediaType;

/// The number of replies that have to agree on a newer version where an earlier run has left
/// another.
const AGREEING: u32 = 2;

/// The number that have to agree where the known version has been served in this run: at the end of
/// a file no worker gets it any more, and a node that is behind may answer twice by chance.
const AGREEING_IN_RUN: u32 = 3;

/// The number of replies in a row with other validators after which a digest that is expected
/// decides.
const DIFFERING_MAX: u32 = 4;

/// A reply whose bytes may be written.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) accepted: Accepted,
    /// True if a strong validator joined all replies before this one, and does not join this one.
    pub(crate) is_first_to_differ: bool,
}

/// The version that is fetched, and the evidence for another one.
///
/// One reply that differs proves nothing: it may come from a node that is behind, or from something
/// between the server and here. Two or three that agree with each other, of which the last came by
/// the original URL, are a newer version, unless a reply of the version that is fetched still
/// delivers or was accepted in between.
#[derive(Debug)]
pub(crate) struct Generations {
    digest_decides: bool,
    expected: Option<Expected>,
    pinned: Pinned,
    /// The attempts that receive the version that is fetched.
    served: BTreeSet<AttemptId>,
    /// The last version seen that differs.
    rival: Option<Generation>,
    /// The number of replies in a row that were of that version, and of those of any version that
    /// differs.
    agreeing: u32,
    differing: u32,
    /// True if a strong validator joins all replies so far.
    all_agree: bool,
}

/// The replies that have to be of the version that is expected. A reply of this run, or an earlier
/// run, says what the bytes here are of; until then a newer version will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Pinned {
    /// No reply yet.
    Nothing,
    /// Parts; a whole file may be of a newer version.
    Parts,
    /// A whole file too: it is written over the bytes that are here.
    Everything,
}

impl Generations {
    /// Continues bytes of an earlier run.
    ///
    /// `is_mixed` says that no validator joins them to each other.
    pub(crate) fn resume(
        generation: Generation,
        media_type: Option<MediaType>,
        is_mixed: bool,
        digest_decides: bool,
    ) -> Self {
        let expected = Expected {
            generation,
            media_type,
            is_of_this_run: false,
            digest_decides,
        };
        Self {
            pinned: Pinned::Parts,
            all_agree: !is_mixed,
            ..Self::begin(Some(expected), digest_decides)
        }
    }

    /// Begins without bytes; `before` is what was known of the file until now.
    pub(crate) fn begin(before: Option<Expected>, digest_decides: bool) -> Self {
        Self {
            digest_decides,
            expected: before,
            pinned: Pinned::Nothing,
            served: BTreeSet::new(),
            rival: None,
            agreeing: 0,
            differing: 0,
            all_agree: true,
        }
    }

    /// Returns what is known of a file that is written over bytes of this version, and of no other.
    pub(crate) fn once_more(expected: Expected) -> Self {
        Self {
            pinned: Pinned::Everything,
            ..Self::begin(Some(expected), false)
        }
    }

    /// Returns what is known of the same file at another source: its length. That source has
    /// validators of its own, which its first reply says. One that happens to be the same proves
    /// nothing: a validator tells versions of one resource apart (RFC 9110 section 8.8.1).
    pub(crate) fn beside(&self) -> Option<Self> {
        let expected = Expected {
            generation: Generation {
                length: self.pinned()?.length,
                validators: Validators::default(),
            },
            media_type: None,
            is_of_this_run: false,
            digest_decides: true,
        };
        Some(Self {
            pinned: self.pinned,
            ..Self::begin(Some(expected), self.digest_decides)
        })
    }

    /// Returns what is known of the file.
    pub(crate) fn expected(&self) -> Option<&Expected> {
        self.expected.as_ref()
    }

    /// Returns the version of the bytes here.
    pub(crate) fn pinned(&self) -> Option<&Generation> {
        let expected = self.expected.as_ref().filter(|_| self.is_pinned());
        expected.map(|expected| &expected.generation)
    }

    fn is_pinned(&self) -> bool {
        self.pinned != Pinned::Nothing
    }

    /// The version that a whole file has to be of, too.
    fn bound(&self) -> Option<&Expected> {
        let expected = self.expected.as_ref();
        expected.filter(|_| self.pinned == Pinned::Everything)
    }

    pub(crate) fn all_agree(&self) -> bool {
        self.all_agree
    }

    /// Judges a reply's head, which also has to be of a file that `others` have. Once it was
    /// accepted, its bytes may be written.
    pub(crate) fn judge(
        &mut self,
        attempt: AttemptId,
        request: Request,
        head: &Head,
        others: impl FnOnce(&Generation) -> bool,
    ) -> Result<Judged, TransportError> {
        let accepted = accept(request, self.expected.as_ref(), head)?;
        if let Some(expected) = self.bound() {
            check_same(expected, &accepted)?;
        }
        if !others(&accepted.generation) {
            return Err(TransportError::Changed {
                what: "its length is not that of the other sources",
                sighted: Box::new(accepted.generation),
            });
        }
        let all_agreed = self.all_agree;
        self.accepted(attempt, &accepted);
        let is_first_to_differ = all_agreed && !self.all_agree;
        Ok(Judged {
            accepted,
            is_first_to_differ,
        })
    }

    /// Notes that a reply was accepted. Every byte of a whole file is of the version that its own
    /// reply states.
    fn accepted(&mut self, attempt: AttemptId, accepted: &Accepted) {
        self.served.insert(attempt);
        self.rival = None;
        (self.agreeing, self.differing) = (0, 0);
        let is_whole = matches!(accepted.body, Body::Whole { .. });
        let is_pinned = self.is_pinned();
        match &mut self.expected {
            Some(expected) if is_pinned && !is_whole => {
                let theirs = &accepted.generation.validators;
                let agreement = expected.generation.validators.compare(theirs);
                self.all_agree &= agreement == Agreement::Same;
                if !expected.is_of_this_run {
                    // With a digest, another server may go on with what was begun. From here on its
                    // replies have to be of one version, like any other's.
                    if agreement != Agreement::Same {
                        expected.generation.validators = theirs.clone();
                    }
                    expected.digest_decides = false;
                    expected.media_type = Some(accepted.media_type.clone());
                    expected.is_of_this_run = true;
                }
            }
            _ => {
                if !is_pinned {
                    self.pinned = Pinned::Parts;
                }
                self.all_agree = true;
                self.expected = Some(Expected {
                    generation: accepted.generation.clone(),
                    media_type: Some(accepted.media_type.clone()),
                    is_of_this_run: true,
                    digest_decides: false,
                });
            }
        }
    }

    /// Notes that an attempt has ended.
    pub(crate) fn ended(&mut self, attempt: AttemptId) {
        self.served.remove(&attempt);
    }

    /// Reports whether a digest is to tell what the replies are, which have other validators than
    /// the bytes here, and the same length. They are accepted after some in a row, once no worker
    /// gets the expected ones any more.
    fn is_left_to_the_digest(&mut self, sighted: &Generation) -> bool {
        let digest_decides = self.digest_decides;
        let known = self.expected.as_mut().filter(|_| digest_decides);
        let Some(known) = known.filter(|known| known.generation.length == sighted.length) else {
            return false;
        };
        known.digest_decides |= self.served.is_empty() && self.differing >= DIFFERING_MAX;
        true
    }

    /// Notes that a reply was of another version.
    pub(crate) fn differs(&mut self, sighted: &Generation, route: Route) -> Sighting {
        self.differing += 1;
        let is_same = |rival: &Generation| rival.agrees_with(sighted);
        let is_seen_again = self.rival.as_ref().map(is_same);
        // The fuller of two versions that agree is the one to hold the next against.
        if is_seen_again != Some(true) || sighted.validators.is_strong() {
            self.rival = Some(sighted.clone());
        }
        self.agreeing = if is_seen_again == Some(true) {
            self.agreeing + 1
        } else {
            1
        };
        if self.is_left_to_the_digest(sighted) {
            return Sighting::Unconfirmed;
        }
        let was_served = self.expected.as_ref().is_some_and(|e| e.is_of_this_run);
        let needed = if was_served {
            AGREEING_IN_RUN
        } else {
            AGREEING
        };
        match is_seen_again {
            Some(false) => Sighting::Contradicted,
            Some(true) if self.agreeing >= needed && self.may_confirm(route) => Sighting::Confirmed,
            Some(true) | None => Sighting::Unconfirmed,
        }
    }

    fn may_confirm(&self, route: Route) -> bool {
        route == Route::Original && self.served.is_empty()
    }
}

/// Fails unless a strong validator and the length tell that the reply is of the version expected.
fn check_same(expected: &Expected, accepted: &Accepted) -> Result<(), TransportError> {
    let sighted = &accepted.generation;
    if accepted.coding.is_some() {
        return Err(TransportError::Coded);
    }
    if expected.generation.is_surely(sighted) {
        return Ok(());
    }
    Err(TransportError::Changed {
        what: "it was one version by ranges, and is another one as a whole",
        sighted: Box::new(sighted.clone()),
    })
}

/// The conclusion from a reply of another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// It may be a stray reply.
    Unconfirmed,
    /// It is the newer version from here on.
    Confirmed,
    /// The one before was of yet another version: this server's replies tell nothing about
    /// versions.
    Contradicted,
}

impl Sighting {
    pub(crate) fn class(self) -> FailureClass {
        match self {
            Self::Unconfirmed => FailureClass::Stray,
            Self::Confirmed => FailureClass::Changed,
            // Parts of such replies cannot be joined, but one whole reply is of one version.
            Self::Contradicted => FailureClass::Misplaced,
        }
    }
}

#[cfg(test)]
mod tests;
