//! Owns the served directory itself: held open, so that it is one directory for each lookup, and
//! opened again when its path leads to another, as after a build that made it anew. Finds nothing
//! in it.

use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fs::{Access, AtFlags, CWD, Mode, OFlags, Stat, accessat, fstat, openat, statat};
use rustix::io::Result;

/// A directory by its path.
pub(super) struct Root {
    path: PathBuf,
    held: RwLock<Held>,
}

#[derive(Clone)]
struct Held {
    directory: Arc<OwnedFd>,
    /// Device and inode.
    identity: (u64, u64),
}

impl Root {
    /// Opens the directory, following links in its path. It has to let its files be looked up.
    pub(super) fn open(path: &Path) -> Result<Self> {
        // A working directory that is removed has no path any more.
        let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
        let held = Held::open(&path)?;
        accessat(&held.directory, ".", Access::EXEC_OK, AtFlags::EACCESS)?;
        Ok(Self {
            path,
            held: RwLock::new(held),
        })
    }

    fn held(&self) -> Held {
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner);
        held.clone()
    }

    /// The directory that the path leads to, or the last one there was, unless that was removed:
    /// what is removed would seem to be there and empty, and whoever mirrors it would empty the
    /// copy. May wait for the disk.
    pub(super) fn current(&self) -> Option<Arc<OwnedFd>> {
        let held = self.held();
        let found = statat(CWD, &self.path, AtFlags::empty());
        if found.is_ok_and(|stat| identity(&stat) == held.identity) {
            return Some(held.directory);
        }
        let Ok(anew) = Held::open(&self.path) else {
            return held.is_linked().then_some(held.directory);
        };
        let directory = Arc::clone(&anew.directory);
        *self.held.write().unwrap_or_else(PoisonError::into_inner) = anew;
        Some(directory)
    }
}

impl Held {
    fn open(path: &Path) -> Result<Self> {
        let flags = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let directory = openat(CWD, path, flags, Mode::empty())?;
        Ok(Self {
            identity: identity(&fstat(&directory)?),
            directory: Arc::new(directory),
        })
    }

    /// Returns true if the directory still has a name somewhere.
    fn is_linked(&self) -> bool {
        fstat(&self.directory).is_ok_and(|stat| stat.st_nlink > 0)
    }
}

fn identity(stat: &Stat) -> (u64, u64) {
    (stat.st_dev, stat.st_ino)
}
