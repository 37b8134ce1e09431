//! Owns the lexical elements of header fields: optional whitespace and decimals.

/// Returns `value` without the optional whitespace (RFC 9110 §5.6.3) at both ends.
pub(super) fn trim(value: &[u8]) -> &[u8] {
    let is_content = |byte: &u8| !matches!(byte, b' ' | b'\t');
    match (
        value.iter().position(is_content),
        value.iter().rposition(is_content),
    ) {
        (Some(first), Some(last)) => &value[first..=last],
        _ => &[],
    }
}

/// A number written as `1*DIGIT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Decimal {
    /// The exact number.
    Exact(u64),
    /// A number that does not fit in 64 bits.
    TooLarge,
}

impl Decimal {
    /// Parses a number, or returns `None` if `text` is empty or holds anything but digits.
    pub(super) fn parse(text: &[u8]) -> Option<Self> {
        if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
            return None;
        }
        let number = text.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        Some(number.map_or(Self::TooLarge, Self::Exact))
    }

    /// Returns the number, or `u64::MAX` if it does not fit.
    pub(super) fn saturated(self) -> u64 {
        match self {
            Self::Exact(number) => number,
            Self::TooLarge => u64::MAX,
        }
    }
}

/// Splits `text` at the first `separator`.
pub(super) fn split_once(text: &[u8], separator: u8) -> Option<(&[u8], &[u8])> {
    let at = text.iter().position(|&byte| byte == separator)?;
    Some((&text[..at], &text[at + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_keep_their_edges() {
        for (text, expected) in [
            ("0", Some(Decimal::Exact(0))),
            ("007", Some(Decimal::Exact(7))),
            ("18446744073709551615", Some(Decimal::Exact(u64::MAX))),
            ("18446744073709551616", Some(Decimal::TooLarge)),
            ("99999999999999999999999999999999", Some(Decimal::TooLarge)),
            ("", None),
            ("+1", None),
            ("1 ", None),
            ("٣", None),
        ] {
            assert_eq!(Decimal::parse(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn whitespace_is_trimmed_at_both_ends_only() {
        assert_eq!(trim(b" \ta b\t "), b"a b");
        assert_eq!(trim(b" \t"), b"");
        assert_eq!(trim(b""), b"");
    }
}
