//! Owns the state that a file and its writers share: the part file and its journal, never one
//! without the other. Knows nothing of the work done with them.

use range_core::block::BlockSize;

use super::recorder::Recorder;
use crate::disk::Disk;
use crate::part_file::PartFile;

/// A part file and its journal, both held.
#[derive(Debug)]
pub(super) struct Kept<D: Disk> {
    pub(super) part: PartFile<D>,
    pub(super) recorder: Recorder<D>,
    pub(super) block_size: BlockSize,
    /// If true, the end of the download waits for the disk, which is then kept busy from the start.
    pub(super) waits_for_disk: bool,
    /// If true, a sync has failed in an earlier run: memory may have bytes that the disk does not.
    pub(super) doubts_memory: bool,
}
