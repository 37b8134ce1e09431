//! Measures the cost of values: ranges inserted, headers parsed. The tests decide what is right.
use std::num::NonZeroU16;

use divan::{Bencher, black_box};
use range_core::http::range_header::RangeHeader;
use range_core::{ByteRange, RangeSet};

const MIB: u64 = 1 << 20;
const MAX_RANGES: NonZeroU16 = NonZeroU16::new(64).expect("64 is not zero");

fn main() {
    divan::main();
}

/// The blocks of a file, every other one first: a set is never more scattered than half-way
/// through.
#[divan::bench(args = [64, 1_024, 16_384])]
fn range_set_insert_scattered_then_filled(bencher: Bencher<'_, '_>, blocks: u64) {
    let block = |index| ByteRange::new(index * MIB, (index + 1) * MIB).expect("not empty");
    let items = divan::counter::ItemsCount::new(blocks);
    bencher.counter(items).bench_local(|| {
        let mut set = RangeSet::new();
        for index in (0..blocks).step_by(2).chain((1..blocks).step_by(2)) {
            set.insert(black_box(block(index)));
        }
        set
    });
}

/// Reports whether a block is in a set with this many runs.
#[divan::bench(args = [64, 1_024, 16_384])]
fn range_set_contains(bencher: Bencher<'_, '_>, runs: u64) {
    let block = |index| ByteRange::new(index * MIB, (index + 1) * MIB).expect("not empty");
    let mut set = RangeSet::new();
    for index in 0..runs {
        set.insert(block(index * 2));
    }
    bencher.bench_local(|| set.contains(black_box(block(runs))));
}

#[divan::bench(args = ["bytes=0-", "bytes=1048576-2097151", "bytes=0-99, 200-299, 400-499, -500"])]
fn range_header_parse(value: &str) -> RangeHeader {
    RangeHeader::parse(black_box(value.as_bytes()), MAX_RANGES)
}
