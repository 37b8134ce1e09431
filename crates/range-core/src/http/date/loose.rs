//! Owns the reading of dates that servers write outside the three forms of RFC 9110. Knows no
//! clock, and never guesses between two readings: a text with anything left over is no date.

use super::HttpDate;
use crate::http::syntax::Decimal;

const WEEKDAYS: [&str; 7] = [
    "monday",
    "tuesday",
    "wednesday",
    "thursday",
    "friday",
    "saturday",
    "sunday",
];
/// The names of the months, each with its index plus 1 as its number.
const LONG_MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The longest text that is parsed, in bytes.
const LENGTH_MAX: usize = 64;
/// The names of the only time zone in HTTP.
const ZULU: [&str; 4] = ["gmt", "utc", "ut", "z"];

/// The parts of a date found in a text, each at most once.
#[derive(Default)]
struct Pieces {
    weekday: Option<()>,
    day: Option<u64>,
    month: Option<u64>,
    year: Option<u64>,
    time: Option<[u64; 3]>,
    /// The offset of the zone in seconds east of Greenwich.
    offset_seconds: Option<i64>,
    is_zulu: Option<()>,
}

impl HttpDate {
    /// Parses a date as a server may have meant it. Besides the forms of [`Self::parse`] and of RFC
    /// 3339 it accepts any case of letters, a day of one digit, names abbreviated or in full, and a
    /// zone as `GMT`, `UTC`, `Z`, an offset, or none. It is for dates in responses only: a date in
    /// a request must have one of the three forms.
    pub fn parse_loosely(value: &[u8]) -> Option<Self> {
        if let Some(date) = Self::parse(value) {
            return Some(date);
        }
        let text = str::from_utf8(value).ok()?.trim_ascii();
        if text.len() > LENGTH_MAX {
            return None;
        }
        let mut pieces = Pieces::default();
        let is_space = |c: char| c.is_ascii_whitespace() || c == ',';
        for word in text.split(is_space).filter(|word| !word.is_empty()) {
            pieces.take(word)?;
        }
        pieces.date()
    }
}

impl Pieces {
    fn take(&mut self, word: &str) -> Option<()> {
        let first = word.as_bytes().first()?;
        if let Some((date, time)) = rfc_3339(word) {
            self.take_iso_date(date)?;
            return if time.is_empty() {
                Some(())
            } else {
                self.take_time(time)
            };
        }
        if matches!(first, b'+' | b'-') {
            return once(&mut self.offset_seconds, offset(word)?);
        }
        let zone = ["GMT", "gmt", "UTC", "utc"]
            .iter()
            .find_map(|name| word.strip_prefix(name));
        if let Some(zone) = zone.filter(|zone| !zone.is_empty()) {
            once(&mut self.is_zulu, ())?;
            return once(&mut self.offset_seconds, offset(zone)?);
        }
        if word.contains(':') {
            return self.take_time(word);
        }
        if first.is_ascii_alphabetic() && !word.contains('-') {
            return self.take_name(word);
        }
        word.split('-').try_for_each(|part| {
            if part.starts_with(|c: char| c.is_ascii_alphabetic()) {
                self.take_name(part)
            } else {
                self.take_number(part)
            }
        })
    }

    fn take_iso_date(&mut self, date: &str) -> Option<()> {
        once(&mut self.year, number(&date[..4])?)?;
        once(&mut self.month, number(&date[5..7])?)?;
        once(&mut self.day, number(&date[8..])?)
    }

    /// Reads `8:49:37`, with or without a fraction and a zone after it.
    fn take_time(&mut self, word: &str) -> Option<()> {
        let end = word.find(['+', '-', 'Z', 'z']).unwrap_or(word.len());
        let (time, zone) = word.split_at(end);
        match zone {
            "" => {}
            "Z" | "z" => once(&mut self.is_zulu, ())?,
            zone => once(&mut self.offset_seconds, offset(zone)?)?,
        }
        let (whole, fraction) = time.split_once('.').unwrap_or((time, "0"));
        number(fraction)?;
        let mut parts = whole.split(':').map(short_number);
        let time = [parts.next()??, parts.next()??, parts.next()??];
        if parts.next().is_some() {
            return None;
        }
        once(&mut self.time, time)
    }

    fn take_name(&mut self, word: &str) -> Option<()> {
        let word = word.to_ascii_lowercase();
        if ZULU.contains(&word.as_str()) {
            return once(&mut self.is_zulu, ());
        }
        let is_cut = |name: &&str| word.len() >= 3 && name.starts_with(word.as_str());
        if WEEKDAYS.iter().any(&is_cut) {
            return once(&mut self.weekday, ());
        }
        let month = LONG_MONTHS.iter().position(is_cut)?;
        once(&mut self.month, u64::try_from(month + 1).ok()?)
    }

    fn take_number(&mut self, word: &str) -> Option<()> {
        if self.day.is_none() && word.len() <= 2 {
            return once(&mut self.day, number(word)?);
        }
        let year = match (word.len(), number(word)?) {
            (4, year) => year,
            (2, year @ 70..) => 1900 + year,
            (2, year) => 2000 + year,
            _ => return None,
        };
        once(&mut self.year, year)
    }

    fn date(self) -> Option<HttpDate> {
        let date = HttpDate::from_parts(self.year?, self.month?, self.day?, self.time?)?;
        let seconds = date
            .unix_seconds()
            .checked_add_signed(-self.offset_seconds.unwrap_or(0))?;
        Some(HttpDate::from_unix_seconds(seconds))
    }
}

/// Stores a part; fails if the part was found before.
fn once<T>(place: &mut Option<T>, found: T) -> Option<()> {
    place.replace(found).is_none().then_some(())
}

fn number(text: &str) -> Option<u64> {
    Decimal::parse(text.as_bytes()).map(Decimal::saturated)
}

fn short_number(text: &str) -> Option<u64> {
    number(text).filter(|_| text.len() <= 2)
}

/// Reads `2026-08-01`, and the time after a `T` if there is one.
fn rfc_3339(word: &str) -> Option<(&str, &str)> {
    let (date, rest) = word.split_at_checked(10)?;
    let is_date = date.bytes().enumerate().all(|(at, byte)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    });
    let time = match rest.as_bytes().first() {
        None => rest,
        Some(b'T' | b't') => &rest[1..],
        Some(_) => return None,
    };
    is_date.then_some((date, time))
}

/// Reads `+0200`, `-02:00` or `+02`, in seconds.
fn offset(zone: &str) -> Option<i64> {
    let sign = match zone.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits = &zone[1..];
    let (hours, minutes) = match (digits.len(), digits.split_once(':')) {
        (_, Some((hours, minutes))) if minutes.len() == 2 => (hours, minutes),
        (4, None) => digits.split_at_checked(2)?,
        (2, None) => (digits, "0"),
        _ => return None,
    };
    let (hours, minutes) = (short_number(hours)?, short_number(minutes)?);
    let is_zone = hours < 24 && minutes < 60;
    let seconds = i64::try_from(hours * 3600 + minutes * 60).ok()?;
    is_zone.then_some(sign * seconds)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::date::MONTHS;
    use std::string::ToString;

    #[test]
    fn what_servers_write_is_the_moment_they_mean() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
            "Sun, 6 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 8:49:37 GMT",
            "sun, 06 nov 1994 08:49:37 gmt",
            "SUN, 06 NOV 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 UTC",
            "Sun, 06 Nov 1994 08:49:37 UT",
            "Sun, 06 Nov 1994 08:49:37 Z",
            "Sun, 06 Nov 1994 08:49:37",
            "Sun, 06 Nov 1994 08:49:37 +0000",
            "Sun, 06 Nov 1994 08:49:37 -0000",
            "Sun, 06 Nov 1994 08:49:37 +00:00",
            "Sun, 06 Nov 1994 08:49:37 GMT+00:00",
            "Sun, 06 Nov 1994 10:49:37 +0200",
            "Sun, 06 Nov 1994 03:19:37 -05:30",
            "Sun,06 Nov 1994 08:49:37 GMT",
            "Sun,  06  Nov  1994  08:49:37  GMT ",
            "Sun 06 Nov 1994 08:49:37 GMT",
            "06 Nov 1994 08:49:37 GMT",
            "6 November 1994 08:49:37 GMT",
            "Sunday, 06 November 1994 08:49:37 GMT",
            "Sun, 06-Nov-1994 08:49:37 GMT",
            "Sun, 06-Nov-94 08:49:37 GMT",
            "Mon, 06 Nov 1994 08:49:37 GMT",
            "Sun Nov 6 08:49:37 1994",
            "Sun Nov 06 08:49:37 1994\n GMT",
            "Sun Nov  6 08:49:37 GMT 1994",
            "Sun Nov  6 08:49:37 UTC 1994",
            "1994-11-06T08:49:37Z",
            "1994-11-06t08:49:37z",
            "1994-11-06T08:49:37",
            "1994-11-06T08:49:37.123Z",
            "1994-11-06T10:49:37+02:00",
            "1994-11-06 08:49:37",
            "1994-11-06 08:49:37+00:00",
            "1994-11-06 08:49:37.123456+00:00",
            "1994-11-06 08:49:37 +0000 UTC",
            "1994-11-06 08:49:37 GMT",
        ] {
            let date = HttpDate::parse_loosely(text.as_bytes());
            assert_eq!(
                date.map(HttpDate::unix_seconds),
                Some(784_111_777),
                "{text}"
            );
        }
        let next_day = HttpDate::parse_loosely(b"31 Dec 2026 23:30:00 -0100").unwrap();
        assert_eq!(next_day.to_string(), "Fri, 01 Jan 2027 00:30:00 GMT");
    }

    #[test]
    fn what_may_be_another_moment_is_no_date() {
        for text in [
            "",
            "0",
            "-1",
            "784111777",
            "now",
            "Sun, 06 Nov 1994",
            "08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 PST",
            "Sun, 06 Nov 1994 08:49:37 CEST",
            "Sun, 06 Nov 1994 08:49:37 PM",
            "Sun, 06 Nov 1994 08:49:37 GMT GMT",
            "Sun, 06 Nov 1994 08:49:37 +0000 +0000",
            "Sun, 06 Nov 1994 08:49:37 +2500",
            "Sun, 06 Nov 1994 08:49:37 +00000",
            "Sun, 31 Nov 1994 08:49:37 GMT",
            "Sun, 29 Feb 2023 08:49:37 GMT",
            "Sun, 0 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 24:00:00 GMT",
            "Sun, 06 Nov 1994 08:60:00 GMT",
            "Sun, 06 Nov 1994 08:49:037 GMT",
            "Sun, 06 Nov 1969 08:49:37 GMT",
            "Sun, 06 Nov 94 08:49:37 1994",
            "Sun, 06 Nov 994 08:49:37 GMT",
            "Sun, 06 Nov 19940 08:49:37 GMT",
            "Sun, 06 No 1994 08:49:37 GMT",
            "Sun, 06 Novem6er 1994 08:49:37 GMT",
            "Dim, 06 Nov 1994 08:49:37 GMT",
            "Sun, 06 11 1994 08:49:37 GMT",
            "06/11/1994 08:49:37",
            "11/06/1994 08:49:37",
            "1994-13-06T08:49:37Z",
            "1994-11-06T08:49:37ZZ",
            "1994-11-06X08:49:37Z",
            "1994-11-0608:49:37Z",
            "Thu, 01 Jan 1970 00:00:00 +0100",
            "Sun, 06 Nov 1994 08:49:37 \u{663}",
            "Sun, 06 Nov 1994 08:49:37 GMT, Sun, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(HttpDate::parse_loosely(text.as_bytes()), None, "{text}");
        }
        assert_eq!(HttpDate::parse_loosely(b"\xff"), None);
        assert_eq!(HttpDate::parse_loosely(&[b' '; 1000]), None);
        let long = [&b"Sun, 06 Nov 1994 08:49:37 GMT"[..], &[b','; 100]].concat();
        assert_eq!(HttpDate::parse_loosely(&long), None);
    }

    #[test]
    fn names_of_months_are_cut_nowhere_else() {
        for (number, (short, long)) in (1..).zip(MONTHS.iter().zip(LONG_MONTHS)) {
            for name in [short.to_string(), long.to_uppercase()] {
                let text = std::format!("1 {name} 2024 00:00:00");
                let date = HttpDate::parse_loosely(text.as_bytes()).unwrap();
                assert_eq!(date, HttpDate::from_parts(2024, number, 1, [0; 3]).unwrap());
            }
        }
    }
}
