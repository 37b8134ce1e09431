//! Owns the judgement of a reply: its status against its row, and what a reply of that status has
//! to be in any case. Sends nothing, and remembers nothing between replies.

use range_core::ByteRange;
use range_core::http::conditional::{
    Decision, InvalidRange, Method, RangePolicy, Representation, Request, decide,
};
use range_core::http::range_header::RangeHeader;
use range_core::http::{ContentRange, EntityTag, HttpDate, ResolvedRange};

use super::Level::{Must, Should};
use super::parts;
use super::{Fields, Finding, Level, Reply, Row, Subject};

/// The most that several ranges may take beyond the whole: the heads of the parts.
const HEADS_OF_PARTS: u64 = 16 << 10;

/// The findings on the reply to a row's request.
pub(crate) fn judge(row: &Row, fields: &Fields, subject: &Subject, reply: &Reply) -> Vec<Finding> {
    let mut findings = Vec::new();
    if reply.status != row.preferred && !row.permitted.contains(&reply.status) {
        let what = format!("answered {}, expected {}", reply.status, row.preferred);
        findings.push(finding(row.level, row.section, what));
    }
    let expected = expected(row.method, fields, subject);
    let asked_once = fields.iter().all(|(_, value)| !value.contains(&b','));
    match reply.status {
        200 => whole(row.method, subject, reply, &mut findings),
        206 if row.method == Method::Get => {
            partial(subject, reply, (&expected, asked_once), &mut findings);
        }
        304 => not_modified(subject, reply, &mut findings),
        416 => unsatisfiable(subject, reply, &mut findings),
        _ => {}
    }
    findings
}

/// The findings on the reply to a plain GET, from which the subject was made.
pub(crate) fn judge_plain(subject: &Subject, reply: &Reply) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut expect = |holds: bool, level, section, what: &str| {
        if !holds {
            findings.push(finding(level, section, what.to_string()));
        }
    };
    let date = reply.field("date").and_then(HttpDate::parse);
    expect(date.is_some(), Must, "6.6.1", "no Date");
    let accepts = reply.field("accept-ranges");
    expect(accepts.is_some(), Should, "14.3", "no Accept-Ranges");
    let content_length = reply.field("content-length");
    expect(content_length.is_some(), Should, "8.6", "no Content-Length");
    let tag = reply.field("etag");
    let is_tag = tag.is_none_or(|tag| EntityTag::parse(tag).is_some());
    expect(is_tag, Must, "8.8.3", "an ETag that is no entity tag");
    expect(tag.is_some(), Should, "8.8.3", "no ETag");
    let modified = subject.validators.last_modified;
    let is_past = modified
        .zip(date)
        .is_none_or(|(modified, date)| modified <= date);
    expect(is_past, Must, "8.8.2.1", "Last-Modified is later than Date");
    expect(modified.is_some(), Should, "8.8.2", "no Last-Modified");
    findings
}

fn finding(level: Level, section: &'static str, what: impl Into<String>) -> Finding {
    Finding {
        level,
        section,
        what: what.into(),
    }
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
    let representation = Representation {
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

fn whole(method: Method, subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    let length = reply.field("content-length").map(number);
    if length.is_some_and(|length| length != Some(subject.length)) {
        findings.push(finding(
            Must,
            "8.6",
            "Content-Length of another 200 differs",
        ));
    }
    if method == Method::Head {
        return;
    }
    let common = reply.content.len().min(subject.known.len());
    if reply.content[..common] != subject.known[..common] {
        findings.push(finding(
            Must,
            "15.3.1",
            "the content of another 200 differs",
        ));
    }
    if reply.is_complete && size(&reply.content) != subject.length {
        findings.push(finding(Must, "8.6", "the content has another length"));
    }
}

fn partial(
    subject: &Subject,
    reply: &Reply,
    (expected, asked_once): (&[ByteRange], bool),
    findings: &mut Vec<Finding>,
) {
    keeps_tag(subject, reply, "15.3.7", findings);
    let limit = subject.length.saturating_add(HEADS_OF_PARTS);
    let announced = reply.field("content-length").and_then(number);
    if announced.unwrap_or(size(&reply.content)) > limit {
        findings.push(finding(
            Should,
            "17.15",
            "several ranges take more than the whole",
        ));
    }
    if let Some(value) = reply.field("content-range") {
        let Ok(range) = ContentRange::parse(value) else {
            findings.push(finding(Must, "14.4", "206 with an invalid Content-Range"));
            return;
        };
        if let ContentRange::Satisfied { range, .. } = range
            && announced.is_some_and(|announced| announced != range.len())
        {
            findings.push(finding(
                Must,
                "15.3.7",
                "Content-Length is not that of the range",
            ));
        }
        one_part(
            subject,
            expected,
            (range, &reply.content),
            reply.is_complete,
            findings,
        );
        return;
    }
    let content_type = reply.field("content-type").unwrap_or_default();
    if !content_type
        .to_ascii_lowercase()
        .starts_with(b"multipart/byteranges")
    {
        findings.push(finding(Must, "15.3.7.1", "206 without Content-Range"));
        return;
    }
    if asked_once {
        findings.push(finding(
            Must,
            "15.3.7.2",
            "several parts for a single range",
        ));
    }
    if !reply.is_complete {
        return;
    }
    let Some(parts) = parts::read(content_type, &reply.content) else {
        findings.push(finding(
            Must,
            "14.6",
            "multipart content that cannot be read",
        ));
        return;
    };
    for part in parts {
        one_part(subject, expected, part, true, findings);
    }
}

fn one_part(
    subject: &Subject,
    expected: &[ByteRange],
    (content_range, content): parts::Part<'_>,
    is_complete: bool,
    findings: &mut Vec<Finding>,
) {
    let ContentRange::Satisfied {
        range,
        complete_length,
    } = content_range
    else {
        findings.push(finding(Must, "14.4", "206 with the Content-Range of a 416"));
        return;
    };
    if complete_length.is_some_and(|length| length != subject.length) {
        findings.push(finding(
            Must,
            "14.4",
            "Content-Range has another complete length",
        ));
    }
    let lies_within =
        |asked: &ByteRange| asked.start() <= range.start() && range.end() <= asked.end();
    if !expected.is_empty() && !expected.iter().any(lies_within) {
        findings.push(finding(
            Must,
            "15.3.7",
            "206 with bytes that were not asked for",
        ));
    }
    if is_complete && size(content) != range.len() {
        findings.push(finding(
            Must,
            "15.3.7",
            "the content is not as long as its range",
        ));
    }
    let known = usize::try_from(range.start())
        .ok()
        .and_then(|start| subject.known.get(start..));
    let known = known.unwrap_or_default();
    let common = content.len().min(known.len());
    if content[..common] != known[..common] {
        findings.push(finding(
            Must,
            "15.3.7",
            "the bytes are not those of the range",
        ));
    }
}

fn not_modified(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    keeps_tag(subject, reply, "15.4.5", findings);
    let length = reply.field("content-length").map(number);
    if length.is_some_and(|length| length != Some(subject.length)) {
        findings.push(finding(
            Must,
            "8.6",
            "304 with a Content-Length the 200 does not have",
        ));
    }
}

fn unsatisfiable(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    let complete_length = subject.length;
    match reply.field("content-range").map(ContentRange::parse) {
        Some(Ok(range)) if range == (ContentRange::Unsatisfied { complete_length }) => {}
        Some(_) => findings.push(finding(Must, "14.4", "416 with a wrong Content-Range")),
        None => findings.push(finding(Should, "15.5.17", "416 without Content-Range")),
    }
}

fn keeps_tag(subject: &Subject, reply: &Reply, section: &'static str, findings: &mut Vec<Finding>) {
    let own = subject
        .validators
        .entity_tag
        .as_ref()
        .map(EntityTag::as_bytes);
    if own.is_some() && reply.field("etag") != own {
        findings.push(finding(
            Must,
            section,
            format!("{} without the ETag of the 200", reply.status),
        ));
    }
}

fn number(text: &[u8]) -> Option<u64> {
    str::from_utf8(text).ok()?.parse().ok()
}

fn size(content: &[u8]) -> u64 {
    u64::try_from(content.len()).expect("a length fits 64 bits")
}
