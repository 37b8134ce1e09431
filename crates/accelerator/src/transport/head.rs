//! Owns the head of a reply as checked values. Knows the header map, not the connection.

use std::time::Duration;

use http::header::{
    ACCEPT_RANGES, CONTENT_DISPOSITION, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_RANGE,
    CONTENT_TYPE, DATE, ETAG, LAST_MODIFIED, RETRY_AFTER, TRANSFER_ENCODING, WWW_AUTHENTICATE,
};
use http::{HeaderMap, HeaderName, StatusCode};
use range_core::http::content_disposition::suggested_name;
use range_core::http::content_range::ContentRange;
use range_core::http::date::HttpDate;
use range_core::http::retry_after;
use range_core::http::validator::{EntityTag, Validators};

use super::media_type::MediaType;
use crate::claims::Claimed;

/// A `Content-Range`, or the reason why none can be relied on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Placement {
    /// There is none.
    Absent,
    /// There are several, or it makes no sense.
    Unreadable {
        /// True if its numbers, such as they are, speak of a part of the file.
        is_part: bool,
    },
    /// There is one, and it says this.
    Stated(ContentRange),
}

/// The parts of a reply's head that matter here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) placement: Placement,
    /// `Content-Length`, unless a transfer coding marks the end of the content: then the field
    /// counts for nothing (RFC 9112 §6.3).
    pub(crate) content_length: Option<u64>,
    /// True if it alone says where the content ends, because the coding is `identity`, which is
    /// none. The HTTP library does not know that one, and goes on until the connection ends.
    pub(crate) ends_by_length: bool,
    pub(crate) media_type: MediaType,
    /// True if it says that ranges are served: `Accept-Ranges: bytes`.
    pub(crate) accepts_ranges: bool,
    /// `Content-Encoding`, unless it is `identity`; a stranger's text, made harmless and short.
    pub(crate) coding: Option<String>,
    /// True if the content comes in a transfer coding that is not removed: in another one than
    /// `chunked`, or in chunks that the HTTP library does not take for such.
    pub(crate) is_transfer_coded: bool,
    /// The login that a server wants, if it wants none that this crate speaks.
    pub(crate) wanted: Option<Login>,
    pub(crate) validators: Validators,
    /// The digests that it, or a redirect to it, claims for the file.
    pub(crate) claimed: Claimed,
    pub(crate) retry_after: Option<Duration>,
    /// The name that the server suggests, as it stands there: it is no file name until it is made
    /// one.
    pub(crate) suggested_name: Option<String>,
}

/// The seconds that the clocks of a server and this machine may be apart where a reply has no
/// `Date`. Most machines set theirs by the network, to within a second.
const CLOCKS_APART: u64 = 60;

impl Head {
    /// Reads a head. A reply without a readable `Date` has the time it was received (RFC 9110
    /// section 6.6.1). That is read off another clock than its `Last-Modified`, so one minute is
    /// taken off before the two are compared.
    pub(crate) fn new(status: StatusCode, headers: &HeaderMap, received: HttpDate) -> Self {
        let date = single(headers, &DATE).and_then(HttpDate::parse_loosely);
        let surely_past = received.unix_seconds().saturating_sub(CLOCKS_APART);
        let validators = Validators {
            entity_tag: single(headers, &ETAG).and_then(EntityTag::parse),
            last_modified: single(headers, &LAST_MODIFIED).and_then(HttpDate::parse_loosely),
            date: date.or(Some(HttpDate::from_unix_seconds(surely_past))),
        };
        let is_uncoded = is_identity(headers);
        let content_length = single(headers, &CONTENT_LENGTH)
            .filter(|_| is_uncoded || !headers.contains_key(TRANSFER_ENCODING))
            .and_then(decimal);
        Self {
            status: status.as_u16(),
            placement: placement(headers, content_length),
            content_length,
            ends_by_length: is_uncoded && content_length.is_some(),
            media_type: single(headers, &CONTENT_TYPE)
                .map(MediaType::parse)
                .unwrap_or_default(),
            accepts_ranges: single(headers, &ACCEPT_RANGES)
                .is_some_and(|value| value.trim_ascii().eq_ignore_ascii_case(b"bytes")),
            coding: coding(headers),
            is_transfer_coded: is_transfer_coded(headers),
            wanted: wanted(headers),
            validators,
            claimed: Claimed::default(),
            retry_after: single(headers, &RETRY_AFTER)
                .and_then(|value| retry_after::parse(value, date.or(Some(received)))),
            suggested_name: single(headers, &CONTENT_DISPOSITION).and_then(suggested_name),
        }
    }
}

impl Head {
    /// Returns the number of bytes that the file has, as far as the reply says.
    pub(crate) fn complete_length(&self) -> Option<u64> {
        match self.placement {
            Placement::Stated(ContentRange::Satisfied {
                complete_length, ..
            }) => complete_length,
            Placement::Stated(ContentRange::Unsatisfied { complete_length }) => {
                Some(complete_length)
            }
            Placement::Unreadable { .. } => None,
            // The content of these two is not the whole file.
            Placement::Absent => self
                .content_length
                .filter(|_| !matches!(self.status, 206 | 416)),
        }
    }
}

/// The most characters that are kept of the name of a coding. Registered names are shorter (RFC
/// 9110 section 16.6.1).
const CODING_MAX: usize = 40;

fn coding(headers: &HeaderMap) -> Option<String> {
    let values = headers.get_all(CONTENT_ENCODING).iter();
    let text: Vec<_> = values
        .map(|value| String::from_utf8_lossy(value.as_bytes()))
        .collect();
    let tokens = text.iter().flat_map(|value| value.split(','));
    let tokens = tokens.map(|token| token.trim().to_ascii_lowercase());
    let codings: Vec<_> = tokens
        .filter(|token| !token.is_empty() && token != "identity")
        .collect();
    let is_token =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '+' | ',' | ' ');
    let shown = codings.join(", ");
    let shown = shown.chars().map(|c| if is_token(c) { c } else { '?' });
    (!codings.is_empty()).then(|| shown.take(CODING_MAX).collect())
}

fn is_transfer_coded(headers: &HeaderMap) -> bool {
    transfer_codings(headers).any(|name| match name.as_slice() {
        b"" | b"identity" => false,
        b"chunked" => !are_chunks_taken_apart(headers),
        _ => true,
    })
}

/// Reports whether the HTTP library finds chunks: it looks for one word at the end of the last
/// field, and goes by the end of the connection if it is not there.
fn are_chunks_taken_apart(headers: &HeaderMap) -> bool {
    let last = headers.get_all(TRANSFER_ENCODING).iter().next_back();
    let codings = last.and_then(|value| value.to_str().ok());
    codings
        .and_then(|codings| codings.rsplit(',').next())
        .is_some_and(|coding| coding.trim().eq_ignore_ascii_case("chunked"))
}

/// Reports whether every coding that is named is none.
fn is_identity(headers: &HeaderMap) -> bool {
    let is_none = |name: Vec<u8>| matches!(name.as_slice(), b"" | b"identity");
    headers.contains_key(TRANSFER_ENCODING) && transfer_codings(headers).all(is_none)
}

fn transfer_codings(headers: &HeaderMap) -> impl Iterator<Item = Vec<u8>> {
    let values = headers.get_all(TRANSFER_ENCODING).iter();
    let codings = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    codings.map(|coding| {
        let name = coding.split(|byte| *byte == b';').next();
        name.unwrap_or_default().trim_ascii().to_ascii_lowercase()
    })
}

/// A way to log in that a server may want.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Login {
    Digest,
    Negotiate,
    Ntlm,
}

/// Returns the login that a server wants; `None` if it would take one that this crate speaks, too.
fn wanted(headers: &HeaderMap) -> Option<Login> {
    let values = headers.get_all(WWW_AUTHENTICATE).iter();
    let challenges: Vec<_> = values
        .map(|value| value.as_bytes().to_ascii_lowercase())
        .collect();
    // A scheme begins a challenge, and stands behind a comma where several share a field.
    let names = |scheme: &[u8]| {
        challenges.iter().any(|value| {
            let mut parts = value
                .split(|byte| *byte == b',')
                .map(<[u8]>::trim_ascii_start);
            parts.any(|part| {
                part.strip_prefix(scheme)
                    .is_some_and(|rest| rest.first().is_none_or(u8::is_ascii_whitespace))
            })
        })
    };
    if names(b"basic") || names(b"bearer") {
        return None;
    }
    let known: [(&[u8], Login); 3] = [
        (b"digest", Login::Digest),
        (b"negotiate", Login::Negotiate),
        (b"ntlm", Login::Ntlm),
    ];
    known
        .into_iter()
        .find(|(name, _)| names(name))
        .map(|(_, login)| login)
}

fn placement(headers: &HeaderMap, content_length: Option<u64>) -> Placement {
    if !headers.contains_key(CONTENT_RANGE) {
        return Placement::Absent;
    }
    if let Some(Ok(stated)) = single(headers, &CONTENT_RANGE).map(ContentRange::parse) {
        return Placement::Stated(stated);
    }
    let mut values = headers.get_all(CONTENT_RANGE).iter();
    let is_part = values.any(|value| speaks_of_a_part(value.as_bytes(), content_length));
    Placement::Unreadable { is_part }
}

/// Reports whether a value that no grammar reads means less than all, going by its numbers alone:
/// first, last and complete length, as far as they are there.
fn speaks_of_a_part(value: &[u8], content_length: Option<u64>) -> bool {
    let runs = value.split(|byte| !byte.is_ascii_digit());
    // A number that is too large for any file says that there is more of it.
    let numbers = runs.filter(|run| !run.is_empty());
    let numbers: Vec<u64> = numbers
        .map(|run| decimal(run).unwrap_or(u64::MAX))
        .collect();
    match numbers[..] {
        [_, _, complete] if content_length == Some(complete) => false,
        [first, last, complete] => first != 0 || last.saturating_add(1) < complete,
        [first, _] => first != 0,
        [] | [_] => false,
        [_, _, _, _, ..] => true,
    }
}

/// Returns the value of a field that is there exactly once. Two values that differ are not a choice
/// to make.
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

#[cfg(test)]
mod tests;
