//! Owns the `Range` field: what a client asks for, and what that means for a given length
//! (RFC 9110 §14.1.1, §14.1.2 and §14.2). Does not know whether the field is to be heeded.

use alloc::vec::Vec;
use core::fmt;

use super::syntax::{Decimal, split_once, trim};
use crate::range::ByteRange;
use crate::range_set::RangeSet;

/// Longest field value that is looked at.
pub const MAX_RANGE_HEADER_BYTES: usize = 4096;

/// Most ranges one field may ask for. Together with [`MAX_RANGE_HEADER_BYTES`] it bounds what a
/// request can cost before anything is allocated (CVE-2011-3192, CVE-2025-62727).
pub const MAX_RANGE_SPECS: usize = 64;

/// What a client asks for: one range, so that the answer is never multipart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRequest {
    /// `bytes=N-`: everything from an offset on.
    From(u64),
    /// `bytes=N-M`.
    Exactly(ByteRange),
}

impl fmt::Display for RangeRequest {
    /// The field value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(start) => write!(f, "bytes={start}-"),
            Self::Exactly(range) => write!(f, "bytes={}-{}", range.start(), range.last()),
        }
    }
}

/// A received `Range` field value, before the length is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeHeader {
    /// The unit is not `bytes`. Must be ignored (§14.2).
    UnknownUnit,
    /// Some part is malformed, or a limit is exceeded. May be ignored or refused (§14.2).
    Invalid,
    /// At least one well-formed range.
    Set(RangeSpecs),
}

/// Between 1 and [`MAX_RANGE_SPECS`] ranges, in the order asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpecs(Vec<RangeSpec>);

/// One range as written. Numbers past `u64::MAX` are that: no representation is longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RangeSpec {
    /// `first-last`, where `first <= last`, both inclusive.
    Bounded { first: u64, last: u64 },
    /// `first-`.
    From { first: u64 },
    /// `-length`.
    Suffix { length: u64 },
}

/// What a set of ranges comes to for a representation of known length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResolvedRange {
    /// Send the whole representation with 200.
    Whole,
    /// Send these bytes with 206.
    One(ByteRange),
    /// No range touches the representation: 416.
    Unsatisfiable,
}

impl RangeHeader {
    /// Parses a field value.
    pub fn parse(value: &[u8]) -> Self {
        if value.len() > MAX_RANGE_HEADER_BYTES {
            return Self::Invalid;
        }
        let Some((unit, specs)) = split_once(trim(value), b'=') else {
            return Self::Invalid;
        };
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return Self::UnknownUnit;
        }
        // Empty list elements are legal to receive (§5.6.1.2).
        let elements = || {
            specs
                .split(|&byte| byte == b',')
                .map(trim)
                .filter(|e| !e.is_empty())
        };
        if !(1..=MAX_RANGE_SPECS).contains(&elements().count()) {
            return Self::Invalid;
        }
        elements()
            .map(RangeSpec::parse)
            .collect::<Option<Vec<_>>>()
            .map_or(Self::Invalid, |specs| Self::Set(RangeSpecs(specs)))
    }
}

impl RangeSpecs {
    /// What the ranges come to for a representation of `length` bytes.
    ///
    /// Ranges that overlap or touch are one range (§15.3.7.2). When more than one is left the
    /// answer is the whole, as §14.2 permits: no client that matters asks for several, and a
    /// whole never costs more than its length. An empty representation is always sent whole.
    pub fn resolve(&self, length: u64) -> ResolvedRange {
        if length == 0 {
            return ResolvedRange::Whole;
        }
        let satisfiable: RangeSet = self
            .0
            .iter()
            .filter_map(|spec| spec.resolve(length))
            .collect();
        let mut runs = satisfiable.iter();
        match (runs.next(), runs.next()) {
            (None, _) => ResolvedRange::Unsatisfiable,
            (Some(range), None) => ResolvedRange::One(range),
            (Some(_), Some(_)) => ResolvedRange::Whole,
        }
    }
}

impl RangeSpec {
    fn parse(text: &[u8]) -> Option<Self> {
        let number = |text: &[u8]| Decimal::parse(text).map(Decimal::saturated);
        let (first, last) = split_once(text, b'-')?;
        match (first, last) {
            (b"", length) => Some(Self::Suffix {
                length: number(length)?,
            }),
            (first, b"") => Some(Self::From {
                first: number(first)?,
            }),
            (first, last) => {
                let (first, last) = (number(first)?, number(last)?);
                (first <= last).then_some(Self::Bounded { first, last })
            }
        }
    }

    fn resolve(self, length: u64) -> Option<ByteRange> {
        match self {
            Self::Bounded { first, last } => {
                ByteRange::new(first, last.saturating_add(1).min(length))
            }
            Self::From { first } => ByteRange::new(first, length),
            Self::Suffix { length: suffix } => {
                ByteRange::new(length.saturating_sub(suffix), length)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::{String, ToString};

    #[test]
    fn requests_are_written_with_inclusive_ends() {
        let range = ByteRange::new(5, 10).unwrap();
        assert_eq!(RangeRequest::From(0).to_string(), "bytes=0-");
        assert_eq!(RangeRequest::Exactly(range).to_string(), "bytes=5-9");
    }

    #[test]
    fn limits_hold_before_anything_is_parsed() {
        let many = |count| String::from("bytes=") + &"0-1,".repeat(count);
        let is_set =
            |text: &str| matches!(RangeHeader::parse(text.as_bytes()), RangeHeader::Set(_));
        assert!(is_set(&many(MAX_RANGE_SPECS)));
        assert!(!is_set(&many(MAX_RANGE_SPECS + 1)));
        let padded = |length: usize| String::from("bytes=") + &"0".repeat(length - 7) + "-";
        assert!(is_set(&padded(MAX_RANGE_HEADER_BYTES)));
        assert!(!is_set(&padded(MAX_RANGE_HEADER_BYTES + 1)));
        assert!(is_set(&(String::from("bytes=0-1") + &",".repeat(1000))));
    }

    #[test]
    fn the_longest_representation_keeps_its_edges() {
        let resolve = |text: &str, length| {
            let RangeHeader::Set(specs) = RangeHeader::parse(text.as_bytes()) else {
                panic!("{text} is a range header");
            };
            specs.resolve(length)
        };
        let whole = ResolvedRange::One(ByteRange::whole(u64::MAX).unwrap());
        assert_eq!(resolve("bytes=0-18446744073709551615", u64::MAX), whole);
        assert_eq!(resolve("bytes=-18446744073709551615", u64::MAX), whole);
        assert_eq!(resolve("bytes=-18446744073709551616", u64::MAX), whole);
        let last = ResolvedRange::One(ByteRange::from_length(u64::MAX - 1, 1).unwrap());
        assert_eq!(resolve("bytes=18446744073709551614-", u64::MAX), last);
        let past = "bytes=18446744073709551615-";
        assert_eq!(resolve(past, u64::MAX), ResolvedRange::Unsatisfiable);
        let reversed_past_64_bits = "bytes=99999999999999999999-99999999999999999998";
        assert_eq!(
            resolve(reversed_past_64_bits, 1),
            ResolvedRange::Unsatisfiable
        );
    }
}
