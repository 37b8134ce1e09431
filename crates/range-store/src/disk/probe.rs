//! Owns the question which owner and permissions the file system gives to a new file in this
//! directory. Leaves nothing behind.

use std::ffi::OsStr;
use std::os::fd::{BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

use super::calls::NewFile;

/// Creates a file in `directory`, reads its metadata, and drops it. `None` if that fails. The file
/// has a `name` only if the file system cannot create one without.
pub(super) fn created_with(directory: BorrowedFd<'_>, name: &OsStr, mode: Mode) -> Option<NewFile> {
    look(
        &nameless(directory, mode)
            .or_else(|_| named(directory, name, mode))
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

/// The name is removed before anything else. A kill in between leaves the file behind, and the next
/// call removes it.
fn named(directory: BorrowedFd<'_>, name: &OsStr, mode: Mode) -> Result<OwnedFd, Errno> {
    let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let create = || rustix::io::retry_on_intr(|| rustix::fs::openat(directory, name, flags, mode));
    let file = create().or_else(|errno| {
        if errno == Errno::EXIST && is_left_over(directory, name) {
            remove(directory, name);
            create()
        } else {
            Err(errno)
        }
    })?;
    remove(directory, name);
    Ok(file)
}

/// Reports whether the file with this name can be one that a kill left behind: it is empty.
fn is_left_over(directory: BorrowedFd<'_>, name: &OsStr) -> bool {
    let found = rustix::fs::statat(directory, name, AtFlags::SYMLINK_NOFOLLOW);
    found.is_ok_and(|stat| {
        FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile
            && stat.st_size == 0
            && stat.st_nlink == 1
    })
}

fn remove(directory: BorrowedFd<'_>, name: &OsStr) {
    // An empty file that cannot be removed is no reason to refuse a download.
    let _removed = rustix::fs::unlinkat(directory, name, AtFlags::empty());
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsFd;
    use std::path::Path;

    use super::super::real::Directory;
    use super::*;

    const ORDINARY: Mode = Mode::from_raw_mode(0o666);

    fn temporary() -> (tempfile::TempDir, Directory) {
        let temp = tempfile::tempdir_in(env!("CARGO_MANIFEST_DIR")).unwrap();
        let directory = Directory::open(temp.path()).unwrap();
        (temp, directory)
    }

    fn is_empty(directory: &Path) -> bool {
        directory.read_dir().unwrap().next().is_none()
    }

    #[test]
    fn both_ways_see_the_same_and_leave_nothing() {
        let (temp, directory) = temporary();
        let name = OsStr::new("probe");
        let by_name = look(&named(directory.as_fd(), name, ORDINARY).unwrap()).unwrap();
        let found = created_with(directory.as_fd(), name, ORDINARY);
        assert_eq!(found, Some(by_name));
        if let Ok(file) = nameless(directory.as_fd(), ORDINARY) {
            assert_eq!(look(&file), Some(by_name));
        }
        assert_eq!(by_name.owner, rustix::process::geteuid().as_raw());
        assert!(is_empty(temp.path()));
    }

    #[test]
    fn what_a_kill_left_is_removed_and_what_it_cannot_have_left_is_not() {
        let (temp, directory) = temporary();
        let name = OsStr::new("probe");
        let left = directory.open_new(name);
        named(directory.as_fd(), name, ORDINARY).unwrap();
        assert!(is_empty(temp.path()));
        drop(left);

        let full = directory.open_new(name);
        rustix::io::write(&full, b"x").unwrap();
        let refused = named(directory.as_fd(), name, ORDINARY);
        assert_eq!(refused.unwrap_err(), Errno::EXIST);
        assert!(!is_empty(temp.path()));
    }

    impl Directory {
        fn open_new(&self, name: &OsStr) -> OwnedFd {
            let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
            rustix::fs::openat(self.as_fd(), name, flags, ORDINARY).unwrap()
        }
    }
}
