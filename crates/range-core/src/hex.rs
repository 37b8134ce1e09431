//! Owns the spelling of bytes as pairs of hexadecimal digits. Does not know what the bytes mean.

use core::fmt;

/// Bytes, shown in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Hex<'a>(pub &'a [u8]);

impl fmt::Display for Hex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// Returns the byte that two digits of either case spell.
pub fn byte(high: u8, low: u8) -> Option<u8> {
    Some(digit(high)? << 4 | digit(low)?)
}

fn digit(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn every_byte_is_read_as_it_is_written() {
        for value in 0..=u8::MAX {
            let text = Hex(&[value]).to_string();
            let &[high, low] = text.as_bytes() else {
                panic!("{text} is two digits");
            };
            assert_eq!(byte(high, low), Some(value));
        }
        assert_eq!(byte(b'F', b'a'), Some(0xfa));
        assert_eq!((byte(b'g', b'0'), byte(b'0', b' ')), (None, None));
        assert_eq!(Hex(&[0, 0xab]).to_string(), "00ab");
    }
}
