//! Owns the reading of `Retry-After` (RFC 9110 §10.2.3). Knows no clock, and nothing of the
//! waiting.

use core::time::Duration;

use super::date::HttpDate;
use super::syntax::{Decimal, trim};

/// Returns the time that the sender asks to wait. It has no upper limit; the scheduler decides how
/// much of it to honour.
///
/// A date counts from `date`, the `Date` of the same response: both come from one clock, so ours
/// may be wrong. Returns `None` for a value that is neither seconds nor a date, for a date without
/// `date`, and for a date before it.
pub fn parse(value: &[u8], date: Option<HttpDate>) -> Option<Duration> {
    let value = trim(value);
    match Decimal::parse(value) {
        Some(seconds) => Some(Duration::from_secs(seconds.saturated())),
        None => HttpDate::parse_loosely(value)?.since(date?),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let date = HttpDate::parse(b"Sun, 06 Nov 1994 08:49:37 GMT");
        for (text, seconds) in [
            ("0", Some(0)),
            (" 120 ", Some(120)),
            ("1000000000", Some(1_000_000_000)),
            ("99999999999999999999999", Some(u64::MAX)),
            ("Sun, 06 Nov 1994 08:49:47 GMT", Some(10)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(0)),
            ("Tue, 08 Nov 1994 08:49:37 GMT", Some(172_800)),
            ("Sun, 6 Nov 1994 08:50:07 +0000", Some(30)),
            ("Sun, 06 Nov 1994 08:49:36 GMT", None),
            ("-1", None),
            ("1.5", None),
            ("soon", None),
            ("", None),
        ] {
            let expected = seconds.map(Duration::from_secs);
            assert_eq!(parse(text.as_bytes(), date), expected, "{text}");
        }
        assert_eq!(parse(b"Sun, 06 Nov 1994 08:49:47 GMT", None), None);
        assert_eq!(parse(b"7", None), Some(Duration::from_secs(7)));
    }
}
