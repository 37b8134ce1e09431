//! Owns fuzzing of the one decision on GET and HEAD: preconditions come first, whatever is sent.
use core::num::NonZeroU16;

use arbitrary::Arbitrary;
use range_core::http::conditional::{
    Decision, InvalidRange, Method, Request, SelectedRepresentation, decide,
};
use range_core::http::{
    EntityTag, HttpDate, RangeHeader, ResolvedRange, Strength, Validators, multipart,
};

use crate::decoded;

const MEDIA_TYPE: &str = "application/octet-stream";

#[derive(Arbitrary, Debug)]
struct Input<'a> {
    length: u64,
    is_head: bool,
    rejects_invalid: bool,
    max_ranges: NonZeroU16,
    tag: Option<(bool, &'a str)>,
    last_modified: Option<u32>,
    date: Option<u32>,
    if_match: Option<&'a [u8]>,
    if_unmodified_since: Option<&'a [u8]>,
    if_none_match: Option<&'a [u8]>,
    if_modified_since: Option<&'a [u8]>,
    if_range: Option<&'a [u8]>,
    range: Option<&'a [u8]>,
}

impl Input<'_> {
    fn invalid_range(&self) -> InvalidRange {
        if self.rejects_invalid {
            InvalidRange::Reject
        } else {
            InvalidRange::Ignore
        }
    }
}

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<Input<'_>>(bytes) else {
        return;
    };
    let date = |seconds: u32| HttpDate::from_unix_seconds(u64::from(seconds));
    let validators = Validators {
        entity_tag: input.tag.and_then(|(is_weak, opaque)| {
            let strength = if is_weak {
                Strength::Weak
            } else {
                Strength::Strong
            };
            EntityTag::new(strength, opaque)
        }),
        last_modified: input.last_modified.map(date),
        date: input.date.map(date),
    };
    let range = input
        .range
        .map(|field| RangeHeader::parse(field, input.max_ranges));
    let request = Request {
        method: if input.is_head {
            Method::Head
        } else {
            Method::Get
        },
        if_match: input.if_match,
        if_unmodified_since: input.if_unmodified_since,
        if_none_match: input.if_none_match,
        if_modified_since: input.if_modified_since,
        if_range: input.if_range,
        range: range.as_ref(),
    };
    let invalid = input.invalid_range();
    let length = input.length;
    let representation = SelectedRepresentation {
        length,
        validators: &validators,
        media_type: MEDIA_TYPE,
    };
    let decision = decide(&request, representation, invalid);

    let without_range = Request {
        range: None,
        if_range: None,
        ..request
    };
    let plain = decide(&without_range, representation, invalid);
    match &decision {
        // A range is heeded only where the answer would otherwise be the whole (§14.2).
        Decision::Range(
            ResolvedRange::One(_) | ResolvedRange::Several(_) | ResolvedRange::Unsatisfiable,
        ) => {
            assert_eq!(plain, Decision::Range(ResolvedRange::Whole));
            assert!(!input.is_head && input.range.is_some());
        }
        Decision::Range(ResolvedRange::Whole) => {
            assert_eq!(plain, Decision::Range(ResolvedRange::Whole));
        }
        Decision::NotModified => {
            assert_eq!(plain, Decision::NotModified);
            assert!(input.if_none_match.is_some() || input.if_modified_since.is_some());
        }
        Decision::PreconditionFailed => {
            assert_eq!(plain, Decision::PreconditionFailed);
            assert!(input.if_match.is_some() || input.if_unmodified_since.is_some());
        }
    }
    match decision {
        Decision::Range(ResolvedRange::One(range)) => assert!(range.end() <= length),
        Decision::Range(ResolvedRange::Several(ranges)) => {
            assert!((2..=usize::from(input.max_ranges.get())).contains(&ranges.len()));
            assert!(ranges.iter().all(|range| range.end() <= length));
            assert!(multipart::length(&ranges, MEDIA_TYPE, length) <= length);
        }
        Decision::Range(ResolvedRange::Whole | ResolvedRange::Unsatisfiable)
        | Decision::NotModified
        | Decision::PreconditionFailed => {}
    }
    ignores_the_second_of_a_pair(&request, representation, invalid);
}

/// In the presence of the first of a pair, the second must be ignored (§13.2.2).
fn ignores_the_second_of_a_pair(
    request: &Request<'_>,
    representation: SelectedRepresentation<'_>,
    invalid: InvalidRange,
) {
    let decision = decide(request, representation, invalid);
    if request.if_match.is_some() {
        let alone = Request {
            if_unmodified_since: None,
            ..*request
        };
        assert_eq!(decide(&alone, representation, invalid), decision);
    }
    if request.if_none_match.is_some() {
        let alone = Request {
            if_modified_since: None,
            ..*request
        };
        assert_eq!(decide(&alone, representation, invalid), decision);
    }
}
