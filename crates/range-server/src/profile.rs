//! Owns whom the server can imitate: a closed list, and what each does otherwise than RFC 9110
//! would have it, as data. Pure; knows neither files nor connections.

mod conditions;
mod range;
mod table;

use http::StatusCode;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, HeaderValue, SERVER};
use range_core::http::conditional::{self, Decision, Method, RangePolicy, Representation, Request};

use crate::fault::EntityTagFault;
use crate::reply::{Payload, Reply, value};
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
pub(crate) struct Verdict {
    pub(crate) decision: Decision,
    pub(crate) slip: Slip,
}

/// What is wrong about an answer beside its status and its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slip {
    /// Nothing.
    None,
    /// A 416 does not tell the length.
    NoContentRange,
    /// In place of the whole there is a 206 with no bytes, and a `Content-Range` that ends before
    /// it starts.
    EmptyRange,
}

impl From<Decision> for Verdict {
    fn from(decision: Decision) -> Self {
        let slip = Slip::None;
        Self { decision, slip }
    }
}

/// What a server does. Each field is one of its habits, and the value of each in [`table::RIGHT`]
/// the one RFC 9110 asks for.
#[derive(Clone, Copy, Debug)]
struct Quirks {
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
    pub(crate) fn decide(
        self,
        request: &Request<'_>,
        representation: Representation<'_>,
    ) -> Verdict {
        match self {
            Self::Right(policy) => conditional::decide(request, representation, policy).into(),
            Self::As(profile) => profile.quirks().decide(request, representation),
        }
    }

    /// What is wrong about the tags.
    pub(crate) fn entity_tag(self) -> Option<EntityTagFault> {
        self.quirks().and_then(|quirks| quirks.entity_tag)
    }

    /// Adds to an answer who it is from, and takes away what that server does not say.
    pub(crate) fn dress(self, reply: &mut Reply) {
        let Some(quirks) = self.quirks() else { return };
        if let Some(server) = quirks.server {
            let server = HeaderValue::from_static(server);
            reply.headers.insert(SERVER, server);
        }
        if quirks.range.is_none() {
            reply.headers.remove(ACCEPT_RANGES);
        }
    }

    fn quirks(self) -> Option<&'static Quirks> {
        match self {
            Self::Right(_) => None,
            Self::As(profile) => Some(profile.quirks()),
        }
    }
}

impl Quirks {
    fn decide(&self, request: &Request<'_>, representation: Representation<'_>) -> Verdict {
        if self.fails(request, representation) {
            return Decision::PreconditionFailed.into();
        }
        if self.is_unmodified(request, representation) {
            return Decision::NotModified.into();
        }
        let (Some(reading), Some(range)) = (&self.range, request.range) else {
            return Decision::Whole.into();
        };
        let is_heard = request.method == Method::Get || reading.heeds_head;
        if is_heard && self.is_current(request, representation) {
            reading.decide(range, representation.length)
        } else {
            Decision::Whole.into()
        }
    }
}

impl Slip {
    /// Says an answer the wrong way. `length` is that of the representation.
    pub(crate) fn distort(self, reply: &mut Reply, length: u64) {
        match self {
            Self::None => {}
            Self::NoContentRange => {
                reply.content_range = None;
                reply.headers.remove(CONTENT_RANGE);
            }
            Self::EmptyRange => {
                reply.status = StatusCode::PARTIAL_CONTENT;
                reply.payload = Payload::Empty;
                reply.content_range = None;
                let last = length.saturating_sub(1);
                let content_range = value(format_args!("bytes {length}-{last}/{length}"));
                reply.headers.insert(CONTENT_RANGE, content_range);
                reply.headers.insert(CONTENT_LENGTH, HeaderValue::from(0));
            }
        }
    }
}

#[cfg(test)]
mod tests;
