//! Owns the question what the file system makes of a new file here: who owns it, and which
//! permissions it gets. Leaves nothing behind.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;

use crate::directory::Directory;

/// What any program gets that creates a file and says nothing special.
const ORDINARY: Mode = Mode::from_raw_mode(0o666);

/// What a part file gets.
pub(crate) const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// How many names are tried where a file cannot be made without one.
const NAMES: u32 = 8;

/// What became of a file that this process created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct NewFile {
    /// The owner that the file system shows, which on a mount that maps or forces owners is not
    /// the user this process acts as.
    pub(crate) owner: u32,
    /// What umask, the directory's default ACL and the options of the mount leave of the mode it
    /// was created with.
    pub(crate) mode: Mode,
}

/// Creates a file in `directory`, looks at it, and lets it go. `None` where that cannot be done.
pub(crate) fn new_file(directory: &Directory) -> Option<NewFile> {
    created_with(directory, ORDINARY)
}

/// The same for a file that is created for its owner only.
pub(crate) fn new_private_file(directory: &Directory) -> Option<NewFile> {
    created_with(directory, PRIVATE)
}

fn created_with(directory: &Directory, mode: Mode) -> Option<NewFile> {
    look(
        &nameless(directory, mode)
            .or_else(|_| named(directory, mode))
            .ok()?,
    )
}

fn look(file: &OwnedFd) -> Option<NewFile> {
    let stat = rustix::fs::fstat(file).ok()?;
    Some(NewFile {
        owner: stat.st_uid,
        mode: Mode::from_raw_mode(stat.st_mode & 0o777),
    })
}

fn nameless(directory: &Directory, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| rustix::fs::openat(directory, c".", flags, mode))
}

/// The name goes before anything else is asked, so that a kill hardly ever leaves it.
fn named(directory: &Directory, mode: Mode) -> Result<OwnedFd, Errno> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let process = rustix::process::getpid();
    let mut outcome = Err(Errno::EXIST);
    for _ in 0..NAMES {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let name = OsString::from(format!(".sheave-{}-{number}", process.as_raw_nonzero()));
        let flags =
            OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        outcome = rustix::io::retry_on_intr(|| rustix::fs::openat(directory, &name, flags, mode));
        match outcome {
            Err(Errno::EXIST) => {}
            Err(_) => break,
            Ok(_) => {
                // An empty file that cannot be removed is no reason to refuse a download.
                let _removed = directory.remove_name(&name);
                break;
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ways_see_the_same_and_leave_nothing() {
        let temp = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let by_name = look(&named(&directory, ORDINARY).unwrap()).unwrap();
        assert_eq!(new_file(&directory), Some(by_name));
        if let Ok(file) = nameless(&directory, ORDINARY) {
            assert_eq!(look(&file), Some(by_name));
        }
        assert_eq!(by_name.owner, rustix::process::geteuid().as_raw());
        assert!(temp.path().read_dir().unwrap().next().is_none());
    }
}
