//! Owns the list of errors that count when a call is a courtesy: a call that makes a download safer
//! or better, and can be done without. Knows nothing of the calls.
//!
//! Only opening, writing, reading, truncating, renaming and the sync of the data are needed. Every
//! other call is refused by some file system, mount or sandbox, each with an error of its own, so
//! this lists the errors that count and not the harmless ones.

use rustix::io::Errno;

/// Reports whether the error means that there is no room, and not that the file system lacks the
/// operation. Some answer `EIO` whenever a directory is to be synced; of a disk that fails, the
/// writes and the sync of the data tell.
pub(crate) fn is_no_room(errno: Errno) -> bool {
    matches!(errno, Errno::NOSPC | Errno::DQUOT)
}
