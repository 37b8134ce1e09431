//! Owns which version of the remote file a download is of, and when a newer one is believed in.
//! Pure; knows nothing of what follows.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::failure::FailureClass;
use range_core::http::validator::Agreement;
use range_core::scheduler::{Body, Lease, Request, Route};

use crate::generation::{Expected, Generation};
use crate::transport::accept::{Accepted, accept};
use crate::transport::error::TransportError;
use crate::transport::head::Head;
use crate::transport::media_type::MediaType;

/// [`Generations`], as all workers of a download hold their replies against it: the first reply
/// that is judged decides for all that come after it, in whatever order they were asked for.
#[derive(Clone, Debug)]
pub(crate) struct SharedGenerations(Arc<Mutex<Generations>>);

impl SharedGenerations {
    pub(crate) fn new(generations: Generations) -> Self {
        Self(Arc::new(Mutex::new(generations)))
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Generations> {
        // Each change is a single assignment, so it is right whatever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A reply whose bytes may be written.
#[derive(Debug)]
pub(crate) struct Judged {
    pub(crate) accepted: Accepted,
    /// Whether all replies before it were joined by a strong validator, and it is not.
    pub(crate) is_first_to_differ: bool,
}

/// The version that is fetched, and what speaks for another one.
///
/// One reply that differs proves nothing: it may come from a node that is behind, or from something
/// between the server and here. Two that agree with each other, of which the second came by the
/// original URL, are a newer version, unless a reply of the version that is fetched still delivers
/// or was accepted in between.
#[derive(Debug)]
pub(crate) struct Generations {
    digest_decides: bool,
    expected: Option<Expected>,
    /// Whether a reply of this run, or an earlier run, says what the bytes here are of. Until then
    /// `expected` is what was known before, and a newer version will do.
    is_pinned: bool,
    /// Those that get the version that is fetched.
    served: BTreeSet<Lease>,
    /// The last version seen that differs.
    rival: Option<Generation>,
    /// Whether a strong validator joins all replies, as far as there were any.
    all_agree: bool,
}

impl Generations {
    /// Bytes of an earlier run are continued.
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
            is_pinned: true,
            all_agree: !is_mixed,
            ..Self::begin(Some(expected), digest_decides)
        }
    }

    /// There are no bytes; `before` is what was known of the file until now.
    pub(crate) fn begin(before: Option<Expected>, digest_decides: bool) -> Self {
        Self {
            digest_decides,
            expected: before,
            is_pinned: false,
            served: BTreeSet::new(),
            rival: None,
            all_agree: true,
        }
    }

    /// What is known of the file.
    pub(crate) fn expected(&self) -> Option<&Expected> {
        self.expected.as_ref()
    }

    /// The version that the bytes here are of.
    pub(crate) fn pinned(&self) -> Option<&Generation> {
        let expected = self.expected.as_ref().filter(|_| self.is_pinned);
        expected.map(|expected| &expected.generation)
    }

    pub(crate) fn all_agree(&self) -> bool {
        self.all_agree
    }

    /// Judges a reply's head. Once it was accepted, its bytes may be written.
    pub(crate) fn judge(
        &mut self,
        lease: Lease,
        request: Request,
        head: &Head,
    ) -> Result<Judged, TransportError> {
        let accepted = accept(request, self.expected.as_ref(), head)?;
        let all_agreed = self.all_agree;
        self.accepted(lease, &accepted);
        let is_first_to_differ = all_agreed && !self.all_agree;
        Ok(Judged {
            accepted,
            is_first_to_differ,
        })
    }

    /// A reply was accepted. Every byte of a whole file is of the version that its own reply
    /// states.
    fn accepted(&mut self, lease: Lease, accepted: &Accepted) {
        self.served.insert(lease);
        self.rival = None;
        let is_whole = matches!(accepted.body, Body::Whole { .. });
        match &mut self.expected {
            Some(expected) if self.is_pinned && !is_whole => {
                let theirs = &accepted.generation.validators;
                let agreement = expected.generation.validators.compare(theirs);
                self.all_agree &= agreement == Agreement::Same;
                if !expected.is_of_this_run {
                    // With a digest, another server may go on with what was begun. From here on its
                    // replies have to be of one version like any other's.
                    expected.generation.validators = theirs.clone();
                    expected.digest_decides = false;
                    expected.media_type = Some(accepted.media_type.clone());
                    expected.is_of_this_run = true;
                }
            }
            _ => {
                self.is_pinned = true;
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

    /// An attempt has ended.
    pub(crate) fn ended(&mut self, lease: Lease) {
        self.served.remove(&lease);
    }

    /// Whether a digest tells what the replies are, a second one in a row having other validators
    /// than the bytes here, and the length of these. They are accepted once nobody gets the ones
    /// that were expected.
    fn is_left_to_the_digest(&mut self, sighted: &Generation) -> bool {
        let digest_decides = self.digest_decides;
        let known = self.expected.as_mut().filter(|_| digest_decides);
        let Some(known) = known.filter(|known| known.generation.length == sighted.length) else {
            return false;
        };
        known.digest_decides |= self.served.is_empty();
        true
    }

    /// A reply was of another version.
    pub(crate) fn differs(&mut self, sighted: &Generation, route: Route) -> Sighting {
        if self.rival.is_some() && self.is_left_to_the_digest(sighted) {
            return Sighting::Unconfirmed;
        }
        let Some(rival) = &self.rival else {
            self.rival = Some(sighted.clone());
            return Sighting::Unconfirmed;
        };
        if !rival.agrees_with(sighted) {
            self.rival = Some(sighted.clone());
            return Sighting::Contradicted;
        }
        // The fuller of two that agree is the one to hold the next against.
        if sighted.validators.is_strong() {
            self.rival = Some(sighted.clone());
        }
        if route == Route::Original && self.served.is_empty() {
            Sighting::Confirmed
        } else {
            Sighting::Unconfirmed
        }
    }
}

/// What a reply of another version leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sighting {
    /// It may be a stray one.
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
mod tests {
    use range_core::ByteRange;
    use range_core::http::validator::{EntityTag, Validators};
    use range_core::scheduler::{Attempt, SegmentId};

    use super::Sighting::{Confirmed, Contradicted, Unconfirmed};
    use super::*;

    fn version(tag: &str) -> Generation {
        Generation {
            length: Some(100),
            validators: Validators {
                entity_tag: EntityTag::parse(tag.as_bytes()),
                ..Validators::default()
            },
        }
    }

    fn lease(segment: u32) -> Lease {
        Lease {
            segment: SegmentId(segment),
            attempt: Attempt(1),
        }
    }

    fn reply(tag: &str, media_type: &str) -> Accepted {
        let range = ByteRange::new(0, 50).unwrap();
        Accepted {
            body: Body::Part {
                range,
                complete_length: 100,
            },
            generation: version(tag),
            media_type: MediaType::parse(media_type.as_bytes()),
            coding: None,
        }
    }

    fn resumed() -> Generations {
        Generations::resume(version("\"old\""), None, false, false)
    }

    #[test]
    fn one_reply_proves_nothing_and_two_that_agree_do() {
        let mut generations = resumed();
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Known),
            Unconfirmed
        );
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Confirmed
        );
    }

    #[test]
    fn the_second_has_to_come_by_the_original_url() {
        let mut generations = resumed();
        for _ in 0..5 {
            assert_eq!(
                generations.differs(&version("\"new\""), Route::Known),
                Unconfirmed
            );
        }
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Confirmed
        );
    }

    #[test]
    fn two_that_differ_from_each_other_prove_nothing() {
        let mut generations = resumed();
        let mut differs = |version| generations.differs(&version, Route::Original);
        assert_eq!(differs(version("\"a\"")), Unconfirmed);
        for tag in ["\"b\"", "\"a\"", "\"b\""] {
            assert_eq!(differs(version(tag)), Contradicted);
        }
        let mut shorter = version("\"b\"");
        shorter.length = Some(99);
        assert_eq!(differs(shorter), Contradicted);
    }

    #[test]
    fn nothing_is_newer_while_the_old_one_is_served() {
        let mut generations = resumed();
        generations.accepted(lease(1), &reply("\"old\"", ""));
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Unconfirmed
        );
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Unconfirmed
        );
        generations.ended(lease(1));
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Confirmed
        );
    }

    #[test]
    fn a_reply_of_the_old_one_in_between_clears_the_suspicion() {
        let mut generations = resumed();
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Unconfirmed
        );
        generations.accepted(lease(1), &reply("\"old\"", ""));
        generations.ended(lease(1));
        assert_eq!(
            generations.differs(&version("\"new\""), Route::Original),
            Unconfirmed
        );
    }

    #[test]
    fn what_states_the_length_only_agrees_with_what_states_more() {
        let mut generations = resumed();
        let mut short = version("");
        short.length = Some(10);
        let mut full = version("\"new\"");
        full.length = Some(10);
        assert_eq!(generations.differs(&full, Route::Original), Unconfirmed);
        assert_eq!(generations.differs(&short, Route::Original), Confirmed);
        let mut other = version("\"newest\"");
        other.length = Some(10);
        let sighting = generations.differs(&other, Route::Original);
        assert_eq!(sighting, Contradicted);
    }

    #[test]
    fn the_first_reply_pins_the_version_and_the_media_type() {
        let mut generations = Generations::begin(None, false);
        assert_eq!(generations.pinned(), None);
        generations.accepted(lease(1), &reply("\"a\"", "text/csv"));
        let media_type = || generations.expected().unwrap().media_type.clone();
        assert_eq!(media_type(), Some(MediaType::parse(b"text/csv")));
        assert_eq!(generations.pinned(), Some(&version("\"a\"")));
    }

    #[test]
    fn replies_agree_only_while_each_has_the_same_strong_validator() {
        let mut generations = Generations::begin(None, true);
        generations.accepted(lease(1), &reply("\"a\"", ""));
        generations.accepted(lease(2), &reply("\"a\"", ""));
        assert!(generations.all_agree());
        generations.accepted(lease(3), &reply("", ""));
        assert!(!generations.all_agree());
    }

    #[test]
    fn with_a_digest_other_validators_cost_a_try_and_then_nothing() {
        let mut generations = Generations::resume(version("\"old\""), None, false, true);
        let decides = |generations: &Generations| generations.expected().unwrap().digest_decides;
        assert!(decides(&generations), "whichever server goes on");
        generations.accepted(lease(1), &reply("\"mirror\"", ""));
        assert!(!decides(&generations), "its replies are of one version");
        assert_eq!(generations.pinned(), Some(&version("\"mirror\"")));
        let differs = |generations: &mut Generations, tag| {
            let sighting = generations.differs(&version(tag), Route::Original);
            assert_eq!(sighting, Unconfirmed);
        };
        for tag in ["\"a\"", "\"b\"", "\"a\""] {
            differs(&mut generations, tag);
            assert!(!decides(&generations), "it is still served");
        }
        generations.ended(lease(1));
        differs(&mut generations, "\"b\"");
        assert!(decides(&generations));
        let mut other = version("\"b\"");
        other.length = Some(99);
        let sighting = generations.differs(&other, Route::Original);
        assert_eq!(sighting, Contradicted, "another length is another file");
    }

    #[test]
    fn a_whole_reply_is_of_its_own_version() {
        let mut generations = Generations::begin(None, true);
        generations.accepted(lease(1), &reply("\"a\"", ""));
        generations.accepted(lease(2), &reply("\"b\"", ""));
        let mut whole = reply("\"c\"", "");
        whole.body = Body::Whole { length: Some(100) };
        generations.accepted(lease(3), &whole);
        assert!(generations.all_agree());
        assert_eq!(generations.pinned(), Some(&version("\"c\"")));
    }
}
