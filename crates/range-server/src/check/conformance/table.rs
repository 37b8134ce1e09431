//! Owns the rows of the conformance table: requests as data, with the statuses they may have.
//! Judges nothing.

use range_core::http::conditional::Method;
use range_core::http::{HttpDate, Strength};

use super::{Fields, Row, Rule, Subject, rules};

/// Earlier than any file.
const LONG_AGO: &str = "Thu, 01 Jan 1970 00:00:01 GMT";

/// A tag nothing has.
const OTHER_TAG: &str = "\"no-such-version\"";

/// The statuses with which a `Range` may be rejected, or read in spite of its faults.
const REJECTED: &[u16] = &[206, 400, 403, 413, 414, 416, 422, 431];

/// The rows that others build on.
const FIRST_BYTE: &str = "the first byte";
const TWO_RANGES: &str = "two ranges";
const LAST_MODIFIED: &str = "If-Modified-Since: Last-Modified";

/// A row of a GET.
const fn get(
    name: &'static str,
    rule: &'static Rule,
    (preferred, permitted): (u16, &'static [u16]),
    fields: fn(&Subject) -> Option<Fields>,
) -> Row {
    Row {
        name,
        rule,
        method: Method::Get,
        preferred,
        permitted,
        after: None,
        fields,
    }
}

/// A row of a HEAD.
const fn head(
    name: &'static str,
    rule: &'static Rule,
    preferred: u16,
    fields: fn(&Subject) -> Option<Fields>,
) -> Row {
    Row {
        method: Method::Head,
        ..get(name, rule, (preferred, &[]), fields)
    }
}

/// A row that says nothing unless this one had its preferred status.
const fn after(earlier: &'static str, row: Row) -> Row {
    Row {
        after: Some(earlier),
        ..row
    }
}

/// Every row, ranges first. A server may ignore `Range` wherever it wants (§14.2), so 200 is
/// permitted for all ranges; and of invalid ones, any reading.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    get(FIRST_BYTE, &rules::PARTIAL, (206, &[200]), |_| range("0-0")),
    get("a range in the middle", &rules::PARTIAL, (206, &[200]), |_| range("100-199")),
    get("an open range from 0", &rules::PARTIAL, (206, &[200]), |_| range("0-")),
    get("an open range near the end", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("{}-", s.length - 10))),
    get("the last byte", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("{0}-{0}", s.length - 1))),
    get("a range past the end, clamped", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("{}-{}", s.length - 10, s.length.saturating_add(1000)))),
    get("a suffix", &rules::PARTIAL, (206, &[200]), |_| range("-10")),
    get("a suffix of the whole length", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("-{}", s.length))),
    get("a suffix longer than the whole", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("-{}", s.length.saturating_add(1000)))),
    get("a suffix of no bytes", &rules::UNSATISFIABLE, (416, &[200]), |_| range("-0")),
    get("a range that starts at the end", &rules::UNSATISFIABLE, (416, &[200]),
        |s| range(&format!("{}-", s.length))),
    get("a last position of 2^64-1", &rules::OVERFLOW, (206, &[200]),
        |_| range("0-18446744073709551615")),
    get("a last position beyond 64 bits", &rules::OVERFLOW, (206, &[200]),
        |_| range("0-99999999999999999999")),
    get("a first position beyond 64 bits", &rules::OVERFLOW, (416, &[200]),
        |_| range("99999999999999999999-")),
    get("a reversed range", &rules::PARTIAL, (200, REJECTED), |_| range("5-2")),
    get("letters for numbers", &rules::PARTIAL, (200, REJECTED), |_| range("abc")),
    get("a range without numbers", &rules::PARTIAL, (200, REJECTED), |_| range("-")),
    get("an unknown unit", &rules::UNKNOWN_UNIT, (200, &[]), |_| one("range", "items=0-1")),
    get("a unit in capitals", &rules::UNKNOWN_UNIT, (206, &[200]), |_| one("range", "BYTES=0-9")),
    after(FIRST_BYTE, get("empty list elements", &rules::EMPTY_ELEMENTS, (206, &[200]),
        |_| range("0-9,,"))),
    get(TWO_RANGES, &rules::PARTIAL, (206, &[200]), |_| range("0-9,500-509")),
    after(TWO_RANGES, get("two ranges with a space between", &rules::LIST_SYNTAX, (206, &[200]),
        |_| range("0-9, 500-509"))),
    after(TWO_RANGES, get("one range of two satisfiable", &rules::PARTIAL, (206, &[200]),
        |s| range(&format!("{}-,0-9", s.length.saturating_add(1000))))),
    get("overlapping ranges", &rules::PARTIAL, (206, &[200, 400, 416]), |_| range("0-99,50-149")),
    get("the whole, a thousand times", &rules::EGREGIOUS_RANGES, (200, REJECTED),
        |_| range(&vec!["0-"; 1000].join(","))),
    head("HEAD", &rules::GET_AND_HEAD, 200, |_| Some(Fields::new())),
    head("HEAD with a range", &rules::RANGE_ON_HEAD, 200, |_| range("0-9")),
    get("gzip accepted", &rules::GET_AND_HEAD, (200, &[]), |_| one("accept-encoding", "gzip")),
    get("a range, gzip accepted", &rules::PARTIAL, (206, &[200]),
        |_| both(("range", "bytes=0-9".into()), ("accept-encoding", "gzip".into()))),

    after(FIRST_BYTE, get("If-Range: the current tag", &rules::IF_RANGE_HOLDS, (206, &[]),
        |s| ranged("if-range", strong_tag(s)?))),
    get("If-Range: another tag", &rules::IF_RANGE, (200, &[]),
        |_| ranged("if-range", OTHER_TAG.into())),
    get("If-Range: the current tag, as weak", &rules::IF_RANGE, (200, &[]),
        |s| ranged("if-range", weakened(s)?)),
    after(FIRST_BYTE, get("If-Range: Last-Modified", &rules::IF_RANGE_HOLDS, (206, &[200]),
        |s| strong_date(s).and_then(|date| ranged("if-range", date.to_string().into())))),
    get("If-Range: a later date", &rules::IF_RANGE, (200, &[]),
        |s| ranged("if-range", later(s)?)),
    get("If-Match: another tag", &rules::IF_MATCH, (412, &[]),
        |s| tag(s).and_then(|_| one("if-match", OTHER_TAG))),
    get("If-Match: the current tag", &rules::IF_MATCH_HOLDS, (200, &[]),
        |s| field("if-match", strong_tag(s)?)),
    get("If-Match: the current tag, as weak", &rules::IF_MATCH_STRONG, (412, &[]),
        |s| field("if-match", weakened(s)?)),
    get("If-Match: *", &rules::IF_MATCH_HOLDS, (200, &[]), |_| one("if-match", "*")),
    get("If-Match holds, If-Unmodified-Since does not", &rules::IF_UNMODIFIED_SINCE_BESIDE,
        (200, &[]),
        |s| both(("if-match", strong_tag(s)?), ("if-unmodified-since", LONG_AGO.into()))),
    get("If-Match fails, range not satisfiable", &rules::IF_MATCH, (412, &[]),
        |s| tag(s).and_then(|_| both(("if-match", OTHER_TAG.into()),
            ("range", format!("bytes={}-", s.length).into())))),
    get("If-Unmodified-Since: long ago", &rules::IF_UNMODIFIED_SINCE, (412, &[]),
        |s| date(s).and_then(|_| one("if-unmodified-since", LONG_AGO))),
    get("If-Unmodified-Since: Last-Modified", &rules::IF_UNMODIFIED_SINCE_HOLDS, (200, &[]),
        |s| field("if-unmodified-since", date(s)?.to_string().into())),
    get("If-None-Match: the current tag", &rules::IF_NONE_MATCH, (304, &[]),
        |s| field("if-none-match", tag(s)?)),
    get("If-None-Match: the current tag, as weak", &rules::IF_NONE_MATCH_WEAK, (304, &[]),
        |s| field("if-none-match", weakened(s)?)),
    get("If-None-Match: a list with the tag", &rules::IF_NONE_MATCH, (304, &[]),
        |s| field("if-none-match", [b"\"a,b\" , ", tag(s)?.as_slice()].concat())),
    get("If-None-Match: *", &rules::IF_NONE_MATCH, (304, &[]), |_| one("if-none-match", "*")),
    get("If-None-Match: another tag", &rules::IF_NONE_MATCH_PASSES, (200, &[]),
        |_| one("if-none-match", OTHER_TAG)),
    get("If-None-Match holds back, If-Modified-Since would not", &rules::IF_NONE_MATCH, (304, &[]),
        |s| both(("if-none-match", tag(s)?), ("if-modified-since", LONG_AGO.into()))),
    get("If-None-Match passes, If-Modified-Since would not", &rules::IF_MODIFIED_SINCE_BESIDE,
        (200, &[]),
        |s| both(("if-none-match", OTHER_TAG.into()),
            ("if-modified-since", date(s)?.to_string().into()))),
    get("If-None-Match: the current tag, with a range", &rules::IF_NONE_MATCH, (304, &[]),
        |s| both(("if-none-match", tag(s)?), ("range", "bytes=0-9".into()))),
    get(LAST_MODIFIED, &rules::IF_MODIFIED_SINCE, (304, &[]),
        |s| field("if-modified-since", date(s)?.to_string().into())),
    after(LAST_MODIFIED, get("If-Modified-Since: Last-Modified, as asctime", &rules::DATE_FORMATS,
        (304, &[]), |s| field("if-modified-since", asctime(date(s)?).into()))),
    after(LAST_MODIFIED, get("If-Modified-Since: Last-Modified, as RFC 850 has it",
        &rules::DATE_FORMATS, (304, &[]),
        |s| field("if-modified-since", rfc_850(date(s)?)?.into()))),
    get("If-Modified-Since: long ago", &rules::IF_MODIFIED_SINCE_PASSES, (200, &[]),
        |_| one("if-modified-since", LONG_AGO)),
    get("If-Modified-Since: no date", &rules::IF_MODIFIED_SINCE_INVALID, (200, &[]),
        |_| one("if-modified-since", "yesterday")),
    head("HEAD, If-None-Match: the current tag", &rules::IF_NONE_MATCH, 304,
        |s| field("if-none-match", tag(s)?)),
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "it ends the closures of rows, some of which cannot be asked"
)]
fn field(name: &'static str, value: Vec<u8>) -> Option<Fields> {
    Some(vec![(name, value)])
}

fn one(name: &'static str, value: &str) -> Option<Fields> {
    field(name, value.into())
}

fn range(specs: &str) -> Option<Fields> {
    one("range", &format!("bytes={specs}"))
}

fn ranged(name: &'static str, value: Vec<u8>) -> Option<Fields> {
    both((name, value), ("range", "bytes=0-9".into()))
}

#[expect(
    clippy::unnecessary_wraps,
    reason = "it ends the closures of rows, some of which cannot be asked"
)]
fn both(first: (&'static str, Vec<u8>), second: (&'static str, Vec<u8>)) -> Option<Fields> {
    Some(vec![first, second])
}

fn tag(subject: &Subject) -> Option<Vec<u8>> {
    let tag = subject.validators.entity_tag.as_ref();
    tag.map(|tag| tag.as_bytes().to_vec())
}

fn strong_tag(subject: &Subject) -> Option<Vec<u8>> {
    let tag = subject.validators.entity_tag.as_ref()?;
    (tag.strength() == Strength::Strong).then(|| tag.as_bytes().to_vec())
}

fn weakened(subject: &Subject) -> Option<Vec<u8>> {
    let tag = tag(subject)?;
    let opaque = tag.strip_prefix(b"W/").unwrap_or(&tag);
    Some([b"W/", opaque].concat())
}

fn date(subject: &Subject) -> Option<HttpDate> {
    subject.validators.last_modified
}

/// The date where nobody doubts that it is strong: RFC 7232 asked for a minute.
fn strong_date(subject: &Subject) -> Option<HttpDate> {
    let (date, now) = (date(subject)?, subject.validators.date?);
    now.since(date)
        .filter(|age| age.as_secs() > 60)
        .map(|_| date)
}

fn later(subject: &Subject) -> Option<Vec<u8>> {
    let seconds = date(subject)?.unix_seconds().saturating_add(10);
    Some(HttpDate::from_unix_seconds(seconds).to_string().into())
}

/// `Sun Nov  6 08:49:37 1994`, from the parts of `Sun, 06 Nov 1994 08:49:37 GMT`.
fn asctime(date: HttpDate) -> String {
    let fixdate = date.to_string();
    let day = fixdate[5..7].strip_prefix('0').unwrap_or(&fixdate[5..7]);
    let (weekday, month) = (&fixdate[..3], &fixdate[8..11]);
    let (year, time) = (&fixdate[12..16], &fixdate[17..25]);
    format!("{weekday} {month} {day:>2} {time} {year}")
}

/// `Sunday, 06-Nov-94 08:49:37 GMT`, for years whose two digits everybody reads the same way.
fn rfc_850(date: HttpDate) -> Option<String> {
    const DAYS: [&str; 7] = [
        "Monday",
        "Tuesday",
        "Wednesday",
        "Thursday",
        "Friday",
        "Saturday",
        "Sunday",
    ];
    let fixdate = date.to_string();
    let weekday = DAYS.iter().find(|day| day.starts_with(&fixdate[..3]))?;
    let (day, month, time) = (&fixdate[5..7], &fixdate[8..11], &fixdate[17..25]);
    let year = fixdate[12..16].strip_prefix("20")?;
    Some(format!("{weekday}, {day}-{month}-{year} {time} GMT"))
}
