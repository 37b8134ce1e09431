//! Owns fuzzing of the journal's reader: it takes any bytes, in any pieces, believes nothing but
//! whole chains, and what it believed can be continued.
#![no_main]

use libfuzzer_sys::arbitrary::{self, Arbitrary};
use libfuzzer_sys::fuzz_target;
use range_core::block::{BlockHash, BlockIndex};
use range_core::journal::{Decoded, Decoder, decode, judge};

const START: &[u8] = b"sheave\r\n\x01\x00";

/// A journal that is well formed up to some point, so that the checksums let the fuzzer through.
#[derive(Arbitrary, Debug)]
struct Input {
    /// Without it the rest is a file of any bytes.
    begins_like_a_journal: bool,
    /// Kind and payload of each frame. The first payload's first 16 bytes are the session.
    frames: Vec<(u8, Vec<u8>)>,
    tail: Vec<u8>,
    piece: u16,
}

fn chained(frames: &[(u8, Vec<u8>)]) -> Vec<u8> {
    let mut session = [0; 16];
    let first = frames.first().map_or(&[][..], |(_, payload)| payload);
    let known = first.len().min(16);
    session[..known].copy_from_slice(&first[..known]);
    let (mut bytes, mut previous) = (START.to_vec(), 0_u32);
    for (kind, payload) in frames {
        let start = bytes.len();
        bytes.extend_from_slice(&(payload.len() as u32).to_le_bytes());
        bytes.push(*kind);
        bytes.extend_from_slice(payload);
        let seed = crc32c::crc32c_append(crc32c::crc32c(&session), &previous.to_le_bytes());
        previous = crc32c::crc32c_append(seed, &bytes[start..]);
        bytes.extend_from_slice(&previous.to_le_bytes());
    }
    bytes
}

fuzz_target!(|input: Input| {
    let mut bytes = Vec::new();
    if input.begins_like_a_journal {
        bytes = chained(&input.frames);
    }
    bytes.extend_from_slice(&input.tail);
    let whole = decode(&bytes);
    let mut decoder = Decoder::new();
    for piece in bytes.chunks(usize::from(input.piece).max(1)) {
        decoder.feed(piece);
    }
    match (whole, decoder.finish()) {
        (Ok(whole), Ok(in_pieces)) => {
            assert_eq!(whole.blocks, in_pieces.blocks);
            assert_eq!(whole.believed, in_pieces.believed);
            check(whole, &bytes);
        }
        (Err(whole), Err(in_pieces)) => assert_eq!(whole, in_pieces),
        differ => panic!("{differ:?}"),
    }
});

fn check(journal: Decoded, bytes: &[u8]) {
    let believed = usize::try_from(journal.believed).unwrap();
    let header = &journal.header;
    let blocks = header.block_size.count(header.length);
    assert!(journal.blocks.is_sorted_by_key(|(block, _)| block.0));
    assert!(journal.blocks.iter().all(|(block, _)| block.0 < blocks));
    assert_eq!(journal.is_complete(), journal.blocks.len() as u64 == blocks);
    // What was believed stands alone, and another record can follow it.
    let mut continued = bytes[..believed].to_vec();
    let alone = decode(&continued).unwrap();
    assert_eq!(
        (alone.believed, &alone.header),
        (journal.believed, &journal.header)
    );
    if blocks > 0 {
        let last = (BlockIndex(blocks - 1), BlockHash(7));
        let mut encoder = journal.encoder.clone();
        encoder.block(last.0, last.1, &mut continued);
        let decoded = decode(&continued).unwrap();
        assert_eq!(decoded.blocks.last(), Some(&last));
        assert_eq!(decoded.believed, continued.len() as u64);
    }
    let _verdict = judge(Ok(journal), true);
}
