//! Owns durations as people write and read them. Reads no clock.

use std::time::Duration;

use accelerator::{ParseDurationError, parse_duration};

/// Why a text is not a time to wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InvalidWait {
    /// It is no duration.
    #[error(transparent)]
    Unreadable(#[from] ParseDurationError),
    /// It is zero.
    #[error("a duration of zero leaves no time")]
    Zero,
}

/// Parses a time to wait, as in `500ms`, `20s`, `2m` or `1h`.
pub(crate) fn parse(text: &str) -> Result<Duration, InvalidWait> {
    let wait = parse_duration(text)?;
    if wait.is_zero() {
        return Err(InvalidWait::Zero);
    }
    Ok(wait)
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

/// The same in as few columns as can be read: `13s`, `4m10s`, `1h12m`, `2d3h`.
pub(crate) fn compact(time: Duration) -> String {
    let estimated = estimated(time).replace(" min", "m");
    estimated.replace(' ', "")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_a_duration_above_zero() {
        assert_eq!(parse("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse("0s"), Err(InvalidWait::Zero));
        let unreadable = InvalidWait::Unreadable(ParseDurationError::UnknownUnit);
        assert_eq!(parse("20"), Err(unreadable));
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
