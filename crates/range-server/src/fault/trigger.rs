//! Owns when something is done wrong: conditions on one request, and a pure function of them.

use std::ops::{Bound, RangeBounds};
use std::time::Duration;

use http::Method;
use range_core::ByteRange;
use range_core::http::{RangeHeader, ResolvedRange};

use crate::synthetic::{self, Seed};

/// All of these have to hold. The default always does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Trigger {
    pub(crate) requests: Span<u64>,
    pub(crate) every: Option<u64>,
    pub(crate) connections: Span<u64>,
    pub(crate) elapsed: Span<Duration>,
    pub(crate) path: Option<String>,
    pub(crate) method: Option<Method>,
    pub(crate) bytes: Option<ByteRange>,
    pub(crate) only_resumed: bool,
    pub(crate) probability: Option<Probability>,
    pub(crate) seed: Option<u64>,
}

impl Default for Trigger {
    fn default() -> Self {
        Self {
            requests: Span::of(.., 0),
            every: None,
            connections: Span::of(.., 0),
            elapsed: Span::of(.., Duration::ZERO),
            path: None,
            method: None,
            bytes: None,
            only_resumed: false,
            probability: None,
            seed: None,
        }
    }
}

/// From a first value to before or through an end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span<T> {
    first: T,
    end: Bound<T>,
}

impl Span<u64> {
    /// The numbers in `bounds`.
    pub(crate) fn numbers(bounds: impl RangeBounds<u64>) -> Self {
        Self::of(bounds, 0)
    }
}

impl<T: Copy + PartialOrd> Span<T> {
    /// The values in `bounds`, none of which is below `least`.
    pub(crate) fn of(bounds: impl RangeBounds<T>, least: T) -> Self {
        let first = match bounds.start_bound() {
            Bound::Included(&first) | Bound::Excluded(&first) => first,
            Bound::Unbounded => least,
        };
        Self {
            first,
            end: bounds.end_bound().cloned(),
        }
    }

    fn holds(&self, value: T) -> bool {
        let is_before_end = match self.end {
            Bound::Included(last) => value <= last,
            Bound::Excluded(end) => value < end,
            Bound::Unbounded => true,
        };
        self.first <= value && is_before_end
    }
}

/// A likelihood, in steps of 2^-32.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probability(u64);

impl Probability {
    /// The probability, or `None` when it is not from 0 to 1.
    pub fn new(probability: f64) -> Option<Self> {
        if !(0.0..=1.0).contains(&probability) {
            return None;
        }
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "the product is from 0 to 2^32"
        )]
        let steps = (probability * 4_294_967_296.0) as u64;
        Some(Self(steps))
    }

    /// Draws from a sequence: the same every time it is drawn.
    fn draw(self, seed: Seed, number: u64) -> bool {
        let mut word = [0; 8];
        synthetic::fill(seed, number.wrapping_mul(8) >> 1, &mut word);
        u64::from_le_bytes(word) >> 32 < self.0
    }
}

/// The facts a trigger judges by.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestFacts<'a> {
    /// Counted from 1 within the scope: the server, or a URL that names its own faults.
    pub(crate) request: u64,
    /// Counted from 1 within the scope.
    pub(crate) connection: u64,
    /// Since the scope began.
    pub(crate) elapsed: Duration,
    /// Without the query.
    pub(crate) path: &'a str,
    pub(crate) method: &'a Method,
    /// `Range`, if there is one.
    pub(crate) range: Option<&'a RangeHeader>,
}

impl Trigger {
    /// Returns true if it fires. Faults with other `index`es draw other numbers.
    pub(crate) fn fires(&self, facts: &RequestFacts<'_>, index: usize) -> bool {
        self.requests.holds(facts.request)
            && self
                .every
                .is_none_or(|every| facts.request.is_multiple_of(every))
            && self.connections.holds(facts.connection)
            && self.elapsed.holds(facts.elapsed)
            && self.path.as_deref().is_none_or(|path| path == facts.path)
            && self
                .method
                .as_ref()
                .is_none_or(|method| method == facts.method)
            && self.fits_range(facts.range)
            && self.probability.is_none_or(|probability| {
                let seed = self.seed.unwrap_or(0);
                let index = u64::try_from(index).expect("an index fits 64 bits");
                // Neighbouring seeds of synthetic content start far apart.
                probability.draw(Seed(seed.wrapping_add(index << 48)), facts.request)
            })
    }

    /// The length is unknown here, so a suffix counts as the end of the longest file there is.
    fn fits_range(&self, range: Option<&RangeHeader>) -> bool {
        if self.bytes.is_none() && !self.only_resumed {
            return true;
        }
        let resolved = match range {
            Some(RangeHeader::Set(specs)) => specs.resolve(u64::MAX),
            _ => ResolvedRange::Whole,
        };
        let ranges = match resolved {
            ResolvedRange::One(range) => vec![range],
            ResolvedRange::Several(ranges) => ranges,
            ResolvedRange::Whole | ResolvedRange::Unsatisfiable => {
                Vec::from_iter(ByteRange::whole(u64::MAX))
            }
        };
        let touches = |bytes: ByteRange| {
            ranges
                .iter()
                .any(|range| range.start() < bytes.end() && bytes.start() < range.end())
        };
        let is_resumed = ranges.iter().all(|range| range.start() > 0);
        self.bytes.is_none_or(touches) && (is_resumed || !self.only_resumed)
    }
}
