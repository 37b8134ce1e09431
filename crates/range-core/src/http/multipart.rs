//! Owns the writing of `multipart/byteranges` content (RFC 9110 §14.6): the text before, between
//! and after the parts, and the total length. Knows neither the bytes nor any randomness.

use alloc::format;
use alloc::string::String;
use core::fmt;

use super::content_range::ContentRange;
use crate::range::ByteRange;

/// The boundary that begins each part of a multipart message and ends the last.
///
/// The boundary must not occur in the content (RFC 2046 §5.1.1), which nobody has read when the
/// head is sent. So each response draws a new, secret one: 128 random bits occur somewhere in 2^63
/// bytes that were fixed before the draw with a probability below 2^-64. Recipients that follow the
/// `Content-Range` of each part do not depend on it at all.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Boundary(u128);

impl Boundary {
    /// Returns the boundary of 128 random bits.
    pub const fn new(random: u128) -> Self {
        Self(random)
    }
}

impl fmt::Display for Boundary {
    /// Spells the boundary as 32 hexadecimal digits: it never needs quotes, which some recipients
    /// mishandle.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.0)
    }
}

impl fmt::Debug for Boundary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The layout of several ranges of one representation as parts.
#[derive(Clone, Copy, Debug)]
pub struct Multipart<'a> {
    /// The boundary between the parts.
    pub boundary: Boundary,
    /// `Content-Type` of the representation, and so of each part.
    pub media_type: &'a str,
    /// The length of the whole representation in bytes.
    pub complete_length: u64,
}

impl Multipart<'_> {
    /// Returns the `Content-Type` of the message.
    pub fn content_type(&self) -> String {
        format!("multipart/byteranges; boundary={}", self.boundary)
    }

    /// Returns the text before the bytes of a part, including the line end that closes the part
    /// before it, if there is one.
    pub fn part_head(&self, range: ByteRange, is_first: bool) -> String {
        let content_range = ContentRange::Satisfied {
            range,
            complete_length: Some(self.complete_length),
        };
        format!(
            "{}--{}\r\nContent-Type: {}\r\nContent-Range: {content_range}\r\n\r\n",
            if is_first { "" } else { "\r\n" },
            self.boundary,
            self.media_type,
        )
    }

    /// Returns the text after the bytes of the last part.
    pub fn close(&self) -> String {
        format!("\r\n--{}--\r\n", self.boundary)
    }
}

/// Returns the length of the content in bytes, whatever the boundary; `u64::MAX` if it is longer.
pub fn length(ranges: &[ByteRange], media_type: &str, complete_length: u64) -> u64 {
    let multipart = Multipart {
        boundary: Boundary::new(0),
        media_type,
        complete_length,
    };
    let text_length =
        |text: String| u64::try_from(text.len()).expect("a text's length fits 64 bits");
    let parts = ranges.iter().enumerate().map(|(index, &range)| {
        text_length(multipart.part_head(range, index == 0)).saturating_add(range.len())
    });
    parts.fold(text_length(multipart.close()), u64::saturating_add)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;

    #[test]
    fn parts_are_written_as_the_rfc_has_them() {
        let ranges = [
            ByteRange::new(0, 2).unwrap(),
            ByteRange::new(500, 503).unwrap(),
        ];
        let multipart = Multipart {
            boundary: Boundary::new(0xfeed),
            media_type: "text/plain",
            complete_length: 1000,
        };
        let boundary = "0000000000000000000000000000feed";
        assert_eq!(multipart.boundary.to_string(), boundary);
        assert_eq!(
            multipart.content_type(),
            format!("multipart/byteranges; boundary={boundary}")
        );
        let message = format!(
            "{}ab{}cde{}",
            multipart.part_head(ranges[0], true),
            multipart.part_head(ranges[1], false),
            multipart.close()
        );
        assert_eq!(
            message,
            format!(
                "--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes 0-1/1000\r\n\r\n\
                 ab\r\n--{boundary}\r\nContent-Type: text/plain\r\nContent-Range: bytes \
                 500-502/1000\r\n\r\ncde\r\n--{boundary}--\r\n"
            )
        );
        let announced = length(&ranges, "text/plain", 1000);
        assert_eq!(announced, u64::try_from(message.len()).unwrap());
    }

    #[test]
    fn a_length_that_does_not_fit_is_the_largest() {
        let almost_all = ByteRange::new(0, u64::MAX).unwrap();
        assert_eq!(length(&[almost_all], "a/b", u64::MAX), u64::MAX);
    }
}
