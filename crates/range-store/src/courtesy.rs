//! Owns which answers count where a call is a courtesy: something that makes a download safer or
//! better, and can be done without. Knows nothing of the calls.
//!
//! Needed are only opening, writing, reading, truncating, renaming and the sync of the data. Of
//! all else there are file systems, mounts and sandboxes that refuse it, each with an answer of its
//! own, so there is a list of what counts and none of what is harmless.

use rustix::io::Errno;

/// Whether the answer tells of a failing or full disk, and not of a file system that does not do
/// what was asked.
pub(crate) fn is_loss(errno: Errno) -> bool {
    matches!(errno, Errno::IO | Errno::NOSPC | Errno::DQUOT)
}
