//! Owns where segments are cut: how much is carved from what is planned, and whose lease is
//! split when nothing is planned any more.

use core::time::Duration;

use super::segment::{Active, Phase};
use crate::block::BlockSize;
use crate::limits;
use crate::range::ByteRange;
use crate::units::BytesPerSecond;

/// How long a segment carved from the plan is, for a file of `length` bytes over `width` workers.
///
/// Eight segments a worker keep every worker busy to the end without many splits. A single
/// worker takes everything in one request: there is nobody to share with.
pub(super) fn segment_length(length: u64, width: u16, block: BlockSize) -> u64 {
    if width == 1 {
        return u64::MAX;
    }
    let share = length / (u64::from(width) * 8);
    block.ceil(share.clamp(limits::SEGMENT_MIN, limits::SEGMENT_MAX))
}

/// Carves the next segment off the front of a planned run. The rest, if any, is not worth less
/// than half a segment, so that no scrap is left for a request of its own.
pub(super) fn carve(
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

/// Where to cut a lease so that its worker and a thief finish together, or `None` when too little
/// is left to be worth a request.
///
/// The thief has `typical` bytes a second once its reply's head has come, after `latency`; an
/// `own` rate that is not known yet counts as typical.
pub(super) fn cut(
    active: &Active,
    own: BytesPerSecond,
    typical: BytesPerSecond,
    latency: Duration,
    block: BlockSize,
) -> Option<u64> {
    let left = active.left?;
    let splittable = active.phase == Phase::Streaming
        && active.shrinking.is_none()
        && active.stopping.is_none()
        && left.len() >= limits::SPLIT_MIN;
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
    use super::*;

    const MIB: u64 = 1 << 20;

    #[test]
    fn segments_grow_with_the_file_between_the_limits() {
        let length = |bytes, width| segment_length(bytes, width, BlockSize::DEFAULT);
        assert_eq!(length(10 * MIB, 8), 4 * MIB);
        assert_eq!(length(2048 * MIB, 8), 32 * MIB);
        assert_eq!(length(u64::MAX, 8), 64 * MIB);
        assert_eq!(length(10 * MIB, 1), u64::MAX);
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
