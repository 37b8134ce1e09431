//! Owns the newtypes that keep counts, lengths and rates apart, and the spelling of sizes, rates
//! and durations.

use core::fmt;
use core::num::NonZeroU64;
use core::time::Duration;

/// A number of bytes: a length or an amount, never an offset.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ByteCount(pub u64);

/// The reason why a text is not a [`ByteCount`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseByteCountError {
    /// There are no digits before the unit.
    #[error("a size starts with digits, as in 10GiB or 1048576")]
    NoDigits,
    /// The unit is not one of B, kB, MB, GB, TB, PB, EB, KiB, MiB, GiB, TiB, PiB, EiB.
    #[error("unknown size unit; use B, kB, MB, GB, TB, KiB, MiB, GiB or TiB")]
    UnknownUnit,
    /// The number has a fraction and no unit larger than a byte.
    #[error("a size in bytes has no fraction; add a unit, as in 1.5MiB")]
    PartOfByte,
    /// The size does not fit in 64 bits.
    #[error("the size does not fit 64 bits")]
    TooLarge,
}

impl ByteCount {
    /// Parses `1048576`, `10GiB`, `1.5 MB` or `8EiB`. Units are case-insensitive; `K`, `M`, … alone
    /// mean the binary unit. What is less than a byte is left out.
    pub fn parse(text: &str) -> Result<Self, ParseByteCountError> {
        let (number, unit) = Decimal::begin(text.trim()).ok_or(ParseByteCountError::NoDigits)?;
        let factor = unit_factor(unit.trim_start()).ok_or(ParseByteCountError::UnknownUnit)?;
        if factor == 1 && !number.fraction.is_empty() {
            return Err(ParseByteCountError::PartOfByte);
        }
        let bytes = number.times(factor).ok_or(ParseByteCountError::TooLarge)?;
        Ok(Self(bytes))
    }
}

/// A number as people write it: `10`, `1.5`, `.5`.
#[derive(Clone, Copy)]
struct Decimal<'a> {
    whole: &'a str,
    fraction: &'a str,
}

impl<'a> Decimal<'a> {
    /// The most digits of a fraction that count. With a factor of 64 bits they fit 128.
    const FRACTION_MAX: usize = 18;

    /// Returns the number that a text begins with, and the text behind it.
    fn begin(text: &'a str) -> Option<(Self, &'a str)> {
        let (whole, rest) = digits(text);
        let (fraction, rest) = match rest.strip_prefix('.').map(digits) {
            Some((fraction, rest)) if !fraction.is_empty() => (fraction, rest),
            _ => ("", rest),
        };
        let has_digits = !(whole.is_empty() && fraction.is_empty());
        has_digits.then_some((Self { whole, fraction }, rest))
    }

    /// Returns the whole part of the product, if it fits 64 bits.
    fn times(self, factor: u64) -> Option<u64> {
        let whole: u64 = match self.whole {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let length = self.fraction.len().min(Self::FRACTION_MAX);
        let fraction: u128 = match &self.fraction[..length] {
            "" => 0,
            digits => digits.parse().ok()?,
        };
        let scale = 10_u128.pow(u32::try_from(length).ok()?);
        let part = u64::try_from(fraction * u128::from(factor) / scale).ok()?;
        whole.checked_mul(factor)?.checked_add(part)
    }
}

/// Returns the digits that a text begins with, and the text behind them.
fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit());
    text.split_at(end.unwrap_or(text.len()))
}

fn unit_factor(unit: &str) -> Option<u64> {
    let mut letters = unit.chars().map(|letter| letter.to_ascii_lowercase());
    let letters = [
        letters.next(),
        letters.next(),
        letters.next(),
        letters.next(),
    ];
    let (prefix, base) = match letters {
        [None | Some('b'), None, ..] => return Some(1),
        [Some(prefix), None, ..] | [Some(prefix), Some('i'), Some('b') | None, None] => {
            (prefix, 1024)
        }
        [Some(prefix), Some('b'), None, _] => (prefix, 1000),
        _ => return None,
    };
    let power = 1 + u32::try_from("kmgtpe".find(prefix)?).ok()?;
    Some(u64::pow(base, power))
}

impl fmt::Display for ByteCount {
    /// Three significant digits with a binary unit: `512 B`, `1.50 GiB`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, "")
    }
}

/// The reason why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseDurationError {
    /// There are no digits before the unit.
    #[error("a duration starts with digits, as in 20s")]
    NoDigits,
    /// The unit is missing, or is none of ms, s, m, h.
    #[error("a duration ends with its unit: ms, s, m or h")]
    UnknownUnit,
    /// The duration is longer than 2^64 milliseconds.
    #[error("the duration is too long")]
    TooLong,
}

/// Parses `500ms`, `20s`, `1.5m` or `1h`.
pub fn parse_duration(text: &str) -> Result<Duration, ParseDurationError> {
    let (number, unit) = Decimal::begin(text).ok_or(ParseDurationError::NoDigits)?;
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(ParseDurationError::UnknownUnit),
    };
    let total = number.times(milliseconds);
    total
        .map(Duration::from_millis)
        .ok_or(ParseDurationError::TooLong)
}

/// A rate, in bytes per second.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct BytesPerSecond(pub u64);

impl BytesPerSecond {
    /// Returns the mean rate of `bytes` over `elapsed`; 0 if no time has passed.
    pub fn mean(bytes: ByteCount, elapsed: Duration) -> Self {
        let nanos = elapsed.as_nanos();
        if nanos == 0 {
            return Self(0);
        }
        let rate = u128::from(bytes.0) * 1_000_000_000 / nanos;
        Self(u64::try_from(rate).unwrap_or(u64::MAX))
    }
}

/// A limit on the bytes received in a second: a rate above zero.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RateLimit(NonZeroU64);

impl RateLimit {
    /// Returns a limit of this rate; `None` for a rate of zero, which would never end.
    pub const fn new(rate: BytesPerSecond) -> Option<Self> {
        match NonZeroU64::new(rate.0) {
            Some(rate) => Some(Self(rate)),
            None => None,
        }
    }

    /// Returns the limit in bytes per second.
    pub const fn get(self) -> u64 {
        self.0.get()
    }
}

impl fmt::Display for BytesPerSecond {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        scaled(f, self.0, "/s")
    }
}

fn scaled(f: &mut fmt::Formatter<'_>, bytes: u64, per: &str) -> fmt::Result {
    const UNITS: [&str; 7] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let mut unit = 0;
    let mut value = bytes as f64;
    while value >= 1024.0 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    let decimals = match value {
        _ if unit == 0 => 0,
        v if v < 10.0 => 2,
        v if v < 100.0 => 1,
        _ => 0,
    };
    write!(f, "{value:.decimals$} {}{per}", UNITS[unit])
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn sizes_people_write_are_read() {
        for (text, bytes) in [
            ("0", 0),
            ("1", 1),
            ("1048576", 1 << 20),
            ("1KiB", 1 << 10),
            ("10GiB", 10 << 30),
            ("10 MB", 10_000_000),
            ("8eib", 8 << 60),
            ("3k", 3 << 10),
            ("2M", 2 << 20),
            ("18446744073709551615", u64::MAX),
            ("5B", 5),
            ("1.5M", 3 << 19),
            ("1.5GiB", 3 << 29),
            ("0.5k", 512),
            (".5k", 512),
            ("1.2345 MB", 1_234_500),
            ("0.1kB", 100),
            ("1.00000000000000000000000000001KiB", 1024),
            ("15.999999999999999999EiB", u64::MAX - 1),
        ] {
            assert_eq!(ByteCount::parse(text), Ok(ByteCount(bytes)), "{text}");
        }
    }

    #[test]
    fn sizes_that_mean_nothing_are_refused() {
        use ParseByteCountError::{NoDigits, PartOfByte, TooLarge, UnknownUnit};
        for (text, error) in [
            ("", NoDigits),
            ("-1", NoDigits),
            ("GiB", NoDigits),
            (".", NoDigits),
            (".GiB", NoDigits),
            ("1.GiB", UnknownUnit),
            ("1.5.5GiB", UnknownUnit),
            ("1,5GiB", UnknownUnit),
            ("1.5", PartOfByte),
            ("1.5B", PartOfByte),
            ("16.0EiB", TooLarge),
            ("1 XB", UnknownUnit),
            ("1iB", UnknownUnit),
            ("16EiB", TooLarge),
            ("18446744073709551616", TooLarge),
        ] {
            assert_eq!(ByteCount::parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn durations_people_write_are_read() {
        for (text, milliseconds) in [
            ("0s", 0),
            ("500ms", 500),
            ("20s", 20_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
            ("1.5s", 1500),
            (".5m", 30_000),
            ("0.0001s", 0),
        ] {
            assert_eq!(
                parse_duration(text),
                Ok(Duration::from_millis(milliseconds))
            );
        }
    }

    #[test]
    fn durations_that_mean_nothing_say_what_is_wrong() {
        use ParseDurationError::{NoDigits, TooLong, UnknownUnit};
        for (text, error) in [
            ("", NoDigits),
            ("s", NoDigits),
            ("-1s", NoDigits),
            ("20", UnknownUnit),
            ("1.s", UnknownUnit),
            ("20 s", UnknownUnit),
            ("3d", UnknownUnit),
            ("18446744073709551615h", TooLong),
            ("18446744073709551616ms", TooLong),
        ] {
            assert_eq!(parse_duration(text), Err(error), "{text}");
        }
    }

    #[test]
    fn amounts_are_shown_with_three_digits() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1 << 20, "1.00 MiB"),
            (u64::MAX, "16.0 EiB"),
        ] {
            assert_eq!(ByteCount(bytes).to_string(), text);
        }
        let rate = BytesPerSecond::mean(ByteCount(3 << 29), Duration::from_secs(1));
        assert_eq!(rate.to_string(), "1.50 GiB/s");
    }
}
