//! Owns the operations on names in the held directory, and the list of errors that count. Does not
//! know what the files mean.

use std::ffi::OsStr;
use std::sync::Arc;

use range_core::file_identity::FileIdentity;

use crate::courtesy;
use crate::disk::{Disk, Errno, Metadata, NewFile};
use crate::error::StoreError;
use crate::names::PartNames;

/// The directory that holds a file.
#[derive(Clone, Debug)]
pub(crate) struct Folder<D> {
    disk: D,
    syncs: bool,
    /// The name of a file that is created only to be looked at.
    probe: Arc<OsStr>,
}

impl<D: Disk> Folder<D> {
    /// Without `syncs`, the file system decides when names reach the disk.
    pub(crate) fn new(disk: D, names: &PartNames, syncs: bool) -> Self {
        let probe = names.probe().into();
        Self { disk, syncs, probe }
    }

    /// Reports the owner and permissions of a file that is created here with these permissions.
    pub(crate) fn new_file(&self, permissions: u32) -> Option<NewFile> {
        self.disk.new_file(&self.probe, permissions)
    }

    pub(crate) fn disk(&self) -> &D {
        &self.disk
    }

    /// Reports whether anything waits for the disk here.
    pub(crate) fn syncs(&self) -> bool {
        self.syncs
    }

    /// Makes names created, renamed and removed before the call survive a power cut. Blocks for one
    /// device flush, typically 1 to 30 ms.
    ///
    /// A file system that cannot sync a directory stores its names in its own way, and nothing
    /// better is available: this is an error only if there is no room for a name.
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        if !self.syncs {
            return Ok(());
        }
        match self.disk.sync() {
            Err(errno) if courtesy::is_no_room(errno) => {
                Err(StoreError::io("sync the output directory", errno))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Returns the entry that has `name`, or `None` if the name is free.
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

    /// Reports whether `name` refers to the file `identity`.
    pub(crate) fn holds(&self, name: &OsStr, identity: FileIdentity) -> Result<bool, StoreError> {
        Ok(self
            .entry(name)?
            .is_some_and(|entry| entry.identity == identity))
    }

    /// Removes `name` if it refers to the file `identity`; otherwise leaves it alone.
    ///
    /// Linux cannot remove a file by inode, so anybody with write permission on the directory can
    /// swap the name between check and removal. They could as well remove the file themselves.
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
