//! The bytes of a file as a reader gets them, in whatever order they come. Knows no scheduler.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use range_core::digest::DigestAlgorithm;
use scheduler::Random;
use tokio::io::AsyncReadExt;
use tokio::runtime::Handle;

use range_core::ByteRange;

use super::*;
use crate::ordered::{OrderedWriter, OtherBytes, Output};

/// The bytes of a range of a file.
fn content(start: u64, end: u64) -> &'static [u8] {
    static FILE: LazyLock<Vec<u8>> = LazyLock::new(|| (0..2 << 20).map(byte).collect());
    let [start, end] = [start, end].map(|offset| usize::try_from(offset).unwrap());
    &FILE[start..end]
}

fn byte(offset: u64) -> u8 {
    u8::try_from(offset.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 56).unwrap()
}

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

/// Takes all that there is by now.
fn take(ordered: &Ordered) -> Vec<u8> {
    let mut taken = Vec::new();
    while let Next::Piece(piece) = ordered.try_next() {
        taken.extend(&piece);
        ordered.give_back(piece);
    }
    taken
}

/// Leases are made, extended, cut, dropped and made anew in any order, and the reader comes at any
/// time: it gets every byte once, in order.
#[test]
fn a_reader_gets_every_byte_in_order_however_they_come() {
    for seed in 0..60 {
        let mut dice = Random::new(seed);
        let mut roll = |sides: u64| dice.draw() % sides;
        let length = 1 + roll(2 << 20);
        let ordered = Ordered::default();
        let mut missing: BTreeMap<u64, u64> = BTreeMap::from([(0, length)]);
        let mut writers: Vec<OrderedWriter> = Vec::new();
        let mut taken = Vec::new();
        while taken.len() < usize::try_from(length).unwrap() {
            match roll(5) {
                0 if !missing.is_empty() => {
                    let at = usize::try_from(roll(missing.len() as u64)).unwrap();
                    let start = *missing.keys().nth(at).unwrap();
                    let end = missing.remove(&start).unwrap();
                    let cut = start + 1 + roll(end - start);
                    if cut < end {
                        missing.insert(cut, end);
                    }
                    writers.push(ordered.lease(range(start, cut)));
                }
                1 if !writers.is_empty() => {
                    let at = usize::try_from(roll(writers.len() as u64)).unwrap();
                    let writer = writers.swap_remove(at);
                    if let Some(left) = writer.remaining() {
                        missing.insert(left.start(), left.end());
                    }
                }
                2 if !writers.is_empty() => {
                    let at = usize::try_from(roll(writers.len() as u64)).unwrap();
                    let before = writers[at].remaining().map(ByteRange::end);
                    let cut = writers[at].position() + roll(1 << 20);
                    let end = writers[at].shrink_to(cut);
                    if let Some(before) = before.filter(|before| *before > end) {
                        missing.insert(end, before);
                    }
                }
                3 => taken.extend(take(&ordered)),
                _ if !writers.is_empty() => {
                    let at = usize::try_from(roll(writers.len() as u64)).unwrap();
                    let writer = &mut writers[at];
                    let left = writer.remaining().map_or(0, ByteRange::len);
                    let now = left.min(roll(400_000));
                    let position = writer.position();
                    writer.write(content(position, position + now)).unwrap();
                }
                _ => {}
            }
        }
        assert!(taken == content(0, length), "seed {seed}");
        drop(writers);
        ordered.ends_at(length);
        assert!(matches!(ordered.try_next(), Next::End), "seed {seed}");
    }
}

#[test]
fn pieces_are_full_so_that_memory_follows_from_what_waits() {
    let ordered = Ordered::default();
    let mut writer = ordered.lease(range(1000, 4 << 20));
    for _ in 0..3000 {
        writer.write(&[7; 1000]).unwrap();
    }
    let waiting = ordered.0.lock();
    let pieces = lock(&waiting.runs[&1000]).pieces.len();
    assert_eq!(pieces, 3_000_000_usize.div_ceil(PIECE));
}

#[test]
fn a_file_that_comes_anew_goes_on_where_the_reader_is() {
    let ordered = Ordered::default();
    let mut writer = ordered.lease_all();
    writer.write(content(0, 500_000)).unwrap();
    let mut taken = take(&ordered);
    writer.write(content(500_000, 600_000)).unwrap();
    drop(writer);
    ordered.begin_anew();
    let mut writer = ordered.lease_all();
    writer.write(content(0, 1)).unwrap();
    drop(writer);
    // And again: the last one did not come so far.
    ordered.begin_anew();
    let mut writer = ordered.lease(range(0, 700_000));
    for start in (0..700_000).step_by(70_000) {
        writer.write(content(start, start + 70_000)).unwrap();
    }
    assert_eq!(writer.remaining(), None);
    taken.extend(take(&ordered));
    assert!(taken == content(0, 700_000));
}

#[test]
fn a_file_that_comes_anew_with_other_bytes_is_another_one() {
    let ordered = Ordered::default();
    let mut writer = ordered.lease_all();
    writer.write(content(0, 500_000)).unwrap();
    take(&ordered);
    drop(writer);
    ordered.begin_anew();
    let mut writer = ordered.lease_all();
    let mut other = content(0, 600_000).to_vec();
    other[123_456] ^= 1;
    writer.write(&other[..499_999]).unwrap();
    assert_eq!(writer.write(&other[499_999..]), Err(OtherBytes));
    assert!(take(&ordered).is_empty());
}

#[test]
fn at_the_end_of_a_failure_the_reader_gets_what_follows_without_a_gap() {
    let ordered = Ordered::default();
    let mut first = ordered.lease(range(0, 1000));
    first.write(content(0, 400)).unwrap();
    let mut second = ordered.lease(range(1000, 2000));
    second.write(content(1000, 1500)).unwrap();
    drop((first, second));
    let mut first = ordered.lease(range(400, 900));
    first.write(content(400, 900)).unwrap();
    ordered.ends_here();
    assert!(take(&ordered) == content(0, 900));
    assert!(matches!(ordered.try_next(), Next::End));
}

#[tokio::test]
async fn what_a_writer_takes_is_hashed_and_told() {
    let ordered = Ordered::default();
    let (ours, mut theirs) = tokio::io::duplex(1000);
    let algorithms = vec![DigestAlgorithm::Sha256];
    let window = 1 << 20;
    let mut output = Output::start(
        ordered.clone(),
        Box::new(ours),
        algorithms,
        window,
        &Handle::current(),
    );
    let mut writer = ordered.lease_all();
    writer.write(b"abc").unwrap();
    let mut read = [0; 3];
    theirs.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"abc");
    let mut reading = output.reading();
    let told = reading.wait_for(|reading| reading.taken == 3).await;
    assert!(told.unwrap().failed.is_none());
    ordered.ends_at(3);
    let digests = output.finish().await.unwrap();
    assert_eq!(
        digests[0].hex(),
        "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    );
    assert_eq!(output.written(), 3);
}

#[tokio::test]
async fn a_reader_that_is_gone_is_told_of() {
    let ordered = Ordered::default();
    let (ours, theirs) = tokio::io::duplex(1000);
    let mut output = Output::start(
        ordered.clone(),
        Box::new(ours),
        Vec::new(),
        1 << 20,
        &Handle::current(),
    );
    drop(theirs);
    ordered.lease_all().write(b"abc").unwrap();
    let error = output.finish().await.unwrap_err();
    assert_eq!(error.kind(), crate::ErrorKind::Unread, "{error}");
    assert!(output.reading().borrow().failed.is_some());
}
