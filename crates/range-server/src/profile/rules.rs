//! Owns how requests are answered: to the letter of RFC 9110, or as a profile has it. Pure; knows
//! neither files nor connections.

use std::num::NonZeroU16;

use range_core::http::conditional::{self, Decision, RangePolicy, Request, SelectedRepresentation};
use range_core::http::{ResolvedRange, ResponseHead, Status, Variant};

use super::Profile;
use super::habits::Habits;
use super::outcome::{Deviation, Outcome};
use super::table;
use crate::fault::EntityTagFault;

/// The way requests are answered: rightly, by a policy, or as another server would.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rules {
    Right(RangePolicy),
    /// Rightly, by a server that knows no ranges, which every server may be (RFC 9110 §14.2).
    WithoutRanges(RangePolicy),
    As(Profile),
}

/// The answer to a request for a representation.
pub(crate) struct Answer<'a> {
    pub(crate) head: ResponseHead<'a>,
    /// The range that is sent of the representation; `None` where it is not the range that decides.
    pub(crate) range: Option<ResolvedRange>,
    /// True if `Content-Range` tells of a range of no bytes, which ends before it starts.
    pub(crate) is_empty_range: bool,
}

impl Rules {
    /// The answer to a request, whose `Range` was sent as `range`.
    pub(crate) fn answer<'a>(
        self,
        request: &Request<'_>,
        range: Option<&[u8]>,
        representation: SelectedRepresentation<'a>,
        variant: Variant,
    ) -> Answer<'a> {
        let Outcome {
            decision,
            deviation,
        } = self.decide(request, range, representation);
        let mut head = ResponseHead::new(&decision, request, representation, variant);
        head.accepts_ranges &= self.advertises_ranges();
        match deviation {
            Deviation::None => {}
            Deviation::NoContentRange => head.content_range = None,
            Deviation::EmptyRange => {
                head.status = Status::PartialContent;
                head.content_length = Some(0);
            }
        }
        Answer {
            range: match decision {
                Decision::Range(range) if deviation != Deviation::EmptyRange => Some(range),
                Decision::Range(_) | Decision::NotModified | Decision::PreconditionFailed => None,
            },
            head,
            is_empty_range: deviation == Deviation::EmptyRange,
        }
    }

    /// The decision alone.
    pub(super) fn decide(
        self,
        request: &Request<'_>,
        range: Option<&[u8]>,
        representation: SelectedRepresentation<'_>,
    ) -> Outcome {
        match self {
            Self::Right(policy) => {
                conditional::decide(request, representation, policy.invalid).into()
            }
            Self::WithoutRanges(policy) => {
                let request = Request {
                    range: None,
                    ..*request
                };
                conditional::decide(&request, representation, policy.invalid).into()
            }
            Self::As(profile) => table::habits(profile).decide(request, range, representation),
        }
    }

    /// The reading of `Range`. A profile has no limit on the number of ranges.
    pub(crate) fn range_policy(self) -> RangePolicy {
        match self {
            Self::Right(policy) | Self::WithoutRanges(policy) => policy,
            Self::As(_) => RangePolicy {
                max_ranges: NonZeroU16::MAX,
                ..RangePolicy::default()
            },
        }
    }

    /// The fault of all tags.
    pub(crate) fn entity_tag(self) -> Option<EntityTagFault> {
        self.habits().and_then(|habits| habits.entity_tag)
    }

    /// The value of `Server`.
    pub(crate) fn server(self) -> Option<&'static str> {
        self.habits().and_then(|habits| habits.server)
    }

    /// Returns true if answers say that ranges are served.
    fn advertises_ranges(self) -> bool {
        match self {
            Self::Right(_) => true,
            Self::WithoutRanges(_) => false,
            Self::As(profile) => table::habits(profile).range.is_some(),
        }
    }

    fn habits(self) -> Option<&'static Habits> {
        match self {
            Self::Right(_) | Self::WithoutRanges(_) => None,
            Self::As(profile) => Some(table::habits(profile)),
        }
    }
}
