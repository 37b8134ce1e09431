//! Owns the head of a reply as checked values. Knows the header map, not the connection.

use std::time::Duration;

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED, RETRY_AFTER, TRANSFER_ENCODING,
};
use http::{HeaderMap, HeaderName, StatusCode};
use range_core::http::content_disposition::suggested_name;
use range_core::http::content_range::ContentRange;
use range_core::http::date::HttpDate;
use range_core::http::retry_after;
use range_core::http::validator::{EntityTag, Validators};

use super::media_type::MediaType;

/// A `Content-Range`, or why there is none to rely on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// There is none.
    Absent,
    /// There are several, or it makes no sense.
    Unreadable,
    /// It says this.
    Stated(ContentRange),
}

/// What the head of a reply says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) placement: Placement,
    /// `Content-Length`, unless a transfer coding says where the content ends: then it counts for
    /// nothing (RFC 9112 §6.3).
    pub(crate) content_length: Option<u64>,
    pub(crate) media_type: MediaType,
    /// Whether it says that ranges are served: `Accept-Ranges: bytes`.
    pub(crate) accepts_ranges: bool,
    /// `Content-Encoding`, unless it is `identity`.
    pub(crate) coding: Option<String>,
    pub(crate) validators: Validators,
    pub(crate) retry_after: Option<Duration>,
    /// As the server has it: not a name until it is made one.
    pub(crate) suggested_name: Option<String>,
}

impl Head {
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap) -> Self {
        let date = single(headers, &DATE).and_then(HttpDate::parse);
        let validators = Validators {
            entity_tag: single(headers, &ETAG).and_then(EntityTag::parse),
            last_modified: single(headers, &LAST_MODIFIED).and_then(HttpDate::parse),
            date,
        };
        let coding = headers
            .get(CONTENT_ENCODING)
            .map(|value| {
                String::from_utf8_lossy(value.as_bytes())
                    .trim()
                    .to_ascii_lowercase()
            })
            .filter(|coding| !coding.is_empty() && coding != "identity");
        Self {
            status: status.as_u16(),
            placement: placement(headers),
            content_length: single(headers, &CONTENT_LENGTH)
                .filter(|_| !headers.contains_key(TRANSFER_ENCODING))
                .and_then(decimal),
            media_type: single(headers, &CONTENT_TYPE)
                .map(MediaType::parse)
                .unwrap_or_default(),
            accepts_ranges: single(headers, &ACCEPT_RANGES)
                .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"bytes")),
            coding,
            validators,
            retry_after: single(headers, &RETRY_AFTER)
                .and_then(|value| retry_after::parse(value, date)),
            suggested_name: single(headers, &CONTENT_DISPOSITION).and_then(suggested_name),
        }
    }
}

fn placement(headers: &HeaderMap) -> Placement {
    if !headers.contains_key(CONTENT_RANGE) {
        return Placement::Absent;
    }
    match single(headers, &CONTENT_RANGE).map(ContentRange::parse) {
        Some(Ok(stated)) => Placement::Stated(stated),
        Some(Err(_)) | None => Placement::Unreadable,
    }
}

/// The value of a field that is there exactly once. Two that differ are not a choice to make.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?.as_bytes();
    values
        .all(|other| other.as_bytes() == value)
        .then_some(value)
}

fn decimal(value: &[u8]) -> Option<u64> {
    let digits = value.trim_ascii();
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    str::from_utf8(digits)
        .ok()
        .filter(|_| all_digits)?
        .parse()
        .ok()
}
