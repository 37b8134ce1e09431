//! Pieces that cover a file, and pieces that do not.
use super::*;

#[test]
fn pieces_cover_a_file_exactly() {
    let length = PIECE_BYTES_LEAST;
    let pieces = Pieces::new(Algorithm::Md5, length, (0..32).collect()).unwrap();
    assert_eq!(pieces.count(), 2);
    let second: Vec<u8> = (16..32).collect();
    assert_eq!(pieces.get(1), Checksum::new(Algorithm::Md5, &second));
    assert_eq!(pieces.get(2), None);
    let short = length.get();
    for (size, covers) in [
        (0, false),
        (short, false),
        (short + 1, true),
        (short * 2, true),
        (short * 2 + 1, false),
        (u64::MAX, false),
    ] {
        assert_eq!(pieces.check_size(size).is_ok(), covers, "{size}");
    }
}

#[test]
fn pieces_are_long_and_whole() {
    let new = |length, bytes| {
        let length = NonZeroU64::new(length).unwrap();
        Pieces::new(Algorithm::Sha1, length, vec![0; bytes]).map(|pieces| pieces.count())
    };
    let least = PIECE_BYTES_LEAST.get();
    assert_eq!(new(least, 20), Ok(1));
    assert_eq!(new(u64::MAX, 40), Ok(2));
    assert_eq!(new(least - 1, 20), Err(PiecesError::TooShort(least - 1)));
    assert_eq!(new(least, 0), Err(PiecesError::Empty));
    assert_eq!(new(least, 39), Err(PiecesError::Malformed));
}
