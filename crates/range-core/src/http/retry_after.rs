//! Owns the reading of `Retry-After` (RFC 9110 §10.2.3). Does not know who waits, nor a clock.

use core::time::Duration;

use super::date::HttpDate;
use super::syntax::{Decimal, trim};

/// How long the sender asks to wait, which may be any time: how much of it is heeded, the
/// scheduler decides.
///
/// A date counts from `date`, the `Date` of the same response: both are read off one clock, so
/// ours may be wrong. `None` for what is neither seconds nor a date, for a date without `date`, and
/// for a date before it.
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
