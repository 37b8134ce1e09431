//! Owns [`AppendLog`], a file that grows only at its end. Knows nothing of what is appended.

use std::sync::{Mutex, MutexGuard, PoisonError};

use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::held::{self, Held};
use crate::names::PartNames;
use crate::owned_file::OwnedFile;

/// The journal file, as bytes. May be appended to and synced from several threads.
///
/// It is locked as long as it is held: of two starts at the same moment the second finds out
/// before it could remove anything of the first.
///
/// An append that a crash or a full disk cuts short leaves a torn end; what is appended must be
/// able to tell.
#[derive(Debug)]
pub(crate) struct AppendLog<D: Disk> {
    file: OwnedFile<D>,
    /// Comes after the file, whose lock is gone then. `None` for a log that is only looked at.
    _held: Option<Held>,
    /// Offset the next append goes to. Bytes behind it do not count, and are overwritten.
    end: Mutex<u64>,
}

impl<D: Disk> AppendLog<D> {
    /// Creates and locks an empty log under the journal's name, for its owner only. The name must
    /// be free.
    ///
    /// The name survives a power cut from here on: one that kept the part file's name and lost
    /// the journal's would leave a part file nobody dares to touch. One device flush, measured
    /// at 2.4 ms on ext4.
    pub(crate) fn create(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        let file = OwnedFile::create(folder, names.journal())?;
        // Whoever holds the lock of a file made a moment ago has adopted it; it is theirs.
        file.lock()?;
        folder.sync().inspect_err(|_| {
            // The error at hand is the one to tell.
            let _removed = file.remove();
        })?;
        Ok(Self {
            _held: Some(Held::new(file.identity())),
            file,
            end: Mutex::new(0),
        })
    }

    /// Opens and locks the log of an earlier run. Refuses what [`create`](Self::create) cannot have
    /// made, and what another process holds. For what this process holds it waits a second at most:
    /// of a download whose future was dropped the last tasks may not be gone yet.
    pub(crate) fn open(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        let file = OwnedFile::open(folder, names.journal())?;
        file.lock().or_else(|error| {
            if held::wait_for(file.identity()) {
                file.lock()
            } else {
                Err(error)
            }
        })?;
        // The holder of the lock before us has come to its end a moment ago, or begins anew.
        if !file.has_its_name()? {
            return Err(file.in_use());
        }
        let held = Held::new(file.identity());
        Self::of(file, Some(held))
    }

    /// Opens the log to look at it, whoever made it and whoever appends to it. It is not locked,
    /// and cannot be changed.
    pub(crate) fn open_to_read(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        Self::of(OwnedFile::open_to_read(folder, names.journal())?, None)
    }

    pub(crate) fn identity(&self) -> FileIdentity {
        self.file.identity()
    }

    fn of(file: OwnedFile<D>, held: Option<Held>) -> Result<Self, StoreError> {
        let end = Mutex::new(file.length()?.0);
        Ok(Self {
            file,
            _held: held,
            end,
        })
    }

    /// Length of the log.
    pub(crate) fn length(&self) -> ByteCount {
        ByteCount(*self.lock())
    }

    /// Appends `bytes`, in one write where the kernel takes them so. After an error the log is as
    /// long as before, and the next append takes the place of this one.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut end = self.lock();
        self.file.write_at(*end, bytes).inspect_err(|_| {
            // A reader that opens the log after a crash should not meet the torn end. The error
            // at hand is the one to tell.
            let _cut = self.file.set_length(ByteCount(*end));
        })?;
        *end += bytes.len() as u64;
        Ok(())
    }

    /// Shows `take` the bytes of the log in order, a piece at a time, and no more than `limit` of
    /// them. Takes 64 KiB of memory, whatever the length of the log.
    pub(crate) fn read_through(
        &self,
        limit: ByteCount,
        mut take: impl FnMut(&[u8]),
    ) -> Result<(), StoreError> {
        const PIECE: usize = 64 << 10;

        let end = self.length().min(limit).0;
        let mut buffer = vec![0; PIECE];
        let mut offset = 0;
        while offset < end {
            let left = usize::try_from(end - offset).unwrap_or(PIECE);
            let piece = &mut buffer[..left.min(PIECE)];
            self.file.read_at(offset, piece)?;
            take(piece);
            offset += piece.len() as u64;
        }
        Ok(())
    }

    /// Cuts the log to `length`, if it is longer.
    pub(crate) fn truncate(&self, length: ByteCount) -> Result<(), StoreError> {
        let mut end = self.lock();
        if length.0 < *end {
            self.file.set_length(length)?;
            *end = length.0;
        }
        Ok(())
    }

    /// Makes what was appended before the call survive a power cut. Appends of other threads are
    /// not held up. Once it has failed it fails for ever: see [`StoreError::SyncLost`].
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data()
    }

    /// Removes the log, if its name still refers to it.
    pub(crate) fn remove(self) -> Result<(), StoreError> {
        self.file.remove()
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // The end advances only after a whole append, so it is right whatever panicked.
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
