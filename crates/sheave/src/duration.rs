//! Owns durations as people write and read them. Reads no clock.

use std::time::Duration;

/// Why a text is not a duration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParseDurationError {
    /// There are no digits before the unit.
    #[error("a duration starts with digits, as in 20s")]
    NoDigits,
    /// The unit is missing or another one than ms, s, m, h.
    #[error("a duration ends with its unit: ms, s, m or h")]
    UnknownUnit,
    /// It is zero.
    #[error("a duration of zero leaves no time")]
    Zero,
    /// It is longer than 2^64 milliseconds.
    #[error("the duration is too long")]
    TooLong,
}

/// Parses `500ms`, `20s`, `2m` or `1h`.
pub(crate) fn parse(text: &str) -> Result<Duration, ParseDurationError> {
    let unit_start = text
        .find(|character: char| !character.is_ascii_digit())
        .unwrap_or(text.len());
    let (digits, unit) = text.split_at(unit_start);
    if digits.is_empty() {
        return Err(ParseDurationError::NoDigits);
    }
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return Err(ParseDurationError::UnknownUnit),
    };
    let number: u64 = digits.parse().map_err(|_| ParseDurationError::TooLong)?;
    match number.checked_mul(milliseconds) {
        Some(0) => Err(ParseDurationError::Zero),
        Some(total) => Ok(Duration::from_millis(total)),
        None => Err(ParseDurationError::TooLong),
    }
}

/// A time that was measured: `0.85 s`, `12.3 s`, then as [`estimated`].
pub(crate) fn measured(time: Duration) -> String {
    match time.as_secs_f64() {
        seconds if seconds < 10.0 => format!("{seconds:.2} s"),
        seconds if seconds < 60.0 => format!("{seconds:.1} s"),
        _ => estimated(time),
    }
}

/// A time that is a guess, in the two largest units that say something: `13 s`, `4 min 10 s`,
/// `1 h 12 min`, `2 d 3 h`. Seconds are rounded up, so that only the end is `0 s`.
pub(crate) fn estimated(time: Duration) -> String {
    let seconds = time
        .as_secs()
        .saturating_add(u64::from(time.subsec_nanos() > 0));
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86400);
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{minutes} min {} s", seconds % 60),
        3600..86400 => format!("{hours} h {} min", minutes % 60),
        _ => format!("{days} d {} h", hours % 24),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_people_write_are_read() {
        for (text, milliseconds) in [
            ("500ms", 500),
            ("20s", 20_000),
            ("2m", 120_000),
            ("1h", 3_600_000),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(milliseconds)));
        }
    }

    #[test]
    fn durations_that_mean_nothing_say_what_is_wrong() {
        use ParseDurationError::{NoDigits, TooLong, UnknownUnit, Zero};
        for (text, error) in [
            ("", NoDigits),
            ("s", NoDigits),
            ("-1s", NoDigits),
            ("20", UnknownUnit),
            ("1.5s", UnknownUnit),
            ("20 s", UnknownUnit),
            ("3d", UnknownUnit),
            ("0s", Zero),
            ("18446744073709551615h", TooLong),
            ("18446744073709551616ms", TooLong),
        ] {
            assert_eq!(parse(text), Err(error), "{text}");
        }
    }

    #[test]
    fn times_are_shown_as_precisely_as_they_are_known() {
        for (milliseconds, exact, guess) in [
            (0, "0.00 s", "0 s"),
            (1, "0.00 s", "1 s"),
            (1_234, "1.23 s", "2 s"),
            (59_940, "59.9 s", "1 min 0 s"),
            (250_000, "4 min 10 s", "4 min 10 s"),
            (4_320_000, "1 h 12 min", "1 h 12 min"),
            (183_600_000, "2 d 3 h", "2 d 3 h"),
        ] {
            let time = Duration::from_millis(milliseconds);
            assert_eq!(measured(time), exact);
            assert_eq!(estimated(time), guess);
        }
        assert!(estimated(Duration::MAX).ends_with(" h"));
    }
}
