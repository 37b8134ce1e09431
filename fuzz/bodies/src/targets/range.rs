//! Owns fuzzing of the `Range` field: what is parsed and resolved lies in the file.
use core::num::NonZeroU16;

use range_core::http::{NEAR_GAP, RangeHeader, RangeRequest, ResolvedRange};

use crate::decoded;

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<(u64, NonZeroU16, &[u8])>(bytes) else {
        return;
    };
    let (length, max_ranges, field) = input;
    let header = RangeHeader::parse(field, max_ranges);
    let RangeHeader::Set(specs) = header else {
        return;
    };
    match specs.resolve(length) {
        ResolvedRange::Whole => assert_eq!(length, 0),
        ResolvedRange::Unsatisfiable => assert!(length > 0),
        ResolvedRange::One(range) => {
            assert!(range.end() <= length);
            // The text a client would write for that range means the same range.
            let written = RangeRequest::Exactly(range).to_string();
            let RangeHeader::Set(again) = RangeHeader::parse(written.as_bytes(), max_ranges) else {
                panic!("{written} is not understood");
            };
            assert_eq!(again.resolve(length), ResolvedRange::One(range));
        }
        ResolvedRange::Several(mut ranges) => {
            assert!((2..=usize::from(max_ranges.get())).contains(&ranges.len()));
            ranges.sort_by_key(|range| range.start());
            assert!(ranges.iter().all(|range| range.end() <= length));
            for pair in ranges.windows(2) {
                let gap = pair[1].start().checked_sub(pair[0].end());
                assert!(gap.is_some_and(|gap| gap >= NEAR_GAP), "{pair:?}");
            }
        }
    }
}
