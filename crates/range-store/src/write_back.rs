//! Owns the request that the kernel begin to write a part of a file to the disk, and the argument
//! why the call is sound. Knows nothing of which file it is, or when the request pays.

use std::os::fd::{AsFd, AsRawFd};

use range_core::ByteRange;

/// Asks the kernel to begin writing the dirty pages of `range`, and waits only for a place in the
/// disk's queue. This is a hint: it may fail silently, and makes nothing durable.
///
/// The pages stay in memory, clean ones too. `fadvise` with `DONTNEED` also begins to write, but
/// then drops the pages that have become clean meanwhile: on a slow link those are most pages, and
/// the digest had to read half of a file back from the disk.
pub(crate) fn begin(file: impl AsFd, range: ByteRange) {
    let (Ok(start), Ok(length)) = (range.start().try_into(), range.len().try_into()) else {
        return;
    };
    // SAFETY: the call takes four numbers and touches no memory of this process. The descriptor is
    // borrowed, so it is open and the same file through the call.
    let _hint = unsafe {
        libc::sync_file_range(
            file.as_fd().as_raw_fd(),
            start,
            length,
            libc::SYNC_FILE_RANGE_WRITE,
        )
    };
}
