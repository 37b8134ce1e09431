//! Owns fuzzing of the journal's reader: it takes any bytes, in any pieces, believes nothing but
//! whole chains, and what it believed can be continued.
use arbitrary::Arbitrary;
use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::file_identity::FileIdentity;
use range_core::http::validator::Validators;
use range_store::journal::{Decoded, Decoder, Encoder, Header, SessionId, decode, judge};

use crate::decoded;

const START: &[u8] = b"sheave\r\n\x01\x00";

/// The part of the beginning that is right.
#[derive(Arbitrary, Debug)]
enum Start {
    /// Nothing: the frames are left out, and the tail is a file of any bytes.
    Anything,
    /// Magic and version. The header is the first frame.
    Preamble,
    /// The header of a file of five blocks.
    Header,
}

/// A journal that is well formed up to some point, so that the checksums let the fuzzer through.
#[derive(Arbitrary, Debug)]
struct Input {
    begins_with: Start,
    /// Kind and payload of each frame.
    frames: Vec<(u8, Vec<u8>)>,
    tail: Vec<u8>,
    piece: u16,
}

/// Appends frames that belong to the session and follow each other.
fn append_chained(bytes: &mut Vec<u8>, session: [u8; 16], frames: &[(u8, Vec<u8>)]) {
    let mut previous = match bytes.last_chunk() {
        Some(checksum) if bytes.len() > START.len() => u32::from_le_bytes(*checksum),
        _ => 0,
    };
    for (kind, payload) in frames {
        let start = bytes.len();
        bytes.extend_from_slice(&u32::try_from(payload.len()).unwrap().to_le_bytes());
        bytes.push(*kind);
        bytes.extend_from_slice(payload);
        let seed = crc32c::crc32c_append(crc32c::crc32c(&session), &previous.to_le_bytes());
        previous = crc32c::crc32c_append(seed, &bytes[start..]);
        bytes.extend_from_slice(&previous.to_le_bytes());
    }
}

/// The session the first frame has, if it is a header.
fn session_of(frames: &[(u8, Vec<u8>)]) -> [u8; 16] {
    let mut session = [0; 16];
    let first = frames.first().map_or(&[][..], |(_, payload)| payload);
    let known = first.len().min(16);
    session[..known].copy_from_slice(&first[..known]);
    session
}

fn header() -> Header {
    Header {
        session: SessionId([7; 16]),
        part_file: FileIdentity {
            device: 1,
            inode: 2,
        },
        length: 4 * 4096 + 1,
        block_size: BlockSize::new(4096).unwrap(),
        validators: Validators::default(),
        url: "http://a.example/f".into(),
        digests: Vec::new(),
    }
}

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// Where it does not.
pub fn run(bytes: &[u8]) {
    let Some(input) = decoded::<Input>(bytes) else {
        return;
    };
    let mut bytes = match input.begins_with {
        Start::Anything => Vec::new(),
        Start::Preamble => {
            let mut bytes = START.to_vec();
            append_chained(&mut bytes, session_of(&input.frames), &input.frames);
            bytes
        }
        Start::Header => {
            let (_, mut bytes) = Encoder::begin(&header());
            append_chained(&mut bytes, header().session.0, &input.frames);
            bytes
        }
    };
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
}

fn check(journal: Decoded, bytes: &[u8]) {
    let believed = usize::try_from(journal.believed).unwrap();
    let header = &journal.header;
    let blocks = header.block_size.count(header.length);
    assert!(journal.blocks.is_sorted_by_key(|(block, _)| block.0));
    assert!(journal.blocks.iter().all(|(block, _)| block.0 < blocks));
    assert_eq!(journal.is_complete(), journal.blocks.len() as u64 == blocks);
    // The records that were believed stand alone, and another record can follow them.
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
    let _verdict = judge(Ok(journal), true, false);
}
