//! Owns the judgement of a reply's head: whether its bytes are the ones that were asked for, of the
//! same generation, and where they belong. Pure; it runs before any byte is written.

use range_core::http::content_range::ContentRange;
use range_core::http::validator::Agreement;
use range_core::range::ByteRange;
use scheduler::{Body, Request};

use super::error::{StatusReason, TransportError};
use super::head::{Head, Placement};
use super::media_type::MediaType;
use super::version;
use crate::generation::{Expected, Generation};

/// A reply whose bytes may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) body: Body,
    pub(crate) generation: Generation,
    pub(crate) media_type: MediaType,
    /// The content coding the bytes come in, which is only accepted for a whole file.
    pub(crate) coding: Option<String>,
}

/// Judges a reply's head.
///
/// `expected` is the file as the download knows it. A reply to a request for a part has to be of
/// that version. A reply with the whole file may be of a newer one, but not of none: a message in
/// place of the file is refused. If nothing is expected, the reply states what the file is.
pub(crate) fn accept(
    request: Request,
    expected: Option<&Expected>,
    head: &Head,
) -> Result<Accepted, TransportError> {
    if head.is_transfer_coded {
        return Err(TransportError::TransferCoded);
    }
    // RFC 9110 section 14.4 gives the field a meaning in a 206 and a 416 only, but some servers
    // send parts as 200: a field that says which bytes follow is believed.
    let is_part = head.status == 206 || head.status == 200 && states_a_part(head);
    match (head.status, request) {
        (_, Request::Part(asked)) if is_part => part(asked, expected, head),
        (_, Request::First) if is_part => first_part(expected, head),
        (_, Request::Whole) if is_part => all_as_a_part(expected, head),
        (200 | 203, Request::Part(asked)) => Err(range_ignored(asked, expected, head)),
        // Perhaps the file is empty, and perhaps the server has nothing for a range.
        (200 | 203, Request::First) if expected.is_none() && head.content_length == Some(0) => {
            Err(status(head))
        }
        // Of these none has the file as its content.
        (202 | 204 | 205, Request::Whole) => Err(status(head)),
        // Browsers save the content of any other success as well, and one that is not known is
        // treated as 200 (RFC 9110 section 15).
        (200 | 203, Request::First) | (200..=299, Request::Whole) => whole(request, expected, head),
        (416, Request::First) => empty_file(expected, head),
        (416, Request::Part(_)) => Err(unsatisfiable(expected, head)),
        _ => Err(status(head)),
    }
}

/// Returns the error for a reply of which only the status matters.
pub(super) fn status(head: &Head) -> TransportError {
    TransportError::Status {
        status: head.status,
        reason: StatusReason(reason(head.status)),
        retry_after: head.retry_after,
        wanted: head.wanted,
    }
}

fn states_a_part(head: &Head) -> bool {
    matches!(
        head.placement,
        Placement::Stated(ContentRange::Satisfied { .. })
    )
}

fn part(
    asked: ByteRange,
    expected: Option<&Expected>,
    head: &Head,
) -> Result<Accepted, TransportError> {
    let (range, stated_length) = placed(head)?;
    if let Some(expected) = expected {
        version::check(expected, stated_length, head)?;
    }
    if range.start() != asked.start() || range.end() > asked.end() {
        return misplaced("other bytes than those asked for");
    }
    let known_length = expected.and_then(|expected| expected.generation.length);
    let Some(complete_length) = stated_length.or(known_length) else {
        return misplaced("nothing tells the complete length");
    };
    let body = Body::Part {
        range,
        complete_length,
    };
    Ok(accepted(body, head))
}

fn first_part(expected: Option<&Expected>, head: &Head) -> Result<Accepted, TransportError> {
    let (range, complete_length) = placed(head)?;
    let Some(complete_length) = complete_length else {
        return misplaced("nothing tells the complete length");
    };
    if range.start() != 0 {
        return misplaced("other bytes than those asked for");
    }
    if let Some(expected) = expected {
        version::check_successor(expected, true, head, Some(complete_length))?;
    }
    let body = Body::Part {
        range,
        complete_length,
    };
    Ok(accepted(body, head))
}

/// A part came although none was asked for. It will do unless it says that it is not all of the
/// file: nothing but the whole of it was asked for, and whoever writes a `Content-Range` that makes
/// no sense may mean well. How long the content is, `Content-Length` tells better.
fn all_as_a_part(expected: Option<&Expected>, head: &Head) -> Result<Accepted, TransportError> {
    if head.media_type.is("multipart/byteranges") {
        return misplaced("several parts came where none was asked for");
    }
    let stated = head.content_length;
    let length = match head.placement {
        Placement::Stated(ContentRange::Satisfied {
            range,
            complete_length,
        }) => {
            let is_all =
                range.start() == 0 && complete_length.is_none_or(|length| length == range.end());
            // Its Content-Range alone says so of a 200 whose content has the complete length.
            let is_whole = head.status == 200 && stated.is_some() && stated == complete_length;
            if !is_all && !is_whole {
                return misplaced("a part came although none was asked for");
            }
            stated.or(Some(range.end()))
        }
        Placement::Unreadable { is_part: true } => {
            return misplaced("a part came although none was asked for");
        }
        Placement::Stated(ContentRange::Unsatisfied { .. })
        | Placement::Unreadable { is_part: false }
        | Placement::Absent => stated,
    };
    if let Some(expected) = expected {
        let length = length.filter(|_| head.coding.is_none());
        version::check_successor(expected, true, head, length)?;
    }
    Ok(accepted(Body::Whole { length }, head))
}

/// Returns the place of a reply's bytes, if it names one at all and means the bytes of the file.
fn placed(head: &Head) -> Result<(ByteRange, Option<u64>), TransportError> {
    if head.media_type.is("multipart/byteranges") {
        return misplaced("several parts came where one was asked for");
    }
    if head.coding.is_some() {
        // A range counts coded bytes (RFC 9110 §14.1.2), and the coded file is another file.
        return misplaced("the part is coded although no coding was accepted");
    }
    match head.placement {
        Placement::Stated(ContentRange::Satisfied {
            range,
            complete_length,
        }) => {
            if head
                .content_length
                .is_some_and(|length| length != range.len())
            {
                return misplaced("its Content-Length contradicts its Content-Range");
            }
            Ok((range, complete_length))
        }
        Placement::Stated(ContentRange::Unsatisfied { .. }) | Placement::Unreadable { .. } => {
            misplaced("its Content-Range makes no sense")
        }
        Placement::Absent => misplaced("it has no Content-Range"),
    }
}

/// Judges a 200 to a range, which is never written at an offset (RFC 9110 §14.2 lets any server
/// ignore `Range`).
fn range_ignored(asked: ByteRange, expected: Option<&Expected>, head: &Head) -> TransportError {
    let ignored = TransportError::RangeIgnored { asked };
    let Some(expected) = expected else {
        return ignored;
    };
    let known = &expected.generation;
    // The length of a coded reply is that of other bytes.
    let length = head.content_length.filter(|_| head.coding.is_none());
    let is_other_length =
        matches!((length, known.length), (Some(stated), Some(known)) if stated != known);
    let is_other = !expected.digest_decides
        && known.validators.compare(&head.validators) == Agreement::Different;
    if is_other_length {
        version::differs(expected, length, head, "its length differs")
    } else if is_other {
        version::differs(expected, length, head, "its validator differs")
    } else {
        ignored
    }
}

fn whole(
    request: Request,
    expected: Option<&Expected>,
    head: &Head,
) -> Result<Accepted, TransportError> {
    let length = head.content_length;
    if let Some(expected) = expected {
        let length = length.filter(|_| head.coding.is_none());
        let has_ranges = request == Request::First;
        version::check_successor(expected, has_ranges, head, length)?;
    }
    Ok(accepted(Body::Whole { length }, head))
}

/// Judges a 416 to `bytes=0-`, which is unsatisfiable exactly when there is no byte.
fn empty_file(expected: Option<&Expected>, head: &Head) -> Result<Accepted, TransportError> {
    match head.placement {
        Placement::Stated(ContentRange::Unsatisfied { complete_length: 0 }) => {
            if let Some(expected) = expected {
                version::check_successor(expected, true, head, Some(0))?;
            }
            Ok(accepted(Body::Whole { length: Some(0) }, head))
        }
        Placement::Stated(_) | Placement::Unreadable { .. } | Placement::Absent => {
            misplaced("the server finds no byte in the file")
        }
    }
}

fn unsatisfiable(expected: Option<&Expected>, head: &Head) -> TransportError {
    let known = expected.map(|expected| (expected, expected.generation.length));
    match (head.placement, known) {
        (
            Placement::Stated(ContentRange::Unsatisfied { complete_length }),
            Some((expected, known)),
        ) if Some(complete_length) != known => {
            version::differs(expected, Some(complete_length), head, "its length differs")
        }
        // The status says nothing of the file. Bytes that exist are refused, as by any other 4xx.
        _ => status(head),
    }
}

fn accepted(body: Body, head: &Head) -> Accepted {
    let length = match body {
        Body::Part {
            complete_length, ..
        } => Some(complete_length),
        Body::Whole { length } => length,
    };
    Accepted {
        body,
        generation: Generation {
            length,
            validators: head.validators.clone(),
        },
        media_type: head.media_type.clone(),
        coding: head.coding.clone(),
    }
}

fn misplaced<T>(what: &'static str) -> Result<T, TransportError> {
    Err(TransportError::Misplaced { what })
}

fn reason(status: u16) -> Option<&'static str> {
    http::StatusCode::from_u16(status).ok()?.canonical_reason()
}

#[cfg(test)]
mod tests;
