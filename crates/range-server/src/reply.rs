//! Owns the step from a found representation to a response head and what is to follow it. Pure:
//! neither reads content nor knows a connection.

use std::borrow::Cow;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_SECURITY_POLICY,
    CONTENT_TYPE, DATE, ETAG, HeaderName, HeaderValue, IF_MATCH, IF_MODIFIED_SINCE, IF_NONE_MATCH,
    IF_RANGE, IF_UNMODIFIED_SINCE, LAST_MODIFIED, LOCATION, RANGE, RETRY_AFTER, VARY,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use range_core::ByteRange;
use range_core::http::conditional::{self, Decision, Method, RangePolicy};
use range_core::http::{Boundary, ContentRange, HttpDate, Multipart, Validators};

use crate::accept;
use crate::content::{self, Listing, Representation, Source};
use crate::fault::{FaultPlan, Instead};

/// The methods that are served.
const METHODS: HeaderValue = HeaderValue::from_static("GET, HEAD, OPTIONS");

/// A response before it meets a connection.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) content_range: Option<ContentRange>,
    /// The ranges of a multipart response, in the order they are sent; of any other, none.
    pub(crate) parts: Vec<ByteRange>,
    pub(crate) payload: Payload,
}

/// What follows the head.
pub(crate) enum Payload {
    /// Nothing.
    Empty,
    /// A short text of the server's own.
    Text(String),
    /// Bytes of a representation, and what stands between them. At least one piece.
    Content { source: Source, pieces: Vec<Piece> },
}

/// Something to send that is not empty.
pub(crate) enum Piece {
    /// Text of the server's own.
    Text(Bytes),
    /// A range of the representation.
    Range(ByteRange),
}

impl Piece {
    fn text(text: String) -> Self {
        Self::Text(Bytes::from(text))
    }

    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Text(text) => length_of(text),
            Self::Range(range) => range.len(),
        }
    }
}

impl Payload {
    fn range(source: Source, range: ByteRange) -> Self {
        let pieces = vec![Piece::Range(range)];
        Self::Content { source, pieces }
    }

    pub(crate) fn length(&self) -> u64 {
        match self {
            Self::Empty => 0,
            Self::Text(text) => length_of(text.as_bytes()),
            Self::Content { pieces, .. } => pieces.iter().map(Piece::length).sum(),
        }
    }
}

fn length_of(text: &[u8]) -> u64 {
    u64::try_from(text.len()).expect("a text's length fits 64 bits")
}

impl Reply {
    fn new(status: StatusCode, date: HttpDate, payload: Payload) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, value(date));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        // A 304 may name only the length of the 200 it stands for (RFC 9110 §8.6).
        if !matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(payload.length()));
        }
        Self {
            status,
            headers,
            content_range: None,
            parts: Vec::new(),
            payload,
        }
    }

    fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// A status with its name as content, where it may have any.
    pub(crate) fn status(status: StatusCode, date: HttpDate) -> Self {
        if matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            return Self::new(status, date, Payload::Empty);
        }
        let text = Payload::Text(format!("{status}\n"));
        Self::new(status, date, text).with(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        )
    }

    /// The answer to OPTIONS, which is the same for everything there is.
    pub(crate) fn options(date: HttpDate) -> Self {
        Self::status(StatusCode::NO_CONTENT, date).with(ALLOW, METHODS)
    }

    /// The answer to methods that are not served.
    pub(crate) fn method_not_allowed(date: HttpDate) -> Self {
        Self::status(StatusCode::METHOD_NOT_ALLOWED, date).with(ALLOW, METHODS)
    }

    /// A page the server made, which must neither run anything nor be kept; for programs that ask
    /// for it, the same as JSON.
    pub(crate) fn listing(
        mut listing: Listing,
        fields: &HeaderMap,
        query: Option<&str>,
        date: HttpDate,
    ) -> Self {
        let (text, media_type) = if accept::prefers_json(fields) {
            (listing.json(), "application/json")
        } else {
            (listing.html(query), "text/html; charset=utf-8")
        };
        Self::new(StatusCode::OK, date, Payload::Text(text))
            .with(CONTENT_TYPE, HeaderValue::from_static(media_type))
            .with(CONTENT_SECURITY_POLICY, content::listing_policy())
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with(VARY, HeaderValue::from_static("accept"))
    }

    /// Sends the client to the same directory with a slash at the end. Temporary, because another
    /// directory may be served here tomorrow.
    pub(crate) fn with_slash(path: &str, query: Option<&str>, date: HttpDate) -> Self {
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let location = value(format_args!("{path}/{query}"));
        Self::status(StatusCode::TEMPORARY_REDIRECT, date).with(LOCATION, location)
    }

    /// What a fault answers in place of the content.
    pub(crate) fn instead(instead: &Instead, date: HttpDate) -> Self {
        match instead {
            Instead::Status { code, retry_after } => {
                let mut reply = Self::status(*code, date);
                if let Some(wait) = retry_after {
                    reply
                        .headers
                        .insert(RETRY_AFTER, HeaderValue::from(wait.as_secs()));
                }
                reply
            }
            Instead::RedirectTo(location) => {
                Self::status(StatusCode::FOUND, date).with(LOCATION, value(location))
            }
        }
    }

    /// The answer to a request for a representation.
    pub(crate) fn content(
        method: Method,
        fields: &HeaderMap,
        representation: Representation,
        date: HttpDate,
        policy: RangePolicy,
        boundary: Boundary,
        plan: &FaultPlan,
    ) -> Self {
        let mut validators = Validators::default();
        if !plan.omit_validators {
            validators.entity_tag = representation.entity_tag;
            validators.last_modified = representation.last_modified;
            validators.date = Some(date);
        }
        let selected = conditional::Representation {
            length: representation.length,
            validators: &validators,
            media_type: &representation.media_type,
        };
        let length = representation.length;
        let source = representation.source;
        let mut reply = match decide(method, fields, selected, policy, plan) {
            Decision::Whole => Self::whole(source, length, date),
            Decision::Partial(range) => {
                Self::partial(source, start_earlier(range, plan), length, date)
            }
            Decision::Several(ranges) => Self::several(
                source,
                ranges,
                Multipart {
                    boundary,
                    media_type: &representation.media_type,
                    complete_length: length,
                },
                date,
            ),
            Decision::NotModified => Self::new(StatusCode::NOT_MODIFIED, date, Payload::Empty),
            Decision::PreconditionFailed => {
                return Self::status(StatusCode::PRECONDITION_FAILED, date);
            }
            // The content of a 416 is not the representation, so nothing describes it (§15.5.17).
            Decision::RangeNotSatisfiable => {
                return Self::status(StatusCode::RANGE_NOT_SATISFIABLE, date).with_content_range(
                    ContentRange::Unsatisfied {
                        complete_length: length,
                    },
                );
            }
        };
        let is_validated_range =
            reply.status == StatusCode::PARTIAL_CONTENT && fields.contains_key(IF_RANGE);
        reply.describe(&validators, &representation.media_type, is_validated_range);
        if plan.no_content_length {
            reply.headers.remove(CONTENT_LENGTH);
        }
        reply
    }

    fn whole(source: Source, length: u64, date: HttpDate) -> Self {
        let payload = match ByteRange::whole(length) {
            Some(range) => Payload::range(source, range),
            None => Payload::Empty,
        };
        Self::new(StatusCode::OK, date, payload)
    }

    fn partial(source: Source, range: ByteRange, length: u64, date: HttpDate) -> Self {
        let content_range = ContentRange::Satisfied {
            range,
            complete_length: Some(length),
        };
        let payload = Payload::range(source, range);
        Self::new(StatusCode::PARTIAL_CONTENT, date, payload).with_content_range(content_range)
    }

    /// Several ranges as parts. The head must not have a `Content-Range` (RFC 9110 §15.3.7.2).
    fn several(
        source: Source,
        ranges: Vec<ByteRange>,
        multipart: Multipart<'_>,
        date: HttpDate,
    ) -> Self {
        let mut pieces = Vec::with_capacity(2 * ranges.len() + 1);
        for (index, &range) in ranges.iter().enumerate() {
            pieces.push(Piece::text(multipart.part_head(range, index == 0)));
            pieces.push(Piece::Range(range));
        }
        pieces.push(Piece::text(multipart.close()));
        let payload = Payload::Content { source, pieces };
        let reply = Self {
            parts: ranges,
            ..Self::new(StatusCode::PARTIAL_CONTENT, date, payload)
        };
        reply.with(CONTENT_TYPE, value(multipart.content_type()))
    }

    fn with_content_range(mut self, content_range: ContentRange) -> Self {
        self.content_range = Some(content_range);
        self.with(CONTENT_RANGE, value(content_range))
    }

    /// Adds the representation's header fields. A 304 leaves out what its recipient knows
    /// (RFC 9110 §15.4.5), and so does a 206 to a request with `If-Range` (§15.3.7).
    fn describe(&mut self, validators: &Validators, media_type: &str, is_validated_range: bool) {
        let is_short = is_validated_range || self.status == StatusCode::NOT_MODIFIED;
        if let Some(tag) = &validators.entity_tag {
            let tag =
                HeaderValue::from_bytes(tag.as_bytes()).expect("a tag holds no control bytes");
            self.headers.insert(ETAG, tag);
        }
        if let Some(date) = validators.last_modified
            && (!is_short || validators.entity_tag.is_none())
        {
            self.headers.insert(LAST_MODIFIED, value(date));
        }
        if self.status != StatusCode::NOT_MODIFIED {
            self.headers
                .insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
        }
        // The type of a multipart message is its own; its parts have the representation's.
        if !is_short && self.parts.is_empty() {
            self.headers.insert(CONTENT_TYPE, value(media_type));
        }
    }

    /// Drops the content, as HEAD has it, and keeps the head of the GET.
    pub(crate) fn without_payload(mut self) -> Self {
        self.payload = Payload::Empty;
        self
    }
}

fn decide(
    method: Method,
    fields: &HeaderMap,
    representation: conditional::Representation<'_>,
    policy: RangePolicy,
    plan: &FaultPlan,
) -> Decision {
    let field = |name| field(fields, &name);
    let if_match = field(IF_MATCH);
    let if_unmodified_since = field(IF_UNMODIFIED_SINCE);
    let if_none_match = field(IF_NONE_MATCH);
    let if_modified_since = field(IF_MODIFIED_SINCE);
    let if_range = field(IF_RANGE);
    let range = field(RANGE).filter(|_| !plan.ignore_range);
    let request = conditional::Request {
        method,
        if_match: if_match.as_deref(),
        if_unmodified_since: if_unmodified_since.as_deref(),
        if_none_match: if_none_match.as_deref(),
        if_modified_since: if_modified_since.as_deref(),
        if_range: if_range.as_deref(),
        range: range.as_deref(),
    };
    conditional::decide(&request, representation, policy)
}

fn start_earlier(range: ByteRange, plan: &FaultPlan) -> ByteRange {
    let start = range.start().saturating_sub(plan.start_earlier.0);
    ByteRange::new(start, range.end()).expect("an earlier start leaves the range longer")
}

/// A field's value, its lines joined with commas (RFC 9110 §5.3). For a field that is no list
/// that makes several lines malformed, as they should be.
fn field<'a>(fields: &'a HeaderMap, name: &HeaderName) -> Option<Cow<'a, [u8]>> {
    let mut lines = fields.get_all(name).iter().map(HeaderValue::as_bytes);
    let first = Cow::Borrowed(lines.next()?);
    Some(lines.fold(first, |joined, line| {
        Cow::Owned([&joined, line].join(&b", "[..]))
    }))
}

fn value(text: impl std::fmt::Display) -> HeaderValue {
    HeaderValue::try_from(text.to_string()).expect("the value is written without control bytes")
}
