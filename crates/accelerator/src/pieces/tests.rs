//! Pieces that are right and wrong, of one source and of several.
use std::num::NonZeroU64;

use catalog::Algorithm;
use range_core::digest::DigestAlgorithm;

use super::*;

const BLOCK: u64 = 256 << 10;
const A: SourceId = SourceId(0);
const B: SourceId = SourceId(1);

fn range(start: u64, end: u64) -> ByteRange {
    ByteRange::new(start, end).unwrap()
}

fn book(piece: u64, length: u64) -> PieceBook {
    let count = usize::try_from(length.div_ceil(piece)).unwrap();
    let hashes = vec![0; 32 * count];
    let piece = NonZeroU64::new(piece).unwrap();
    let pieces = Pieces::new(Algorithm::Sha256, piece, hashes).unwrap();
    let block = BlockSize::new(u32::try_from(BLOCK).unwrap()).unwrap();
    PieceBook::new(&pieces, length, block).unwrap()
}

fn digest(byte: u8) -> Digest {
    Digest::new(DigestAlgorithm::Sha256, &[byte; 32]).unwrap()
}

fn set(ranges: &[ByteRange]) -> RangeSet {
    let mut set = RangeSet::new();
    for range in ranges {
        set.insert(*range);
    }
    set
}

/// Judges a hash, where zero is right.
fn judge(book: &mut PieceBook, question: Question, byte: u8, given: &[RangeSet; 2]) -> Verdict {
    let both = (digest(0), digest(byte));
    book.judge(question, both, given, |_| true)
}

#[test]
fn a_piece_is_asked_about_once_all_its_blocks_are_there() {
    // Of 1.5 blocks each: the second touches blocks 1 and 2, the third is the rest.
    let mut book = book(BLOCK * 3 / 2, BLOCK * 3 + 5);
    let ranges: Vec<_> = book.ranges().collect();
    assert_eq!(ranges[2], range(BLOCK * 3, BLOCK * 3 + 5));
    let mut received = set(&[range(0, BLOCK * 3 / 2)]);
    assert_eq!(book.came(range(0, BLOCK * 3 / 2), &received), []);
    received.insert(range(BLOCK, BLOCK * 2));
    let asked = book.came(range(BLOCK * 3 / 2, BLOCK * 2), &received);
    assert_eq!(asked.len(), 1);
    assert_eq!(asked[0].range, ranges[0]);
    received.insert(range(BLOCK * 2, BLOCK * 3 + 5));
    let asked = book.came(range(BLOCK * 2, BLOCK * 3 + 5), &received);
    let asked: Vec<_> = asked.iter().map(|question| question.range).collect();
    assert_eq!(asked, ranges[1..]);
    assert_eq!(book.came(range(0, BLOCK * 3), &received), [], "once each");
}

#[test]
fn who_gave_a_wrong_piece_alone_is_blamed_and_its_blocks_are_asked_about_anew() {
    let mut book = book(BLOCK / 2, BLOCK * 2);
    let all = range(0, BLOCK * 2);
    let received = set(&[all]);
    let asked = book.came(all, &received);
    let given = [set(&[range(0, BLOCK)]), set(&[range(BLOCK, BLOCK * 2)])];
    assert_eq!(
        judge(&mut book, asked[0], 0, &given),
        Verdict::Right(range(0, BLOCK / 2))
    );
    let wrong = judge(&mut book, asked[3], 1, &given);
    assert_eq!(wrong, Verdict::Wrong(range(BLOCK, BLOCK * 2), Some(B)));
    // Its neighbour in the block is fetched again as well.
    assert_eq!(judge(&mut book, asked[2], 0, &given), Verdict::Stale);
    let again = book.came(range(BLOCK, BLOCK * 2), &received);
    assert_eq!(again.len(), 2);
    // Two gave it together: none is blamed.
    let shared = [
        set(&[range(0, BLOCK * 7 / 4)]),
        set(&[range(BLOCK * 7 / 4, BLOCK * 2)]),
    ];
    let wrong = judge(&mut book, again[1], 2, &shared);
    assert_eq!(wrong, Verdict::Wrong(range(BLOCK, BLOCK * 2), None));
}

#[test]
fn the_same_wrong_piece_of_two_sources_means_that_the_list_is_wrong() {
    for (second, expected) in [
        (1, Verdict::ListIsWrong(range(0, BLOCK))),
        (2, Verdict::Wrong(range(0, BLOCK), Some(B))),
    ] {
        let mut book = book(BLOCK, BLOCK);
        let all = range(0, BLOCK);
        let asked = book.came(all, &set(&[all]));
        let of_a = [set(&[all]), RangeSet::new()];
        let wrong = judge(&mut book, asked[0], 1, &of_a);
        assert_eq!(wrong, Verdict::Wrong(all, Some(A)));
        let asked = book.came(all, &set(&[all]));
        let of_b = [RangeSet::new(), set(&[all])];
        assert_eq!(judge(&mut book, asked[0], second, &of_b), expected);
    }
}

#[test]
fn the_last_source_has_a_second_try_and_no_third() {
    let mut book = book(BLOCK, BLOCK);
    let all = range(0, BLOCK);
    let given = [set(&[all])];
    let mut ask = |byte| {
        let asked = book.came(all, &set(&[all]));
        book.judge(asked[0], (digest(0), digest(byte)), &given, |_| false)
    };
    assert_eq!(ask(1), Verdict::Wrong(all, Some(A)));
    assert_eq!(ask(2), Verdict::NotToBeHad(all));
}

#[test]
fn pieces_that_nobody_gave_alone_are_not_fetched_for_ever() {
    let mut book = book(BLOCK, BLOCK);
    let all = range(0, BLOCK);
    let (front, rest) = all.split_at(BLOCK / 2);
    let given = [set(&[front.unwrap()]), set(&[rest.unwrap()])];
    for byte in 1..=u8::MAX {
        let asked = book.came(all, &set(&[all]));
        let verdict = judge(&mut book, asked[0], byte, &given);
        if verdict != Verdict::Wrong(all, None) {
            let tries = usize::from(byte);
            assert_eq!((verdict, tries), (Verdict::NotToBeHad(all), TRIES));
            return;
        }
    }
    panic!("there is no end");
}
