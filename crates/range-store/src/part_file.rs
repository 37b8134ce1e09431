//! Owns [`PartFile`], the file a download is written to until it is complete. Knows nothing of
//! the journal's contents, nor of which bytes are right.

use std::sync::Arc;
use std::time::SystemTime;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use crate::backend::{Backend, WriteMode};
use crate::block_hasher::hash_range;
use crate::disk::Disk;
use crate::error::{StoreError, StoreFailure};
use crate::folder::Folder;
use crate::lease::{Lease, LeaseError, LeaseTable, Sink};
use crate::length::{Length, SettledLength};
use crate::mapped::Windows;
use crate::names::PartNames;
use crate::owned_file::OwnedFile;
use crate::reserve;

/// `NAME.part`, open, locked, and with its blocks reserved where the file system can.
///
/// The lock is held until the part file and all its leases are dropped. Dropping removes nothing;
/// see [`publish`](crate::publish::publish) and [`discard`](crate::publish::discard).
#[derive(Debug)]
pub(crate) struct PartFile<D: Disk> {
    file: Arc<OwnedFile<D>>,
    names: PartNames,
    /// The journal that was there when the part file was created or opened. It is held by the same
    /// process, so it is that of this part file.
    journal: Option<FileIdentity>,
    leases: LeaseTable,
    length: SettledLength,
    backend: Backend,
}

impl<D: Disk> PartFile<D> {
    /// Creates the part file, for its owner only. Its name must be free.
    ///
    /// Fails before anything is created if the length passes `i64::MAX` or `RLIMIT_FSIZE`, or if
    /// the file system has not room for it and a reserve of 64 MiB (1 % of a small file system).
    /// If it fails later, the file is gone and its space given back.
    pub(crate) fn create(
        folder: &Folder<D>,
        names: &PartNames,
        length: Length,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        if let Length::Known(length) = length {
            reserve::check_limits(length)?;
            reserve::check_room(folder, length)?;
        }
        let file = OwnedFile::create(folder, names.part())?;
        let locked = file.lock();
        let prepared = locked.and_then(|()| Backend::prepare(&file, length, mode));
        let backend = prepared.inspect_err(|error| {
            // Whoever holds the lock of a file made a moment ago has adopted it; it is theirs.
            if error.disposition() != StoreFailure::InUse {
                give_back(&file);
            }
        })?;
        Self::new(file, names, length, backend)
    }

    /// Opens the part file of an earlier run, to write more of it. Its bytes prove nothing: hash
    /// them.
    ///
    /// Refuses what [`create`](Self::create) cannot have made for this length: anything but a
    /// regular file of this user with one name and no more than `length` bytes. A file refused
    /// is untouched. A shorter one is extended; blocks are reserved again, which costs nothing
    /// where they are.
    pub(crate) fn open(
        folder: &Folder<D>,
        names: &PartNames,
        length: Length,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let file = OwnedFile::open(folder, names.part())?;
        file.lock()?;
        // The holder of the lock before us may have published or discarded the file it locked.
        file.check_name()?;
        let before = file.length()?;
        if let Length::Known(length) = length {
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
            // Gives back what was reserved past the old end. The error at hand is the one to tell.
            let _unchanged = file.set_length(before);
        })?;
        Self::new(file, names, length, backend)
    }

    fn new(
        file: OwnedFile<D>,
        names: &PartNames,
        length: Length,
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

    /// Which file it is, to be recorded in the journal and compared on resume.
    pub(crate) fn identity(&self) -> FileIdentity {
        self.file.identity()
    }

    /// Whether its permissions are those of a part file. What a download has published, or what
    /// came out of an archive, has others as a rule.
    pub(crate) fn is_private(&self) -> Result<bool, StoreError> {
        self.file.is_private()
    }

    /// How bytes are written.
    #[cfg(test)]
    pub(crate) fn backend(&self) -> Backend {
        self.backend
    }

    /// The names the part file was made with.
    pub(crate) fn names(&self) -> &PartNames {
        &self.names
    }

    /// Sets the time of the last change that the published file shows, where the file system lets
    /// it be set. To be called after the last write.
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

    /// The length of the file.
    pub(crate) fn length(&self) -> Length {
        self.length.get()
    }

    /// Settles the length of a file whose length was unknown, and cuts it there. Settling the same
    /// length again does nothing.
    ///
    /// # Panics
    ///
    /// If another length is settled already, or a live lease reaches past `length`.
    pub(crate) fn set_length(&self, length: ByteCount) -> Result<(), StoreError> {
        assert!(
            self.leases.end() <= length.0,
            "no lease reaches past the settled length"
        );
        if self.length.get() == Length::Unknown {
            self.file.set_length(length)?;
        }
        self.length.settle(length);
        Ok(())
    }

    /// Claims `range` for one writer, until the [`Lease`] is dropped. Bytes written before may be
    /// leased again, to repair them.
    pub(crate) fn lease(&self, range: ByteRange) -> Result<Lease<D>, LeaseError> {
        let claim = self.leases.claim(range, self.length.get().bound())?;
        let file = Arc::clone(&self.file);
        let sink = match self.backend {
            Backend::Mapped => Sink::Mapped(Windows::new(file)),
            Backend::Positioned => Sink::Positioned(file),
        };
        Ok(Lease::new(claim, sink))
    }

    /// Fills `buffer` with the bytes from `offset` on. Bytes never written read as zeros, or end
    /// the file; bytes being written meanwhile may be old, new or mixed.
    ///
    /// A positioned read for both backends: on Linux a shared mapping *is* the page cache, so
    /// what a lease has written is read back without a sync.
    pub(crate) fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.file.read_at(offset, buffer)
    }

    /// The hash of the bytes of `range` as they would be read back.
    pub(crate) fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        hash_range(range, |offset, buffer| self.read_at(offset, buffer))
    }

    /// Makes what was written before the call survive a power cut. Once it has failed it fails
    /// for ever: see [`StoreError::SyncLost`].
    ///
    /// `fdatasync`, which on Linux also writes what was stored through mappings.
    pub(crate) fn sync_data(&self) -> Result<(), StoreError> {
        self.file.sync_data()
    }
}

/// Undoes a creation. The error that led here is the one to tell, so a second one is not.
fn give_back<D: Disk>(file: &OwnedFile<D>) {
    let _emptied = file.set_length(ByteCount(0));
    let _removed = file.remove();
}
