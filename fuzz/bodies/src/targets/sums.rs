//! Owns fuzzing of checksum files: a file that a line names is found with that line's checksum, and
//! a mark at the beginning changes nothing.
use catalog::Algorithm;
use catalog::sums::{FindError, Line, find, lines};

const MARK: &[u8] = b"\xef\xbb\xbf";

/// Checks what must hold of any bytes.
///
/// # Panics
///
/// If it does not.
pub fn run(bytes: &[u8]) {
    let known = Some(Algorithm::Blake2b);
    let read: Vec<_> = lines(bytes, known).collect();
    for line in read.iter().take(20) {
        let Line::Sum { name, checksum } = line else {
            continue;
        };
        let Some(name) = name else {
            continue;
        };
        match find(bytes, name, known) {
            Ok(found) => assert_eq!(found.checksums.get(checksum.algorithm()), Some(checksum)),
            // `d/../f` and `./d/f` are two names of one line each, told apart by their text.
            Err(error) => assert!(
                matches!(error, FindError::Contradiction(_) | FindError::Ambiguous),
                "{error}"
            ),
        }
    }
    let is_named = |line: &Line<'_>| matches!(line, Line::Sum { name: Some(_), .. });
    let is_sum = |line: &Line<'_>| matches!(line, Line::Sum { .. });
    match find(bytes, "no such file among them", known) {
        Err(FindError::NoList) => assert!(!read.iter().any(is_sum)),
        Err(FindError::NoLine) => assert!(read.iter().any(is_named)),
        Ok(found) => assert!(!found.checksums.is_empty()),
        Err(_) => assert!(read.iter().any(is_sum)),
    }
    if !bytes.starts_with(MARK) {
        let marked = [MARK, bytes].concat();
        assert!(lines(&marked, known).eq(read));
    }
}
