//! Owns how other servers read `Range`: one reader, and its settings as data.

use range_core::ByteRange;
use range_core::http::conditional::Decision;
use range_core::http::range_header::MAX_RANGE_HEADER_BYTES;
use range_core::http::{ResolvedRange, coalesced};

use super::outcome::{Deviation, Outcome};

/// The way a server reads `Range`.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a habit of its own, and servers have them in all combinations"
)]
pub(super) struct RangeReading {
    /// True if a HEAD is answered as if it were a GET, against §14.2.
    pub(super) heeds_head: bool,
    /// True if `Bytes=` is `bytes=` (§14.1).
    pub(super) any_case: bool,
    /// The answer to another unit; §14.2 has it ignored.
    pub(super) other_unit: Malformed,
    /// The answer to a value that is no list of ranges.
    pub(super) malformed: Malformed,
    /// True if white space may stand around the elements of the list (§5.6.1).
    pub(super) spaces: bool,
    /// True if elements may be empty (§5.6.1.2).
    pub(super) empty_elements: bool,
    /// The largest number that is no mistake; §14.1.2 asks for any.
    pub(super) largest: Option<u64>,
    /// The answer to `-0`.
    pub(super) empty_suffix: EmptySuffix,
    /// True if a suffix longer than the whole is the whole (§14.1.2).
    pub(super) clamps_suffix: bool,
    /// The joining of ranges.
    pub(super) joined: Joined,
    /// The answer to more ranges than one.
    pub(super) several: Several,
    /// The form of a 416 for ranges past the end.
    pub(super) unsatisfiable: Deviation,
}

/// The answer to a mistake in the field.
#[derive(Clone, Copy, Debug)]
pub(super) enum Malformed {
    /// 200.
    Ignored,
    /// 416, said like this.
    Refused(Deviation),
    /// The element it is in is left out; if none is left, 416.
    LeftOut,
}

/// The answer to a suffix of no bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum EmptySuffix {
    /// It is one range that cannot be satisfied.
    Unsatisfiable,
    /// It is a mistake.
    Malformed,
    /// A 206 with no bytes, if there is nothing else.
    EmptyRange,
}

/// The joining of ranges before they are counted.
#[derive(Clone, Copy, Debug)]
pub(super) enum Joined {
    /// Where they overlap, or have fewer bytes than this between them.
    Nearer(u64),
    /// Nowhere. If they sum up to more than the whole, it is sent.
    Never,
}

/// The answer to more ranges than one.
#[derive(Clone, Copy, Debug)]
pub(super) enum Several {
    /// `multipart/byteranges`.
    Parts,
    /// 200.
    Whole,
    /// 416, whatever they are.
    Refused,
}

/// One element of the list.
enum Element {
    Range(ByteRange),
    EmptySuffix,
    Unsatisfiable,
}

/// Something is not written as it has to be.
struct Mistake;

impl RangeReading {
    /// The answer to a field. More is never sent than the whole, but for the heads of parts.
    pub(super) fn decide(&self, field: &[u8], length: u64) -> Outcome {
        if length == 0 || field.len() > MAX_RANGE_HEADER_BYTES {
            return ResolvedRange::Whole.into();
        }
        let Some(list) = self.list(field) else {
            return self.mistaken(self.other_unit);
        };
        let mut elements = Vec::new();
        for text in list.split(|&byte| byte == b',') {
            match self.element(text, length) {
                Ok(element) => elements.extend(element),
                Err(Mistake) if matches!(self.malformed, Malformed::LeftOut) => {}
                Err(Mistake) => return self.mistaken(self.malformed),
            }
        }
        if matches!(self.several, Several::Refused) && elements.len() > 1 {
            return refused(Deviation::None);
        }
        let ranges = elements.iter().filter_map(|element| match element {
            Element::Range(range) => Some(*range),
            Element::EmptySuffix | Element::Unsatisfiable => None,
        });
        let ranges = match self.joined {
            Joined::Nearer(gap) => coalesced(ranges, gap),
            Joined::Never => ranges.collect(),
        };
        match (&ranges[..], &elements[..]) {
            ([], [Element::EmptySuffix]) => Outcome {
                decision: Decision::Range(ResolvedRange::Whole),
                deviation: Deviation::EmptyRange,
            },
            ([], []) => self.mistaken(self.malformed),
            ([], _) => refused(self.unsatisfiable),
            ([range], _) => ResolvedRange::One(*range).into(),
            _ => self.several(ranges, length).into(),
        }
    }

    fn mistaken(&self, outcome: Malformed) -> Outcome {
        match outcome {
            Malformed::Ignored => ResolvedRange::Whole.into(),
            Malformed::Refused(deviation) => refused(deviation),
            Malformed::LeftOut => refused(self.unsatisfiable),
        }
    }

    fn several(&self, ranges: Vec<ByteRange>, length: u64) -> ResolvedRange {
        let lengths = ranges.iter().map(|range| range.len());
        let sum = lengths.fold(0, u64::saturating_add);
        if matches!(self.several, Several::Parts) && sum <= length {
            ResolvedRange::Several(ranges)
        } else {
            ResolvedRange::Whole
        }
    }

    /// The text after the unit, if that is bytes.
    fn list<'a>(&self, field: &'a [u8]) -> Option<&'a [u8]> {
        const UNIT: &[u8] = b"bytes=";
        let (unit, list) = field.split_at_checked(UNIT.len())?;
        let is_bytes = unit == UNIT || self.any_case && unit.eq_ignore_ascii_case(UNIT);
        is_bytes.then_some(list)
    }

    fn element(&self, text: &[u8], length: u64) -> Result<Option<Element>, Mistake> {
        let text = if self.spaces { text.trim_ascii() } else { text };
        if text.is_empty() && self.empty_elements {
            return Ok(None);
        }
        let dash = text.iter().position(|&byte| byte == b'-').ok_or(Mistake)?;
        let (first, last) = (&text[..dash], &text[dash + 1..]);
        let range = if first.is_empty() {
            let suffix = self.number(last)?;
            if suffix == 0 {
                return match self.empty_suffix {
                    EmptySuffix::Unsatisfiable => Ok(Some(Element::Unsatisfiable)),
                    EmptySuffix::Malformed => Err(Mistake),
                    EmptySuffix::EmptyRange => Ok(Some(Element::EmptySuffix)),
                };
            }
            let fits = suffix <= length || self.clamps_suffix;
            let start = length.saturating_sub(suffix);
            fits.then(|| ByteRange::new(start, length)).flatten()
        } else {
            let first = self.number(first)?;
            let last = if last.is_empty() {
                u64::MAX
            } else {
                self.number(last)?
            };
            if last < first {
                return Err(Mistake);
            }
            ByteRange::new(first, last.saturating_add(1).min(length))
        };
        Ok(Some(range.map_or(Element::Unsatisfiable, Element::Range)))
    }

    fn number(&self, digits: &[u8]) -> Result<u64, Mistake> {
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(Mistake);
        }
        let number = digits.iter().try_fold(0_u64, |number, digit| {
            number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))
        });
        match (number, self.largest) {
            (number, None) => Ok(number.unwrap_or(u64::MAX)),
            (Some(number), Some(largest)) if number <= largest => Ok(number),
            _ => Err(Mistake),
        }
    }
}

fn refused(deviation: Deviation) -> Outcome {
    Outcome {
        decision: Decision::Range(ResolvedRange::Unsatisfiable),
        deviation,
    }
}
