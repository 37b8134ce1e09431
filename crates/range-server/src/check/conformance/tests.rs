//! Owns the proof that the table agrees with our own decision, and that each judgement can fail.

use range_core::http::conditional::{
    Decision, InvalidRange, RangePolicy, Request, SelectedRepresentation, decide,
};
use range_core::http::{EntityTag, HttpDate, ResolvedRange};

use super::*;

fn subject() -> Subject {
    let date = |seconds| Some(HttpDate::from_unix_seconds(seconds));
    Subject {
        length: 2000,
        validators: Validators {
            entity_tag: EntityTag::parse(b"\"v1\""),
            last_modified: date(1_500_000_000),
            date: date(1_600_000_000),
        },
        known: (0..2000_u32)
            .map(|at| u8::try_from(at % 251).unwrap())
            .collect(),
        fields: vec![("etag".to_owned(), b"\"v1\"".to_vec())],
        is_cached: false,
        coded: None,
    }
}

fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    let found = fields.iter().find(|(own, _)| *own == name);
    found.map(|(_, value)| value.as_slice())
}

#[test]
fn the_decision_takes_the_preferred_status_of_every_row() {
    let subject = subject();
    for row in ROWS {
        let fields = row
            .fields(&subject)
            .expect("the subject has every validator");
        let range = value(&fields, "range").map(|field| RangePolicy::default().read(field));
        let request = Request {
            method: row.method,
            if_match: value(&fields, "if-match"),
            if_unmodified_since: value(&fields, "if-unmodified-since"),
            if_none_match: value(&fields, "if-none-match"),
            if_modified_since: value(&fields, "if-modified-since"),
            if_range: value(&fields, "if-range"),
            range: range.as_ref(),
        };
        let representation = SelectedRepresentation {
            length: subject.length,
            validators: &subject.validators,
            media_type: "text/plain",
        };
        let status = match decide(&request, representation, InvalidRange::default()) {
            Decision::Range(ResolvedRange::Whole) => 200,
            Decision::Range(ResolvedRange::One(_) | ResolvedRange::Several(_)) => 206,
            Decision::NotModified => 304,
            Decision::PreconditionFailed => 412,
            Decision::Range(ResolvedRange::Unsatisfiable) => 416,
        };
        assert_eq!(status, row.preferred, "{}", row.name);
    }
}

#[test]
fn names_are_unique_because_reports_are_compared_by_them() {
    for (at, row) in ROWS.iter().enumerate() {
        assert!(
            ROWS[..at].iter().all(|other| other.name != row.name),
            "{}",
            row.name
        );
    }
}

#[test]
fn what_cannot_be_asked_without_validators_is_left_out() {
    let bare = Subject {
        validators: Validators::default(),
        ..subject()
    };
    let asked = ROWS.iter().filter(|row| row.fields(&bare).is_some());
    assert!(asked.count() < ROWS.len());
}

fn row(name: &str) -> &'static Row {
    ROWS.iter()
        .find(|row| row.name == name)
        .expect("the row exists")
}

fn reply(status: u16, fields: &[(&str, &str)], content: &[u8]) -> Reply {
    let fields = fields
        .iter()
        .map(|(name, value)| ((*name).to_string(), value.as_bytes().into()));
    Reply {
        status,
        fields: fields.collect(),
        content: content.into(),
        is_complete: true,
        faults: Vec::new(),
    }
}

fn findings(name: &str, reply: &Reply) -> usize {
    let (row, subject) = (row(name), subject());
    judge(row, &row.fields(&subject).unwrap(), &subject, reply).len()
}

#[test]
fn a_reply_is_judged_by_its_status_its_fields_and_its_bytes() {
    let known = subject().known;
    let name = "a range in the middle";
    let good = [("etag", "\"v1\""), ("content-range", "bytes 100-199/2000")];
    assert_eq!(findings(name, &reply(206, &good, &known[100..200])), 0);
    assert_eq!(findings(name, &reply(200, &good[..1], &known)), 0);
    assert_eq!(
        findings(name, &reply(206, &good, &known[101..201])),
        1,
        "other bytes"
    );
    assert_eq!(
        findings(name, &reply(206, &good, &known[100..199])),
        1,
        "too short"
    );
    assert_eq!(
        findings(name, &reply(206, &good[1..], &known[100..200])),
        1,
        "no tag"
    );
    assert_eq!(
        findings(name, &reply(206, &good[..1], &known[100..200])),
        1,
        "no range"
    );
    assert_eq!(
        findings(name, &reply(200, &good[..1], &known[..1999])),
        1,
        "short whole"
    );
    assert_eq!(
        findings(name, &reply(416, &[("content-range", "bytes */2000")], b"")),
        1
    );
    assert_eq!(
        findings(name, &reply(416, &[("content-range", "bytes */2001")], b"")),
        2
    );
    let shifted = [("etag", "\"v1\""), ("content-range", "bytes 90-199/2000")];
    assert_eq!(
        findings(name, &reply(206, &shifted, &known[90..200])),
        1,
        "not asked for"
    );
    let total = [("etag", "\"v1\""), ("content-range", "bytes 100-199/2001")];
    assert_eq!(
        findings(name, &reply(206, &total, &known[100..200])),
        1,
        "another total"
    );
    let empty = [
        ("etag", "\"v1\""),
        ("content-range", "bytes 2000-1999/2000"),
    ];
    assert_eq!(
        findings("a suffix of no bytes", &reply(206, &empty, b"")),
        2
    );
    let tag = "If-None-Match: the current tag";
    assert_eq!(findings(tag, &reply(304, &good[..1], b"")), 0);
    assert_eq!(findings(tag, &reply(304, &[], b"")), 1);
}

#[test]
fn parts_are_read_by_their_length_and_judged_one_by_one() {
    let known = subject().known;
    let message = |second: &[u8]| {
        let head = |range| format!("--b\r\nContent-Range: bytes {range}/2000\r\n\r\n");
        let texts = [head("0-9"), head("500-509")];
        let parts = [
            texts[0].as_bytes(),
            &known[..10],
            b"\r\n",
            texts[1].as_bytes(),
        ];
        [parts.concat().as_slice(), second, b"\r\n--b--\r\n"].concat()
    };
    let fields = [
        ("etag", "\"v1\""),
        ("content-type", "multipart/byteranges; boundary=\"b\""),
    ];
    let good = message(&known[500..510]);
    assert_eq!(findings("two ranges", &reply(206, &fields, &good)), 0);
    assert_eq!(
        findings("a range in the middle", &reply(206, &fields, &good)),
        3,
        "several parts for one range, of other bytes"
    );
    assert_eq!(
        findings(
            "two ranges",
            &reply(206, &fields, &message(&known[501..511]))
        ),
        1
    );
    assert_eq!(
        findings(
            "two ranges",
            &reply(206, &fields, &message(&known[500..509]))
        ),
        1
    );
    for cut in 0..good.len() - 3 {
        assert_eq!(
            findings("two ranges", &reply(206, &fields, &good[..cut])),
            1,
            "{cut}"
        );
    }
}

#[test]
fn the_plain_reply_has_to_say_what_it_is_and_when() {
    let fields = [
        ("date", "Sun, 06 Nov 1994 08:49:37 GMT"),
        ("etag", "\"v1\""),
        ("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"),
    ];
    let subject = subject();
    let names = |fields: &[(&str, &str)]| -> Vec<&str> {
        let findings = judge_plain(&subject, &reply(200, fields, b""), Plain::default());
        findings.iter().map(|finding| finding.rule.name).collect()
    };
    assert!(names(&fields).is_empty());
    assert_eq!(names(&fields[1..]), ["date"]);
    assert_eq!(names(&fields[..1]), ["no-tag"]);
    let ahead = [
        fields[0],
        fields[1],
        ("last-modified", "Sun, 06 Nov 1994 08:49:38 GMT"),
    ];
    assert_eq!(names(&ahead), ["last-modified-ahead"]);
    assert_eq!(names(&[fields[0], ("etag", "range1024")]), ["grammar"]);
}

#[test]
fn a_row_builds_on_an_earlier_one_only() {
    for (at, row) in ROWS.iter().enumerate() {
        let earlier = |name| ROWS[..at].iter().any(|other| other.name == name);
        assert!(row.after.is_none_or(earlier), "{}", row.name);
    }
}
