//! Owns the `Range` field: the ranges that a client asks for, and their meaning for a given length
//! (RFC 9110 §14.1.1, §14.1.2 and §14.2). Does not know whether the field is to be ignored.

use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU16;

use super::coalesce::{NEAR_GAP, coalesced};
use super::syntax::{Decimal, split_once, trim};
use crate::range::ByteRange;

/// The longest field value that is parsed.
pub const MAX_RANGE_HEADER_BYTES: usize = 4096;

/// The maximum number of ranges in one field, unless a server sets another. With
/// [`MAX_RANGE_HEADER_BYTES`] it bounds the cost of a request before anything is allocated
/// (CVE-2011-3192, CVE-2025-62727).
pub const MAX_RANGES_DEFAULT: NonZeroU16 = NonZeroU16::new(64).unwrap();

/// A client's request for one range, so that the answer is never multipart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RangeRequest {
    /// `bytes=N-`: all bytes from an offset on.
    From(u64),
    /// `bytes=N-M`.
    Exactly(ByteRange),
}

impl fmt::Display for RangeRequest {
    /// Returns the field value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::From(start) => write!(f, "bytes={start}-"),
            Self::Exactly(range) => write!(f, "bytes={}-{}", range.start(), range.last()),
        }
    }
}

/// A received `Range` field value, before the length of the representation is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RangeHeader {
    /// The unit is not `bytes`. The field must be ignored (§14.2).
    UnknownUnit,
    /// Some part is malformed. The field may be ignored or refused (§14.2).
    Invalid,
    /// The field is too long or asks for too many ranges. It may be ignored (§14.2).
    TooMany,
    /// The field has at least one well-formed range.
    Set(RangeSpecs),
}

/// At least one range, and no more than the maximum, in the order of the request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RangeSpecs(Vec<RangeSpec>);

/// One range as written. A number past `u64::MAX` counts as `u64::MAX`: no representation is
/// longer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum RangeSpec {
    /// `first-last`, where `first <= last`, both inclusive.
    Bounded { first: u64, last: u64 },
    /// `first-`.
    From { first: u64 },
    /// `-length`.
    Suffix { length: u64 },
}

/// The meaning of a set of ranges for a representation of known length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ResolvedRange {
    /// Send the whole representation with 200.
    Whole,
    /// Send these bytes with 206.
    One(ByteRange),
    /// Send at least two ranges, in the order of the request, [`NEAR_GAP`] bytes or more apart.
    Several(Vec<ByteRange>),
    /// No range touches the representation: send 416.
    Unsatisfiable,
}

impl RangeHeader {
    /// Parses a field value that may ask for up to `max_ranges` ranges. Takes time linear in the
    /// field's length, and allocates only once the number of ranges is known to be allowed.
    pub fn parse(value: &[u8], max_ranges: NonZeroU16) -> Self {
        if value.len() > MAX_RANGE_HEADER_BYTES {
            return Self::TooMany;
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
        match elements().count() {
            0 => return Self::Invalid,
            count if count > usize::from(max_ranges.get()) => return Self::TooMany,
            _ => {}
        }
        elements()
            .map(RangeSpec::parse)
            .collect::<Option<Vec<_>>>()
            .map_or(Self::Invalid, |specs| Self::Set(RangeSpecs(specs)))
    }
}

impl RangeSpecs {
    /// Resolves the ranges for a representation of `length` bytes.
    ///
    /// Ranges that overlap, touch or lie near one another are merged (§15.3.7.2). An empty
    /// representation is always sent whole.
    pub fn resolve(&self, length: u64) -> ResolvedRange {
        if length == 0 {
            return ResolvedRange::Whole;
        }
        let specs = self.0.iter().filter_map(|spec| spec.resolve(length));
        let ranges = coalesced(specs, NEAR_GAP);
        match *ranges {
            [] => ResolvedRange::Unsatisfiable,
            [range] => ResolvedRange::One(range),
            _ => ResolvedRange::Several(ranges),
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

    fn parse(text: &str) -> RangeHeader {
        RangeHeader::parse(text.as_bytes(), MAX_RANGES_DEFAULT)
    }

    #[test]
    fn limits_hold_before_anything_is_parsed() {
        let many = |count: u16| String::from("bytes=") + &"0-1,".repeat(usize::from(count));
        let is_set = |text: &str| matches!(parse(text), RangeHeader::Set(_));
        let most = MAX_RANGES_DEFAULT.get();
        assert!(is_set(&many(most)));
        assert_eq!(parse(&many(most + 1)), RangeHeader::TooMany);
        let padded = |length: usize| String::from("bytes=") + &"0".repeat(length - 7) + "-";
        assert!(is_set(&padded(MAX_RANGE_HEADER_BYTES)));
        assert_eq!(
            parse(&padded(MAX_RANGE_HEADER_BYTES + 1)),
            RangeHeader::TooMany
        );
        assert!(is_set(&(String::from("bytes=0-1") + &",".repeat(1000))));
        let two = RangeHeader::parse(b"bytes=0-1,0-1", NonZeroU16::MIN);
        assert_eq!(two, RangeHeader::TooMany);
    }

    #[test]
    fn the_longest_representation_keeps_its_edges() {
        let resolve = |text: &str, length| {
            let RangeHeader::Set(specs) = parse(text) else {
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
