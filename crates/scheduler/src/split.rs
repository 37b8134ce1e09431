//! Owns where segments are cut: how much is carved from what is planned, and whose lease is
//! split when nothing is planned any more.

use core::time::Duration;

use crate::limits;
use crate::segment::{Active, Phase};
use range_core::block::BlockSize;
use range_core::range::ByteRange;
use range_core::units::BytesPerSecond;

/// The facts from which the length of a segment follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    /// Length of the file.
    pub(crate) length: u64,
    /// The number of bytes that are not received.
    pub(crate) left: u64,
    pub(crate) width: u16,
    /// The rate of one connection; 0 when not known.
    pub(crate) rate: BytesPerSecond,
    /// True if replies may still be in slow start, so that the rate says little.
    pub(crate) is_growing: bool,
    /// From a request until the first byte of its reply.
    pub(crate) latency: Duration,
    /// True if bodies begin long after their heads. Each request then costs that wait, whatever the
    /// rate, so that the rest is shared out at once.
    pub(crate) is_late: bool,
    pub(crate) reach: u64,
    pub(crate) block: BlockSize,
}

/// Returns the length of a segment carved from the plan.
///
/// It lasts long enough for the wait for its reply to cost little, and is no longer than half of
/// what is each worker's share of the rest, so that all finish at about the same time without
/// many splits. Over a long way it is all of the share: there a split costs no more than a request.
pub(crate) fn segment_length(plan: &Plan) -> u64 {
    let time = limits::SEGMENT_TIME.max(plan.latency * limits::SEGMENT_LATENCIES);
    let blind = (plan.length / 16).min(limits::SEGMENT_BLIND_MAX);
    let wanted = u128::from(plan.rate.0) * time.as_millis() / 1000;
    let wanted = match u64::try_from(wanted).unwrap_or(u64::MAX) {
        _ if plan.is_late => u64::MAX,
        wanted if plan.is_growing => wanted.max(blind),
        0 => blind,
        wanted => wanted,
    };
    let width = u64::from(plan.width);
    let least = u128::from(plan.rate.0) * plan.latency.as_millis() / 1000;
    let least = least * u128::from(limits::SEGMENT_LATENCIES_MIN);
    let is_far = plan.latency >= limits::VERY_FAR_LATENCY;
    let is_shared_at_once = is_far && !plan.is_growing || plan.is_late;
    let parts = if is_shared_at_once { 1 } else { 2 };
    let share = (plan.left / (parts * width)).max(u64::try_from(least).unwrap_or(u64::MAX));
    let most = share.min(plan.reach / (2 * width));
    plan.block
        .ceil(wanted.min(most).max(plan.block.get().into()))
}

/// A length between half of a segment's and all of it: workers that began together, and are
/// equally fast, would otherwise all wait for their next replies at the same time.
pub(crate) fn staggered(segment: u64, number: u32, block: BlockSize) -> u64 {
    // Multiples of the golden ratio are spread evenly, however many there are.
    let part = number.wrapping_mul(0x9E37_79B9) >> 16;
    block.ceil(segment - ((segment / 2) >> 16) * u64::from(part))
}

/// Carves the next segment off the front of a planned run. The rest, if any, is not worth less
/// than half a segment, so that no scrap is left for a request of its own.
pub(crate) fn carve(
    run: ByteRange,
    segment: u64,
    block: BlockSize,
) -> (ByteRange, Option<ByteRange>) {
    if run.len().saturating_sub(segment) < segment / 2 {
        return (run, None);
    }
    let cut = block.floor(run.start().saturating_add(segment));
    match run.split_at(cut) {
        (Some(front), rest) => (front, rest),
        (None, rest) => (rest.unwrap_or(run), None),
    }
}

/// Returns the offset at which to cut a lease so that its worker and a thief finish together, or
/// `None` when too little is left to be worth a request.
///
/// The thief has `typical` bytes a second once its reply's head has come, after `latency`; an
/// `own` rate that is not known yet counts as typical.
pub(crate) fn cut(
    active: &Active,
    own: BytesPerSecond,
    typical: BytesPerSecond,
    latency: Duration,
    block: BlockSize,
) -> Option<u64> {
    let left = active.left?;
    let splittable = active.phase != Phase::Starting
        && active.shrinking.is_none()
        && active.stopping.is_none()
        && left.len() > u64::from(block.get());
    let both = u128::from(own.0) + u128::from(typical.0);
    let head_start = u128::from(typical.0) * latency.as_millis() / 1000;
    let kept = ((u128::from(left.len()) + head_start) * u128::from(own.0))
        .checked_div(both)
        .map_or(left.len() / 2, |kept| {
            u64::try_from(kept).unwrap_or(u64::MAX)
        });
    let cut = block.ceil(left.start().saturating_add(kept));
    (splittable && left.start() < cut && cut < left.end()).then_some(cut)
}

#[cfg(test)]
mod tests {
    use alloc::collections::BTreeSet;

    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn segments_grow_with_rate_and_latency_and_shrink_with_what_is_left() {
        let plan = |left, rate, millis, is_growing| {
            segment_length(&Plan {
                length: 1024 * MIB,
                left,
                width: 8,
                rate: BytesPerSecond(rate),
                is_growing,
                latency: Duration::from_millis(millis),
                is_late: false,
                reach: limits::REACH_DEFAULT,
                block: BlockSize::DEFAULT,
            })
        };
        let length = |left, rate, millis| plan(left, rate, millis, false);
        assert_eq!(plan(1024 * MIB, MIB, 10, true), 16 * MIB, "hardly known");
        assert_eq!(plan(1024 * MIB, 8 * MIB, 10, true), 32 * MIB);
        assert_eq!(length(1024 * MIB, 0, 10), 16 * MIB, "no rate is known");
        assert_eq!(length(1024 * MIB, MIB, 10), 4 * MIB);
        assert_eq!(length(1024 * MIB, MIB, 300), 15 * MIB);
        assert_eq!(length(64 * MIB, 10 * MIB, 10), 4 * MIB);
        assert_eq!(length(MIB, MIB, 10), MIB);
        assert_eq!(length(8 * MIB, 10 * MIB, 300), 24 * MIB, "too far for less");
        assert_eq!(length(256 * MIB, 10 * MIB, 90), 16 * MIB, "half a share");
        assert_eq!(length(256 * MIB, 10 * MIB, 110), 32 * MIB, "far: all of it");
        assert_eq!(length(u64::MAX, u64::MAX, 10), 128 * MIB, "the reach");
    }

    #[test]
    fn where_bodies_begin_late_the_rest_is_shared_out_at_once() {
        let length = |is_late, is_growing| {
            segment_length(&Plan {
                length: 16 * MIB,
                left: 12 * MIB,
                width: 4,
                rate: BytesPerSecond(0),
                is_growing,
                latency: Duration::from_millis(300),
                is_late,
                reach: limits::REACH_DEFAULT,
                block: BlockSize::DEFAULT,
            })
        };
        assert_eq!(
            (length(true, true), length(true, false)),
            (3 * MIB, 3 * MIB)
        );
        assert_eq!(length(false, true), MIB);
    }

    #[test]
    fn staggered_segments_differ_and_are_half_as_long_at_least() {
        let lengths = (0..8).map(|number| staggered(64 * MIB, number, BlockSize::DEFAULT));
        let lengths: BTreeSet<u64> = lengths.collect();
        assert_eq!(lengths.len(), 8, "{lengths:?}");
        assert!(
            lengths
                .iter()
                .all(|length| (32 * MIB..=64 * MIB).contains(length))
        );
        assert_eq!(
            staggered(MIB, 3, BlockSize::DEFAULT),
            MIB,
            "a block is not split"
        );
    }

    #[test]
    fn carving_leaves_no_scrap_and_cuts_on_block_boundaries() {
        let run = ByteRange::new(MIB + 5, 40 * MIB).unwrap();
        let (front, rest) = carve(run, 8 * MIB, BlockSize::DEFAULT);
        assert_eq!(front, ByteRange::new(MIB + 5, 9 * MIB).unwrap());
        assert_eq!(rest, ByteRange::new(9 * MIB, 40 * MIB));
        let scrap = ByteRange::new(0, 9 * MIB).unwrap();
        assert_eq!(carve(scrap, 8 * MIB, BlockSize::DEFAULT), (scrap, None));
        assert_eq!(carve(run, u64::MAX, BlockSize::DEFAULT), (run, None));
    }
}
