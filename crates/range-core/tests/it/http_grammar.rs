//! Properties of the HTTP grammar: every value survives writing and parsing, and no input panics.

use proptest::prelude::*;
use range_core::http::conditional::{
    Decision, InvalidRange, Method, RangePolicy, Request, SelectedRepresentation, decide,
};
use range_core::http::multipart::{self, Boundary, Multipart};
use range_core::http::range_header::MAX_RANGES_DEFAULT;
use range_core::http::{
    ContentRange, EntityTag, HttpDate, NEAR_GAP, RangeHeader, RangeRequest, ResolvedRange,
    Strength, Validators, retry_after,
};
use range_core::{ByteRange, RangeSet};

fn byte_range() -> impl Strategy<Value = ByteRange> {
    (any::<u64>(), any::<u64>())
        .prop_filter_map("empty", |(a, b)| ByteRange::new(a.min(b), a.max(b)))
}

fn content_range() -> impl Strategy<Value = ContentRange> {
    prop_oneof![
        any::<u64>().prop_map(|complete_length| ContentRange::Unsatisfied { complete_length }),
        byte_range().prop_map(|range| ContentRange::Satisfied {
            range,
            complete_length: None
        }),
        (byte_range(), any::<u64>()).prop_map(|(range, more)| ContentRange::Satisfied {
            range,
            complete_length: Some(range.end().saturating_add(more)),
        }),
    ]
}

/// Arbitrary bytes, mixed with the bytes of real fields so that parsers get past their first check.
fn field_value() -> impl Strategy<Value = Vec<u8>> {
    let plausible = "(bytes[= ]|W/)?[-0-9,/*\" \tGMTaunSov:]{0,40}";
    prop_oneof![
        prop::collection::vec(any::<u8>(), 0..80),
        plausible.prop_map(String::into_bytes),
    ]
}

/// Ranges that overlap, touch and lie near one another often enough to matter.
fn crowded_ranges() -> impl Strategy<Value = Vec<ByteRange>> {
    let range = (0..3000_u64, 1..150_u64)
        .prop_map(|(start, length)| ByteRange::from_length(start, length).unwrap());
    prop::collection::vec(range, 1..=20)
}

fn resolved(field: &str, length: u64) -> ResolvedRange {
    let RangeHeader::Set(specs) = RangeHeader::parse(field.as_bytes(), MAX_RANGES_DEFAULT) else {
        panic!("{field} is a range header");
    };
    specs.resolve(length)
}

/// Returns the field that asks for these ranges.
fn field_of(ranges: &[ByteRange]) -> String {
    let specs: Vec<String> = ranges
        .iter()
        .map(|range| format!("{}-{}", range.start(), range.last()))
        .collect();
    format!("bytes={}", specs.join(","))
}

proptest! {
    #[test]
    fn parts_are_the_union_of_what_was_asked_for(asked in crowded_ranges()) {
        const LENGTH: u64 = 3000;
        let parts = match resolved(&field_of(&asked), LENGTH) {
            ResolvedRange::One(range) => vec![range],
            ResolvedRange::Several(ranges) => ranges,
            ResolvedRange::Whole | ResolvedRange::Unsatisfiable => {
                panic!("every range is satisfiable")
            }
        };
        let whole = ByteRange::whole(LENGTH).unwrap();
        let clipped: Vec<ByteRange> =
            asked.iter().filter_map(|range| range.intersect(whole)).collect();
        let mut union: RangeSet = clipped.iter().copied().collect();
        // A gap before the first range or after the last does not lie between two ranges.
        let near: Vec<ByteRange> = union
            .gaps(whole)
            .filter(|gap| gap.end() < LENGTH && gap.len() < NEAR_GAP)
            .filter(|gap| union.first().is_some_and(|first| first.start() < gap.start()))
            .collect();
        for gap in near {
            union.insert(gap);
        }
        let sent: RangeSet = parts.iter().copied().collect();
        prop_assert_eq!(&sent, &union);
        let total: u64 = parts.iter().map(|part| part.len()).sum();
        prop_assert_eq!(total, sent.len(), "parts are disjoint");
        prop_assert_eq!(sent.iter().count(), parts.len(), "no two parts touch");
        let first_asked = |part: &ByteRange| {
            clipped.iter().position(|range| part.covers(*range)).expect("part of a range")
        };
        prop_assert!(parts.is_sorted_by_key(first_asked), "parts keep the order");
    }

    #[test]
    fn a_multipart_message_is_as_long_as_announced(
        asked in prop::collection::vec(byte_range(), 1..20),
        random: u128,
        media_type in "[a-z]{1,20}/[a-z+.-]{1,40}",
    ) {
        let multipart = Multipart {
            boundary: Boundary::new(random),
            media_type: &media_type,
            complete_length: u64::MAX,
        };
        let mut written = multipart.close().len() as u64;
        for (index, range) in asked.iter().enumerate() {
            let head = multipart.part_head(*range, index == 0);
            written = written.saturating_add(head.len() as u64).saturating_add(range.len());
        }
        prop_assert_eq!(multipart::length(&asked, &media_type, u64::MAX), written);
    }

    #[test]
    fn content_ranges_are_read_back(value in content_range()) {
        prop_assert_eq!(ContentRange::parse(value.to_string().as_bytes()), Ok(value));
    }

    #[test]
    fn a_parsed_content_range_is_consistent(value in field_value()) {
        if let Ok(ContentRange::Satisfied { range, complete_length: Some(length) }) =
            ContentRange::parse(&value)
        {
            prop_assert!(range.end() <= length);
        }
    }

    #[test]
    fn dates_are_read_back(seconds in 0..=HttpDate::LATEST.unix_seconds()) {
        let date = HttpDate::from_unix_seconds(seconds);
        prop_assert_eq!(HttpDate::parse(date.to_string().as_bytes()), Some(date));
    }

    #[test]
    fn consecutive_seconds_are_written_differently(seconds in 0..HttpDate::LATEST.unix_seconds()) {
        let text = |seconds| HttpDate::from_unix_seconds(seconds).to_string();
        prop_assert_ne!(text(seconds), text(seconds + 1));
    }

    #[test]
    fn entity_tags_are_read_back(opaque in "[!#-~]{0,64}", is_weak: bool) {
        let strength = if is_weak { Strength::Weak } else { Strength::Strong };
        let tag = EntityTag::new(strength, &opaque).unwrap();
        prop_assert_eq!(tag.strength(), strength);
        prop_assert_eq!(EntityTag::parse(tag.as_bytes()), Some(tag));
    }

    #[test]
    fn a_request_resolves_to_what_was_meant(range in byte_range(), length in 1_u64..) {
        let resolve = |request: RangeRequest| {
            resolved(&request.to_string(), length)
        };
        let expect = |range: Option<ByteRange>| {
            range.map_or(ResolvedRange::Unsatisfiable, ResolvedRange::One)
        };
        let clipped = ByteRange::new(range.start(), range.end().min(length));
        prop_assert_eq!(resolve(RangeRequest::Exactly(range)), expect(clipped));
        let rest = ByteRange::new(range.start(), length);
        prop_assert_eq!(resolve(RangeRequest::From(range.start())), expect(rest));
    }

    #[test]
    fn no_field_value_is_too_strange(
        fields in prop::collection::vec(prop::option::of(field_value()), 6),
        length: u64,
    ) {
        let field = |index: usize| fields[index].as_deref();
        let range = field(5).map(|field| RangePolicy::default().read(field));
        let request = Request {
            method: Method::Get,
            if_match: field(0),
            if_unmodified_since: field(1),
            if_none_match: field(2),
            if_modified_since: field(3),
            if_range: field(4),
            range: range.as_ref(),
        };
        let validators = Validators {
            entity_tag: field(4).and_then(EntityTag::parse),
            last_modified: field(4).and_then(HttpDate::parse),
            date: field(3).and_then(HttpDate::parse),
        };
        let decision = decide(
            &request,
            SelectedRepresentation { length, validators: &validators, media_type: "text/plain" },
            InvalidRange::default(),
        );
        match decision {
            Decision::Range(ResolvedRange::One(range)) => prop_assert!(range.end() <= length),
            Decision::Range(ResolvedRange::Several(ranges)) => {
                prop_assert!(multipart::length(&ranges, "text/plain", length) <= length);
            }
            Decision::Range(ResolvedRange::Whole | ResolvedRange::Unsatisfiable)
            | Decision::NotModified
            | Decision::PreconditionFailed => {}
        }
        let wait = field(0).and_then(|value| retry_after::parse(value, validators.date));
        prop_assert_eq!(wait.unwrap_or_default().subsec_nanos(), 0);
    }
}
