//! What keeping bytes costs: a chunk to the mapping, the same chunk written at its position, the
//! hash of a block. Measures only; what is right is the tests'.
use std::ffi::OsStr;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use range_core::ByteRange;
use range_core::units::ByteCount;
use range_store::{
    BlockHasher, Directory, Lease, Length, MemoryStore, PartFile, PartNames, Store, WriteMode,
};

/// Of the file, which is written over and over: what is measured is the copy and its calls, not
/// the making of new pages, which `cargo xtask bench` shows.
const LENGTH: u64 = 64 << 20;
/// From one TLS record to what a receive buffer holds.
const CHUNKS: [usize; 3] = [16 << 10, 64 << 10, 256 << 10];

fn main() {
    divan::main();
}

#[divan::bench(args = CHUNKS)]
fn chunk_to_map(bencher: Bencher<'_, '_>, chunk: usize) {
    chunk_to_file(bencher, chunk, WriteMode::Mapped);
}

#[divan::bench(args = CHUNKS)]
fn chunk_positioned(bencher: Bencher<'_, '_>, chunk: usize) {
    chunk_to_file(bencher, chunk, WriteMode::Positioned);
}

#[divan::bench(args = CHUNKS)]
fn chunk_to_memory(bencher: Bencher<'_, '_>, chunk: usize) {
    let store = MemoryStore::new(Length::Known(ByteCount(LENGTH)));
    write_round_and_round(bencher, chunk, &store);
}

/// A block, as each one is hashed once when it is complete.
#[divan::bench(args = [1 << 20])]
fn block_hash(bencher: Bencher<'_, '_>, block: usize) {
    let bytes = vec![0x5A; block];
    bencher.counter(BytesCount::new(block)).bench_local(|| {
        let mut hasher = BlockHasher::new();
        hasher.update(black_box(&bytes));
        hasher.finish()
    });
}

fn chunk_to_file(bencher: Bencher<'_, '_>, chunk: usize, mode: WriteMode) {
    let scratch = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory");
    let directory = Directory::open(scratch.path()).expect("it was just made");
    let names = PartNames::new(OsStr::new("output")).expect("a plain name");
    let length = Length::Known(ByteCount(LENGTH));
    let part = PartFile::create(&directory, &names, length, mode).expect("64 MiB are free");
    write_round_and_round(bencher, chunk, &part);
}

fn write_round_and_round(bencher: Bencher<'_, '_>, chunk: usize, store: &dyn Store) {
    let bytes = vec![0xA5; chunk];
    let mut lease = None;
    let mut write = move || {
        if lease.as_ref().and_then(Lease::remaining).is_none() {
            // A lease is exclusive: the old one goes before the next can be had.
            drop(lease.take());
            let whole = ByteRange::new(0, LENGTH).expect("not empty");
            lease = Some(store.lease(whole).expect("nobody else has a lease"));
        }
        let lease = lease.as_mut().expect("it was just made");
        lease.write(black_box(&bytes)).expect("the lease has room");
    };
    // The whole file once, so that its pages are there.
    (0..LENGTH / chunk as u64).for_each(|_| write());
    bencher.counter(BytesCount::new(chunk)).bench_local(write);
}
