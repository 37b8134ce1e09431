//! Measures the cost of storing bytes: a chunk hashed and copied to the mapping, the same chunk
//! written at its offset, the hash of a block. The tests decide what is right.
use std::ffi::OsStr;

use divan::counter::BytesCount;
use divan::{Bencher, black_box};
use range_core::http::validator::Validators;
use range_core::units::ByteCount;
use range_store::journal::SessionId;
use range_store::{
    BlockHasher, Description, Directory, Keeping, Location, PartNames, ResumableFile, WriteMode,
    Writer,
};

/// The size of the file, in bytes. It is written over and over: this measures the copy and its
/// calls, not the allocation of new pages, which `cargo xtask bench` shows.
const LENGTH: u64 = 64 << 20;
/// The sizes of a chunk, from one TLS record to a full receive buffer.
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

/// Each block is hashed once, when it is complete.
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
    let keeping = Keeping {
        write_mode: mode,
        ..Keeping::default()
    };
    let location = Location::new(directory, names, keeping);
    let description = Description {
        session: SessionId::random(),
        url: String::new(),
        validators: Validators::default(),
        digests: Vec::new(),
    };
    let length = Some(ByteCount(LENGTH));
    let file = location.create(length, &description);
    write_round_and_round(bencher, chunk, &file.expect("64 MiB are free"));
}

fn write_round_and_round(bencher: Bencher<'_, '_>, chunk: usize, file: &ResumableFile) {
    let bytes = vec![0xA5; chunk];
    let mut writer = None;
    let mut write = move || {
        if writer.as_ref().and_then(Writer::remaining).is_none() {
            // A lease is exclusive: the old one must be dropped before the next can be had.
            drop(writer.take());
            writer = Some(file.lease_from(0).expect("nobody else has a lease"));
        }
        let writer = writer.as_mut().expect("it was just made");
        writer.write(black_box(&bytes)).expect("the lease has room");
    };
    // The whole file is written once, so that its pages exist.
    (0..LENGTH / chunk as u64).for_each(|_| write());
    bencher.counter(BytesCount::new(chunk)).bench_local(write);
}
