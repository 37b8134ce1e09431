//! The judgement as a table: which answers mean that a file that is there is current.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};

use super::*;
use Agreement::{Different, Same, Unknown};

const LENGTH: u64 = 100_000;

fn head(status: u16, fields: &[(&str, &str)]) -> Head {
    let mut headers = HeaderMap::new();
    for (name, value) in fields {
        headers.append(
            HeaderName::try_from(*name).unwrap(),
            HeaderValue::try_from(*value).unwrap(),
        );
    }
    let received = HttpDate::parse(b"Sun, 06 Nov 1994 09:49:37 GMT").unwrap();
    Head::new(StatusCode::from_u16(status).unwrap(), &headers, received)
}

/// A file of 100 000 bytes, with this tag and this `Last-Modified` of an hour before.
fn kept(tag: &str, last_modified: &str) -> Provenance {
    Provenance {
        source: String::new(),
        validators: Validators {
            entity_tag: EntityTag::parse(tag.as_bytes()),
            last_modified: HttpDate::parse(last_modified.as_bytes()),
            date: HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT"),
        },
        media_type: None,
        coding: None,
    }
}

fn judged(kept: &Provenance, status: u16, fields: &[(&str, &str)]) -> Option<Agreement> {
    let head = head(status, fields);
    compare(kept, LENGTH, Request::First, &head).ok()
}

const PART: (&str, &str) = ("content-range", "bytes 0-99999/100000");
const SHORTER_PART: (&str, &str) = ("content-range", "bytes 0-98999/99000");
const WHOLE: (&str, &str) = ("content-length", "100000");
const AN_HOUR_AGO: &str = "Sun, 06 Nov 1994 07:49:37 GMT";
const THEN: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const NOW: &str = "Sun, 06 Nov 1994 09:49:37 GMT";

#[test]
fn a_file_is_current_if_its_length_and_validators_are_those_of_the_answer() {
    let etag = |value| ("etag", value);
    let modified = |value| ("last-modified", value);
    for (tag, last_modified, status, fields, expected) in [
        ("\"a\"", "", 206, &[PART, etag("\"a\"")][..], Some(Same)),
        ("\"a\"", "", 200, &[WHOLE, etag("\"a\"")], Some(Same)),
        ("\"a\"", "", 200, &[etag("\"a\"")], Some(Same)),
        ("\"a\"", "", 206, &[PART, etag("\"b\"")], Some(Different)),
        (
            "\"a\"",
            "",
            206,
            &[SHORTER_PART, etag("\"a\"")],
            Some(Different),
        ),
        (
            "\"a\"",
            "",
            206,
            &[SHORTER_PART, etag("\"b\"")],
            Some(Different),
        ),
        // Weak tags are for files that are kept whole.
        ("W/\"a\"", "", 206, &[PART, etag("W/\"a\"")], Some(Same)),
        ("W/\"a\"", "", 206, &[PART, etag("\"a\"")], Some(Same)),
        (
            "W/\"a\"",
            "",
            206,
            &[PART, etag("W/\"b\"")],
            Some(Different),
        ),
        ("W/\"a\"", "", 206, &[PART], Some(Unknown)),
        (
            "",
            AN_HOUR_AGO,
            206,
            &[PART, modified(AN_HOUR_AGO)],
            Some(Same),
        ),
        (
            "",
            AN_HOUR_AGO,
            206,
            &[PART, modified(THEN)],
            Some(Different),
        ),
        // It may have changed a second time within the second in which it was downloaded.
        ("", THEN, 206, &[PART, modified(THEN)], Some(Unknown)),
        // A server that states the time of the answer states nothing.
        (
            "",
            THEN,
            206,
            &[PART, modified(NOW), ("date", NOW)],
            Some(Unknown),
        ),
        ("", "", 206, &[PART], Some(Unknown)),
        // An answer that is not about the file says nothing of it.
        (
            "\"a\"",
            "",
            206,
            &[("content-range", "bytes 5-9/100000"), etag("\"a\"")],
            None,
        ),
        ("\"a\"", "", 304, &[etag("\"a\"")], None),
        ("\"a\"", "", 404, &[], None),
        ("\"a\"", "", 503, &[etag("\"a\"")], None),
        (
            "\"a\"",
            "",
            200,
            &[("content-length", "900"), ("content-type", "text/html")],
            None,
        ),
        ("\"a\"", "", 200, &[("content-length", "0")], None),
    ] {
        let kept = kept(tag, last_modified);
        let judged = judged(&kept, status, fields);
        assert_eq!(
            judged, expected,
            "{tag} {last_modified}: {status} {fields:?}"
        );
    }
}

#[test]
fn a_coded_file_is_current_only_in_its_coding() {
    let coded = |coding: Option<&str>| Provenance {
        coding: coding.map(str::to_owned),
        ..kept("\"a\"", "")
    };
    let plain = [WHOLE, ("etag", "\"a\"")];
    let gzip = [WHOLE, ("etag", "\"a\""), ("content-encoding", "gzip")];
    for (kept, fields, expected) in [
        (Some("gzip"), &gzip[..], Same),
        (Some("br"), &gzip, Different),
        (None, &gzip, Different),
        (Some("gzip"), &plain, Different),
    ] {
        assert_eq!(
            judged(&coded(kept), 200, fields),
            Some(expected),
            "{kept:?}"
        );
    }
}

#[test]
fn a_page_that_is_kept_as_a_page_may_change() {
    let page = Provenance {
        media_type: Some("text/html".to_owned()),
        ..kept("\"a\"", "")
    };
    let fields = [
        ("content-type", "text/html"),
        ("content-length", "99000"),
        ("etag", "\"b\""),
    ];
    assert_eq!(judged(&page, 200, &fields), Some(Different));
}
