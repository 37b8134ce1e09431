//! Owns the choice of a digest by `Want-Repr-Digest` and `Want-Content-Digest` (RFC 9530 §4).
//! Hashes nothing.

use super::syntax::{Decimal, split_once, trim};
use crate::digest::DigestAlgorithm;

/// Returns the available algorithm that the client wants most, or `None` if it wants none of them.
/// Of equally wanted ones it returns the first that the field names.
///
/// The field is a dictionary of integers from 0, "not acceptable", to 10. It is a hint, so
/// malformed members are ignored, and so are algorithms that are no longer secure.
pub fn preferred(value: &[u8]) -> Option<DigestAlgorithm> {
    let mut best = None;
    for member in value.split(|&byte| byte == b',') {
        let member = split_once(member, b';').map_or(member, |(member, _parameters)| member);
        let Some((key, weight)) = split_once(member, b'=') else {
            continue;
        };
        let mut known = DigestAlgorithm::ACTIVE.into_iter();
        let Some(algorithm) = known.find(|known| known.name().as_bytes() == trim(key)) else {
            continue;
        };
        let Some(Decimal::Exact(weight @ 1..=10)) = Decimal::parse(trim(weight)) else {
            continue;
        };
        if best.is_none_or(|(heaviest, _)| weight > heaviest) {
            best = Some((weight, algorithm));
        }
    }
    best.map(|(_, algorithm)| algorithm)
}

#[cfg(test)]
mod tests {
    use super::*;
    use DigestAlgorithm::{Sha256, Sha512};

    #[test]
    fn the_most_wanted_algorithm_is_preferred() {
        for (value, expected) in [
            ("sha-256=1", Some(Sha256)),
            ("sha-512=3, sha-256=10, unixsum=0", Some(Sha256)),
            ("sha-512=10,sha-256=10", Some(Sha512)),
            ("md5=10, sha-256=1;x=y", Some(Sha256)),
            ("sha-256=0", None),
            ("sha-256=11", None),
            ("sha-256=-1", None),
            ("sha-256=1.5", None),
            ("sha-256", None),
            ("SHA-256=1", None),
            ("md5=1", None),
            ("", None),
            (",=,;", None),
        ] {
            assert_eq!(preferred(value.as_bytes()), expected, "{value}");
        }
    }
}
