//! Owns the judgement whether a reply is of the version of the file that a download expects, and
//! whether another one may be newer. Pure; knows nothing of where bytes belong.

use range_core::http::validator::{Agreement, Validators};

use super::error::TransportError;
use super::head::Head;
use crate::generation::{Expected, Generation};

/// The most bytes of a message that its length alone gives away. Error pages have some KiB.
const MESSAGE_MAX: u64 = 64 << 10;

/// Fails unless bytes of the reply belong to the file that is expected. `length` is that of the
/// whole file, as far as the reply tells.
pub(super) fn check(
    expected: &Expected,
    length: Option<u64>,
    head: &Head,
) -> Result<(), TransportError> {
    if let Some(what) = other_kind(expected, head) {
        return Err(TransportError::NotTheFile { what });
    }
    match difference(expected, length, head) {
        None => Ok(()),
        Some(what) => Err(differs(expected, length, head, what)),
    }
}

/// Fails if a reply with the whole file, of whatever version, is no successor of the file that is
/// expected. `has_ranges` says whether ranges of the expected file were served.
pub(super) fn check_successor(
    expected: &Expected,
    has_ranges: bool,
    head: &Head,
    length: Option<u64>,
) -> Result<(), TransportError> {
    if let Some(what) = other_kind(expected, head) {
        return Err(TransportError::NotTheFile { what });
    }
    if difference(expected, length, head).is_none() {
        return Ok(());
    }
    match implausible(expected, has_ranges, head, length) {
        None => Ok(()),
        Some(what) => Err(TransportError::NotTheFile { what }),
    }
}

/// Returns the error for a reply that differs: it is of another version, or of no version at all.
pub(super) fn differs(
    expected: &Expected,
    length: Option<u64>,
    head: &Head,
    what: &'static str,
) -> TransportError {
    match implausible(expected, true, head, length) {
        Some(what) => TransportError::NotTheFile { what },
        None => TransportError::Changed {
            what,
            sighted: Box::new(Generation {
                length,
                validators: head.validators.clone(),
            }),
        },
    }
}

/// Names the difference between a reply and the expected version.
///
/// A reply that has nothing to compare differs as well if one side has a strong validator: it may
/// be of any version (RFC 9110 section 15.3.7.3 combines only what strong validators join).
fn difference(expected: &Expected, length: Option<u64>, head: &Head) -> Option<&'static str> {
    let known = &expected.generation;
    if matches!((length, known.length), (Some(stated), Some(known)) if stated != known) {
        return Some("its length differs");
    }
    if expected.digest_decides {
        return None;
    }
    let is_new = is_empty(&known.validators) && head.validators.is_strong();
    match known.validators.compare(&head.validators) {
        Agreement::Different => Some("its validator differs"),
        Agreement::Unknown if known.validators.is_strong() || is_new => {
            Some("its validator is missing in some replies")
        }
        Agreement::Same | Agreement::Unknown => None,
    }
}

/// Returns the name of what came instead, if the media type is not that of the replies before.
fn other_kind(expected: &Expected, head: &Head) -> Option<&'static str> {
    let before = expected.media_type.as_ref()?;
    let now = &head.media_type;
    let message = now.message().filter(|_| now != before);
    let are_comparable = expected.is_of_this_run && now.is_stated() && before.is_stated();
    let is_other = are_comparable && now != before;
    (is_other || message.is_some()).then_some(message.unwrap_or("content of another media type"))
}

/// Returns the name of what came instead of a newer version, if the reply cannot be one: it is
/// empty or very short, looks like a message to people or programs, or has another length and
/// neither validators nor ranges.
fn implausible(
    expected: &Expected,
    has_ranges: bool,
    head: &Head,
    length: Option<u64>,
) -> Option<&'static str> {
    // The content of a 416 is not the file, and says nothing about it.
    let is_of_the_file = head.status != 416;
    if length == Some(0) {
        return Some("nothing at all");
    }
    let shows_ranges = matches!(head.status, 206 | 416) || head.accepts_ranges;
    let message = head.media_type.message();
    let is_other = match &expected.media_type {
        Some(before) if expected.is_of_this_run => *before != head.media_type,
        Some(before) => message.is_some() && *before != head.media_type,
        None => message.is_some() && head.status != 206,
    };
    if is_of_the_file && is_other {
        return Some(message.unwrap_or("content of another media type"));
    }
    let lengths = length.zip(expected.generation.length);
    if lengths.is_some_and(|(now, before)| is_dwarfed(now, before)) {
        return Some("something much shorter");
    }
    if length.is_some() && length == expected.generation.length {
        return None;
    }
    let knew_any = has_ranges || !is_empty(&expected.generation.validators);
    let has_any = shows_ranges || !is_empty(&head.validators);
    (knew_any && !has_any).then_some("something without validators or ranges")
}

/// Reports whether a length is rather that of a message than of a newer version of a file: gateways
/// give messages validators and the media type of the file that was asked for.
fn is_dwarfed(now: u64, before: u64) -> bool {
    now <= MESSAGE_MAX && now < before / 16
}

fn is_empty(validators: &Validators) -> bool {
    validators.entity_tag.is_none() && validators.last_modified.is_none()
}
