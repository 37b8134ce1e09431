//! Owns the checks of a file system before a file is written: whether it has room, and whether
//! blocks can be reserved. Knows nothing of what the file is for.

use range_core::units::ByteCount;

use crate::courtesy;
use crate::disk::{Disk, Errno, Space};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::length::LONGEST;
use crate::own_process;
use crate::owned_file::OwnedFile;

/// The space that is always left for others. The journal of 2 TiB in blocks of 1 MiB takes as much,
/// and a full disk breaks programs that have nothing to do with the download.
const RESERVE: u64 = 64 << 20;

/// The divisor that gives the reserve on a small file system.
const RESERVE_DIVISOR: u64 = 100;

/// The number of bytes by which a file of unknown length grows before the room for it is checked
/// again. Asking takes a microsecond on a local disk.
pub(crate) const GROWTH: u64 = 1 << 20;

/// The result of reserving blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reservation {
    /// Every block of the file is reserved: writing into it cannot run out of space.
    Made,
    /// The file system cannot reserve. The file has its length, and holes.
    Unsupported,
}

/// Fails if no file of `length` may exist: if it passes `i64::MAX` or `RLIMIT_FSIZE`.
pub(crate) fn check_limits(length: ByteCount) -> Result<(), StoreError> {
    let limit = own_process::file_size_limit().map_or(LONGEST, |limit| limit.min(LONGEST));
    if length > limit {
        Err(StoreError::TooLarge { length, limit })
    } else {
        Ok(())
    }
}

/// Fails unless the file system has room for `needed` bytes and a reserve: 64 MiB, or 1 % of the
/// file system if that is less. Succeeds if the free space is unknown.
///
/// This check precedes the reservation because a reservation that fails may fill the disk first:
/// ext4 keeps the blocks that it allocated before the failure. An absurd length would fill a disk
/// that way.
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

/// Returns `None` if the file system cannot be asked, or reports no free block. Some file systems
/// do not know their free space: network and FUSE file systems report 0 and accept the file. A file
/// system that is really full reports an error when blocks are reserved or written.
fn space<D: Disk>(folder: &Folder<D>) -> Option<Space> {
    let space = folder.disk().space().ok()?;
    (space.available > 0).then_some(space)
}

/// Reports whether the file system shows no blocks at all, as tmpfs of size 0 and ramfs do: their
/// reserved blocks are the machine's memory, and its amount is unknown.
fn has_no_limit<D: Disk>(folder: &Folder<D>) -> bool {
    folder.disk().space().is_ok_and(|space| space.size == 0)
}

/// Gives the file its length, with all blocks reserved if the file system can. After an error the
/// caller must free the blocks that were allocated.
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
        Err(errno) if errno == Errno::FBIG || courtesy::is_no_room(errno) => {
            Err(StoreError::io("reserve disk space", errno))
        }
        Err(_) => {
            file.set_length(length)?;
            Ok(Reservation::Unsupported)
        }
    }
}
