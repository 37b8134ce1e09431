//! Owns [`PartFile`], to which a download is written until it is complete. Knows nothing of the
//! journal's contents, nor of which bytes are right.

use std::sync::Arc;
use std::time::SystemTime;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use crate::backend::{Backend, WriteMode};
use crate::block_hasher::hash_range;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::lease::{Lease, LeaseError, LeaseTable, Sink};
use crate::length::{SettledLength, bound};
use crate::mapped::Windows;
use crate::names::PartNames;
use crate::owned_file::OwnedFile;
use crate::reserve;

/// An open and locked `NAME.part`, with its blocks reserved if the file system can reserve them.
///
/// The lock is held until the part file and all its leases are dropped. Dropping removes nothing;
/// see [`publish`](crate::publish::publish) and [`discard`](crate::publish::discard).
#[derive(Debug)]
pub(crate) struct PartFile<D: Disk> {
    file: Arc<OwnedFile<D>>,
    names: PartNames,
    /// The journal that existed when the part file was created or opened. The same process holds
    /// both, so the journal belongs to this part file.
    journal: Option<FileIdentity>,
    leases: LeaseTable,
    length: SettledLength,
    backend: Backend,
}

impl<D: Disk> PartFile<D> {
    /// Creates and locks the file, empty and accessible to its owner only. Its name must be free.
    ///
    /// Fails before anything is created if the length passes `i64::MAX` or `RLIMIT_FSIZE`, or if
    /// the file system lacks room for it and a reserve of 64 MiB (1 % of a small file system).
    pub(crate) fn claim(
        folder: &Folder<D>,
        names: &PartNames,
        length: Option<ByteCount>,
    ) -> Result<OwnedFile<D>, StoreError> {
        if let Some(length) = length {
            reserve::check_limits(length)?;
            reserve::check_room(folder, length)?;
        }
        let file = OwnedFile::create(folder, names.part())?;
        // A process that locks a newly created file has adopted it; the file is theirs. It may
        // have removed it, too.
        file.lock()?;
        if file.has_its_name()? {
            Ok(file)
        } else {
            Err(file.in_use())
        }
    }

    /// Reserves the blocks of a [claimed](Self::claim) file. After a failure, the file is removed
    /// and its space freed.
    pub(crate) fn begin(
        file: OwnedFile<D>,
        names: &PartNames,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let backend = Backend::prepare(&file, length, mode).inspect_err(|_| give_back(&file))?;
        Self::new(file, names, length, backend)
    }

    /// Creates the part file without a journal.
    #[cfg(test)]
    pub(crate) fn create(
        folder: &Folder<D>,
        names: &PartNames,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let file = Self::claim(folder, names, length)?;
        Self::begin(file, names, length, mode)
    }

    /// Opens the part file of an earlier run, to write more of it. Its bytes prove nothing until
    /// they are hashed.
    ///
    /// Refuses a file that [`claim`](Self::claim) cannot have made for this length: anything but
    /// a regular file of this user with one name and at most `length` bytes. A refused file is left
    /// untouched. A shorter one is extended. Blocks are reserved again, which costs nothing if they
    /// exist.
    pub(crate) fn open(
        folder: &Folder<D>,
        names: &PartNames,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let file = OwnedFile::open(folder, names.part())?;
        file.lock()?;
        // The previous holder of the lock may have published or discarded the file that it locked.
        file.check_name()?;
        let before = file.length()?;
        if let Some(length) = length {
            if before > length {
                return Err(StoreError::not_ours(
                    names.part(),
                    "is longer than the download",
                ));
            }
            reserve::check_limits(length)?;
            if let Some(allocated) = file.allocated()? {
                let missing = length.0.saturating_sub(allocated.0);
                reserve::check_room(folder, ByteCount(missing))?;
            }
        }
        let backend = Backend::prepare(&file, length, mode).inspect_err(|_| {
            // Frees the blocks reserved past the old end. The first error is the one to report.
            let _unchanged = file.set_length(before);
        })?;
        Self::new(file, names, length, backend)
    }

    fn new(
        file: OwnedFile<D>,
        names: &PartNames,
        length: Option<ByteCount>,
        backend: Backend,
    ) -> Result<Self, StoreError> {
        let journal = file.folder().entry(names.journal())?;
        Ok(Self {
            file: Arc::new(file),
            names: names.clone(),
            journal: journal.map(|entry| entry.identity),
            leases: LeaseTable::default(),
            length: SettledLength::new(length),
            backend,
        })
    }

    /// Returns the file's identity, which the journal records and a resume compares.
    pub(crate) fn identity(&self) -> FileIdentity {
        self.file.identity()
    }

    /// Reports whether its permissions are those of a part file. A published file, or one extracted
    /// from an archive, usually has others.
    pub(crate) fn is_private(&self) -> Result<bool, StoreError> {
        self.file.is_private()
    }

    /// Reports whether it has no bytes, so that nothing is lost with it.
    pub(crate) fn is_empty(&self) -> Result<bool, StoreError> {
        Ok(self.file.length()? == ByteCount(0))
    }

    /// Returns the way in which bytes are written.
    #[cfg(test)]
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// Returns the names with which the part file was made.
    pub(crate) fn names(&self) -> &PartNames {
        &self.names
    }

    /// Sets the modification time of the published file, if the file system can set it. Callers
    /// must call it after the last write.
    pub(crate) fn set_modified(&self, time: SystemTime) {
        self.file.set_modified(time);
    }

    pub(crate) fn folder(&self) -> &Folder<D> {
        self.file.folder()
    }

    pub(crate) fn file(&self) -> &OwnedFile<D> {
        &self.file
    }

    pub(crate) fn journal(&self) -> Option<FileIdentity> {
        self.journal
    }

    pub(crate) fn is_leased(&self) -> bool {
        self.leases.end() > 0
    }

    /// Returns the length of the file.
    pub(crate) fn length(&self) -> Option<ByteCount> {
        self.length.get()
    }

    /// Sets the length of a file whose length was unknown, and cuts it there. Setting the same
    /// length again does nothing.
    ///
    /// # Panics
    ///
    /// If another length was set already, or a live lease reaches past `length`.
    pub(crate) fn set_length(&self, length: ByteCount) -> Result<(), StoreError> {
        assert!(
            self.leases.end() <= length.0,
            "no lease reaches past the settled length"
        );
        if self.length.get().is_none() {
            self.file.set_length(length)?;
        }
        self.length.settle(length);
        Ok(())
    }

    /// Claims `range` for one writer, until the [`Lease`] is dropped. Bytes that are already
    /// written may be leased again, to repair them.
    pub(crate) fn lease(&self, range: ByteRange) -> Result<Lease<D>, LeaseError> {
        let claim = self.leases.claim(range, bound(self.length.get()))?;
        let file = Arc::clone(&self.file);
        let sink = match self.backend {
            Backend::Mapped => Sink::Mapped(Windows::new(file)),
            Backend::Positioned => Sink::Positioned(file),
        };
        let lease = Lease::new(claim, sink);
        Ok(match self.length.get() {
            Some(_) => lease,
            None => lease.growing(),
        })
    }

    /// Fills `buffer` with the bytes from `offset` on. Bytes never written read as zeros, or end
    /// the file; a read that overlaps a write may return old bytes, new bytes or a mixture.
    ///
    /// Both backends use a positioned read: on Linux a shared mapping *is* the page cache, so bytes
    /// written through a lease can be read back without a sync.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_at(offset, buffer)
    }

    /// Returns the hash of the bytes of `range` as they would be read back.
    pub(crate) fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        hash_range(range, |offset, buffer| self.read_at(offset, buffer))
    }

    /// Makes later reads see the bytes on the disk, not bytes that are in memory only because the
    /// system gave up writing them. `syncs` says that the disk may be waited for, and `is_doubtful`
    /// that bytes are known to have been given up.
    pub(crate) fn trust_only_the_disk(&self, syncs: bool, is_doubtful: bool) {
        self.file.trust_only_the_disk(syncs, is_doubtful);
    }

    /// Asks the system to drop what it has in memory and on the disk alike.
    pub(crate) fn forget_cached(&self) {
        self.file.forget_cached();
    }

    /// Reports whether a sync has failed.
    pub(crate) fn has_lost_a_sync(&self) -> bool {
        self.file.has_lost_a_sync()
    }

    /// Makes everything written before the call survive a power cut. After one failure every later
    /// call fails: see [`StoreError::SyncLost`].
    ///
    /// It calls `fdatasync`, which on Linux also writes bytes that were stored through mappings.
    pub(crate) fn sync_data(&self) -> Result<(), StoreError> {
        self.file.sync_data()
    }
}

/// Undoes a creation. The caller reports the first error, so a second one is ignored.
fn give_back<D: Disk>(file: &OwnedFile<D>) {
    let _emptied = file.set_length(ByteCount(0));
    let _removed = file.remove();
}
