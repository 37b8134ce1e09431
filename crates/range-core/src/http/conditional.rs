//! Owns the one decision that a server takes on a GET or HEAD: preconditions in their order, then
//! the range (RFC 9110 §13.2.2 and §14.2). Knows no header map, no file and no clock.

use core::num::NonZeroU16;

use super::date::HttpDate;
use super::multipart;
use super::range_header::{MAX_RANGES_DEFAULT, RangeHeader, ResolvedRange};
use super::syntax::trim;
use super::validator::{EntityTag, EntityTagRef, Strength, Validators};

/// The methods the decision is defined for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// HEAD, for which `Range` is ignored (§14.2).
    Head,
}

/// The fields of a request that take part in the decision. Their values are as received, but
/// `Range` is parsed. A field sent on several lines is joined with commas.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// `If-Match`.
    pub if_match: Option<&'a [u8]>,
    /// `If-Unmodified-Since`.
    pub if_unmodified_since: Option<&'a [u8]>,
    /// `If-None-Match`.
    pub if_none_match: Option<&'a [u8]>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<&'a [u8]>,
    /// `If-Range`.
    pub if_range: Option<&'a [u8]>,
    /// `Range`.
    pub range: Option<&'a RangeHeader>,
}

impl Request<'_> {
    /// A request without any of the fields.
    pub const fn new(method: Method) -> Self {
        Self {
            method,
            if_match: None,
            if_unmodified_since: None,
            if_none_match: None,
            if_modified_since: None,
            if_range: None,
            range: None,
        }
    }
}

/// The selected representation, which exists.
#[derive(Clone, Copy, Debug)]
pub struct SelectedRepresentation<'a> {
    /// Its length in bytes.
    pub length: u64,
    /// Its validators; `date` is the `Date` that the response is going to carry.
    pub validators: &'a Validators,
    /// Its `Content-Type`, which each part of a multipart response repeats.
    pub media_type: &'a str,
}

/// A server's choices about ranges.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RangePolicy {
    /// The maximum number of ranges in one request; a request for more gets the whole
    /// representation. Default: [`MAX_RANGES_DEFAULT`].
    pub max_ranges: NonZeroU16,
    /// The treatment of a malformed `Range`. Default: it is ignored.
    pub invalid: InvalidRange,
}

impl Default for RangePolicy {
    fn default() -> Self {
        Self {
            max_ranges: MAX_RANGES_DEFAULT,
            invalid: InvalidRange::Ignore,
        }
    }
}

impl RangePolicy {
    /// Parses the value of a `Range` field.
    pub fn read(self, field: &[u8]) -> RangeHeader {
        RangeHeader::parse(field, self.max_ranges)
    }
}

/// The answer to a malformed `Range`; §14.2 permits both. A range with an unknown unit is not
/// malformed, and must be ignored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum InvalidRange {
    /// 200 with the whole representation, as Apache answers.
    #[default]
    Ignore,
    /// 416, as nginx and Go answer.
    Reject,
}

/// The answer to a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// 200, 206 or 416, according to the range. Several ranges are sent as parts of
    /// `multipart/byteranges` content that is not longer than the representation.
    Range(ResolvedRange),
    /// 304.
    NotModified,
    /// 412.
    PreconditionFailed,
}

/// Decides how to answer a request for a representation.
///
/// A malformed precondition counts as one that holds no tag and no date.
pub fn decide(
    request: &Request<'_>,
    representation: SelectedRepresentation<'_>,
    invalid: InvalidRange,
) -> Decision {
    let validators = representation.validators;
    if !may_proceed(request, validators) {
        return Decision::PreconditionFailed;
    }
    if is_unmodified(request, validators) {
        return Decision::NotModified;
    }
    let range = request.range.filter(|_| request.method == Method::Get);
    let range = range.filter(|_| {
        request
            .if_range
            .is_none_or(|value| is_current(value, validators))
    });
    Decision::Range(match range {
        Some(RangeHeader::Set(specs)) => {
            within_bounds(specs.resolve(representation.length), representation)
        }
        Some(RangeHeader::Invalid) if invalid == InvalidRange::Reject => {
            ResolvedRange::Unsatisfiable
        }
        _ => ResolvedRange::Whole,
    })
}

/// Ranges never cost more than the whole: many small parts would otherwise cost more to send than
/// to request (§17.15, and the amplification found in CDNs that forward such requests).
fn within_bounds(
    resolved: ResolvedRange,
    representation: SelectedRepresentation<'_>,
) -> ResolvedRange {
    let SelectedRepresentation {
        length, media_type, ..
    } = representation;
    if let ResolvedRange::Several(ranges) = &resolved
        && multipart::length(ranges, media_type, length) > length
    {
        return ResolvedRange::Whole;
    }
    resolved
}

/// Evaluates `If-Match`, or in its absence `If-Unmodified-Since`.
fn may_proceed(request: &Request<'_>, validators: &Validators) -> bool {
    if let Some(field) = request.if_match {
        return names_current(field, validators, Comparison::Strong);
    }
    let since = request.if_unmodified_since;
    since
        .and_then(|field| is_unmodified_since(field, validators))
        .unwrap_or(true)
}

/// Evaluates `If-None-Match`, or in its absence `If-Modified-Since`.
fn is_unmodified(request: &Request<'_>, validators: &Validators) -> bool {
    if let Some(field) = request.if_none_match {
        return names_current(field, validators, Comparison::Weak);
    }
    let since = request.if_modified_since;
    since
        .and_then(|field| is_unmodified_since(field, validators))
        .unwrap_or(false)
}

/// The two comparisons of entity tags (§8.8.3.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Comparison {
    /// A weak tag equals no other.
    Strong,
    /// Only the text between the quotes counts.
    Weak,
}

/// Reports whether `If-Match` or `If-None-Match` names the current tag, or is `*`. A list counts up
/// to its first malformed element.
pub fn names_current(field: &[u8], validators: &Validators, comparison: Comparison) -> bool {
    if trim(field) == b"*" {
        return true;
    }
    let Some(current) = &validators.entity_tag else {
        return false;
    };
    let equals = match comparison {
        Comparison::Strong => EntityTagRef::strong_eq,
        Comparison::Weak => EntityTagRef::weak_eq,
    };
    let mut rest = field;
    loop {
        // Tags may hold commas, so the list cannot be split at them.
        while let Some((b',' | b' ' | b'\t', tail)) = rest.split_first() {
            rest = tail;
        }
        match EntityTagRef::split_first(rest) {
            Some((tag, _)) if equals(tag, current.as_ref()) => return true,
            Some((_, tail)) => rest = tail,
            None => return false,
        }
    }
}

/// Reports whether this version is no later than the date of `If-Unmodified-Since` or
/// `If-Modified-Since`; `None` if either date is unknown.
pub fn is_unmodified_since(field: &[u8], validators: &Validators) -> Option<bool> {
    let since = HttpDate::parse(field)?;
    Some(validators.last_modified? <= since)
}

/// Reports whether `If-Range` names the current version (§13.1.5): a tag by strong comparison, a
/// date only if it is equal and a strong validator.
pub fn is_current(if_range: &[u8], validators: &Validators) -> bool {
    if let Some(asked) = EntityTag::parse(if_range) {
        return validators
            .entity_tag
            .as_ref()
            .is_some_and(|tag| tag.strong_eq(&asked));
    }
    validators.last_modified_strength() == Some(Strength::Strong)
        && HttpDate::parse(if_range).is_some_and(|date| validators.last_modified == Some(date))
}

#[cfg(test)]
mod tests;
