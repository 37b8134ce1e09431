//! Owns the question which owner and permissions the file system gives to a new file in this
//! directory. Leaves nothing behind.

use std::ffi::OsString;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

use super::calls::NewFile;

/// The number of names to try if the file system cannot create a file without a name.
const NAMES: u32 = 8;

/// Creates a file in `directory`, reads its metadata, and drops it. `None` if that fails.
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

/// The name is removed before anything else, so that a kill hardly ever leaves the file behind.
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
