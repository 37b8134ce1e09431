//! Owns the list of errors that count when a call is a courtesy: a call that makes a download safer
//! or better, and can be done without. Knows nothing of the calls.
//!
//! Only opening, writing, reading, truncating, renaming and the sync of the data are needed. Every
//! other call is refused by some file system, mount or sandbox, each with an error of its own, so
//! this lists the errors that count and not the harmless ones.

use rustix::io::Errno;

/// Reports whether the error means a failing or full disk, and not a file system that lacks the
/// operation.
pub(crate) fn is_loss(errno: Errno) -> bool {
    matches!(errno, Errno::IO | Errno::NOSPC | Errno::DQUOT)
}
