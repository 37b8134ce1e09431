//! Owns the judgement of a plain reply, from which everything else is compared, and of what only
//! all replies together show. Sends nothing.

use range_core::http::{EntityTag, HttpDate};

use super::reply::Reply;
use super::{Finding, Subject, rules};

/// Fields whose value is no list.
const SINGLETONS: &[&str] = &[
    "content-length",
    "content-range",
    "content-type",
    "date",
    "etag",
    "last-modified",
];

/// All that the table has shown about the server, besides the plain reply.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Plain {
    /// True if it serves ranges; `None` if that was not found out.
    pub(crate) serves_ranges: Option<bool>,
    /// True if the strong tag was another with each reply, though the bytes were the same.
    pub(crate) tag_changes: bool,
}

/// The findings on the reply to a plain GET, from which the subject was made.
pub(crate) fn judge_plain(subject: &Subject, reply: &Reply, seen: Plain) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expect = |holds: bool, rule, what: &str| {
        if !holds {
            findings.push(Finding::new(rule, what));
        }
    };
    let date = reply.field("date").and_then(HttpDate::parse);
    expect(
        date.is_some(),
        &rules::DATE,
        "no Date, which only a server without a clock may leave out",
    );
    let tag = reply.field("etag");
    let is_tag = tag.is_none_or(|tag| EntityTag::parse(tag).is_some());
    expect(is_tag, &rules::GRAMMAR, "an ETag that is no entity tag");
    let is_repeated = |name: &&str| {
        let lines = reply.fields.iter().filter(|(own, _)| own == name);
        lines.count() > 1
    };
    expect(
        !SINGLETONS.iter().any(is_repeated),
        &rules::REPEATED_FIELD,
        "a field that has one value is there twice",
    );
    let modified = reply.field("last-modified");
    let is_date = modified.is_none_or(|value| HttpDate::parse(value).is_some());
    expect(is_date, &rules::GRAMMAR, "a Last-Modified that is no date");
    // A server that knows when the file was changed can tell its versions apart.
    let knows_changes = subject.validators.last_modified.is_some();
    expect(
        tag.is_some() || !knows_changes,
        &rules::NO_TAG,
        "no ETag, though there is a Last-Modified",
    );
    let modified = modified.and_then(HttpDate::parse);
    let is_past = modified
        .zip(date)
        .is_none_or(|(modified, date)| modified <= date);
    expect(
        is_past,
        &rules::LAST_MODIFIED_AHEAD,
        "Last-Modified is later than Date",
    );
    expect(
        reply.coding().is_none(),
        &rules::IDENTITY,
        "a content coding, though none was accepted",
    );
    expect(
        !seen.tag_changes,
        &rules::TAG_CHANGES,
        "another ETag with each reply, of the same bytes",
    );
    expect(
        reply.field("content-range").is_none(),
        &rules::CONTENT_RANGE_ELSEWHERE,
        "200 with a Content-Range",
    );
    if let (Some(field), Some(serves)) = (reply.field("accept-ranges"), seen.serves_ranges) {
        let units = field.split(|&byte| byte == b',').map(<[u8]>::trim_ascii);
        let says = units
            .clone()
            .any(|unit| unit.eq_ignore_ascii_case(b"bytes"));
        let denies = units.clone().any(|unit| unit.eq_ignore_ascii_case(b"none"));
        expect(
            serves || !says,
            &rules::ACCEPT_RANGES,
            "Accept-Ranges: bytes, and ranges are not served",
        );
        expect(
            !serves || !denies,
            &rules::ACCEPT_RANGES,
            "Accept-Ranges: none, and ranges are served",
        );
    }
    findings
}
