//! `RangeSet` against a naive set of offsets.

use std::collections::BTreeSet;

use proptest::prelude::*;
use range_core::{ByteRange, RangeSet};

const UNIVERSE: u64 = 64;

#[derive(Clone, Copy, Debug)]
enum Change {
    Insert(ByteRange),
    Remove(ByteRange),
}

fn ranges() -> impl Strategy<Value = ByteRange> {
    (0..UNIVERSE, 1..UNIVERSE)
        .prop_map(|(start, length)| ByteRange::new(start, (start + length).min(UNIVERSE)).unwrap())
}

fn changes() -> impl Strategy<Value = Vec<Change>> {
    let change = prop_oneof![
        ranges().prop_map(Change::Insert),
        ranges().prop_map(Change::Insert),
        ranges().prop_map(Change::Remove),
    ];
    prop::collection::vec(change, 0..40)
}

fn offsets(range: ByteRange) -> std::ops::Range<u64> {
    range.start()..range.end()
}

fn check(set: &RangeSet, model: &BTreeSet<u64>, probe: ByteRange) {
    assert_eq!(set.len(), model.len() as u64);
    assert_eq!(set.is_empty(), model.is_empty());
    let listed: Vec<u64> = set.iter().flat_map(offsets).collect();
    assert_eq!(listed, model.iter().copied().collect::<Vec<_>>());
    let runs: Vec<ByteRange> = set.iter().collect();
    assert!(
        runs.windows(2).all(|pair| pair[0].end() < pair[1].start()),
        "not coalesced: {runs:?}"
    );

    let inside = offsets(probe)
        .filter(|offset| model.contains(offset))
        .count() as u64;
    assert_eq!(set.covered(probe), inside);
    assert_eq!(set.contains(probe), inside == probe.len());
    assert_eq!(set.intersects(probe), inside > 0);
    let gaps: Vec<u64> = set.gaps(probe).flat_map(offsets).collect();
    let missing: Vec<u64> = offsets(probe)
        .filter(|offset| !model.contains(offset))
        .collect();
    assert_eq!(gaps, missing);
    let frontier = (0..=UNIVERSE)
        .find(|offset| !model.contains(offset))
        .unwrap();
    assert_eq!(set.frontier(), frontier);
}

proptest! {
    #[test]
    fn behaves_like_a_set_of_offsets(changes in changes(), probe in ranges()) {
        let mut set = RangeSet::new();
        let mut model = BTreeSet::new();
        for change in changes {
            let before = model.len() as u64;
            match change {
                Change::Insert(range) => {
                    let added = set.insert(range);
                    model.extend(offsets(range));
                    assert_eq!(added, model.len() as u64 - before);
                }
                Change::Remove(range) => {
                    let removed = set.remove(range);
                    model.retain(|offset| !range.contains(*offset));
                    assert_eq!(removed, before - model.len() as u64);
                }
            }
            check(&set, &model, probe);
        }
    }
}

#[test]
fn the_edges_of_u64_are_kept() {
    let mut set = RangeSet::new();
    let top = ByteRange::new(u64::MAX - 1, u64::MAX).unwrap();
    let all = ByteRange::new(0, u64::MAX).unwrap();
    assert_eq!(set.insert(top), 1);
    assert_eq!(
        set.gaps(all).collect::<Vec<_>>(),
        [ByteRange::new(0, u64::MAX - 1).unwrap()]
    );
    assert_eq!(set.insert(all), u64::MAX - 1);
    assert_eq!(set.frontier(), u64::MAX);
    assert_eq!(set.remove(top), 1);
    assert_eq!(set.len(), u64::MAX - 1);
}
