//! Owns the step from a found representation to a response head and what is to follow it. Pure:
//! neither reads content nor knows a connection.

mod payload;

use std::sync::Arc;

use bytes::Bytes;
use http::header::{
    ACCEPT_RANGES, ALLOW, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_SECURITY_POLICY, CONTENT_TYPE, DATE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED,
    LOCATION, PROXY_AUTHENTICATE, SERVER, UPGRADE, VARY, WWW_AUTHENTICATE, X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderMap, StatusCode};
use range_core::ByteRange;
use range_core::http::conditional::{self, Method, Request};
use range_core::http::{
    Boundary, ContentCoding, ContentRange, ContentType, HttpDate, Multipart, ResolvedRange, Status,
    Validators, Variant,
};
use tokio::sync::OwnedSemaphorePermit;

use crate::content::{self, Page, Representation, Style};
use crate::cors::{METHODS, RESOURCE_POLICY};
use crate::login;
use crate::profile::{Answer, Rules};
use crate::request_fields::Conditions;
pub(crate) use payload::{Extent, Payload, Piece};

/// The field that a listing depends on.
pub(crate) const LISTING_VARIES: HeaderValue = HeaderValue::from_static("accept");

/// Longest line that explains a status, in characters.
const LONGEST_LINE: usize = 1000;

/// A response before it meets a connection.
pub(crate) struct Reply {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// The meaning of `Content-Range`, if it is there and has one.
    pub(crate) content_range: Option<ContentRange>,
    /// The range of a representation that was decided on; `None` where none of it is asked for.
    pub(crate) extent: Option<Extent>,
    pub(crate) payload: Payload,
    /// The room the payload takes until it is sent, if it is much.
    pub(crate) room: Option<Arc<OwnedSemaphorePermit>>,
    /// The reason for it, for whoever runs the server.
    pub(crate) why: Option<String>,
}

impl Reply {
    fn new(status: StatusCode, date: HttpDate, payload: Payload) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(DATE, value(date));
        headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
        headers.insert(RESOURCE_POLICY, HeaderValue::from_static("same-origin"));
        // A 304 may name only the length of the 200 it stands for (RFC 9110 §8.6).
        if !matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            headers.insert(CONTENT_LENGTH, HeaderValue::from(payload.length()));
        }
        Self {
            status,
            headers,
            content_range: None,
            extent: None,
            payload,
            room: None,
            why: None,
        }
    }

    /// Tells whoever runs the server why.
    pub(crate) fn because(mut self, why: Option<impl ToString>) -> Self {
        self.why = why.map(|why| why.to_string());
        self
    }

    pub(crate) fn with(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.insert(name, value);
        self
    }

    /// A status with its name as content, where it may have any.
    pub(crate) fn status(status: StatusCode, date: HttpDate) -> Self {
        if matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            return Self::new(status, date, Payload::Empty);
        }
        Self::explanation(status, &status, date)
    }

    /// A status with no content, and nothing about it.
    pub(crate) fn empty(status: StatusCode, date: HttpDate) -> Self {
        Self::new(status, date, Payload::Empty)
    }

    /// A status with a text of this media type, where it may have any.
    pub(crate) fn text(
        status: StatusCode,
        media_type: HeaderValue,
        text: &str,
        date: HttpDate,
    ) -> Self {
        if matches!(status, StatusCode::NOT_MODIFIED | StatusCode::NO_CONTENT) {
            return Self::empty(status, date);
        }
        Self::new(
            status,
            date,
            Payload::Text(Bytes::copy_from_slice(text.as_bytes())),
        )
        .with(CONTENT_TYPE, media_type)
    }

    /// A status with a line that says why. It may repeat what it was sent, but not at length.
    pub(crate) fn explanation(
        status: StatusCode,
        why: &impl std::fmt::Display,
        date: HttpDate,
    ) -> Self {
        let mut line = why.to_string();
        if let Some((end, _)) = line.char_indices().nth(LONGEST_LINE) {
            line.replace_range(end.., "…");
        }
        let text = Payload::Text(Bytes::from(line + "\n"));
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
        Self::complete_status(StatusCode::METHOD_NOT_ALLOWED, date)
    }

    /// The requests there were, for programs; never kept, as there will be more.
    pub(crate) fn requests(json: Bytes, date: HttpDate) -> Self {
        Self::new(StatusCode::OK, date, Payload::Text(json))
            .with(CONTENT_TYPE, HeaderValue::from_static("application/json"))
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
    }

    /// A status with its name, and the field that it must not be without.
    pub(crate) fn complete_status(status: StatusCode, date: HttpDate) -> Self {
        let mut reply = Self::status(status, date);
        reply.add_required();
        reply
    }

    /// Adds the field that RFC 9110 demands of the status, if it does.
    pub(crate) fn add_required(&mut self) {
        let upgrade = HeaderValue::from_static("TLS/1.3, HTTP/1.1");
        let (name, value) = match self.status {
            StatusCode::UNAUTHORIZED => (WWW_AUTHENTICATE, login::CHALLENGE),
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => (PROXY_AUTHENTICATE, login::CHALLENGE),
            StatusCode::METHOD_NOT_ALLOWED => (ALLOW, METHODS),
            StatusCode::UPGRADE_REQUIRED => (UPGRADE, upgrade),
            _ => return,
        };
        self.headers.insert(name, value);
    }

    /// The answer to a request for a page the server makes, if its preconditions want none. The
    /// page exists, and has no validators.
    pub(crate) fn without_page(
        method: Method,
        conditions: &Conditions<'_>,
        date: HttpDate,
        rules: Rules,
    ) -> Option<Self> {
        let page = conditional::SelectedRepresentation {
            length: 0,
            validators: &Validators {
                entity_tag: None,
                last_modified: None,
                date: Some(date),
            },
            media_type: "",
        };
        let whole = Request {
            range: None,
            ..conditions.request(method)
        };
        let answer = rules.answer(&whole, None, page, Variant::default());
        let status = match answer.head.status {
            Status::NotModified => StatusCode::NOT_MODIFIED,
            Status::PreconditionFailed => StatusCode::PRECONDITION_FAILED,
            Status::Ok | Status::PartialContent | Status::RangeNotSatisfiable => return None,
        };
        let reply = Self::status(status, date);
        Some(reply.with(CACHE_CONTROL, HeaderValue::from_static("no-store")))
    }

    /// A page the server made, which must neither run anything nor be kept; for programs that ask
    /// for it, the same as JSON.
    pub(crate) fn listing(page: Page, style: Style, date: HttpDate) -> Self {
        let reply = Self::new(StatusCode::OK, date, Payload::Text(page.text));
        let room = page.room;
        Self { room, ..reply }.listed(style)
    }

    /// The head of the page of requests, whose length only making it would tell.
    pub(crate) fn requests_head(date: HttpDate) -> Self {
        let mut reply = Self::requests(Bytes::new(), date);
        reply.headers.remove(CONTENT_LENGTH);
        reply
    }

    /// The head of that page, whose length only making it would tell.
    pub(crate) fn listing_head(style: Style, date: HttpDate) -> Self {
        let mut reply = Self::new(StatusCode::OK, date, Payload::Empty);
        reply.headers.remove(CONTENT_LENGTH);
        reply.listed(style)
    }

    fn listed(self, style: Style) -> Self {
        self.with(CONTENT_TYPE, HeaderValue::from_static(style.media_type()))
            .with(CONTENT_SECURITY_POLICY, content::listing_policy())
            .with(CACHE_CONTROL, HeaderValue::from_static("no-store"))
            .with(VARY, LISTING_VARIES)
    }

    /// Sends the client to the same directory with a slash at the end. Temporary, because another
    /// directory may be served here tomorrow, and relative, because the path may be longer where
    /// the client is.
    pub(crate) fn with_slash(path: &str, query: Option<&str>, date: HttpDate) -> Self {
        let query = query.map_or_else(String::new, |query| format!("?{query}"));
        let name = path.rsplit('/').next().unwrap_or_default();
        // A name with a colon in it would be read as a scheme without the dot.
        let location = value(format_args!("./{name}/{query}"));
        Self::status(StatusCode::TEMPORARY_REDIRECT, date).with(LOCATION, location)
    }

    /// The answer to a request for a representation.
    pub(crate) fn content(
        method: Method,
        conditions: &Conditions<'_>,
        representation: Representation,
        date: HttpDate,
        rules: Rules,
        boundary: Boundary,
    ) -> Self {
        let Representation {
            length,
            entity_tag,
            last_modified,
            media_type,
            variant,
            source,
        } = representation;
        let validators = Validators {
            entity_tag,
            last_modified,
            date: Some(date),
        };
        let selected = conditional::SelectedRepresentation {
            length,
            validators: &validators,
            media_type: &media_type,
        };
        let request = conditions.request(method);
        let range = conditions.range.as_ref().map(|range| &*range.text);
        let answer = rules.answer(&request, range, selected, variant);
        let multipart = Multipart {
            boundary,
            media_type: &media_type,
            complete_length: length,
        };
        let extent = answer.range.clone().map(|range| Extent {
            range,
            complete_length: length,
        });
        let pieces = extent.as_ref().map(|extent| extent.pieces(multipart));
        let payload = match pieces.unwrap_or_default() {
            pieces if pieces.is_empty() => Payload::Empty,
            pieces => Payload::Content { source, pieces },
        };
        let code = StatusCode::from_u16(answer.head.status.code()).expect("it is a status code");
        let reply = match answer.head.status {
            Status::PreconditionFailed | Status::RangeNotSatisfiable => Self::status(code, date),
            Status::Ok | Status::PartialContent | Status::NotModified => {
                Self::new(code, date, payload)
            }
        };
        let mut reply = Self { extent, ..reply };
        reply.spell(&answer, multipart);
        reply
    }

    /// Writes the fields that were decided.
    fn spell(&mut self, answer: &Answer<'_>, multipart: Multipart<'_>) {
        let head = &answer.head;
        debug_assert!(
            head.content_length
                .is_none_or(|length| length == self.payload.length()),
            "what is announced is what is sent"
        );
        self.content_range = head.content_range;
        let content_type = match head.content_type {
            Some(ContentType::Representation(media_type)) => Some(value(media_type)),
            Some(ContentType::Multipart) => Some(value(multipart.content_type())),
            None => None,
        };
        let tag = head.entity_tag.map(|tag| {
            HeaderValue::from_bytes(tag.as_bytes()).expect("a tag holds no control bytes")
        });
        let coding = head.content_coding.map(ContentCoding::name);
        let ranges = head.accepts_ranges.then_some("bytes");
        let vary = head.varies_by_coding.then_some("accept-encoding");
        let content_range = if answer.is_empty_range {
            let length = multipart.complete_length;
            let last = length.saturating_sub(1);
            Some(value(format_args!("bytes {length}-{last}/{length}")))
        } else {
            head.content_range.map(value)
        };
        for (name, value) in [
            (CONTENT_RANGE, content_range),
            (CONTENT_TYPE, content_type),
            (CONTENT_ENCODING, coding.map(HeaderValue::from_static)),
            (ETAG, tag),
            (LAST_MODIFIED, head.last_modified.map(value)),
            (ACCEPT_RANGES, ranges.map(HeaderValue::from_static)),
            (VARY, vary.map(HeaderValue::from_static)),
        ] {
            if let Some(value) = value {
                self.headers.insert(name, value);
            }
        }
    }

    /// Adds whose answer it is, where that is said.
    pub(crate) fn signed(mut self, name: Option<&'static str>) -> Self {
        if let Some(name) = name {
            self.headers.insert(SERVER, HeaderValue::from_static(name));
        }
        self
    }

    /// The ranges of a multipart response, in the order they are sent; of any other, none.
    pub(crate) fn parts(&self) -> &[ByteRange] {
        match &self.extent {
            Some(Extent {
                range: ResolvedRange::Several(ranges),
                ..
            }) => ranges,
            _ => &[],
        }
    }

    /// Drops the content, as HEAD has it, and keeps the head of the GET.
    pub(crate) fn without_payload(mut self) -> Self {
        self.payload = Payload::Empty;
        self
    }
}

pub(crate) fn value(text: impl std::fmt::Display) -> HeaderValue {
    HeaderValue::try_from(text.to_string()).expect("the value is written without control bytes")
}
