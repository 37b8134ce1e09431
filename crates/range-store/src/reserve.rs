//! Owns the questions asked of a file system before a file is written: is there room, can blocks
//! be reserved. Knows nothing of what the file is for.

use range_core::units::ByteCount;
use rustix::process::Resource;

use crate::courtesy;
use crate::disk::{Disk, Errno, Space};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::length::LONGEST;
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
    let limit = ByteCount(limit).min(LONGEST);
    if length > limit {
        Err(StoreError::TooLarge { length, limit })
    } else {
        Ok(())
    }
}

/// Fails unless the file system has room for `needed` bytes and a reserve: 64 MiB, or 1 %
/// of the file system where that is less. Without a number there is nothing to refuse by.
///
/// This comes before reserving because a reservation that fails may have filled the disk first:
/// ext4 leaves what it got until then allocated. An absurd length would fill a disk that way.
pub(crate) fn check_room<D: Disk>(folder: &Folder<D>, needed: ByteCount) -> Result<(), StoreError> {
    if needed == ByteCount(0) {
        return Ok(());
    }
    let Some(Space { size, available }) = space(folder) else {
        return Ok(());
    };
    let available = ByteCount(available);
    let needed = ByteCount(needed.0.saturating_add(RESERVE.min(size / RESERVE_DIVISOR)));
    if needed > available {
        Err(StoreError::NoRoom { needed, available })
    } else {
        Ok(())
    }
}

/// `None` where the file system cannot be asked, or has no free block to tell of. That may be one
/// that does not know: network and FUSE file systems say 0 and take the file. One that is full says
/// so again when blocks are reserved or written.
fn space<D: Disk>(folder: &Folder<D>) -> Option<Space> {
    let space = folder.disk().space().ok()?;
    (space.available > 0).then_some(space)
}

/// Whether the file system shows no blocks at all, as tmpfs of size 0 and ramfs do: what is
/// reserved there is the machine's memory, and nothing says how much of it there is.
fn has_no_limit<D: Disk>(folder: &Folder<D>) -> bool {
    folder.disk().space().is_ok_and(|space| space.size == 0)
}

/// Gives the file its length, with all blocks reserved where the file system can. After an error
/// the caller gives back what was got.
pub(crate) fn reserve<D: Disk>(
    file: &OwnedFile<D>,
    length: ByteCount,
) -> Result<Reservation, StoreError> {
    if length == ByteCount(0) {
        return Ok(Reservation::Made);
    }
    if has_no_limit(file.folder()) {
        file.set_length(length)?;
        return Ok(Reservation::Unsupported);
    }
    match file.reserve(length) {
        Ok(()) => Ok(Reservation::Made),
        Err(errno) if errno == Errno::FBIG || courtesy::is_loss(errno) => {
            Err(StoreError::io("reserve disk space", errno))
        }
        Err(_) => {
            file.set_length(length)?;
            Ok(Reservation::Unsupported)
        }
    }
}
