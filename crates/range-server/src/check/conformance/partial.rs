//! Owns the judgement of a 206: which bytes it says it has, whether they were asked for, and
//! whether they are those of the file. Knows nothing of other fields.

use range_core::ByteRange;
use range_core::http::ContentRange;

use super::fields::{is_multipart, is_same};
use super::parts::{self, Part};
use super::reply::{Reply, size};
use super::{Finding, Subject, rules};

/// The most that several ranges may take beyond the whole: the heads of the parts.
const HEADS_OF_PARTS: u64 = 16 << 10;

/// The ranges that a request asked for.
pub(super) struct Asked {
    /// Those that our own server would send; none if it would send no 206.
    pub(super) ranges: Vec<ByteRange>,
    /// True if the request names one range.
    pub(super) is_one: bool,
    /// True if the request has an `If-Range`.
    pub(super) has_if_range: bool,
}

/// The findings on the content of a 206 and on the fields that describe it.
pub(super) fn judge(asked: &Asked, subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    let limit = subject.length.saturating_add(HEADS_OF_PARTS);
    if reply.content_length().unwrap_or(reply.size()) > limit {
        let what = "several ranges take more than the whole";
        findings.push(Finding::new(&rules::EGREGIOUS_RANGES, what));
    }
    if is_multipart(reply) {
        several(asked, subject, reply, findings);
        return;
    }
    judge_head(reply, findings);
    let Some(Ok(content_range)) = reply.field("content-range").map(ContentRange::parse) else {
        return;
    };
    let ContentRange::Satisfied { range, .. } = content_range else {
        return;
    };
    let announced = reply.content_length();
    if announced.is_some_and(|announced| announced != range.len()) {
        let what = "Content-Length is not that of the range";
        findings.push(Finding::new(&rules::SINGLE_PART, what));
    } else if reply.is_complete && reply.faults.is_empty() && reply.size() != range.len() {
        let what = "the content is not as long as its range";
        findings.push(Finding::new(&rules::SINGLE_PART, what));
    }
    let part = Part {
        content_range,
        content: &reply.content,
        content_type: None,
    };
    bytes_of(asked, subject, &part, findings);
}

/// The findings on the `Content-Range` of a single part.
pub(super) fn judge_head(reply: &Reply, findings: &mut Vec<Finding>) {
    let what = match reply.field("content-range").map(ContentRange::parse) {
        Some(Ok(ContentRange::Satisfied { .. })) => return,
        Some(Ok(ContentRange::Unsatisfied { .. })) => "206 with the Content-Range of a 416",
        Some(Err(_)) => "206 with an invalid Content-Range",
        None => "206 without Content-Range",
    };
    findings.push(Finding::new(&rules::SINGLE_PART, what));
}

fn several(asked: &Asked, subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    if reply.field("content-range").is_some() {
        let what = "a Content-Range in the head of several parts";
        findings.push(Finding::new(&rules::RANGE_OF_MANY, what));
    }
    if asked.is_one {
        let what = "several parts for a single range";
        findings.push(Finding::new(&rules::PARTS_FOR_ONE, what));
    }
    if !reply.is_complete || !reply.faults.is_empty() {
        return;
    }
    let content_type = reply.field("content-type").unwrap_or_default();
    let parts = match parts::read(content_type, &reply.content) {
        Ok(parts) => parts,
        Err(parts::Unreadable::NoRange) => {
            let what = "a part without a valid Content-Range";
            findings.push(Finding::new(&rules::RANGE_OF_A_PART, what));
            return;
        }
        Err(parts::Unreadable::NoParts) => {
            let what = "multipart content that cannot be read";
            findings.push(Finding::new(&rules::MULTIPART, what));
            return;
        }
    };
    let media_type = subject.field("content-type");
    let has_other_type = |part: &Part<'_>| {
        media_type.is_some_and(|own| part.content_type.is_none_or(|theirs| !is_same(own, theirs)))
    };
    if parts.iter().any(has_other_type) {
        let what = "a part without the Content-Type of the 200";
        findings.push(Finding::new(&rules::TYPE_OF_A_PART, what));
    }
    for part in &parts {
        bytes_of(asked, subject, part, findings);
    }
}

fn bytes_of(asked: &Asked, subject: &Subject, part: &Part<'_>, findings: &mut Vec<Finding>) {
    let ContentRange::Satisfied {
        range,
        complete_length,
    } = part.content_range
    else {
        return;
    };
    let mut find = |rule, what: &str| findings.push(Finding::new(rule, what));
    match complete_length {
        Some(length) if length != subject.length => {
            find(
                &rules::SINGLE_PART,
                "Content-Range has another complete length",
            );
        }
        None if subject.field("content-length").is_some() => find(
            &rules::COMPLETE_LENGTH,
            "Content-Range does not tell the length, though the 200 does",
        ),
        Some(_) | None => {}
    }
    let known = usize::try_from(range.start()).ok();
    let known = known
        .and_then(|start| subject.known.get(start..))
        .unwrap_or_default();
    let common = part.content.len().min(known.len());
    if part.content[..common] != known[..common] {
        find(&rules::SINGLE_PART, "the bytes are not those of the range");
    }
    match asked.ranges.as_slice() {
        [] => {}
        [one] if asked.is_one && size(part.content) == range.len() && is_one_short(*one, range) => {
            let what = "one byte less than was asked for, as if the last were not part of a range";
            find(&rules::PARTIAL, what);
        }
        [one] if asked.is_one && one.covers(range) && *one != range => {
            find(&rules::LESS_THAN_ASKED, "less than was asked for");
        }
        several if !several.iter().any(|one| one.covers(range)) => {
            find(&rules::PARTIAL, "206 with bytes that were not asked for");
        }
        _ => {}
    }
}

fn is_one_short(asked: ByteRange, range: ByteRange) -> bool {
    asked.start() == range.start() && range.end() + 1 == asked.end()
}
