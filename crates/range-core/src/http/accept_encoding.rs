//! Owns the choice among content codings by `Accept-Encoding` (RFC 9110 §12.5.3). Codes nothing.

use super::syntax::{split_once, trim};

/// A content coding in which a file can be stored beside its plain form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentCoding {
    /// gzip (RFC 1952).
    Gzip,
    /// Brotli (RFC 7932).
    Brotli,
    /// Zstandard (RFC 8878).
    Zstandard,
}

impl ContentCoding {
    /// All codings, from the usually shortest result to the longest.
    pub const ALL: [Self; 3] = [Self::Brotli, Self::Zstandard, Self::Gzip];

    /// Returns the name in the registry of content codings.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Brotli => "br",
            Self::Zstandard => "zstd",
        }
    }

    /// Returns the suffix of the name of a file in this coding.
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Gzip => ".gz",
            Self::Brotli => ".br",
            Self::Zstandard => ".zst",
        }
    }
}

/// A weight in thousandths, 0 to 1000; 0 means "not acceptable".
type Weight = u16;

/// The codings that a request accepts.
///
/// An element that is no coding with a weight is ignored. A coding that is not listed is not
/// acceptable. Sending the plain bytes is always acceptable unless the field excludes it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AcceptEncoding {
    codings: [Option<Weight>; 3],
    identity: Option<Weight>,
    any: Option<Weight>,
}

impl AcceptEncoding {
    /// Parses the field's value, its lines joined with commas.
    pub fn parse(value: &[u8]) -> Self {
        let mut accepted = Self::default();
        for element in value.split(|&byte| byte == b',') {
            if let Some((name, weight)) = element_of(element) {
                accepted.insert(name, weight);
            }
        }
        accepted
    }

    fn insert(&mut self, name: &[u8], weight: Weight) {
        // Recipients should take `x-gzip` for `gzip` (§8.4.1.3).
        let is = |known: &str| name.eq_ignore_ascii_case(known.as_bytes());
        if is("identity") {
            self.identity = Some(weight);
        } else if is("*") {
            self.any = Some(weight);
        } else {
            for (slot, coding) in self.codings.iter_mut().zip(ContentCoding::ALL) {
                if is(coding.name()) || (coding == ContentCoding::Gzip && is("x-gzip")) {
                    *slot = Some(weight);
                }
            }
        }
    }

    /// Chooses one of the available codings, or `None` for the plain bytes: the coding with the
    /// highest weight, and of equal ones the first in [`ContentCoding::ALL`]. A coding wins over
    /// the plain bytes unless those were given more weight. If nothing at all is acceptable, the
    /// answer is `None`, because such content is better than none (§12.5.3).
    pub fn choose(&self, is_there: impl Fn(ContentCoding) -> bool) -> Option<ContentCoding> {
        let mut best: Option<(Weight, ContentCoding)> = None;
        for (said, coding) in self.codings.iter().zip(ContentCoding::ALL) {
            let weight = said.or(self.any).unwrap_or(0);
            let is_best = best.is_none_or(|(heaviest, _)| weight > heaviest);
            if weight > 0 && is_best && is_there(coding) {
                best = Some((weight, coding));
            }
        }
        let (weight, coding) = best?;
        (weight >= self.identity.unwrap_or(0)).then_some(coding)
    }
}

/// A coding with its weight, which is 1 if none is given.
fn element_of(element: &[u8]) -> Option<(&[u8], Weight)> {
    let Some((name, parameter)) = split_once(element, b';') else {
        return Some((trim(element), 1000));
    };
    let (key, value) = split_once(trim(parameter), b'=')?;
    let is_weight = key.eq_ignore_ascii_case(b"q");
    is_weight
        .then(|| weight(value))
        .flatten()
        .map(|weight| (trim(name), weight))
}

/// Parses a weight: `0`, `1`, or either with a point and up to three digits (§12.4.2).
fn weight(text: &[u8]) -> Option<Weight> {
    let (whole, fraction) = split_once(text, b'.').unwrap_or((text, b""));
    if fraction.len() > 3 || !fraction.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let padded = fraction.iter().chain(b"000").take(3);
    let thousandths = padded.fold(0, |sum, digit| sum * 10 + Weight::from(digit - b'0'));
    match (whole, thousandths) {
        (b"0", thousandths) => Some(thousandths),
        (b"1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ContentCoding::{Brotli, Gzip, Zstandard};

    #[test]
    fn the_heaviest_coding_there_is_is_chosen() {
        for (accepted, there, expected) in [
            ("gzip", &[Gzip, Brotli][..], Some(Gzip)),
            ("gzip, br", &[Gzip, Brotli], Some(Brotli)),
            (
                "gzip, deflate, br, zstd",
                &[Gzip, Zstandard],
                Some(Zstandard),
            ),
            ("gzip;q=1.0, br;q=0.5", &[Gzip, Brotli], Some(Gzip)),
            ("GZIP ; Q=0.001", &[Gzip], Some(Gzip)),
            ("x-gzip", &[Gzip], Some(Gzip)),
            ("*", &[Gzip], Some(Gzip)),
            ("*;q=0.5, gzip;q=0", &[Gzip], None),
            ("*;q=0.5, gzip;q=0", &[Gzip, Brotli], Some(Brotli)),
            ("gzip;q=0", &[Gzip], None),
            ("gzip;q=0.000", &[Gzip], None),
            ("br", &[Gzip], None),
            ("", &[Gzip], None),
            ("identity", &[Gzip], None),
            ("identity;q=1, *;q=0", &[Gzip, Brotli], None),
            ("identity;q=0.5, gzip;q=0.4", &[Gzip], None),
            ("identity;q=0.5, gzip;q=0.5", &[Gzip], Some(Gzip)),
            ("identity;q=0", &[Gzip], None),
            ("identity;q=0, *", &[Gzip], Some(Gzip)),
            ("gzip;q=2", &[Gzip], None),
            ("gzip;q=1.001", &[Gzip], None),
            ("gzip;q=0.1234", &[Gzip], None),
            ("gzip;q=", &[Gzip], None),
            ("gzip;level=9", &[Gzip], None),
            ("gzipp", &[Gzip], None),
            (",, gzip ,", &[Gzip], Some(Gzip)),
        ] {
            let accepted_by = AcceptEncoding::parse(accepted.as_bytes());
            let chosen = accepted_by.choose(|coding| there.contains(&coding));
            assert_eq!(chosen, expected, "{accepted}");
        }
    }
}
