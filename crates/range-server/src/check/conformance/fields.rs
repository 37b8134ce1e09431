//! Owns which header fields of the plain reply other replies have to repeat. Knows nothing of
//! content.

use range_core::http::EntityTag;

use super::reply::Reply;
use super::{Finding, Rule, Subject, rules};

/// The fields that RFC 9110 names for 206 and 304.
const CONTROLS: &[&str] = &[
    "date",
    "cache-control",
    "expires",
    "content-location",
    "vary",
];

/// Representation header fields (RFC 9110 §8) that a 206 repeats, besides those above.
const METADATA: &[&str] = &[
    "content-type",
    "content-encoding",
    "content-language",
    "last-modified",
];

/// All that a 206 has to have of the fields of the 200.
pub(super) fn of_206(
    subject: &Subject,
    reply: &Reply,
    has_if_range: bool,
    findings: &mut Vec<Finding>,
) {
    keeps_tag(subject, reply, &rules::FIELDS_OF_206, findings);
    keeps_controls(subject, reply, &rules::FIELDS_OF_206, findings);
    if has_if_range {
        return;
    }
    let is_multipart = is_multipart(reply);
    for name in METADATA {
        let is_of_parts = *name == "content-type" && is_multipart;
        if is_of_parts {
            continue;
        }
        let (own, theirs) = (subject.field(name), reply.field(name));
        let what = match (own, theirs) {
            (Some(_), None) => format!("206 without the {} of the 200", title(name)),
            (Some(own), Some(theirs)) if !is_same(own, theirs) => {
                format!("206 with another {} than the 200", title(name))
            }
            (None, Some(_)) if *name == "content-encoding" && reply.coding().is_some() => {
                "206 with a Content-Encoding that the 200 does not have".to_owned()
            }
            (Some(_) | None, Some(_)) | (None, None) => continue,
        };
        findings.push(Finding::new(&rules::METADATA_OF_206, what));
    }
}

/// All that a 304 has to have of the fields of the 200.
pub(super) fn of_304(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    keeps_tag(subject, reply, &rules::FIELDS_OF_304, findings);
    keeps_controls(subject, reply, &rules::FIELDS_OF_304, findings);
}

/// All that a reply to HEAD should have of the fields of the reply to GET.
pub(super) fn of_head(subject: &Subject, reply: &Reply, findings: &mut Vec<Finding>) {
    for name in ["etag", "last-modified", "content-type", "content-encoding"] {
        match (subject.field(name), reply.field(name)) {
            (Some(own), Some(theirs)) if !is_same(own, theirs) && !is_excused(subject, name) => {
                let what = format!("HEAD with another {} than GET", title(name));
                findings.push(Finding::new(&rules::FIELDS_OF_HEAD, what));
            }
            (Some(_), None) => {
                let what = format!("HEAD without the {} of GET", title(name));
                findings.push(Finding::new(&rules::LEFT_OUT_OF_HEAD, what));
            }
            (Some(_) | None, Some(_)) | (None, None) => {}
        }
    }
}

/// A cache weakens tags of what it compresses.
fn is_excused(subject: &Subject, name: &str) -> bool {
    name == "etag" && subject.is_cached
}

fn keeps_controls(
    subject: &Subject,
    reply: &Reply,
    rule: &'static Rule,
    findings: &mut Vec<Finding>,
) {
    for name in CONTROLS {
        if subject.field(name).is_some() && reply.field(name).is_none() {
            let what = format!("{} without the {} of the 200", reply.status, title(name));
            findings.push(Finding::new(rule, what));
        }
    }
}

fn keeps_tag(subject: &Subject, reply: &Reply, rule: &'static Rule, findings: &mut Vec<Finding>) {
    let Some(own) = &subject.validators.entity_tag else {
        return;
    };
    let tag = reply.field("etag");
    let theirs = tag.and_then(EntityTag::parse);
    let is_kept = match &theirs {
        Some(theirs) if subject.is_cached => theirs.weak_eq(own),
        Some(theirs) => theirs == own,
        None => false,
    };
    if !is_kept {
        let which = if tag.is_some() {
            "with another ETag than"
        } else {
            "without the ETag of"
        };
        let what = format!("{} {which} the 200", reply.status);
        findings.push(Finding::new(rule, what));
    }
}

/// Reports whether a reply says that it has several parts.
pub(super) fn is_multipart(reply: &Reply) -> bool {
    let content_type = reply.field("content-type").unwrap_or_default();
    let kind = content_type.get(..b"multipart/byteranges".len());
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case(b"multipart/byteranges"))
}

/// Equal, but for white space and the case of letters, which media types do not mind.
pub(super) fn is_same(own: &[u8], theirs: &[u8]) -> bool {
    let bare = |value: &[u8]| -> Vec<u8> {
        let bytes = value.iter().filter(|byte| !byte.is_ascii_whitespace());
        bytes.map(u8::to_ascii_lowercase).collect()
    };
    bare(own) == bare(theirs)
}

/// A field's name as people write it.
fn title(name: &str) -> String {
    if name == "etag" {
        return "ETag".to_owned();
    }
    let words = name.split('-').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    words.collect::<Vec<_>>().join("-")
}
