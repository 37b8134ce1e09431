//! Owns the judgement of replies to those who accept gzip: whether the coded bytes are told from
//! the others, and whether ranges are of the one or the other. Sends nothing.

use range_core::http::{ContentRange, EntityTag, Strength};

use super::reply::{Reply, size};
use super::{Finding, Subject, partial, rules};

/// The findings on a 200 or 206 with a content coding.
pub(super) fn judge(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    let tag = reply.field("etag").and_then(EntityTag::parse);
    let is_plain_ones = tag.as_ref().is_some_and(|tag| {
        let own = subject.validators.entity_tag.as_ref();
        own.is_some_and(|own| own.strong_eq(tag))
    });
    if is_plain_ones && subject.field("content-encoding").is_none() {
        let what = "one strong ETag with a content coding and without";
        findings.push(Finding::new(&rules::STRONG_TAG, what));
    }
    if reply.status != 206 {
        return;
    }
    let Some(Ok(ContentRange::Satisfied {
        range,
        complete_length,
    })) = reply.field("content-range").map(ContentRange::parse)
    else {
        partial::judge_head(reply, findings);
        return;
    };
    let Some(coded) = &subject.coded else {
        return;
    };
    let is_same_version = match (&coded.tag, &tag) {
        (Some(own), Some(theirs)) => own.strength() == Strength::Strong && own.strong_eq(theirs),
        _ => false,
    };
    let start = usize::try_from(range.start()).ok();
    let expected = start
        .and_then(|start| coded.content.get(start..))
        .unwrap_or_default();
    let common = expected.len().min(reply.content.len());
    let is_of_coded = reply.content[..common] == expected[..common];
    let is_plain_length = complete_length == Some(subject.length)
        && coded.is_complete
        && size(&coded.content) != subject.length;
    if is_plain_length || is_same_version && !is_of_coded {
        let what = "206 with a Content-Encoding, of another range than that of the coded bytes";
        findings.push(Finding::new(&rules::SINGLE_PART, what));
    }
}
