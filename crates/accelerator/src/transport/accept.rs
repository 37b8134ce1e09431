//! Owns the judgement of a reply's head: whether its bytes are what was asked for, of the same
//! generation, and where they belong. Pure; it runs before any byte is written.

use range_core::http::content_range::ContentRange;
use range_core::http::validator::Agreement;
use range_core::range::ByteRange;
use range_core::scheduler::{Body, Request};

use super::error::{StatusReason, TransportError};
use super::head::{Head, Placement};
use crate::generation::Generation;

/// A reply whose bytes may be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) body: Body,
    pub(crate) generation: Generation,
    /// The content coding the bytes come in, which is only accepted for a whole file.
    pub(crate) coding: Option<String>,
}

/// Judges a reply's head.
///
/// `pinned` is the generation the download belongs to, once there is one. A reply that differs
/// in length or contradicts its validators is another generation; a reply that has no validator
/// to compare is let through, and the download's result says what it rests on.
pub(crate) fn accept(
    request: Request,
    pinned: Option<&Generation>,
    head: &Head,
) -> Result<Accepted, TransportError> {
    match (head.status, request) {
        (206, Request::Part(asked)) => part(asked, pinned, head),
        (206, Request::First) => first_part(head),
        (206, Request::Whole) => misplaced("a part came although none was asked for"),
        (200, Request::Part(asked)) => Err(range_ignored(asked, pinned, head)),
        (200, Request::First | Request::Whole) => Ok(whole(head)),
        (416, Request::First) => empty_file(head),
        (416, Request::Part(_)) => Err(unsatisfiable(pinned, head)),
        (412, _) if pinned.is_some() => changed("a precondition failed"),
        // A 2xx that is neither is a reply some intermediary has rewritten.
        (201..=299, _) => misplaced("the status is neither 200 nor 206"),
        (status, _) => Err(TransportError::Status {
            status,
            reason: StatusReason(reason(status)),
            retry_after: head.retry_after,
        }),
    }
}

fn part(
    asked: ByteRange,
    pinned: Option<&Generation>,
    head: &Head,
) -> Result<Accepted, TransportError> {
    let (range, stated_length) = placed(head)?;
    let complete_length = match (stated_length, pinned.and_then(|pinned| pinned.length)) {
        (Some(stated), Some(known)) if stated != known => return changed("its length differs"),
        (stated, known) => stated.or(known),
    };
    same_generation(pinned, head)?;
    if range.start() != asked.start() || range.end() > asked.end() {
        return misplaced("other bytes than those asked for");
    }
    match complete_length {
        Some(complete_length) => Ok(accepted(
            Body::Part {
                range,
                complete_length,
            },
            head,
        )),
        None => misplaced("nothing tells the complete length"),
    }
}

fn first_part(head: &Head) -> Result<Accepted, TransportError> {
    match placed(head)? {
        (range, Some(complete_length)) if range.start() == 0 => Ok(accepted(
            Body::Part {
                range,
                complete_length,
            },
            head,
        )),
        (_, Some(_)) => misplaced("other bytes than those asked for"),
        (_, None) => misplaced("nothing tells the complete length"),
    }
}

/// Where a 206 says its bytes belong, if it says so at all and means the bytes of the file.
fn placed(head: &Head) -> Result<(ByteRange, Option<u64>), TransportError> {
    if head.multipart {
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
        Placement::Stated(ContentRange::Unsatisfied { .. }) | Placement::Unreadable => {
            misplaced("its Content-Range makes no sense")
        }
        Placement::Absent => misplaced("it has no Content-Range"),
    }
}

fn same_generation(pinned: Option<&Generation>, head: &Head) -> Result<(), TransportError> {
    match pinned.map(|pinned| pinned.validators.compare(&head.validators)) {
        Some(Agreement::Different) => changed("its validator differs"),
        Some(Agreement::Same | Agreement::Unknown) | None => Ok(()),
    }
}

/// A 200 to a range: never written at an offset (RFC 9110 §14.2 lets any server ignore `Range`).
fn range_ignored(asked: ByteRange, pinned: Option<&Generation>, head: &Head) -> TransportError {
    let known = pinned.and_then(|pinned| pinned.length);
    let other_length = head.coding.is_none()
        && matches!((head.content_length, known), (Some(stated), Some(known)) if stated != known);
    if other_length && head.is_page {
        return TransportError::Page;
    }
    if other_length {
        return TransportError::Changed {
            what: "its length differs",
        };
    }
    match same_generation(pinned, head) {
        Err(error) => error,
        Ok(()) => TransportError::RangeIgnored { asked },
    }
}

fn whole(head: &Head) -> Accepted {
    accepted(
        Body::Whole {
            length: head.content_length,
        },
        head,
    )
}

/// `bytes=0-` is unsatisfiable exactly when there is no byte.
fn empty_file(head: &Head) -> Result<Accepted, TransportError> {
    match head.placement {
        Placement::Stated(ContentRange::Unsatisfied { complete_length: 0 }) => {
            Ok(accepted(Body::Whole { length: Some(0) }, head))
        }
        Placement::Stated(_) | Placement::Unreadable | Placement::Absent => {
            misplaced("the server finds no byte in the file")
        }
    }
}

fn unsatisfiable(pinned: Option<&Generation>, head: &Head) -> TransportError {
    let known = pinned.and_then(|pinned| pinned.length);
    match head.placement {
        Placement::Stated(ContentRange::Unsatisfied { complete_length })
            if Some(complete_length) != known =>
        {
            TransportError::Changed {
                what: "its length differs",
            }
        }
        Placement::Stated(_) | Placement::Unreadable | Placement::Absent => {
            TransportError::Misplaced {
                what: "bytes that exist were said not to",
            }
        }
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
        coding: head.coding.clone(),
    }
}

fn misplaced<T>(what: &'static str) -> Result<T, TransportError> {
    Err(TransportError::Misplaced { what })
}

fn changed<T>(what: &'static str) -> Result<T, TransportError> {
    Err(TransportError::Changed { what })
}

fn reason(status: u16) -> Option<&'static str> {
    http::StatusCode::from_u16(status).ok()?.canonical_reason()
}

#[cfg(test)]
mod tests;
