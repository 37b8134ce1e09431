//! Tables for the decision: every row of the range table that servers in the field get wrong.

use std::string::String;

use super::*;

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

fn partial(first: u64, last: u64) -> Decision {
    Decision::Partial(ByteRange::new(first, last + 1).unwrap())
}

fn decide_range(method: Method, range: &str, length: u64) -> Decision {
    let request = Request {
        range: Some(range.as_bytes()),
        ..Request::new(method)
    };
    decide(
        &request,
        Representation {
            length,
            validators: &validators("\"v1\""),
        },
    )
}

#[test]
fn ranges_of_a_thousand_bytes() {
    use Decision::{RangeNotSatisfiable, Whole};
    let killer = String::from("bytes=") + &"0-,".repeat(1000);
    for (range, expected) in [
        ("bytes=0-499", partial(0, 499)),
        ("bytes=0-", partial(0, 999)),
        ("bytes=0-0", partial(0, 0)),
        ("bytes=990-2000", partial(990, 999)),
        ("bytes=-500", partial(500, 999)),
        ("bytes=-1000", partial(0, 999)),
        ("bytes=-5000", partial(0, 999)),
        ("bytes=-0", RangeNotSatisfiable),
        ("bytes=1000-", RangeNotSatisfiable),
        ("bytes=999-", partial(999, 999)),
        ("bytes=5-2", Whole),
        ("bytes=abc", Whole),
        ("bytes=-", Whole),
        ("bytes=", Whole),
        ("bytes", Whole),
        ("bytes=0x0-0x9", Whole),
        ("bytes=+0-9", Whole),
        ("bytes = 0-9", Whole),
        ("bytes=0 - 9", Whole),
        ("bytes=5-2, 0-9", Whole),
        ("items=0-1", Whole),
        ("Bytes=0-1", partial(0, 1)),
        ("bytes= 0-1 ", partial(0, 1)),
        ("bytes=0-1, 5-6", Whole),
        ("bytes=0-1,,5-6,", Whole),
        ("bytes=,,0-1,\t,", partial(0, 1)),
        ("bytes=0-99999999999999999999", partial(0, 999)),
        ("bytes=99999999999999999999-", RangeNotSatisfiable),
        ("bytes=0-18446744073709551615", partial(0, 999)),
        ("bytes=-99999999999999999999", partial(0, 999)),
        (
            "bytes=-9223372036854775808,-9223372036854775809",
            partial(0, 999),
        ),
        ("bytes=0-9,500-509", Whole),
        ("bytes=2000-,0-9", partial(0, 9)),
        ("bytes=2000-,3000-", RangeNotSatisfiable),
        ("bytes=0-99,50-149", partial(0, 149)),
        ("bytes=50-149,0-49", partial(0, 149)),
        (killer.as_str(), Whole),
    ] {
        assert_eq!(decide_range(Method::Get, range, 1000), expected, "{range}");
        assert_eq!(
            decide_range(Method::Head, range, 1000),
            Whole,
            "HEAD {range}"
        );
    }
}

#[test]
fn an_empty_representation_is_sent_whole() {
    for range in ["bytes=0-", "bytes=0-0", "bytes=-1", "bytes=-0", "bytes=1-"] {
        assert_eq!(
            decide_range(Method::Get, range, 0),
            Decision::Whole,
            "{range}"
        );
    }
    let request = Request::new(Method::Get);
    let representation = Representation {
        length: 0,
        validators: &Validators::default(),
    };
    assert_eq!(decide(&request, representation), Decision::Whole);
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
            range: Some(b"bytes=0-9"),
            if_range: Some(if_range.as_bytes()),
            ..Request::new(Method::Get)
        };
        let representation = Representation {
            length: 1000,
            validators: &validators(tag),
        };
        let expected = if is_heeded {
            partial(0, 9)
        } else {
            Decision::Whole
        };
        assert_eq!(
            decide(&request, representation),
            expected,
            "{if_range} against {tag}"
        );
    }
}

#[test]
fn if_range_makes_an_unsatisfiable_range_whole_when_stale() {
    let request = Request {
        range: Some(b"bytes=1000-"),
        if_range: Some(b"\"v0\""),
        ..Request::new(Method::Get)
    };
    let representation = Representation {
        length: 1000,
        validators: &validators("\"v1\""),
    };
    assert_eq!(decide(&request, representation), Decision::Whole);
}

#[test]
fn if_range_by_a_weak_date_is_not_heeded() {
    let mut fresh = validators("");
    fresh.date = fresh.last_modified;
    let request = Request {
        range: Some(b"bytes=0-9"),
        if_range: Some(MODIFIED.as_bytes()),
        ..Request::new(Method::Get)
    };
    let representation = Representation {
        length: 1000,
        validators: &fresh,
    };
    assert_eq!(decide(&request, representation), Decision::Whole);
}

/// `If-Match`, `If-Unmodified-Since`, `If-None-Match`, `If-Modified-Since`; empty is absent.
type Preconditions = [&'static str; 4];

fn decide_preconditions(fields: Preconditions, range: &'static str, tag: &str) -> Decision {
    let field = |text: &'static str| Some(text.as_bytes()).filter(|text| !text.is_empty());
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
        range: field(range),
        ..Request::new(Method::Get)
    };
    decide(
        &request,
        Representation {
            length: 1000,
            validators: &validators(tag),
        },
    )
}

#[test]
fn preconditions_are_evaluated_in_their_order() {
    use Decision::{NotModified, PreconditionFailed, Whole};
    for (fields, expected) in [
        (["\"v0\"", "", "", ""], PreconditionFailed),
        (["\"v1\"", "", "", ""], Whole),
        (["W/\"v1\"", "", "", ""], PreconditionFailed),
        (["*", "", "", ""], Whole),
        (["\"v0\", \"v1\"", "", "", ""], Whole),
        (["\"v0,\" ,, \"v1\"", "", "", ""], Whole),
        (["v1", "", "", ""], PreconditionFailed),
        (["\"v1\"", EARLIER, "", ""], Whole),
        (["\"v0\"", LATER, "", ""], PreconditionFailed),
        (["", EARLIER, "", ""], PreconditionFailed),
        (["", MODIFIED, "", ""], Whole),
        (["", "yesterday", "", ""], Whole),
        (["", "", "\"v1\"", ""], NotModified),
        (["", "", "W/\"v1\"", ""], NotModified),
        (["", "", "*", ""], NotModified),
        (["", "", "\"v0\", W/\"v1\"", ""], NotModified),
        (["", "", "\"v0\"", ""], Whole),
        (["", "", "\"v1\"", EARLIER], NotModified),
        (["", "", "\"v0\"", LATER], Whole),
        (["", "", "", MODIFIED], NotModified),
        (["", "", "", LATER], NotModified),
        (["", "", "", EARLIER], Whole),
        (["", "", "", "never"], Whole),
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
    use Decision::{NotModified, PreconditionFailed, Whole};
    for (fields, range, expected) in [
        (["", "", "\"v1\"", ""], "bytes=0-9", NotModified),
        (["", "", "\"v1\"", ""], "bytes=1000-", NotModified),
        (["\"v0\"", "", "", ""], "bytes=1000-", PreconditionFailed),
        (["\"v1\"", "", "\"v0\"", ""], "bytes=0-9", partial(0, 9)),
        (["", "", "", EARLIER], "items=0-9", Whole),
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
    use Decision::{NotModified, PreconditionFailed, Whole};
    assert_eq!(
        decide_preconditions(["\"v1\"", "", "", ""], "", ""),
        PreconditionFailed
    );
    assert_eq!(decide_preconditions(["*", "", "", ""], "", ""), Whole);
    assert_eq!(decide_preconditions(["", "", "\"v1\"", ""], "", ""), Whole);
    assert_eq!(decide_preconditions(["", "", "*", ""], "", ""), NotModified);
}
