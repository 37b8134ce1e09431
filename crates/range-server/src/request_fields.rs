//! Owns the fields of a request that take part in what is answered, each read once. Decides
//! nothing.

use std::borrow::Cow;

use http::HeaderMap;
use http::header::{
    HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH, IF_RANGE,
    IF_UNMODIFIED_SINCE, RANGE,
};
use range_core::http::RangeHeader;
use range_core::http::conditional::{Method, RangePolicy, Request};

/// Preconditions, and the range they guard.
pub(crate) struct Conditions<'a> {
    if_match: Option<Cow<'a, [u8]>>,
    if_unmodified_since: Option<Cow<'a, [u8]>>,
    if_none_match: Option<Cow<'a, [u8]>>,
    if_modified_since: Option<Cow<'a, [u8]>>,
    pub(crate) if_range: Option<Cow<'a, [u8]>>,
    pub(crate) range: Option<RangeField<'a>>,
}

/// A `Range` field.
pub(crate) struct RangeField<'a> {
    /// As it was sent, for those who read it otherwise than they should.
    pub(crate) text: Cow<'a, [u8]>,
    /// The meaning of it.
    pub(crate) header: RangeHeader,
}

impl<'a> Conditions<'a> {
    /// Reads the fields; `policy` says how many ranges are looked at.
    pub(crate) fn read(fields: &'a HeaderMap, policy: RangePolicy) -> Self {
        let field = |name| field(fields, &name);
        let range = |text: Cow<'a, [u8]>| RangeField {
            header: policy.read(&text),
            text,
        };
        Self {
            if_match: field(IF_MATCH),
            if_unmodified_since: field(IF_UNMODIFIED_SINCE),
            if_none_match: field(IF_NONE_MATCH),
            if_modified_since: field(IF_MODIFIED_SINCE),
            if_range: field(IF_RANGE),
            range: field(RANGE).map(range),
        }
    }

    /// The meaning of `Range`, if there is one.
    pub(crate) fn range_header(&self) -> Option<&RangeHeader> {
        self.range.as_ref().map(|range| &range.header)
    }

    /// The same as the decision takes it.
    pub(crate) fn request(&self, method: Method) -> Request<'_> {
        Request {
            method,
            if_match: self.if_match.as_deref(),
            if_unmodified_since: self.if_unmodified_since.as_deref(),
            if_none_match: self.if_none_match.as_deref(),
            if_modified_since: self.if_modified_since.as_deref(),
            if_range: self.if_range.as_deref(),
            range: self.range_header(),
        }
    }
}

/// A field's value, its lines joined with commas (RFC 9110 §5.3). For a field that is no list
/// that makes several lines malformed, as they should be.
pub(crate) fn field<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut lines = fields.get_all(name).iter().map(HeaderValue::as_bytes);
    let first = Cow::Borrowed(lines.next()?);
    Some(lines.fold(first, |joined, line| {
        Cow::Owned([&joined, line].join(&b", "[..]))
    }))
}
