//! Owns the questions asked of a file system before a file is written: is there room, can blocks
//! be reserved. Knows nothing of what the file is for.

use std::os::fd::AsFd;

use range_core::units::ByteCount;
use rustix::fs::{FallocateFlags, StatVfs};
use rustix::io::Errno;
use rustix::process::Resource;

use crate::error::StoreError;
use crate::owned_file::OwnedFile;

/// Room always left for others: the journal of 2 TiB in blocks of 1 MiB takes as much, and a
/// disk filled to the last byte breaks programs that have nothing to do with the download.
const RESERVE: u64 = 64 << 20;

/// On a small file system the reserve is this part of it instead.
const RESERVE_DIVISOR: u64 = 100;

/// Whether blocks were reserved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// Every block of the file is reserved: writing into it cannot run out of space.
    Made,
    /// The file system cannot reserve. The file has its length, and holes.
    Unsupported,
}

/// Fails if no file of `length` may exist: over `i64::MAX`, or over `RLIMIT_FSIZE`.
pub(crate) fn check_limits(length: ByteCount) -> Result<(), StoreError> {
    let limit = rustix::process::getrlimit(Resource::Fsize)
        .current
        .unwrap_or(u64::MAX);
    let limit = ByteCount(limit.min(i64::MAX.unsigned_abs()));
    if length > limit {
        Err(StoreError::TooLarge { length, limit })
    } else {
        Ok(())
    }
}

/// Fails unless the file system of `fd` has room for `needed` bytes and a reserve: 64 MiB, or 1 %
/// of the file system where that is less. One that does not say how much it has is not asked to
/// reserve either.
///
/// This comes before reserving because a reservation that fails may have filled the disk first:
/// ext4 leaves what it got until then allocated. An absurd length would fill a disk that way.
pub(crate) fn check_room(fd: impl AsFd, needed: ByteCount) -> Result<(), StoreError> {
    if needed == ByteCount(0) {
        return Ok(());
    }
    let stat = room(fd)?;
    if has_no_limit(&stat) {
        return Ok(());
    }
    let size = stat.f_blocks.saturating_mul(stat.f_frsize);
    let available = ByteCount(stat.f_bavail.saturating_mul(stat.f_frsize));
    let needed = ByteCount(needed.0.saturating_add(RESERVE.min(size / RESERVE_DIVISOR)));
    if needed > available {
        Err(StoreError::NoRoom { needed, available })
    } else {
        Ok(())
    }
}

fn room(fd: impl AsFd) -> Result<StatVfs, StoreError> {
    rustix::fs::fstatvfs(fd)
        .map_err(|errno| StoreError::io("ask the file system for its free space", errno))
}

/// Whether the file system shows no blocks at all, as tmpfs of size 0 and ramfs do: what is
/// reserved there is the machine's memory, and nothing says how much of it there is.
fn has_no_limit(stat: &StatVfs) -> bool {
    stat.f_blocks == 0
}

/// Gives the file its length, with all blocks reserved where the file system can.
///
/// The raw system call, because the C library's `posix_fallocate` falls back to writing into
/// every block. After an error the caller gives back what was got.
pub(crate) fn reserve(file: &OwnedFile, length: ByteCount) -> Result<Reservation, StoreError> {
    if length == ByteCount(0) {
        return Ok(Reservation::Made);
    }
    let stat = room(file)?;
    if has_no_limit(&stat) {
        file.set_length(length)?;
        return Ok(Reservation::Unsupported);
    }
    let flags = FallocateFlags::empty();
    match rustix::io::retry_on_intr(|| rustix::fs::fallocate(file, flags, 0, length.0)) {
        Ok(()) => Ok(Reservation::Made),
        Err(Errno::OPNOTSUPP | Errno::NOSYS | Errno::INVAL) => {
            file.set_length(length)?;
            Ok(Reservation::Unsupported)
        }
        Err(errno) => Err(StoreError::io("reserve disk space", errno)),
    }
}
