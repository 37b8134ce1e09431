//! Measures the cost of a decision: the scheduler is told once more what the simulator told it in a
//! download. The tests decide what is right.
mod recording;

use divan::Bencher;
use divan::counter::ItemsCount;

use crate::recording::Recording;

fn main() {
    divan::main();
}

/// Everything that is told in a download over so many connections, and everything the scheduler has
/// to say to it. An item is an input.
#[divan::bench(args = [8, 64, 256])]
fn scheduler_inputs(bencher: Bencher<'_, '_>, connections: u16) {
    let recording = Recording::of(connections);
    bencher
        .counter(ItemsCount::new(recording.inputs()))
        .bench_local(|| recording.replay());
}
