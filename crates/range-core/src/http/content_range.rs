//! Owns [`ContentRange`], a response's statement about the bytes it carries (RFC 9110 §14.4). Does
//! not know which bytes were asked for.

use core::fmt;

use super::syntax::{Decimal, split_once, trim};
use crate::range::ByteRange;

/// The value of a `Content-Range` field in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ContentRange {
    /// `bytes 0-499/1000`, or `bytes 0-499/*` if the sender does not know the complete length.
    Satisfied {
        /// The bytes the message carries.
        range: ByteRange,
        /// The length of the whole representation in bytes, if the sender knows it.
        complete_length: Option<u64>,
    },
    /// `bytes */1000`, sent with 416.
    Unsatisfied {
        /// The length of the whole representation in bytes.
        complete_length: u64,
    },
}

/// The reason why a field value is not a [`ContentRange`]. A message with such a value must not be
/// combined with others (RFC 9110 §14.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ContentRangeError {
    /// The unit is not `bytes`.
    #[error("the range unit is not bytes")]
    UnknownUnit,
    /// The value does not follow the grammar of RFC 9110 §14.4.
    #[error("the content range is malformed")]
    Malformed,
    /// A position or length does not fit in 64 bits.
    #[error("the content range does not fit 64 bits")]
    TooLarge,
    /// The last position lies before the first.
    #[error("the content range ends at {last} before it starts at {first}")]
    Reversed {
        /// The first position.
        first: u64,
        /// The last position, inclusive.
        last: u64,
    },
    /// The range reaches past the complete length.
    #[error("the content range ends at {last} in a representation of {complete_length} bytes")]
    PastEnd {
        /// The last position, inclusive.
        last: u64,
        /// The complete length.
        complete_length: u64,
    },
}

impl ContentRange {
    /// Parses a field value. The unit is matched without regard to case (§14.1). Everything else is
    /// parsed strictly, because a lenient reading would put bytes in the wrong place.
    pub fn parse(value: &[u8]) -> Result<Self, ContentRangeError> {
        use ContentRangeError::{Malformed, PastEnd, Reversed, TooLarge, UnknownUnit};

        let (unit, rest) = split_once(trim(value), b' ').ok_or(Malformed)?;
        if !unit.eq_ignore_ascii_case(b"bytes") {
            return Err(UnknownUnit);
        }
        let (positions, complete_length) = split_once(rest, b'/').ok_or(Malformed)?;
        if positions == b"*" {
            return Ok(Self::Unsatisfied {
                complete_length: number(complete_length)?,
            });
        }
        let (first, last) = split_once(positions, b'-').ok_or(Malformed)?;
        let (first, last) = (number(first)?, number(last)?);
        let complete_length = match complete_length {
            b"*" => None,
            digits => Some(number(digits)?),
        };
        if last < first {
            return Err(Reversed { first, last });
        }
        let end = last.checked_add(1).ok_or(TooLarge)?;
        match complete_length {
            Some(complete_length) if complete_length < end => Err(PastEnd {
                last,
                complete_length,
            }),
            _ => {
                let range = ByteRange::new(first, end).ok_or(Malformed)?;
                Ok(Self::Satisfied {
                    range,
                    complete_length,
                })
            }
        }
    }
}

fn number(text: &[u8]) -> Result<u64, ContentRangeError> {
    match Decimal::parse(text) {
        Some(Decimal::Exact(number)) => Ok(number),
        Some(Decimal::TooLarge) => Err(ContentRangeError::TooLarge),
        None => Err(ContentRangeError::Malformed),
    }
}

impl fmt::Display for ContentRange {
    /// Returns the field value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Satisfied {
                range,
                complete_length: Some(length),
            } => {
                write!(f, "bytes {}-{}/{length}", range.start(), range.last())
            }
            Self::Satisfied {
                range,
                complete_length: None,
            } => {
                write!(f, "bytes {}-{}/*", range.start(), range.last())
            }
            Self::Unsatisfied { complete_length } => write!(f, "bytes */{complete_length}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContentRangeError::{Malformed, PastEnd, Reversed, TooLarge, UnknownUnit};
    use std::string::ToString;

    fn satisfied(start: u64, end: u64, complete_length: Option<u64>) -> ContentRange {
        ContentRange::Satisfied {
            range: ByteRange::new(start, end).unwrap(),
            complete_length,
        }
    }

    #[test]
    fn legal_values_are_read() {
        for (text, expected) in [
            ("bytes 0-499/1000", satisfied(0, 500, Some(1000))),
            ("Bytes 999-999/1000", satisfied(999, 1000, Some(1000))),
            ("bytes 42-1233/*", satisfied(42, 1234, None)),
            (" bytes 0-0/1\t", satisfied(0, 1, Some(1))),
            (
                "bytes */0",
                ContentRange::Unsatisfied { complete_length: 0 },
            ),
            (
                "bytes 18446744073709551614-18446744073709551614/18446744073709551615",
                satisfied(u64::MAX - 1, u64::MAX, Some(u64::MAX)),
            ),
        ] {
            assert_eq!(ContentRange::parse(text.as_bytes()), Ok(expected), "{text}");
        }
    }

    #[test]
    fn values_servers_get_wrong_are_refused() {
        for (text, expected) in [
            ("items 0-1/2", UnknownUnit),
            ("0-499/1000", Malformed),
            ("bytes=0-499/1000", Malformed),
            ("bytes 3/7", Malformed),
            ("bytes 0-499", Malformed),
            ("bytes 473276580-/473276580", Malformed),
            ("bytes */*", Malformed),
            ("bytes  0-1/2", Malformed),
            ("bytes 0-1/2,3-4/5", Malformed),
            ("bytes -1-1/2", Malformed),
            ("bytes 1-0/2", Reversed { first: 1, last: 0 }),
            (
                "bytes 1000-999/1000",
                Reversed {
                    first: 1000,
                    last: 999,
                },
            ),
            (
                "bytes 0-0/0",
                PastEnd {
                    last: 0,
                    complete_length: 0,
                },
            ),
            (
                "bytes 0-1000/1000",
                PastEnd {
                    last: 1000,
                    complete_length: 1000,
                },
            ),
            ("bytes 0-18446744073709551615/*", TooLarge),
            ("bytes 0-18446744073709551616/*", TooLarge),
            ("bytes */18446744073709551616", TooLarge),
            ("", Malformed),
        ] {
            assert_eq!(
                ContentRange::parse(text.as_bytes()),
                Err(expected),
                "{text}"
            );
        }
    }

    #[test]
    fn values_are_written_as_http_writes_them() {
        assert_eq!(
            satisfied(0, 500, Some(1000)).to_string(),
            "bytes 0-499/1000"
        );
        assert_eq!(satisfied(5, 6, None).to_string(), "bytes 5-5/*");
        let unsatisfied = ContentRange::Unsatisfied { complete_length: 7 };
        assert_eq!(unsatisfied.to_string(), "bytes */7");
    }
}
