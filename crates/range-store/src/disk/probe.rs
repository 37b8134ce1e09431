//! Owns the question what the file system makes of a new file here: who owns it, and which
//! permissions it gets. Leaves nothing behind.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::calls::NewFile;

/// How many names are tried where a file cannot be made without one.
const NAMES: u32 = 8;

/// Creates a file in `directory`, looks at it, and lets it go. `None` where that cannot be done.
pub(super) fn created_with(directory: BorrowedFd<'_>, mode: Mode) -> Option<NewFile> {
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
        permissions: stat.st_mode & 0o777,
    })
}

fn nameless(directory: BorrowedFd<'_>, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
    rustix::io::retry_on_intr(|| rustix::fs::openat(directory, c".", flags, mode))
}

/// The name goes before anything else is asked, so that a kill hardly ever leaves it.
fn named(directory: BorrowedFd<'_>, mode: Mode) -> Result<OwnedFd, Errno> {
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
                let _removed = rustix::fs::unlinkat(directory, &name, AtFlags::empty());
                break;
            }
        }
    }
    outcome
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;

    use super::super::real::Directory;
    use super::*;

    #[test]
    fn both_ways_see_the_same_and_leave_nothing() {
        let temp = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        let ordinary = Mode::from_raw_mode(0o666);
        let by_name = look(&named(directory.as_fd(), ordinary).unwrap()).unwrap();
        assert_eq!(created_with(directory.as_fd(), ordinary), Some(by_name));
        if let Ok(file) = nameless(directory.as_fd(), ordinary) {
            assert_eq!(look(&file), Some(by_name));
        }
        assert_eq!(by_name.owner, rustix::process::geteuid().as_raw());
        assert!(temp.path().read_dir().unwrap().next().is_none());
    }
}
