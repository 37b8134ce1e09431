//! Measures what a decision costs: the scheduler told of progress. What is right is the tests'.
mod world;

use std::num::NonZeroU16;

use divan::Bencher;

use crate::world::World;

fn main() {
    divan::main();
}

/// One report of 256 KiB, and everything the scheduler has to say to it, among so many segments.
#[divan::bench(args = [8, 64, 256])]
fn scheduler_input(bencher: Bencher<'_, '_>, segments: u16) {
    let width = NonZeroU16::new(segments).expect("some segments");
    let mut world = World::with_workers(width);
    bencher.bench_local(move || world.report());
}
