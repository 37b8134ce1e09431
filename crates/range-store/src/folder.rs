//! Owns what is asked of names in the held directory, and which answers count. Knows nothing of
//! what the files mean.

use std::ffi::OsStr;

use range_core::file_identity::FileIdentity;

use crate::courtesy;
use crate::disk::{Disk, Errno, Metadata};
use crate::error::StoreError;

/// The directory that a file is kept in.
#[derive(Clone, Debug)]
pub(crate) struct Folder<D> {
    disk: D,
    syncs: bool,
}

impl<D: Disk> Folder<D> {
    /// Without `syncs` it is left to the file system when names reach the disk.
    pub(crate) fn new(disk: D, syncs: bool) -> Self {
        Self { disk, syncs }
    }

    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }

    /// Makes names created, renamed and removed so far survive a power cut. Blocks for one
    /// device flush, typically 1 to 30 ms.
    ///
    /// A file system that cannot sync a directory keeps its names in its own way, which is all
    /// there is to be had: it is an error only where something may be lost.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        if !self.syncs {
            return Ok(());
        }
        match self.disk.sync() {
            Err(errno) if courtesy::is_loss(errno) => {
                Err(StoreError::io("sync the output directory", errno))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// What `name` refers to, or `None` when it is free.
    pub(crate) fn entry(&self, name: &OsStr) -> Result<Option<Metadata>, StoreError> {
        match self.disk.look(name) {
            Ok(found) => Ok(Some(found)),
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
        if !self.holds(name, identity)? {
            return Ok(());
        }
        match self.disk.remove(name) {
            Ok(()) | Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(StoreError::io(
                "remove a file of the output directory",
                errno,
            )),
        }
    }
}
