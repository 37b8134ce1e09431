//! Owns how other servers take preconditions: the right decision, asked about one field at a time.

use std::time::Duration;

use range_core::http::conditional::{self, Decision, Method, RangePolicy, Representation, Request};
use range_core::http::{EntityTag, HttpDate};

use super::Quirks;

/// How `If-Match` is compared.
#[derive(Clone, Copy, Debug)]
pub(super) enum TagComparison {
    /// Strongly, as §13.1.1 has it.
    Strong,
    /// Weakly.
    Weak,
    /// Not at all.
    Ignored,
}

/// When `If-Unmodified-Since` counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfUnmodifiedSince {
    /// Where there is no `If-Match` (§13.1.4).
    WithoutTag,
    /// Always.
    Always,
    /// Never.
    Ignored,
}

/// How `If-None-Match` is read.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfNoneMatch {
    /// As a list, or `*` (§13.1.2).
    List,
    /// As one tag.
    OneTag,
    /// Not at all.
    Ignored,
}

/// When `If-Modified-Since` counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfModifiedSince {
    /// Where there is no `If-None-Match` (§13.1.3).
    WithoutTag,
    /// Always: neither may say that something is new.
    Always,
    /// Always, and only the very date of the file says that nothing is new.
    AlwaysExactly,
}

/// How `If-Range` is taken.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfRange {
    /// As §13.1.5 has it.
    Strict,
    /// As that, but a date has to be this much older than the answer.
    Settled(Duration),
    /// A tag is right wherever it occurs in the field, though weak, and any later date is.
    Loose,
}

/// What the right decision about some of a request's fields is.
fn decision(request: Request<'_>, representation: Representation<'_>) -> Decision {
    conditional::decide(&request, representation, RangePolicy::default())
}

const fn bare() -> Request<'static> {
    Request::new(Method::Get)
}

impl Quirks {
    /// Whether the answer is 412.
    pub(super) fn fails(&self, request: &Request<'_>, representation: Representation<'_>) -> bool {
        let has_tag = request.if_match.is_some();
        let (if_match, if_unmodified_since) = (request.if_match, request.if_unmodified_since);
        let by_tag = match self.if_match {
            TagComparison::Strong => {
                let request = Request { if_match, ..bare() };
                decision(request, representation) == Decision::PreconditionFailed
            }
            TagComparison::Weak => {
                let if_none_match = if_match;
                let request = Request {
                    if_none_match,
                    ..bare()
                };
                has_tag && decision(request, representation) != Decision::NotModified
            }
            TagComparison::Ignored => false,
        };
        let counts = match self.if_unmodified_since {
            IfUnmodifiedSince::WithoutTag => !has_tag,
            IfUnmodifiedSince::Always => true,
            IfUnmodifiedSince::Ignored => false,
        };
        let request = Request {
            if_unmodified_since,
            ..bare()
        };
        by_tag || counts && decision(request, representation) == Decision::PreconditionFailed
    }

    /// Whether the answer is 304.
    pub(super) fn is_unmodified(
        &self,
        request: &Request<'_>,
        representation: Representation<'_>,
    ) -> bool {
        let is_unmodified = |request| decision(request, representation) == Decision::NotModified;
        let if_none_match = request.if_none_match;
        let by_tag = if_none_match.and_then(|field| match self.if_none_match {
            IfNoneMatch::List => Some(is_unmodified(Request {
                if_none_match,
                ..bare()
            })),
            IfNoneMatch::OneTag => {
                let own = representation.validators.entity_tag.as_ref();
                Some(
                    own.zip(EntityTag::parse(field))
                        .is_some_and(|(own, tag)| own.weak_eq(&tag)),
                )
            }
            IfNoneMatch::Ignored => None,
        });
        let date = request.if_modified_since.and_then(HttpDate::parse);
        let by_date = match (self.if_modified_since, date) {
            (IfModifiedSince::WithoutTag, _) if if_none_match.is_some() => None,
            (IfModifiedSince::AlwaysExactly, date) => request
                .if_modified_since
                .map(|_| date.is_some() && date == representation.validators.last_modified),
            (_, None) => None,
            (_, Some(_)) => {
                let if_modified_since = request.if_modified_since;
                Some(is_unmodified(Request {
                    if_modified_since,
                    ..bare()
                }))
            }
        };
        let said = [by_tag, by_date].into_iter().flatten();
        said.reduce(|one, other| one && other).unwrap_or(false)
    }

    /// Whether `If-Range` lets the range be heeded.
    pub(super) fn is_current(
        &self,
        request: &Request<'_>,
        representation: Representation<'_>,
    ) -> bool {
        let Some(if_range) = request.if_range else {
            return true;
        };
        let validators = representation.validators;
        let is_strictly = || {
            let range = Some(&b"bytes=0-0"[..]);
            let request = Request {
                if_range: Some(if_range),
                range,
                ..bare()
            };
            matches!(decision(request, representation), Decision::Partial(_))
        };
        match self.if_range {
            IfRange::Strict => is_strictly(),
            IfRange::Settled(least) => {
                let age = validators.date.zip(validators.last_modified);
                let age = age.and_then(|(date, modified)| date.since(modified));
                let is_settled = age.is_some_and(|age| age >= least);
                is_strictly() && (is_settled || HttpDate::parse(if_range).is_none())
            }
            IfRange::Loose if if_range.contains(&b'"') => {
                validators.entity_tag.as_ref().is_some_and(|tag| {
                    let tag = tag.as_bytes();
                    if_range.windows(tag.len()).any(|window| window == tag)
                })
            }
            IfRange::Loose => {
                let date = HttpDate::parse(if_range).zip(validators.last_modified);
                date.is_some_and(|(date, modified)| modified <= date)
            }
        }
    }
}
