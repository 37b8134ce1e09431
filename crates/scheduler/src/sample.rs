//! Owns what a search for a width is told, and how goodputs compare. Knows no phase.

use core::time::Duration;

use crate::time::Timestamp;
use range_core::units::RateLimit;

/// The facts that the search is told each time it looks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sample {
    pub(crate) now: Timestamp,
    /// Bytes received in this run.
    pub(crate) received: u64,
    pub(crate) workers: usize,
    /// The number of workers that wait for a reply's first byte.
    pub(crate) starting: usize,
    /// The time of a reply's head, or four pauses between bursts: so much time says little.
    pub(crate) latency: Duration,
    /// The time from a reply's head to its first byte.
    pub(crate) first_byte: Duration,
    /// Bytes still to come.
    pub(crate) left: u64,
    /// The bytes that may be received in a second, if that is limited.
    pub(crate) limit: Option<RateLimit>,
}

/// Reports whether goodput is at least so many hundredths of a limit, if there is one.
pub(crate) fn reaches(limit: Option<RateLimit>, goodput: u64, hundredths: u64) -> bool {
    limit.is_some_and(|limit| {
        u128::from(goodput) * 100 >= u128::from(limit.get()) * u128::from(hundredths)
    })
}

/// Reports whether `after` is at least so many hundredths more than `before`.
pub(crate) fn pays(before: u64, after: u64, hundredths: u64) -> bool {
    u128::from(after) * 100 >= u128::from(before) * u128::from(100 + hundredths)
}

/// Reports whether `after` is about half of `before`, or less: half, measured, is not always below
/// half.
pub(crate) fn halves(before: u64, after: u64) -> bool {
    u128::from(after) * 10 < u128::from(before) * 6
}
