//! Owns the held directory and what is asked of names in it. Knows nothing of what the files mean.

use std::ffi::OsStr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;

use range_core::file_identity::FileIdentity;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::courtesy;
use crate::error::StoreError;

/// The directory a download lives in, held open: a rename of the directory or of one above it
/// moves the download along, and cannot lead it elsewhere.
#[derive(Clone, Debug)]
pub struct Directory {
    fd: Arc<OwnedFd>,
    syncs: bool,
}

/// What a name refers to, symbolic links not followed.
pub(crate) struct Entry {
    pub(crate) identity: FileIdentity,
    pub(crate) kind: FileType,
}

pub(crate) fn identity_of(stat: &Stat) -> FileIdentity {
    FileIdentity {
        device: stat.st_dev,
        inode: stat.st_ino,
    }
}

impl Directory {
    /// Opens the directory at `path`, following symbolic links.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |access| {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | access;
            rustix::io::retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))
        };
        // Files can be made in a directory that may not be read; only a sync of it cannot.
        let fd = open(OFlags::RDONLY)
            .or_else(|errno| match errno {
                Errno::ACCESS | Errno::PERM => open(OFlags::PATH),
                _ => Err(errno),
            })
            .map_err(|errno| StoreError::io("open the output directory", errno))?;
        Ok(Self {
            fd: Arc::new(fd),
            syncs: true,
        })
    }

    /// Leaves it to the file system when names reach the disk: [`sync`](Self::sync) does nothing.
    #[must_use]
    pub fn without_syncs(mut self) -> Self {
        self.syncs = false;
        self
    }

    /// Makes names created, renamed and removed so far survive a power cut. Blocks for one
    /// device flush, typically 1 to 30 ms.
    ///
    /// A file system that cannot sync a directory keeps its names in its own way, which is all
    /// there is to be had: it is an error only where something may be lost.
    pub fn sync(&self) -> Result<(), StoreError> {
        if !self.syncs {
            return Ok(());
        }
        match rustix::io::retry_on_intr(|| rustix::fs::fsync(&self.fd)) {
            Err(errno) if courtesy::is_loss(errno) => {
                Err(StoreError::io("sync the output directory", errno))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// What `name` refers to, or `None` when it is free.
    pub(crate) fn entry(&self, name: &OsStr) -> Result<Option<Entry>, StoreError> {
        match rustix::fs::statat(&self.fd, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => Ok(Some(Entry {
                identity: identity_of(&stat),
                kind: FileType::from_raw_mode(stat.st_mode),
            })),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(StoreError::io(
                "look at a file of the output directory",
                errno,
            )),
        }
    }

    /// Whether `name` refers to the file `identity`.
    pub(crate) fn holds(&self, name: &OsStr, identity: FileIdentity) -> Result<bool, StoreError> {
        Ok(self
            .entry(name)?
            .is_some_and(|entry| entry.identity == identity))
    }

    /// Removes `name`, if it refers to the file `identity`; otherwise leaves it alone.
    ///
    /// Linux cannot remove by inode, so whoever may write to the directory can swap the name
    /// between look and removal. They could as well remove it themselves.
    pub(crate) fn remove(&self, name: &OsStr, identity: FileIdentity) -> Result<(), StoreError> {
        if self.holds(name, identity)? {
            self.remove_name(name)
        } else {
            Ok(())
        }
    }

    /// Removes `name`, whatever file it refers to. It may be gone already.
    pub(crate) fn remove_name(&self, name: &OsStr) -> Result<(), StoreError> {
        match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(StoreError::io(
                "remove a file of the output directory",
                errno,
            )),
        }
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
