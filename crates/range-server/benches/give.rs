//! Measures the cost of giving bytes that no disk holds. Tests judge what is right.
use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use range_server::synthetic::{Seed, fill};

fn main() {
    divan::main();
}

/// One piece of a response, at an offset that is aligned and at one that is not.
#[divan::bench(args = [0, 1_000_003])]
fn synthetic_content(bencher: Bencher<'_, '_>, offset: u64) {
    let mut buffer = vec![0; 256 << 10];
    let bytes = BytesCount::new(buffer.len());
    bencher
        .counter(bytes)
        .bench_local(move || fill(Seed(7), black_box(offset), &mut buffer));
}
