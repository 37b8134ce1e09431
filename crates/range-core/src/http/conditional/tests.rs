//! Tests of the decision: every row of the range table that servers in the field get wrong.

use std::string::String;

use super::*;
use crate::range::ByteRange;

const MODIFIED: &str = "Sun, 06 Nov 1994 08:49:37 GMT";
const EARLIER: &str = "Sun, 06 Nov 1994 08:49:36 GMT";
const LATER: &str = "Sun, 06 Nov 1994 08:49:38 GMT";

fn validators(entity_tag: &str) -> Validators {
    Validators {
        entity_tag: EntityTag::parse(entity_tag.as_bytes()),
        last_modified: HttpDate::parse(MODIFIED.as_bytes()),
        date: HttpDate::parse(b"Sun, 06 Nov 1994 09:00:00 GMT"),
    }
}

const WHOLE: Decision = Decision::Range(ResolvedRange::Whole);
const UNSATISFIABLE: Decision = Decision::Range(ResolvedRange::Unsatisfiable);

fn read(field: &[u8]) -> RangeHeader {
    RangePolicy::default().read(field)
}

fn partial(first: u64, last: u64) -> Decision {
    Decision::Range(ResolvedRange::One(ByteRange::new(first, last + 1).unwrap()))
}

fn representation_of(length: u64, validators: &Validators) -> SelectedRepresentation<'_> {
    SelectedRepresentation {
        length,
        validators,
        media_type: "application/octet-stream",
    }
}

fn decide_range(method: Method, range: &str, length: u64) -> Decision {
    decide_range_by(RangePolicy::default(), method, range, length)
}

fn decide_range_by(policy: RangePolicy, method: Method, range: &str, length: u64) -> Decision {
    let request = Request {
        range: Some(&policy.read(range.as_bytes())),
        ..Request::new(method)
    };
    let validators = validators("\"v1\"");
    decide(
        &request,
        representation_of(length, &validators),
        policy.invalid,
    )
}

fn several(ranges: &[(u64, u64)]) -> Decision {
    let range = |&(first, last): &(u64, u64)| ByteRange::new(first, last + 1).unwrap();
    Decision::Range(ResolvedRange::Several(ranges.iter().map(range).collect()))
}

#[test]
fn ranges_of_a_thousand_bytes() {
    let killer = String::from("bytes=") + &"0-,".repeat(1000);
    for (range, expected) in [
        ("bytes=0-499", partial(0, 499)),
        ("bytes=0-", partial(0, 999)),
        ("bytes=0-0", partial(0, 0)),
        ("bytes=990-2000", partial(990, 999)),
        ("bytes=-500", partial(500, 999)),
        ("bytes=-1000", partial(0, 999)),
        ("bytes=-5000", partial(0, 999)),
        ("bytes=-0", UNSATISFIABLE),
        ("bytes=1000-", UNSATISFIABLE),
        ("bytes=999-", partial(999, 999)),
        ("bytes=5-2", WHOLE),
        ("bytes=abc", WHOLE),
        ("bytes=-", WHOLE),
        ("bytes=", WHOLE),
        ("bytes", WHOLE),
        ("bytes=0x0-0x9", WHOLE),
        ("bytes=+0-9", WHOLE),
        ("bytes = 0-9", WHOLE),
        ("bytes=0 - 9", WHOLE),
        ("bytes=5-2, 0-9", WHOLE),
        ("items=0-1", WHOLE),
        ("Bytes=0-1", partial(0, 1)),
        ("bytes= 0-1 ", partial(0, 1)),
        ("bytes=0-1, 5-6", partial(0, 6)),
        ("bytes=0-1,,5-6,", partial(0, 6)),
        ("bytes=,,0-1,\t,", partial(0, 1)),
        ("bytes=0-99999999999999999999", partial(0, 999)),
        ("bytes=99999999999999999999-", UNSATISFIABLE),
        ("bytes=0-18446744073709551615", partial(0, 999)),
        ("bytes=-99999999999999999999", partial(0, 999)),
        (
            "bytes=-9223372036854775808,-9223372036854775809",
            partial(0, 999),
        ),
        ("bytes=0-9,500-509", several(&[(0, 9), (500, 509)])),
        ("bytes=500-509 ,\t0-9", several(&[(500, 509), (0, 9)])),
        ("bytes=-1,0-0,5-5,2000-", several(&[(999, 999), (0, 5)])),
        ("bytes=0-9,89-99", partial(0, 99)),
        ("bytes=0-9,90-99", several(&[(0, 9), (90, 99)])),
        ("bytes=0-399,500-999", WHOLE),
        ("bytes=2000-,0-9", partial(0, 9)),
        ("bytes=2000-,3000-", UNSATISFIABLE),
        ("bytes=0-99,50-149", partial(0, 149)),
        ("bytes=50-149,0-49", partial(0, 149)),
        (killer.as_str(), WHOLE),
    ] {
        assert_eq!(decide_range(Method::Get, range, 1000), expected, "{range}");
        assert_eq!(
            decide_range(Method::Head, range, 1000),
            WHOLE,
            "HEAD {range}"
        );
    }
}

#[test]
fn several_ranges_are_at_most_as_long_as_the_whole() {
    let range = "bytes=0-0,200-200";
    let announced = multipart::length(
        &[
            ByteRange::new(0, 1).unwrap(),
            ByteRange::new(200, 201).unwrap(),
        ],
        "application/octet-stream",
        301,
    );
    // The length of the length is part of the heads: three digits in all three cases.
    assert!((202..1000).contains(&announced), "{announced}");
    let expected = several(&[(0, 0), (200, 200)]);
    assert_eq!(decide_range(Method::Get, range, announced), expected);
    assert_eq!(decide_range(Method::Get, range, announced + 1), expected);
    assert_eq!(decide_range(Method::Get, range, announced - 1), WHOLE);
}

#[test]
fn more_ranges_than_allowed_are_the_whole_whatever_else_is_chosen() {
    let policy = RangePolicy {
        max_ranges: NonZeroU16::new(2).unwrap(),
        invalid: InvalidRange::Reject,
    };
    for (range, expected) in [
        ("bytes=0-0,500-500", several(&[(0, 0), (500, 500)])),
        ("bytes=0-0,500-500,800-800", WHOLE),
        ("bytes=0-,0-,0-", WHOLE),
        ("bytes=0-0,,,,0-0", partial(0, 0)),
    ] {
        let decision = decide_range_by(policy, Method::Get, range, 1000);
        assert_eq!(decision, expected, "{range}");
    }
}

#[test]
fn malformed_ranges_are_rejected_where_that_is_chosen() {
    let policy = RangePolicy {
        invalid: InvalidRange::Reject,
        ..RangePolicy::default()
    };
    let decide = |method, range, length| decide_range_by(policy, method, range, length);
    for range in ["bytes=5-2", "bytes=abc", "bytes=-", "bytes=", "bytes=0-1,x"] {
        let rejected = decide(Method::Get, range, 1000);
        assert_eq!(rejected, UNSATISFIABLE, "{range}");
        let head = decide(Method::Head, range, 1000);
        assert_eq!(head, WHOLE, "HEAD {range}");
        let ignored = decide_range(Method::Get, range, 1000);
        assert_eq!(ignored, WHOLE, "{range}");
    }
    for range in ["items=0-1", "items=5-2"] {
        let decision = decide(Method::Get, range, 1000);
        assert_eq!(decision, WHOLE, "{range}");
    }
    assert_eq!(decide(Method::Get, "bytes=0-", 0), WHOLE);
}

#[test]
fn an_empty_representation_is_sent_whole() {
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=1-"] {
        assert_eq!(decide_range(Method::Get, range, 0), WHOLE, "{range}");
    }
    let request = Request::new(Method::Get);
    let validators = Validators::default();
    let representation = representation_of(0, &validators);
    assert_eq!(
        decide(&request, representation, InvalidRange::default()),
        WHOLE
    );
}

#[test]
fn if_range_takes_strong_tags_and_exact_strong_dates() {
    for (if_range, tag, is_heeded) in [
        ("\"v1\"", "\"v1\"", true),
        ("\"v0\"", "\"v1\"", false),
        ("W/\"v1\"", "\"v1\"", false),
        ("\"v1\"", "W/\"v1\"", false),
        ("W/\"v1\"", "W/\"v1\"", false),
        ("\"v1\"", "", false),
        ("v1", "\"v1\"", false),
        ("\"v1\", \"v1\"", "\"v1\"", false),
        ("*", "\"v1\"", false),
        ("", "\"v1\"", false),
        (MODIFIED, "\"v1\"", true),
        (MODIFIED, "", true),
        (LATER, "\"v1\"", false),
        (EARLIER, "\"v1\"", false),
    ] {
        let request = Request {
            range: Some(&read(b"bytes=0-9")),
            if_range: Some(if_range.as_bytes()),
            ..Request::new(Method::Get)
        };
        let validators = validators(tag);
        let representation = representation_of(1000, &validators);
        let expected = if is_heeded { partial(0, 9) } else { WHOLE };
        assert_eq!(
            decide(&request, representation, InvalidRange::default()),
            expected,
            "{if_range} against {tag}"
        );
    }
}

#[test]
fn if_range_makes_an_unsatisfiable_range_whole_when_stale() {
    let request = Request {
        range: Some(&read(b"bytes=1000-")),
        if_range: Some(b"\"v0\""),
        ..Request::new(Method::Get)
    };
    let validators = validators("\"v1\"");
    let representation = representation_of(1000, &validators);
    assert_eq!(
        decide(&request, representation, InvalidRange::default()),
        WHOLE
    );
}

#[test]
fn if_range_by_a_weak_date_is_not_heeded() {
    let mut fresh = validators("");
    fresh.date = fresh.last_modified;
    let request = Request {
        range: Some(&read(b"bytes=0-9")),
        if_range: Some(MODIFIED.as_bytes()),
        ..Request::new(Method::Get)
    };
    let representation = representation_of(1000, &fresh);
    assert_eq!(
        decide(&request, representation, InvalidRange::default()),
        WHOLE
    );
}

/// The values of `If-Match`, `If-Unmodified-Since`, `If-None-Match` and `If-Modified-Since`; an
/// empty one is absent.
type Preconditions = [&'static str; 4];

fn decide_preconditions(fields: Preconditions, range: &'static str, tag: &str) -> Decision {
    let field = |text: &'static str| Some(text.as_bytes()).filter(|text| !text.is_empty());
    let range = field(range).map(read);
    let [
        if_match,
        if_unmodified_since,
        if_none_match,
        if_modified_since,
    ] = fields.map(field);
    let request = Request {
        if_match,
        if_unmodified_since,
        if_none_match,
        if_modified_since,
        range: range.as_ref(),
        ..Request::new(Method::Get)
    };
    decide(
        &request,
        representation_of(1000, &validators(tag)),
        InvalidRange::default(),
    )
}

#[test]
fn preconditions_are_evaluated_in_their_order() {
    use Decision::{NotModified, PreconditionFailed};
    for (fields, expected) in [
        (["\"v0\"", "", "", ""], PreconditionFailed),
        (["\"v1\"", "", "", ""], WHOLE),
        (["W/\"v1\"", "", "", ""], PreconditionFailed),
        (["*", "", "", ""], WHOLE),
        (["\"v0\", \"v1\"", "", "", ""], WHOLE),
        (["\"v0,\" ,, \"v1\"", "", "", ""], WHOLE),
        (["v1", "", "", ""], PreconditionFailed),
        (["\"v1\"", EARLIER, "", ""], WHOLE),
        (["\"v0\"", LATER, "", ""], PreconditionFailed),
        (["", EARLIER, "", ""], PreconditionFailed),
        (["", MODIFIED, "", ""], WHOLE),
        (["", "yesterday", "", ""], WHOLE),
        (["", "", "\"v1\"", ""], NotModified),
        (["", "", "W/\"v1\"", ""], NotModified),
        (["", "", "*", ""], NotModified),
        (["", "", "\"v0\", W/\"v1\"", ""], NotModified),
        (["", "", "\"v0\"", ""], WHOLE),
        (["", "", "\"v1\"", EARLIER], NotModified),
        (["", "", "\"v0\"", LATER], WHOLE),
        (["", "", "", MODIFIED], NotModified),
        (["", "", "", LATER], NotModified),
        (["", "", "", EARLIER], WHOLE),
        (["", "", "", "never"], WHOLE),
        (["\"v1\"", "", "\"v1\"", ""], NotModified),
        (["\"v0\"", "", "\"v1\"", ""], PreconditionFailed),
    ] {
        assert_eq!(
            decide_preconditions(fields, "", "\"v1\""),
            expected,
            "{fields:?}"
        );
    }
}

#[test]
fn preconditions_come_before_the_range() {
    use Decision::{NotModified, PreconditionFailed};
    for (fields, range, expected) in [
        (["", "", "\"v1\"", ""], "bytes=0-9", NotModified),
        (["", "", "\"v1\"", ""], "bytes=1000-", NotModified),
        (["\"v0\"", "", "", ""], "bytes=1000-", PreconditionFailed),
        (["\"v1\"", "", "\"v0\"", ""], "bytes=0-9", partial(0, 9)),
        (["", "", "", EARLIER], "items=0-9", WHOLE),
    ] {
        assert_eq!(
            decide_preconditions(fields, range, "\"v1\""),
            expected,
            "{fields:?} {range}"
        );
    }
}

#[test]
fn without_a_tag_only_the_asterisk_matches() {
    use Decision::{NotModified, PreconditionFailed};
    assert_eq!(
        decide_preconditions(["\"v1\"", "", "", ""], "", ""),
        PreconditionFailed
    );
    assert_eq!(decide_preconditions(["*", "", "", ""], "", ""), WHOLE);
    assert_eq!(decide_preconditions(["", "", "\"v1\"", ""], "", ""), WHOLE);
    assert_eq!(decide_preconditions(["", "", "*", ""], "", ""), NotModified);
}
