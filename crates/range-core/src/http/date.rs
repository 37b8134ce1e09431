//! Owns [`HttpDate`], a moment as HTTP writes it (RFC 9110 §5.6.7). Knows no clock.

use alloc::format;
use alloc::string::String;
use core::fmt;
use core::ops::Range;
use core::time::Duration;

use super::syntax::{Decimal, trim};

mod loose;

const SECONDS_PER_DAY: u64 = 86_400;
const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LONG_WEEKDAYS: [&str; 7] = [
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment in whole seconds since 1970-01-01 00:00:00 UTC, at most the end of the year 9999.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct HttpDate(u64);

impl HttpDate {
    /// The last second of the year 9999: HTTP writes years with four digits.
    pub const LATEST: Self = Self(253_402_300_799);

    /// Returns the moment `seconds` after the Unix epoch, or [`Self::LATEST`] if that is earlier.
    pub const fn from_unix_seconds(seconds: u64) -> Self {
        if seconds < Self::LATEST.0 {
            Self(seconds)
        } else {
            Self::LATEST
        }
    }

    /// Returns the seconds since the Unix epoch.
    pub const fn unix_seconds(self) -> u64 {
        self.0
    }

    /// Returns the time since `earlier`, or `None` if `earlier` is in fact later.
    pub fn since(self, earlier: Self) -> Option<Duration> {
        self.0.checked_sub(earlier.0).map(Duration::from_secs)
    }

    /// Parses the three forms that a recipient must understand: IMF-fixdate, RFC 850 and asctime.
    ///
    /// The weekday must be a weekday, but need not be the right one. A two-digit year means 1970 to
    /// 2069, because the RFC's rule (at most 50 years ahead) needs a clock. Years before 1970 give
    /// `None`.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = trim(value);
        if value.len() == 29 {
            Self::parse_fixdate(value)
        } else if value.contains(&b',') {
            Self::parse_rfc850(value)
        } else {
            Self::parse_asctime(value)
        }
    }

    /// Parses `Sun, 06 Nov 1994 08:49:37 GMT`.
    fn parse_fixdate(value: &[u8]) -> Option<Self> {
        let rest = strip_name(value, &WEEKDAYS)?;
        let rest = rest.strip_prefix(b", ")?;
        let punctuation_holds = rest.get(2) == Some(&b' ')
            && rest.get(6) == Some(&b' ')
            && rest.get(11) == Some(&b' ')
            && rest.get(20..) == Some(b" GMT");
        if !punctuation_holds {
            return None;
        }
        let year = digits(rest, 7..11)?;
        Self::from_civil(
            year,
            month(rest, 3..6)?,
            digits(rest, 0..2)?,
            rest.get(12..20)?,
        )
    }

    /// Parses `Sunday, 06-Nov-94 08:49:37 GMT`.
    fn parse_rfc850(value: &[u8]) -> Option<Self> {
        let rest = strip_name(value, &LONG_WEEKDAYS)?.strip_prefix(b", ")?;
        let punctuation_holds = rest.get(2) == Some(&b'-')
            && rest.get(6) == Some(&b'-')
            && rest.get(9) == Some(&b' ')
            && rest.get(18..) == Some(b" GMT");
        if !punctuation_holds {
            return None;
        }
        let year = match digits(rest, 7..9)? {
            year @ 70.. => 1900 + year,
            year => 2000 + year,
        };
        Self::from_civil(
            year,
            month(rest, 3..6)?,
            digits(rest, 0..2)?,
            rest.get(10..18)?,
        )
    }

    /// Parses `Sun Nov  6 08:49:37 1994`.
    fn parse_asctime(value: &[u8]) -> Option<Self> {
        let rest = strip_name(value, &WEEKDAYS)?.strip_prefix(b" ")?;
        let punctuation_holds = rest.len() == 20
            && rest.get(3) == Some(&b' ')
            && rest.get(6) == Some(&b' ')
            && rest.get(15) == Some(&b' ');
        if !punctuation_holds {
            return None;
        }
        let day = if rest.get(4) == Some(&b' ') {
            digits(rest, 5..6)
        } else {
            digits(rest, 4..6)
        };
        Self::from_civil(
            digits(rest, 16..20)?,
            month(rest, 0..3)?,
            day?,
            rest.get(7..15)?,
        )
    }

    /// Returns a moment from its parts: `month` counts from 1; `time` is `08:49:37`.
    fn from_civil(year: u64, month: u64, day: u64, time: &[u8]) -> Option<Self> {
        if time.get(2) != Some(&b':') || time.get(5) != Some(&b':') {
            return None;
        }
        let time = [
            digits(time, 0..2)?,
            digits(time, 3..5)?,
            digits(time, 6..8)?,
        ];
        Self::from_parts(year, month, day, time)
    }

    /// Returns a moment from its parts: `month` counts from 1; `time` is hour, minute and second.
    fn from_parts(year: u64, month: u64, day: u64, time: [u64; 3]) -> Option<Self> {
        let [hour, minute, second] = time;
        // A leap second is written as 60.
        let time_exists = hour < 24 && minute < 60 && second <= 60;
        if !time_exists
            || !(1970..=9999).contains(&year)
            || day == 0
            || day > days_in_month(year, month)
        {
            return None;
        }
        let days = days_before_year(year)
            + (1..month)
                .map(|month| days_in_month(year, month))
                .sum::<u64>()
            + (day - 1);
        let seconds = days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second;
        Some(Self::from_unix_seconds(seconds))
    }

    /// Spells the moment as RFC 3339 does, `1994-11-06T08:49:37Z`, which sorts as text.
    pub fn rfc_3339(self) -> String {
        let Civil {
            year, month, day, ..
        } = self.civil();
        let (hour, minute, second) = self.time_of_day();
        format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
    }

    const fn time_of_day(self) -> (u64, u64, u64) {
        let time = self.0 % SECONDS_PER_DAY;
        (time / 3600, time / 60 % 60, time % 60)
    }

    fn civil(self) -> Civil {
        let days = self.0 / SECONDS_PER_DAY;
        // 400 years have 146 097 days; the estimate is off by at most one year either way.
        let mut year = 1969 + days * 400 / 146_097;
        while days_before_year(year + 1) <= days {
            year += 1;
        }
        let mut day = days - days_before_year(year);
        let mut month = 1;
        while day >= days_in_month(year, month) {
            day -= days_in_month(year, month);
            month += 1;
        }
        Civil {
            year,
            month,
            day: day + 1,
            // 1970-01-01 was a Thursday, the fourth day of the week.
            weekday: (days + 3) % 7,
        }
    }
}

/// A day of the calendar; month and day count from 1, the weekday from Monday as 0.
struct Civil {
    year: u64,
    month: u64,
    day: u64,
    weekday: u64,
}

impl fmt::Display for HttpDate {
    /// Spells the moment as IMF-fixdate, the only form that a sender may use.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = self.civil();
        let (hour, minute, second) = self.time_of_day();
        let weekday = name(&WEEKDAYS, civil.weekday);
        let (day, month, year) = (civil.day, name(&MONTHS, civil.month - 1), civil.year);
        write!(
            f,
            "{weekday}, {day:02} {month} {year:04} {hour:02}:{minute:02}:{second:02} GMT"
        )
    }
}

fn name(names: &[&'static str], index: u64) -> &'static str {
    usize::try_from(index)
        .ok()
        .and_then(|index| names.get(index))
        .expect("indices are reduced")
}

fn is_leap(year: u64) -> bool {
    year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400))
}

/// Returns the days between 1970-01-01 and the first day of `year`; 0 before 1970.
fn days_before_year(year: u64) -> u64 {
    // Leap years before `year`, counted from year 1; there are 477 before 1970.
    let before = year - 1;
    let leap_years = before / 4 - before / 100 + before / 400;
    (year * 365 + leap_years).saturating_sub(1970 * 365 + 477)
}

/// Returns the days of a month; 0 for a month that does not exist.
fn days_in_month(year: u64, month: u64) -> u64 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

fn strip_name<'a>(value: &'a [u8], names: &[&str]) -> Option<&'a [u8]> {
    names
        .iter()
        .find_map(|name| value.strip_prefix(name.as_bytes()))
}

fn digits(text: &[u8], at: Range<usize>) -> Option<u64> {
    Decimal::parse(text.get(at)?).map(Decimal::saturated)
}

fn month(text: &[u8], at: Range<usize>) -> Option<u64> {
    let text = text.get(at)?;
    let index = MONTHS.iter().position(|month| month.as_bytes() == text)?;
    u64::try_from(index + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn the_three_forms_of_the_rfc_are_one_moment() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            let date = HttpDate::parse(text.as_bytes());
            assert_eq!(
                date.map(HttpDate::unix_seconds),
                Some(784_111_777),
                "{text}"
            );
        }
    }

    #[test]
    fn edges_of_the_calendar() {
        for (text, seconds) in [
            ("Thu, 01 Jan 1970 00:00:00 GMT", 0),
            ("Thu, 31 Dec 1970 23:59:59 GMT", 31_535_999),
            ("Fri, 01 Jan 1971 00:00:00 GMT", 31_536_000),
            ("Tue, 29 Feb 2000 12:00:00 GMT", 951_825_600),
            ("Thu, 31 Dec 2026 23:59:59 GMT", 1_798_761_599),
            ("Thu, 29 Feb 2024 00:00:00 GMT", 1_709_164_800),
            ("Fri, 31 Dec 9999 23:59:59 GMT", 253_402_300_799),
        ] {
            let date = HttpDate::from_unix_seconds(seconds);
            assert_eq!(HttpDate::parse(text.as_bytes()), Some(date), "{text}");
            assert_eq!(date.to_string(), text);
        }
        assert_eq!(HttpDate::from_unix_seconds(u64::MAX), HttpDate::LATEST);
        let leap_day = HttpDate::from_unix_seconds(1_709_208_007);
        assert_eq!(leap_day.rfc_3339(), "2024-02-29T12:00:07Z");
        assert_eq!(HttpDate::LATEST.rfc_3339(), "9999-12-31T23:59:59Z");
        let leap_second = HttpDate::parse(b"Sat, 31 Dec 2016 23:59:60 GMT").unwrap();
        assert_eq!(leap_second.to_string(), "Sun, 01 Jan 2017 00:00:00 GMT");
        let two_digits = HttpDate::parse(b"Tuesday, 01-Jan-69 00:00:00 GMT").unwrap();
        assert_eq!(two_digits.to_string(), "Tue, 01 Jan 2069 00:00:00 GMT");
    }

    #[test]
    fn every_first_and_last_day_of_a_year_is_read_back() {
        for year in 1970..=9999 {
            let first = days_before_year(year) * SECONDS_PER_DAY;
            for seconds in [first, first + SECONDS_PER_DAY, first.max(1) - 1] {
                let date = HttpDate::from_unix_seconds(seconds);
                assert_eq!(
                    HttpDate::parse(date.to_string().as_bytes()),
                    Some(date),
                    "{year}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in [
            "",
            "0",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2023 08:49:37 GMT",
            "Sun, 00 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Foo, 06 Nov 1994 08:49:37 GMT",
            "Sun, +6 Nov 1994 08:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 gmt",
            "Sun Nov 6 08:49:37 1994",
            "Sunday, 06-Nov-94 08:49:37 GMT, Sunday",
        ] {
            assert_eq!(HttpDate::parse(text.as_bytes()), None, "{text}");
        }
    }
}
