//! Owns the merging of ranges that are not worth sending apart. Knows only ranges: neither their
//! spelling in a field nor the cost of a part.

use alloc::vec::Vec;

use crate::range::ByteRange;

/// Ranges with fewer bytes than this between them are sent as one (RFC 9110 §15.3.7.2 permits it):
/// the head of another part costs about as much as the bytes in the gap.
pub const NEAR_GAP: u64 = 80;

/// Merges ranges that overlap or have fewer than `gap` bytes between them.
///
/// The result is disjoint and keeps the order of the request: a merged range stands where the first
/// of its ranges stood. It takes `O(n log n)` time.
pub fn coalesced(ranges: impl Iterator<Item = ByteRange>, gap: u64) -> Vec<ByteRange> {
    let mut by_offset: Vec<(usize, ByteRange)> = ranges.enumerate().collect();
    by_offset.sort_unstable_by_key(|&(_, range)| range);
    let mut runs: Vec<(usize, ByteRange)> = Vec::with_capacity(by_offset.len());
    for (place, range) in by_offset {
        match runs.last_mut() {
            Some((first_place, run)) if range.start() < run.end().saturating_add(gap) => {
                *first_place = place.min(*first_place);
                *run = ByteRange::new(run.start(), run.end().max(range.end()))
                    .expect("a union of ranges is not empty");
            }
            _ => runs.push((place, range)),
        }
    }
    runs.sort_unstable_by_key(|&(place, _)| place);
    runs.into_iter().map(|(_, range)| range).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn merged(ranges: &[(u64, u64)]) -> Vec<(u64, u64)> {
        let ranges = ranges
            .iter()
            .map(|&(start, end)| ByteRange::new(start, end).unwrap());
        coalesced(ranges, NEAR_GAP)
            .into_iter()
            .map(|range| (range.start(), range.end()))
            .collect()
    }

    #[test]
    fn near_ranges_are_one_and_far_ones_keep_their_order() {
        for (ranges, expected) in [
            (&[] as &[(u64, u64)], &[] as &[(u64, u64)]),
            (&[(5, 6)], &[(5, 6)]),
            (&[(0, 10), (89, 90)], &[(0, 90)]),
            (&[(0, 10), (90, 91)], &[(0, 10), (90, 91)]),
            (&[(90, 91), (0, 10)], &[(90, 91), (0, 10)]),
            (&[(900, 901), (0, 10), (5, 20)], &[(900, 901), (0, 20)]),
            (&[(500, 501), (0, 1), (450, 460)], &[(450, 501), (0, 1)]),
            (&[(0, 1), (500, 501), (0, 9)], &[(0, 9), (500, 501)]),
            (&[(0, 1000), (10, 20), (990, 995)], &[(0, 1000)]),
            (
                &[(u64::MAX - 1, u64::MAX), (0, u64::MAX - 1)],
                &[(0, u64::MAX)],
            ),
        ] {
            assert_eq!(merged(ranges), expected, "{ranges:?}");
        }
    }
}
