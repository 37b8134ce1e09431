//! Owns the judgement of a reply: its status against its row, and what a reply of that status has
//! to be in any case. Sends nothing, and remembers nothing between replies.

use range_core::ByteRange;
use range_core::http::conditional::{
    Decision, InvalidRange, Method, RangePolicy, Request, SelectedRepresentation, decide,
};
use range_core::http::range_header::RangeHeader;
use range_core::http::{ContentRange, EntityTag, ResolvedRange};

use super::partial::Asked;
use super::reply::Reply;
use super::{Fields, Finding, Row, SHORTEST, Subject, coded, fields as kept, partial, rules};

/// The findings on the reply to a row's request.
pub(crate) fn judge(row: &Row, fields: &Fields, subject: &Subject, reply: &Reply) -> Vec<Finding> {
    let mut findings = Vec::new();
    if reply.status >= 500 {
        // The server says itself that it has erred.
        let what = format!("answered {}", reply.status);
        findings.push(Finding::new(&rules::GET_AND_HEAD, what));
    } else if reply.status != row.preferred && !row.permitted.contains(&reply.status) {
        let what = format!("answered {}, expected {}", reply.status, row.preferred);
        findings.push(Finding::new(row.rule, what));
    }
    let value = |name| value(fields, name);
    let asked = Asked {
        ranges: expected(row.method, fields, subject),
        is_one: value("range").is_some_and(|range| !range.contains(&b',')),
        has_if_range: value("if-range").is_some(),
    };
    let is_coded = value("accept-encoding").is_some() && reply.coding().is_some();
    match (row.method, reply.status) {
        (Method::Get, 200 | 206) if is_coded => coded::judge(subject, reply, &mut findings),
        (Method::Get, 200) => whole(&asked, subject, reply, &mut findings),
        (Method::Get, 206) => {
            // The 200 to those who accept gzip may be another one.
            if value("accept-encoding").is_none() {
                kept::of_206(subject, reply, asked.has_if_range, &mut findings);
            }
            partial::judge(&asked, subject, reply, &mut findings);
        }
        (Method::Head, 200) => head(subject, reply, &mut findings),
        (_, 304) => not_modified(subject, reply, &mut findings),
        (Method::Get, 416) => {
            let is_of_bytes = value("range").is_some_and(is_byte_ranges);
            unsatisfiable(subject, reply, is_of_bytes, &mut findings);
        }
        _ => {}
    }
    findings
}

fn is_byte_ranges(range: &[u8]) -> bool {
    let unit = range.get(..b"bytes=".len());
    unit.is_some_and(|unit| unit.eq_ignore_ascii_case(b"bytes="))
}

/// The value of a field of a request.
pub(crate) fn value<'a>(fields: &'a Fields, name: &str) -> Option<&'a [u8]> {
    let found = fields.iter().find(|(own, _)| *own == name);
    found.map(|(_, value)| value.as_slice())
}

/// A request with these fields, and with its range as it is read.
pub(crate) fn request<'a>(
    method: Method,
    fields: &'a Fields,
    range: Option<&'a RangeHeader>,
) -> Request<'a> {
    let value = |name: &str| value(fields, name);
    Request {
        method,
        if_match: value("if-match"),
        if_unmodified_since: value("if-unmodified-since"),
        if_none_match: value("if-none-match"),
        if_modified_since: value("if-modified-since"),
        if_range: value("if-range"),
        range,
    }
}

/// The ranges our own server would send.
fn expected(method: Method, fields: &Fields, subject: &Subject) -> Vec<ByteRange> {
    let range = value(fields, "range").map(|field| RangePolicy::default().read(field));
    let request = request(method, fields, range.as_ref());
    let representation = SelectedRepresentation {
        length: subject.length,
        validators: &subject.validators,
        media_type: "",
    };
    match decide(&request, representation, InvalidRange::default()) {
        Decision::Range(ResolvedRange::One(range)) => Vec::from([range]),
        Decision::Range(ResolvedRange::Several(ranges)) => ranges,
        Decision::Range(ResolvedRange::Whole | ResolvedRange::Unsatisfiable)
        | Decision::NotModified
        | Decision::PreconditionFailed => Vec::new(),
    }
}

fn whole(asked: &Asked, subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    if reply.field("content-range").is_some() && subject.field("content-range").is_none() {
        let what = "200 with a Content-Range";
        findings.push(Finding::new(&rules::CONTENT_RANGE_ELSEWHERE, what));
    }
    if !reply.faults.is_empty() {
        return;
    }
    let common = reply.content.len().min(subject.known.len());
    let is_same = reply.content[..common] == subject.known[..common]
        && (!reply.is_complete || reply.size() == subject.length);
    if is_same {
        return;
    }
    // The file has not changed, as it was asked for again.
    let tag = reply.field("etag").and_then(EntityTag::parse);
    let own = subject.validators.entity_tag.as_ref();
    let has_strong_tag = tag.zip(own).is_some_and(|(tag, own)| own.strong_eq(&tag));
    let is_slice = asked.ranges.iter().any(|range| {
        let bounds = usize::try_from(range.start())
            .ok()
            .zip(usize::try_from(range.end()).ok());
        let slice = bounds.and_then(|(start, end)| subject.known.get(start..end));
        reply.is_complete && slice == Some(reply.content.as_slice())
    });
    if is_slice {
        let what = "200 with the bytes of a range instead of the whole file";
        findings.push(Finding::new(&rules::PARTIAL, what));
    }
    if has_strong_tag {
        let what = "200 with other content and the same strong ETag";
        findings.push(Finding::new(&rules::STRONG_TAG, what));
    }
}

fn head(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    let length = reply.field("content-length");
    if length.is_some() && reply.content_length() != Some(subject.length) {
        let what = "a Content-Length that the reply to GET does not have";
        findings.push(Finding::new(&rules::LENGTH_OF_HEAD, what));
    }
    kept::of_head(subject, reply, findings);
}

fn not_modified(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    kept::of_304(subject, reply, findings);
    let length = reply.field("content-length");
    if length.is_some() && reply.content_length() != Some(subject.length) {
        let what = "304 with a Content-Length that the 200 does not have";
        findings.push(Finding::new(&rules::LENGTH_OF_304, what));
    }
}

fn unsatisfiable(subject: &Subject, reply: &Reply, is_of_bytes: bool, findings: &mut Vec<Finding>) {
    let complete_length = subject.length;
    match reply.field("content-range").map(ContentRange::parse) {
        Some(Ok(range)) if range == (ContentRange::Unsatisfied { complete_length }) => {}
        Some(Ok(ContentRange::Unsatisfied { .. })) => {
            let what = "416 with another length than that of the file";
            findings.push(Finding::new(&rules::LENGTH_OF_416, what));
        }
        Some(Ok(ContentRange::Satisfied { .. })) => {
            let what = "416 with the Content-Range of a 206";
            findings.push(Finding::new(&rules::LENGTH_OF_416, what));
        }
        Some(Err(_)) => {
            let what = "416 with an invalid Content-Range";
            findings.push(Finding::new(&rules::GRAMMAR, what));
        }
        None if is_of_bytes => {
            let what = "416 without Content-Range";
            findings.push(Finding::new(&rules::LENGTH_OF_416, what));
        }
        None => {}
    }
    let is_the_file = reply.size() >= SHORTEST && subject.known.starts_with(&reply.content);
    if is_the_file {
        let what = "416 with the file as its content";
        findings.push(Finding::new(&rules::EXPLANATION, what));
    }
}
