//! Tests of the damage that a journal survives, and of the claims that must never be believed.

use super::*;
use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::digest::Digest;
use range_core::file_identity::FileIdentity;
use range_core::http::date::HttpDate;
use range_core::http::validator::{EntityTag, Validators};

fn header() -> Header {
    let digest = format!("sha-256={}", "ab".repeat(32));
    Header {
        session: SessionId(*b"0123456789abcdef"),
        part_file: FileIdentity {
            device: 7,
            inode: 42,
        },
        length: 100 << 20,
        block_size: BlockSize::DEFAULT,
        validators: Validators {
            entity_tag: EntityTag::parse(b"\"v1\""),
            last_modified: Some(HttpDate::from_unix_seconds(1_000_000_000)),
            date: None,
        },
        url: "http://example.org/a.iso".into(),
        digests: [Digest::parse(&digest).unwrap()].into(),
    }
}

fn journal(blocks: u64) -> Vec<u8> {
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    for index in 0..blocks {
        encoder.block(
            BlockIndex(index),
            BlockHash(u128::from(index) << 64 | 5),
            &mut bytes,
        );
    }
    bytes
}

#[test]
fn a_journal_reads_back_and_can_be_continued() {
    let mut bytes = journal(2);
    let mut decoded = decode(&bytes).unwrap();
    assert_eq!((decoded.header, decoded.blocks.len()), (header(), 2));
    assert_eq!(decoded.believed, bytes.len() as u64);
    decoded
        .encoder
        .block(BlockIndex(2), BlockHash(2 << 64 | 5), &mut bytes);
    assert_eq!(bytes, journal(3));
}

#[test]
fn what_is_known_of_the_file_besides_is_read_back() {
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    encoder.media_type("video/mp4", &mut bytes);
    encoder.block(BlockIndex(0), BlockHash(5), &mut bytes);
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.media_type.as_deref(), Some("video/mp4"));
    assert!(!decoded.is_mixed);
    encoder.mixed(&mut bytes);
    encoder.block(BlockIndex(1), BlockHash(6), &mut bytes);
    let decoded = decode(&bytes).unwrap();
    assert!(decoded.is_mixed);
    assert_eq!(decoded.blocks.len(), 2);
    assert_eq!(decoded.believed, bytes.len() as u64);
    assert_eq!(decode(&journal(1)).unwrap().media_type, None);
    // A type that is too long is left out, and the chain goes on.
    let before = bytes.len();
    encoder.media_type(&"x".repeat(9000), &mut bytes);
    assert_eq!(bytes.len(), before);
}

#[test]
fn a_coding_and_a_sync_that_failed_are_read_back() {
    let decoded = decode(&journal(1)).unwrap();
    assert_eq!((decoded.coding, decoded.sync_failed), (None, false));
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    encoder.coding("gzip", &mut bytes);
    encoder.coding(&"x".repeat(9000), &mut bytes);
    encoder.sync_failed(&mut bytes);
    encoder.block(BlockIndex(0), BlockHash(5), &mut bytes);
    let decoded = decode(&bytes).unwrap();
    assert_eq!(decoded.coding.as_deref(), Some("gzip"));
    assert!(decoded.sync_failed);
    assert_eq!(decoded.blocks.len(), 1);
    assert_eq!(decoded.believed, bytes.len() as u64);
}

#[test]
fn a_coded_file_is_of_use_only_when_it_is_whole_and_a_digest_can_prove_it() {
    let judged = |length, digest| {
        let (mut encoder, mut bytes) = Encoder::begin(&Header { length, ..header() });
        encoder.coding("br", &mut bytes);
        judge(decode(&bytes), digest, false)
    };
    assert!(matches!(judged(100, true), Verdict::Continue(_)));
    for (length, digest) in [(0, true), (0, false), (100, false)] {
        let verdict = judged(length, digest);
        assert!(
            matches!(verdict, Verdict::StartOver(Unusable::Coded)),
            "{verdict:?}"
        );
    }
}

#[test]
fn what_the_user_vouches_for_is_continued_while_he_does() {
    let judged = |is_mixed, digest, vouches| {
        let (mut encoder, mut bytes) = Encoder::begin(&header());
        encoder.several(&mut bytes);
        if is_mixed {
            encoder.mixed(&mut bytes);
        }
        let verdict = judge(decode(&bytes), digest, vouches);
        matches!(verdict, Verdict::Continue(_))
    };
    assert!(judged(false, false, true));
    assert!(!judged(false, false, false));
    assert!(judged(false, true, false));
    // He does not vouch for what a digest once let in.
    assert!(!judged(true, false, true));
    assert!(judged(true, true, true));
}

#[test]
fn what_only_a_digest_joins_is_continued_by_a_run_that_expects_one() {
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    encoder.mixed(&mut bytes);
    let judged = |digest, vouches| judge(decode(&bytes), digest, vouches);
    assert!(matches!(judged(true, false), Verdict::Continue(_)));
    for vouches in [false, true] {
        let verdict = judged(false, vouches);
        assert!(
            matches!(verdict, Verdict::StartOver(Unusable::NoValidator)),
            "{verdict:?}"
        );
    }
}

#[test]
fn a_url_of_any_length_leaves_a_journal_that_can_be_read() {
    let url = "x".repeat(100_000);
    let (_, bytes) = Encoder::begin(&Header { url, ..header() });
    let read_back = decode(&bytes).unwrap().header;
    assert_eq!(read_back.url.len(), usize::from(TEXT_MAX));
}

/// The longest journal has room for every block to be fetched and recorded nearly twice.
#[test]
fn the_journal_of_a_large_file_is_read_whole() {
    const RECORD: u64 = 33;
    for tebibytes in [1, 2, 3, 4, 16, 17, 128] {
        let length = tebibytes << 40;
        let journal = BlockSize::for_length(length).count(length) * RECORD;
        assert!(journal < LENGTH_MAX * 6 / 10, "{tebibytes} TiB: {journal}");
    }
}

#[test]
fn a_torn_tail_ends_belief_at_the_record_before_it() {
    let whole = journal(3);
    let header_end = journal(0).len();
    for length in 0..whole.len() {
        match decode(&whole[..length]) {
            Ok(decoded) => {
                assert!(length >= header_end);
                assert_eq!(decoded.blocks.len(), (length - header_end) / 33);
                assert_eq!(
                    decoded.believed,
                    journal(decoded.blocks.len() as u64).len() as u64
                );
            }
            Err(_) => assert!(length < header_end),
        }
    }
}

#[test]
fn no_flipped_bit_is_believed() {
    let whole = journal(3);
    for bit in 0..whole.len() * 8 {
        let mut damaged = whole.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        if let Ok(decoded) = decode(&damaged) {
            assert_eq!(decoded.header, header(), "bit {bit}");
            assert!(decoded.believed <= (bit / 8) as u64, "bit {bit}");
        }
    }
}

#[test]
fn records_of_another_session_or_order_are_not_believed() {
    let other = Header {
        session: SessionId([9; 16]),
        ..header()
    };
    let (_, mut spliced) = Encoder::begin(&other);
    let own = journal(2);
    let records = &own[journal(0).len()..];
    spliced.extend_from_slice(records);
    assert_eq!(decode(&spliced).unwrap().blocks, []);

    let mut swapped = journal(0);
    swapped.extend_from_slice(&records[33..]);
    swapped.extend_from_slice(&records[..33]);
    assert_eq!(decode(&swapped).unwrap().blocks, []);
}

#[test]
fn a_zeroed_tail_is_not_a_record() {
    let mut bytes = journal(1);
    bytes.resize(bytes.len() + 4096, 0);
    assert_eq!(decode(&bytes).unwrap().blocks.len(), 1);
}

#[test]
fn a_block_past_the_end_ends_belief_and_the_chain_continues_before_it() {
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    encoder.block(BlockIndex(100), BlockHash(1), &mut bytes);
    let mut decoded = decode(&bytes).unwrap();
    assert_eq!(
        (decoded.blocks.len(), decoded.believed),
        (0, journal(0).len() as u64)
    );
    let mut continued = journal(0);
    decoded
        .encoder
        .block(BlockIndex(0), BlockHash(5), &mut continued);
    assert_eq!(continued, journal(1));
}

#[test]
fn files_that_are_no_journal_say_so() {
    assert_eq!(decode(b"").unwrap_err(), DecodeError::NotAJournal);
    assert_eq!(
        decode(b"not a journal").unwrap_err(),
        DecodeError::NotAJournal
    );
    let mut future = journal(1);
    future[8] = 2;
    assert_eq!(
        decode(&future).unwrap_err(),
        DecodeError::UnknownVersion { found: 2 }
    );
}

#[test]
fn a_journal_reads_the_same_in_pieces_of_any_size() {
    let mut damaged = journal(40);
    let whole = damaged.len();
    damaged[whole - 100] ^= 1;
    for bytes in [journal(40), damaged, journal(0), b"shea".to_vec()] {
        let at_once = decode(&bytes);
        for size in [1, 7, 33, 100, bytes.len()] {
            let mut decoder = Decoder::new();
            bytes.chunks(size).for_each(|piece| decoder.feed(piece));
            match (decoder.finish(), &at_once) {
                (Ok(piecewise), Ok(at_once)) => {
                    assert_eq!(piecewise.blocks, at_once.blocks);
                    assert_eq!(piecewise.believed, at_once.believed);
                }
                (Err(piecewise), Err(at_once)) => assert_eq!(piecewise, *at_once),
                other => panic!("pieces of {size}: {other:?}"),
            }
        }
    }
}

#[test]
fn of_two_claims_of_a_block_the_later_one_is_valid() {
    let (mut encoder, mut bytes) = Encoder::begin(&header());
    for (index, hash) in [(3, 1), (1, 2), (3, 4), (0, 5), (3, 6)] {
        encoder.block(BlockIndex(index), BlockHash(hash), &mut bytes);
    }
    let claims = [(0, 5), (1, 2), (3, 6)].map(|(block, hash)| (BlockIndex(block), BlockHash(hash)));
    assert_eq!(decode(&bytes).unwrap().blocks, claims);
}

#[test]
fn a_file_is_complete_when_every_block_is_claimed() {
    assert!(!decode(&journal(99)).unwrap().is_complete());
    assert!(decode(&journal(100)).unwrap().is_complete());
}

#[test]
fn a_journal_is_continued_only_if_the_remote_file_can_be_told_from_others() {
    let begin = |header: Header| decode(&Encoder::begin(&header).1);
    let weak = Header {
        validators: Validators::default(),
        ..header()
    };
    let unknown_length = Header {
        length: 0,
        ..header()
    };
    assert!(matches!(
        judge(begin(header()), false, false),
        Verdict::Continue(_)
    ));
    assert!(matches!(
        judge(begin(weak.clone()), true, false),
        Verdict::Continue(_)
    ));
    for (journal, why) in [
        (begin(weak), Unusable::NoValidator),
        (begin(unknown_length), Unusable::LengthUnknown),
        (Err(DecodeError::NotAJournal), Unusable::JournalDamaged),
        (Err(DecodeError::HeaderDamaged), Unusable::JournalDamaged),
    ] {
        assert!(matches!(judge(journal, false, false), Verdict::StartOver(found) if found == why));
    }
    let future = DecodeError::UnknownVersion { found: 2 };
    assert!(matches!(judge(Err(future), true, false), Verdict::Leave(_)));
}
