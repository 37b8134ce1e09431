//! Owns whom the server can imitate: a closed list, and what each does otherwise than RFC 9110
//! would have it, as data. Pure; knows neither files nor connections.

mod conditions;
mod range;
mod table;

use std::num::NonZeroU16;

use range_core::http::ResolvedRange;
use range_core::http::conditional::{self, Decision, Method, RangePolicy, Representation, Request};

use crate::fault::EntityTagFault;
use conditions::{IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince, TagComparison};
use range::RangeReading;

/// A server whose way with ranges, preconditions and validators can be imitated: the status, the
/// range and the fields of its answers, not how it speaks on a connection.
///
/// An empty file, and a `Range` of more than 4096 bytes, get the whole, whoever is imitated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// nginx 1.22.
    Nginx,
    /// Apache 2.4.
    Apache,
    /// lighttpd 1.4.
    Lighttpd,
    /// Caddy 2.6.
    Caddy,
    /// The file server of Go's standard library, which Caddy is built on, but without tags.
    Go,
    /// `http.server` of Python, which knows no ranges.
    Python,
    /// Varnish 7.1, answering from its cache.
    Varnish,
    /// `static` of Express 4.
    Express,
}

impl Profile {
    /// All there are.
    pub const ALL: [Self; 8] = [
        Self::Nginx,
        Self::Apache,
        Self::Lighttpd,
        Self::Caddy,
        Self::Go,
        Self::Python,
        Self::Varnish,
        Self::Express,
    ];

    /// What it is called.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Apache => "apache",
            Self::Lighttpd => "lighttpd",
            Self::Caddy => "caddy",
            Self::Go => "go",
            Self::Python => "python",
            Self::Varnish => "varnish",
            Self::Express => "express",
        }
    }

    /// The one of this name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|profile| profile.name() == name)
    }
}

/// How requests are answered: rightly, by a policy, or as another server would.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Rules {
    Right(RangePolicy),
    As(Profile),
}

/// What to answer, and what is wrong about how it is said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Outcome {
    pub(crate) decision: Decision,
    pub(crate) deviation: Deviation,
}

/// What is wrong about an answer beside its status and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deviation {
    /// Nothing.
    None,
    /// A 416 does not tell the length.
    NoContentRange,
    /// In place of the whole there is a 206 with no bytes, and a `Content-Range` that ends before
    /// it starts.
    EmptyRange,
}

impl From<Decision> for Outcome {
    fn from(decision: Decision) -> Self {
        let deviation = Deviation::None;
        Self {
            decision,
            deviation,
        }
    }
}

impl From<ResolvedRange> for Outcome {
    fn from(range: ResolvedRange) -> Self {
        Decision::Range(range).into()
    }
}

/// What a server does. Each field is one of its habits, and the value of each in [`table::RIGHT`]
/// the one RFC 9110 asks for.
#[derive(Clone, Copy, Debug)]
struct Habits {
    /// `Server`.
    server: Option<&'static str>,
    /// What is wrong about its tags.
    entity_tag: Option<EntityTagFault>,
    if_match: TagComparison,
    if_unmodified_since: IfUnmodifiedSince,
    if_none_match: IfNoneMatch,
    if_modified_since: IfModifiedSince,
    if_range: IfRange,
    /// `None` where it knows no ranges.
    range: Option<RangeReading>,
}

impl Rules {
    /// What is answered to a request, whose `Range` was sent as `range`.
    pub(crate) fn decide(
        self,
        request: &Request<'_>,
        range: Option<&[u8]>,
        representation: Representation<'_>,
    ) -> Outcome {
        match self {
            Self::Right(policy) => {
                conditional::decide(request, representation, policy.invalid).into()
            }
            Self::As(profile) => profile.habits().decide(request, range, representation),
        }
    }

    /// How `Range` is read. Those that are imitated have no limit on the number of ranges.
    pub(crate) fn range_policy(self) -> RangePolicy {
        match self {
            Self::Right(policy) => policy,
            Self::As(_) => RangePolicy {
                max_ranges: NonZeroU16::MAX,
                ..RangePolicy::default()
            },
        }
    }

    /// What is wrong about the tags.
    pub(crate) fn entity_tag(self) -> Option<EntityTagFault> {
        self.habits().and_then(|habits| habits.entity_tag)
    }

    /// What `Server` says.
    pub(crate) fn server(self) -> Option<&'static str> {
        self.habits().and_then(|habits| habits.server)
    }

    /// Whether answers say that ranges are served.
    pub(crate) fn advertises_ranges(self) -> bool {
        self.habits().is_none_or(|habits| habits.range.is_some())
    }

    fn habits(self) -> Option<&'static Habits> {
        match self {
            Self::Right(_) => None,
            Self::As(profile) => Some(profile.habits()),
        }
    }
}

impl Habits {
    fn decide(
        &self,
        request: &Request<'_>,
        range: Option<&[u8]>,
        representation: Representation<'_>,
    ) -> Outcome {
        let validators = representation.validators;
        if self.fails(request, validators) {
            return Decision::PreconditionFailed.into();
        }
        if self.is_unmodified(request, validators) {
            return Decision::NotModified.into();
        }
        let (Some(reading), Some(range)) = (&self.range, range) else {
            return ResolvedRange::Whole.into();
        };
        let is_heard = request.method == Method::Get || reading.heeds_head;
        if is_heard && self.is_current(request, validators) {
            reading.decide(range, representation.length)
        } else {
            ResolvedRange::Whole.into()
        }
    }
}

#[cfg(test)]
mod tests;
