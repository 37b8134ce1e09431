//! Owns the request that the kernel begin to write a part of a file to the disk, and the argument
//! why the call is sound. Knows nothing of which file it is, or when that pays.

use std::os::fd::{AsFd, AsRawFd};

use range_core::ByteRange;

/// Asks the kernel to begin writing what is dirty of `range`, and waits for nothing but a place in
/// the disk's queue. A hint: it may fail unseen, and makes nothing durable.
///
/// The pages stay in memory, clean ones too. `fadvise` with `DONTNEED` begins to write as well, and
/// then forgets what has become clean meanwhile: on a slow link that is most of it, and a digest
/// read half of a file back from the disk.
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
