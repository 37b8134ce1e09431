//! The rows in which sixteen servers were found to differ, each with the one expected answer:
//! status, lengths and `Content-Range` as RFC 9110 prefers them.

use range_core::http::conditional::{
    InvalidRange, Method, RangePolicy, Request, SelectedRepresentation, decide,
};
use range_core::http::{EntityTag, HttpDate, ResponseHead, Strength, Validators, Variant};

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";
const LONG_AGO: &str = "Thu, 01 Jan 1970 00:00:01 GMT";

/// The names and values of the fields that take part.
type Fields<'a> = &'a [(&'a str, &'a str)];

/// Status, `Content-Length` and `Content-Range`, e.g. `206 10 bytes 0-9/1000`.
fn answer(method: Method, length: u64, fields: Fields<'_>) -> String {
    let field = |name: &str| {
        let found = fields.iter().find(|(own, _)| *own == name);
        found.map(|(_, value)| value.as_bytes())
    };
    let range = field("Range").map(|field| RangePolicy::default().read(field));
    let request = Request {
        method,
        if_match: field("If-Match"),
        if_unmodified_since: field("If-Unmodified-Since"),
        if_none_match: field("If-None-Match"),
        if_modified_since: field("If-Modified-Since"),
        if_range: field("If-Range"),
        range: range.as_ref(),
    };
    let validators = Validators {
        entity_tag: EntityTag::new(Strength::Strong, "v1"),
        last_modified: HttpDate::parse(MODIFIED.as_bytes()),
        date: HttpDate::parse(b"Sun, 06 Nov 1994 09:00:00 GMT"),
    };
    let representation = SelectedRepresentation {
        length,
        validators: &validators,
        media_type: "text/plain",
    };
    let decision = decide(&request, representation, InvalidRange::default());
    let head = ResponseHead::new(&decision, &request, representation, Variant::default());
    let words = [
        Some(head.status.code().to_string()),
        head.content_length.map(|length| length.to_string()),
        head.content_range.map(|range| range.to_string()),
    ];
    words.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

#[test]
fn ranges_of_a_thousand_bytes_row_by_row() {
    let killer = format!("bytes={}", ["0-"; 1000].join(","));
    // Two parts of ten bytes, with heads and an end that take 236.
    let parts = "206 256";
    for (row, range, expected) in [
        (1, "bytes=0-499", "206 500 bytes 0-499/1000"),
        (2, "bytes=0-", "206 1000 bytes 0-999/1000"),
        (3, "bytes=0-0", "206 1 bytes 0-0/1000"),
        (4, "bytes=990-2000", "206 10 bytes 990-999/1000"),
        (5, "bytes=-500", "206 500 bytes 500-999/1000"),
        (6, "bytes=-1000", "206 1000 bytes 0-999/1000"),
        (7, "bytes=-5000", "206 1000 bytes 0-999/1000"),
        (8, "bytes=-0", "416 bytes */1000"),
        (9, "bytes=1000-", "416 bytes */1000"),
        (10, "bytes=5-2", "200 1000"),
        (11, "bytes=abc", "200 1000"),
        (11, "bytes=-", "200 1000"),
        (12, "items=0-1", "200 1000"),
        (13, "Bytes=0-1", "206 2 bytes 0-1/1000"),
        (14, "bytes=0-1, 5-6", "206 7 bytes 0-6/1000"),
        (15, "bytes=0-1,,5-6,", "206 7 bytes 0-6/1000"),
        (
            16,
            "bytes=0-99999999999999999999",
            "206 1000 bytes 0-999/1000",
        ),
        (17, "bytes=99999999999999999999-", "416 bytes */1000"),
        (
            18,
            "bytes=0-18446744073709551615",
            "206 1000 bytes 0-999/1000",
        ),
        (19, "bytes=0-9,500-509", parts),
        (20, "bytes=2000-,0-9", "206 10 bytes 0-9/1000"),
        (21, "bytes=0-99,50-149", "206 150 bytes 0-149/1000"),
        (22, killer.as_str(), "200 1000"),
    ] {
        let found = answer(Method::Get, 1000, &[("Range", range)]);
        assert_eq!(found, expected, "row {row}: {range}");
        let head = answer(Method::Head, 1000, &[("Range", range)]);
        assert_eq!(head, "200 1000", "row 23: HEAD {range}");
    }
}

#[test]
fn preconditions_row_by_row() {
    let range = ("Range", "bytes=0-9");
    let part = "206 10 bytes 0-9/1000";
    let rows: [(u8, Fields<'_>, &str); 12] = [
        (24, &[range, ("If-Range", "\"v1\"")], part),
        (25, &[range, ("If-Range", "\"v0\"")], "200 1000"),
        (26, &[range, ("If-Range", "W/\"v1\"")], "200 1000"),
        (27, &[range, ("If-Range", LATER)], "200 1000"),
        (28, &[range, ("If-Range", MODIFIED)], part),
        (29, &[("If-Match", "\"v0\"")], "412"),
        (
            30,
            &[("If-Match", "\"v1\""), ("If-Unmodified-Since", LONG_AGO)],
            "200 1000",
        ),
        (
            31,
            &[("If-None-Match", "\"v1\""), ("If-Modified-Since", LONG_AGO)],
            "304",
        ),
        (
            32,
            &[("If-None-Match", "\"v0\""), ("If-Modified-Since", MODIFIED)],
            "200 1000",
        ),
        (33, &[("If-None-Match", "\"v1\""), range], "304"),
        (
            33,
            &[("If-None-Match", "\"v1\""), ("Range", "bytes=1000-")],
            "304",
        ),
        (
            33,
            &[("If-Match", "\"v0\""), ("Range", "bytes=1000-")],
            "412",
        ),
    ];
    for (row, fields, expected) in rows {
        let found = answer(Method::Get, 1000, fields);
        assert_eq!(found, expected, "row {row}: {fields:?}");
    }
}

/// Row 37, a modification date in the future, concerns the code that dates the file: `range-server`
/// tests it in `validators_tell_versions_apart_and_no_more_than_that`.
#[test]
fn an_empty_file_row_by_row() {
    for (row, range) in [
        (34, Some("bytes=0-")),
        (34, Some("bytes=0-0")),
        (35, Some("bytes=-1")),
        (35, Some("bytes=-0")),
        (36, None),
    ] {
        let fields = range.map(|range| ("Range", range));
        let found = answer(Method::Get, 0, fields.as_slice());
        assert_eq!(found, "200 0", "row {row}: {range:?}");
    }
}
