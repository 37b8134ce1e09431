//! Owns the bytes that are served, and whether what arrived is the same. Knows no contender.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::failure::Failure;

const BUFFER: usize = 1 << 20;

/// Writes a file that no compression shortens, and waits until the disk has it, so that the
/// writing is not going on beside the first run.
pub(super) fn make(path: &Path, size: u64) -> Result<(), Failure> {
    let make = || {
        let mut random = File::open("/dev/urandom")?.take(size);
        let mut file = File::create(path)?;
        io::copy(&mut random, &mut file)?;
        file.sync_all()
    };
    make().map_err(Failure::io("make the content"))
}

/// A file, to be compared.
pub(super) fn open(path: &Path) -> io::Result<impl BufRead + use<>> {
    Ok(BufReader::with_capacity(BUFFER, File::open(path)?))
}

/// The first place where two streams differ, an early end of one among them.
pub(super) fn difference(
    mut one: impl BufRead,
    mut other: impl BufRead,
) -> io::Result<Option<u64>> {
    let mut at = 0;
    loop {
        let (left, right) = (one.fill_buf()?, other.fill_buf()?);
        let common = left.len().min(right.len());
        if left[..common] != right[..common] {
            let same = left.iter().zip(right).take_while(|(l, r)| l == r).count();
            return Ok(Some(at + same as u64));
        }
        if common == 0 {
            let both_ended = left.is_empty() && right.is_empty();
            return Ok((!both_ended).then_some(at));
        }
        one.consume(common);
        other.consume(common);
        at += common as u64;
    }
}

#[cfg(test)]
mod tests {
    use std::io::BufReader;

    use super::difference;

    #[test]
    fn a_difference_is_found_where_it_is() {
        let find = |one: &[u8], other: &[u8]| {
            difference(BufReader::with_capacity(2, one), other).expect("memory can be read")
        };
        assert_eq!(find(b"abcdef", b"abcdef"), None);
        assert_eq!(find(b"", b""), None);
        assert_eq!(find(b"abcdef", b"abcxef"), Some(3));
        assert_eq!(find(b"abc", b"abcd"), Some(3));
        assert_eq!(find(b"abcd", b"abc"), Some(3));
    }
}
