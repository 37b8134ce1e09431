//! Owns the rows of the conformance table: requests as data, with the statuses they may have.
//! Judges nothing.

use range_core::http::conditional::Method;
use range_core::http::{HttpDate, Strength};

use super::Level::{Must, Should};
use super::{Fields, Level, Row, Subject};

/// Earlier than any file.
const LONG_AGO: &str = "Thu, 01 Jan 1970 00:00:01 GMT";

/// A tag nothing has.
const OTHER_TAG: &str = "\"no-such-version\"";

/// A row of a GET.
const fn get(
    name: &'static str,
    (section, level): (&'static str, Level),
    (preferred, permitted): (u16, &'static [u16]),
    fields: fn(&Subject) -> Option<Fields>,
) -> Row {
    let method = Method::Get;
    Row {
        name,
        section,
        level,
        method,
        preferred,
        permitted,
        fields,
    }
}

/// A row of a HEAD.
const fn head(
    name: &'static str,
    (section, level): (&'static str, Level),
    preferred: u16,
    fields: fn(&Subject) -> Option<Fields>,
) -> Row {
    let permitted = &[];
    Row {
        name,
        section,
        level,
        method: Method::Head,
        preferred,
        permitted,
        fields,
    }
}

/// Every row, ranges first. A server may ignore `Range` wherever it wants (§14.2), so 200 is
/// permitted for all ranges but the first row's, which stands for that choice.
#[rustfmt::skip]
pub(crate) const ROWS: &[Row] = &[
    get("the first byte", ("14.2", Should), (206, &[]), |_| range("0-0")),
    get("a range in the middle", ("15.3.7", Must), (206, &[200]), |_| range("100-199")),
    get("an open range from 0", ("14.2", Must), (206, &[200]), |_| range("0-")),
    get("an open range near the end", ("14.1.2", Must), (206, &[200]),
        |s| range(&format!("{}-", s.length - 10))),
    get("a range past the end, clamped", ("14.1.2", Must), (206, &[200]),
        |s| range(&format!("{}-{}", s.length - 10, s.length.saturating_add(1000)))),
    get("a suffix", ("14.1.2", Must), (206, &[200]), |_| range("-10")),
    get("a suffix of the whole length", ("14.1.2", Must), (206, &[200]),
        |s| range(&format!("-{}", s.length))),
    get("a suffix longer than the whole", ("14.1.2", Must), (206, &[200]),
        |s| range(&format!("-{}", s.length.saturating_add(1000)))),
    get("a suffix of no bytes", ("14.1.2", Must), (416, &[200]), |_| range("-0")),
    get("a range that starts at the end", ("15.5.17", Should), (416, &[200]),
        |s| range(&format!("{}-", s.length))),
    get("a last position of 2^64-1", ("14.1.2", Must), (206, &[200]),
        |_| range("0-18446744073709551615")),
    get("a last position beyond 64 bits", ("14.1.2", Must), (206, &[200]),
        |_| range("0-99999999999999999999")),
    get("a first position beyond 64 bits", ("14.1.2", Must), (416, &[200]),
        |_| range("99999999999999999999-")),
    get("a reversed range", ("14.1.1", Must), (200, &[400, 416]), |_| range("5-2")),
    get("letters for numbers", ("14.1.1", Must), (200, &[400, 416]), |_| range("abc")),
    get("a range without numbers", ("14.1.1", Must), (200, &[400, 416]), |_| range("-")),
    get("an unknown unit", ("14.2", Must), (200, &[]), |_| one("range", "items=0-1")),
    get("a unit in capitals", ("14.1", Must), (206, &[200]), |_| one("range", "BYTES=0-9")),
    get("empty list elements", ("5.6.1.2", Must), (206, &[200]), |_| range("0-9,,")),
    get("two ranges", ("15.3.7.2", Should), (206, &[200]), |_| range("0-9,500-509")),
    get("two ranges with a space between", ("5.6.1", Must), (206, &[200]),
        |_| range("0-9, 500-509")),
    get("one range of two satisfiable", ("14.1.2", Must), (206, &[200]),
        |s| range(&format!("{}-,0-9", s.length.saturating_add(1000)))),
    get("overlapping ranges", ("14.2", Must), (206, &[200, 400, 416]), |_| range("0-99,50-149")),
    get("the whole, a thousand times", ("17.15", Should), (200, &[206, 400, 416, 431]),
        |_| range(&vec!["0-"; 1000].join(","))),
    head("HEAD with a range", ("14.2", Must), 200, |_| range("0-9")),

    get("If-Range: the current tag", ("13.1.5", Should), (206, &[]),
        |s| ranged("if-range", strong_tag(s)?)),
    get("If-Range: another tag", ("13.1.5", Must), (200, &[]),
        |_| ranged("if-range", OTHER_TAG.into())),
    get("If-Range: the current tag, as weak", ("13.1.5", Must), (200, &[]),
        |s| ranged("if-range", weakened(s)?)),
    get("If-Range: Last-Modified", ("13.1.5", Should), (206, &[200]),
        |s| strong_date(s).and_then(|date| ranged("if-range", date.to_string().into()))),
    get("If-Range: a later date", ("13.1.5", Must), (200, &[]),
        |s| ranged("if-range", later(s)?)),
    get("If-Match: another tag", ("13.1.1", Must), (412, &[]),
        |s| tag(s).and_then(|_| one("if-match", OTHER_TAG))),
    get("If-Match: the current tag", ("13.1.1", Must), (200, &[]),
        |s| field("if-match", strong_tag(s)?)),
    get("If-Match: the current tag, as weak", ("13.1.1", Must), (412, &[]),
        |s| field("if-match", weakened(s)?)),
    get("If-Match: *", ("13.1.1", Must), (200, &[]), |_| one("if-match", "*")),
    get("If-Match holds, If-Unmodified-Since does not", ("13.2.2", Must), (200, &[]),
        |s| both(("if-match", strong_tag(s)?), ("if-unmodified-since", LONG_AGO.into()))),
    get("If-Match fails, range not satisfiable", ("14.2", Must), (412, &[]),
        |s| tag(s).and_then(|_| both(("if-match", OTHER_TAG.into()),
            ("range", format!("bytes={}-", s.length).into())))),
    get("If-Unmodified-Since: long ago", ("13.1.4", Must), (412, &[]),
        |s| date(s).and_then(|_| one("if-unmodified-since", LONG_AGO))),
    get("If-Unmodified-Since: Last-Modified", ("13.1.4", Must), (200, &[]),
        |s| field("if-unmodified-since", date(s)?.to_string().into())),
    get("If-None-Match: the current tag", ("13.1.2", Must), (304, &[]),
        |s| field("if-none-match", tag(s)?)),
    get("If-None-Match: the current tag, as weak", ("13.1.2", Must), (304, &[]),
        |s| field("if-none-match", weakened(s)?)),
    get("If-None-Match: a list with the tag", ("13.1.2", Must), (304, &[]),
        |s| field("if-none-match", [b"\"a,b\" , ", tag(s)?.as_slice()].concat())),
    get("If-None-Match: *", ("13.1.2", Must), (304, &[]), |_| one("if-none-match", "*")),
    get("If-None-Match: another tag", ("13.1.2", Must), (200, &[]),
        |_| one("if-none-match", OTHER_TAG)),
    get("If-None-Match holds back, If-Modified-Since would not", ("13.2.2", Must), (304, &[]),
        |s| both(("if-none-match", tag(s)?), ("if-modified-since", LONG_AGO.into()))),
    get("If-None-Match passes, If-Modified-Since would not", ("13.1.3", Must), (200, &[]),
        |s| both(("if-none-match", OTHER_TAG.into()),
            ("if-modified-since", date(s)?.to_string().into()))),
    get("If-None-Match: the current tag, with a range", ("14.2", Must), (304, &[]),
        |s| both(("if-none-match", tag(s)?), ("range", "bytes=0-9".into()))),
    get("If-Modified-Since: Last-Modified", ("13.1.3", Should), (304, &[]),
        |s| field("if-modified-since", date(s)?.to_string().into())),
    get("If-Modified-Since: Last-Modified, as asctime", ("5.6.7", Must), (304, &[]),
        |s| field("if-modified-since", asctime(date(s)?).into())),
    get("If-Modified-Since: long ago", ("13.1.3", Must), (200, &[]),
        |_| one("if-modified-since", LONG_AGO)),
    get("If-Modified-Since: no date", ("13.1.3", Must), (200, &[]),
        |_| one("if-modified-since", "yesterday")),
    head("HEAD, If-None-Match: the current tag", ("13.1.2", Must), 304,
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
