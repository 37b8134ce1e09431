//! The judgement as a table: which replies are believed, and what the others are called.

use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use range_core::ByteRange;
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};
use scheduler::failure::FailureClass;
use scheduler::{Body, Request};

use super::*;

const LENGTH: u64 = 1000;

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

fn pinned() -> Generation {
    Generation {
        length: Some(LENGTH),
        validators: Validators {
            entity_tag: EntityTag::parse(b"\"v1\""),
            last_modified: HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT"),
            date: HttpDate::parse(b"Sun, 06 Nov 1994 09:49:37 GMT"),
        },
    }
}

fn expected() -> Expected {
    Expected {
        generation: pinned(),
        media_type: None,
        is_of_this_run: false,
        digest_decides: false,
    }
}

/// The field that identifies the pinned version in replies.
const SAME: (&str, &str) = ("etag", "\"v1\"");

/// The judgement of a reply to `bytes=500-599` of a file of 1000 bytes with the tag `"v1"`.
fn judge(status: u16, fields: &[(&str, &str)]) -> Result<Body, FailureClass> {
    let asked = Request::Part(ByteRange::new(500, 600).unwrap());
    accept(asked, Some(&expected()), &head(status, fields))
        .map(|accepted| accepted.body)
        .map_err(|error| error.disposition())
}

fn judge_first(status: u16, fields: &[(&str, &str)]) -> Result<Body, FailureClass> {
    accept(Request::First, None, &head(status, fields))
        .map(|accepted| accepted.body)
        .map_err(|error| error.disposition())
}

fn part(start: u64, end: u64) -> Body {
    Body::Part {
        range: ByteRange::new(start, end).unwrap(),
        complete_length: LENGTH,
    }
}

#[test]
fn a_part_is_believed_only_where_it_was_asked_for() {
    use FailureClass::{Misplaced, Stray};
    for (content_range, expected) in [
        ("bytes 500-599/1000", Ok(part(500, 600))),
        ("bytes 500-599/*", Ok(part(500, 600))),
        ("bytes 500-549/1000", Ok(part(500, 550))),
        ("bytes 499-599/1000", Err(Misplaced)),
        ("bytes 501-599/1000", Err(Misplaced)),
        ("bytes 500-600/1000", Err(Misplaced)),
        ("bytes 0-999/1000", Err(Misplaced)),
        ("bytes 500-599/1001", Err(Stray)),
        ("bytes 500-599/999", Err(Stray)),
        ("bytes 599-500/1000", Err(Misplaced)),
        ("bytes 500-599", Err(Misplaced)),
        ("items 500-599/1000", Err(Misplaced)),
        ("bytes */1000", Err(Misplaced)),
        ("bytes 500-18446744073709551616/1000", Err(Misplaced)),
    ] {
        let fields = [("content-range", content_range), ("etag", "\"v1\"")];
        assert_eq!(judge(206, &fields), expected, "{content_range}");
    }
}

#[test]
fn a_part_that_contradicts_itself_is_not_believed() {
    let placed = ("content-range", "bytes 500-599/1000");
    for other in [
        ("content-length", "99"),
        ("content-encoding", "gzip"),
        ("content-range", "bytes 0-99/1000"),
        ("content-type", "multipart/byteranges; boundary=x"),
    ] {
        assert_eq!(
            judge(206, &[placed, SAME, other]),
            Err(FailureClass::Misplaced),
            "{other:?}"
        );
    }
    for harmless in [("content-length", "100"), ("content-encoding", "identity")] {
        assert_eq!(
            judge(206, &[placed, SAME, harmless]),
            Ok(part(500, 600)),
            "{harmless:?}"
        );
    }
    assert_eq!(judge(206, &[]), Err(FailureClass::Misplaced));
}

#[test]
fn another_validator_is_another_generation() {
    let placed = ("content-range", "bytes 500-599/1000");
    let date = ("date", "Sun, 06 Nov 1994 09:49:37 GMT");
    let stray = Err(FailureClass::Stray);
    for (validator, expected) in [
        (SAME, Ok(part(500, 600))),
        (("etag", "\"v2\""), stray),
        (("etag", "W/\"v2\""), stray),
        (("etag", "W/\"v1\""), stray),
        (
            ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
            Ok(part(500, 600)),
        ),
        (("last-modified", "Sun, 06 Nov 1994 08:49:38 GMT"), stray),
        (("x-nothing", "at all"), stray),
    ] {
        assert_eq!(
            judge(206, &[placed, date, validator]),
            expected,
            "{validator:?}"
        );
    }
}

#[test]
fn the_whole_file_is_never_taken_for_a_part() {
    let same = SAME;
    for (fields, class) in [
        (
            [("content-length", "1000"), same],
            FailureClass::RangeIgnored,
        ),
        ([("content-length", "999"), same], FailureClass::Stray),
        (
            [("content-length", "1000"), ("etag", "\"v2\"")],
            FailureClass::Stray,
        ),
        (
            [("content-length", "100"), ("content-encoding", "gzip")],
            FailureClass::RangeIgnored,
        ),
    ] {
        assert_eq!(judge(200, &fields), Err(class), "{fields:?}");
    }
}

#[test]
fn a_page_of_another_length_is_not_the_file_that_has_changed() {
    let page = ("content-type", "Text/HTML; charset=utf-8");
    for (length, class) in [
        ("14", FailureClass::Stray),
        ("1000", FailureClass::RangeIgnored),
    ] {
        let fields = [("content-length", length), page];
        assert_eq!(judge(200, &fields), Err(class), "{length}");
    }
}

#[test]
fn a_length_beside_a_transfer_coding_counts_for_nothing() {
    let fields = [
        ("content-range", "bytes 500-599/1000"),
        ("content-length", "7"),
        ("transfer-encoding", "chunked"),
        SAME,
    ];
    assert_eq!(judge(206, &fields), Ok(part(500, 600)));
    assert_eq!(
        judge_first(200, &fields[1..3]),
        Ok(Body::Whole { length: None })
    );
}

#[test]
fn statuses_have_their_classes() {
    use FailureClass::{Busy, Refused};
    for (status, class) in [
        (201, Refused),
        (202, Busy { retry_after: None }),
        (204, Refused),
        (300, Refused),
        (304, Refused),
        (400, Refused),
        (401, Refused),
        (403, Refused),
        (404, Refused),
        (408, Busy { retry_after: None }),
        (410, Refused),
        (412, Refused),
        (416, Refused),
        (429, Busy { retry_after: None }),
        (500, Busy { retry_after: None }),
        (503, Busy { retry_after: None }),
    ] {
        assert_eq!(judge(status, &[]), Err(class), "{status}");
    }
    let retry_after = Some(std::time::Duration::from_secs(7));
    let busy = judge(503, &[("retry-after", "7")]);
    assert_eq!(busy, Err(Busy { retry_after }));
}

/// A success that is not known means what 200 does (RFC 9110 section 15).
#[test]
fn any_success_but_three_carries_the_whole_file_where_that_was_asked_for() {
    for status in 200..300 {
        let fields = [("content-length", "7")];
        let accepted = accept(Request::Whole, None, &head(status, &fields));
        let is_taken =
            accepted.is_ok_and(|accepted| accepted.body == Body::Whole { length: Some(7) });
        assert_eq!(is_taken, !matches!(status, 202 | 204 | 205), "{status}");
    }
}

#[test]
fn a_file_that_shrank_answers_416_with_its_new_length() {
    assert_eq!(
        judge(416, &[("content-range", "bytes */500")]),
        Err(FailureClass::Stray)
    );
    assert_eq!(
        judge(416, &[("content-range", "bytes */1000")]),
        Err(FailureClass::Refused)
    );
}

#[test]
fn the_first_reply_tells_the_length_or_comes_whole() {
    let whole = |length| Ok(Body::Whole { length });
    let placed = |value| judge_first(206, &[("content-range", value)]);
    assert_eq!(placed("bytes 0-999/1000"), Ok(part(0, 1000)));
    assert_eq!(placed("bytes 0-99/1000"), Ok(part(0, 100)));
    assert_eq!(placed("bytes 0-999/*"), Err(FailureClass::Misplaced));
    assert_eq!(placed("bytes 1-999/1000"), Err(FailureClass::Misplaced));
    assert_eq!(
        judge_first(200, &[("content-length", "1000")]),
        whole(Some(1000))
    );
    assert_eq!(judge_first(200, &[]), whole(None));
    assert_eq!(
        judge_first(416, &[("content-range", "bytes */0")]),
        whole(Some(0))
    );
    // A server that has nothing for a range may have something for a plain request.
    let nothing = judge_first(200, &[("content-length", "0")]);
    assert_eq!(nothing, Err(FailureClass::Refused));
    assert_eq!(judge_first(416, &[]), Err(FailureClass::Misplaced));
    assert_eq!(judge_first(404, &[]), Err(FailureClass::Refused));
}

#[test]
fn a_coding_that_was_not_asked_for_is_taken_with_the_whole_file_only() {
    let fields = [("content-encoding", "gzip"), ("content-length", "10")];
    let accepted = accept(Request::Whole, None, &head(200, &fields)).unwrap();
    assert_eq!(accepted.coding.as_deref(), Some("gzip"));
    let part = judge_first(
        206,
        &[
            ("content-encoding", "gzip"),
            ("content-range", "bytes 0-9/10"),
        ],
    );
    assert_eq!(part, Err(FailureClass::Misplaced));
}

#[test]
fn what_is_accepted_tells_the_generation_it_is_of() {
    let fields = [
        ("content-range", "bytes 0-99/1000"),
        ("content-length", "100"),
        ("etag", "\"v1\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("date", "Sun, 06 Nov 1994 09:49:37 GMT"),
    ];
    let part = accept(Request::First, None, &head(206, &fields)).unwrap();
    assert_eq!(part.media_type, MediaType::default());
    assert_eq!((part.generation, part.coding), (pinned(), None));
    let whole = accept(Request::First, None, &head(200, &fields[1..])).unwrap();
    assert_eq!(whole.generation.length, Some(100));
    assert_eq!(whole.generation.validators, pinned().validators);
}

#[test]
fn a_file_that_is_not_empty_has_a_first_byte() {
    let fields = [("content-range", "bytes */1000")];
    assert_eq!(judge_first(416, &fields), Err(FailureClass::Misplaced));
}

#[test]
fn a_refusal_is_told_with_its_number_and_its_name() {
    let refused = |status| {
        let error = accept(Request::First, None, &head(status, &[])).unwrap_err();
        error.to_string()
    };
    assert_eq!(refused(404), "the server answered 404 Not Found");
    assert_eq!(refused(599), "the server answered 599");
}

#[test]
fn a_part_without_a_request_for_one_will_do_if_it_is_all_of_the_file() {
    let judge = |placed| {
        let fields = [("content-range", placed)];
        accept(Request::Whole, None, &head(206, &fields))
            .map(|accepted| accepted.body)
            .map_err(|error| error.disposition())
    };
    let length = Some(1000);
    for placed in ["bytes 0-999/1000", "bytes 0-999/*"] {
        assert_eq!(judge(placed), Ok(Body::Whole { length }), "{placed}");
    }
    for placed in ["bytes=0-999/1000", "bytes */1000", "nonsense"] {
        let length = None;
        assert_eq!(judge(placed), Ok(Body::Whole { length }), "{placed}");
    }
    for placed in [
        "bytes 0-998/1000",
        "bytes 1-999/1000",
        "bytes=0-99/1000",
        "bytes 1-9/*",
    ] {
        assert_eq!(judge(placed), Err(FailureClass::Misplaced), "{placed}");
    }
}

/// A 200 to a request for the whole, whose `Content-Range` names less: its own length decides.
#[test]
fn a_200_with_the_complete_length_is_whole_whatever_part_it_names() {
    let judge = |status, placed, content_length: Option<&str>| {
        let placed = ("content-range", placed);
        let length = content_length.map(|length| ("content-length", length));
        let fields: Vec<_> = [placed].into_iter().chain(length).collect();
        accept(Request::Whole, None, &head(status, &fields))
            .map(|accepted| accepted.body)
            .map_err(|error| error.disposition())
    };
    let length = Some(LENGTH);
    for placed in ["bytes 0-0/1000", "bytes 5-99/1000"] {
        let whole = judge(200, placed, Some("1000"));
        assert_eq!(whole, Ok(Body::Whole { length }), "{placed}");
        for (status, length) in [(206, Some("1000")), (200, Some("999")), (200, None)] {
            let judged = judge(status, placed, length);
            let misplaced = Err(FailureClass::Misplaced);
            assert_eq!(judged, misplaced, "{status} {placed} {length:?}");
        }
    }
    let unknown = judge(200, "bytes 5-99/*", None);
    assert_eq!(unknown, Err(FailureClass::Misplaced));
}

#[test]
fn a_200_that_says_which_bytes_follow_is_believed() {
    let placed = ("content-range", "bytes 500-599/1000");
    assert_eq!(judge(200, &[placed, SAME]), Ok(part(500, 600)));
    let other = ("content-range", "bytes 0-99/1000");
    assert_eq!(
        judge(200, &[other, SAME]),
        Err(FailureClass::Misplaced),
        "another place"
    );
    let first = ("content-range", "bytes 0-99/1000");
    assert_eq!(judge_first(200, &[first]), Ok(part(0, 100)));
    let all = [("content-length", "1000")];
    let length = Some(1000);
    assert_eq!(judge_first(203, &all), Ok(Body::Whole { length }));
}

mod versions;

#[test]
fn a_transfer_coding_that_was_not_asked_for_is_refused_wherever_it_comes() {
    for (status, request) in [
        (200, Request::First),
        (200, Request::Whole),
        (206, Request::Part(ByteRange::new(500, 600).unwrap())),
    ] {
        let fields = [
            ("transfer-encoding", "gzip, chunked"),
            ("content-range", "bytes 500-599/1000"),
            SAME,
        ];
        let fields = if status == 206 {
            &fields[..]
        } else {
            &fields[..1]
        };
        let judged = accept(request, None, &head(status, fields));
        assert!(
            matches!(judged, Err(TransportError::TransferCoded)),
            "{judged:?}"
        );
    }
}
