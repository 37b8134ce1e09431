//! Owns [`AppendLog`], a file that grows only at its end. Knows nothing of its content.

use std::sync::{Mutex, MutexGuard, PoisonError};

use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::folder::Folder;
use crate::held::{self, Held};
use crate::names::PartNames;
use crate::owned_file::OwnedFile;

/// The journal file, as bytes. Several threads may append to it and sync it at once.
///
/// The log is locked as long as it is held: of two runs that start at the same moment, the second
/// fails before it can remove any file of the first.
///
/// An append that a crash or a full disk cuts short leaves a torn end; the reader of the log must
/// be able to recognise it.
#[derive(Debug)]
pub(crate) struct AppendLog<D: Disk> {
    file: OwnedFile<D>,
    /// Released after the file, whose lock is gone then. `None` for a log opened for inspection.
    _held: Option<Held>,
    /// The offset of the next append. Bytes after it do not count, and are overwritten.
    end: Mutex<u64>,
}

impl<D: Disk> AppendLog<D> {
    /// Creates and locks a log that begins with these bytes, under the journal's name, accessible
    /// to its owner only. The name must be free.
    ///
    /// Bytes and name survive a power cut from here on, and where the file system can, the name is
    /// never there without the bytes: by them a later run knows the log from another program's
    /// file. It costs two device flushes, measured at 2.4 ms each on ext4.
    pub(crate) fn create(
        folder: &Folder<D>,
        names: &PartNames,
        beginning: &[u8],
    ) -> Result<Self, StoreError> {
        let file = OwnedFile::create_whole(folder, names.journal(), beginning, folder.syncs())?;
        folder.sync().inspect_err(|_| {
            // The first error is the one to report.
            let _removed = file.remove();
        })?;
        let held = Held::new(file.identity());
        Self::of(file, Some(held))
    }

    /// Opens and locks the log of an earlier run. Fails if [`create`](Self::create) cannot have
    /// made the file, or if another process holds it. If this process holds it, waits for at most
    /// one second: the last tasks of a download whose future was dropped may still be running.
    pub(crate) fn open(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        let file = OwnedFile::open(folder, names.journal())?;
        file.lock().or_else(|error| {
            if held::wait_for(file.identity()) {
                file.lock()
            } else {
                Err(error)
            }
        })?;
        // The previous holder of the lock ended a moment ago, or starts over.
        if !file.has_its_name()? {
            return Err(file.in_use());
        }
        let held = Held::new(file.identity());
        Self::of(file, Some(held))
    }

    /// Opens the log for inspection, even if another process made it or appends to it. The log is
    /// not locked and cannot be changed.
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

    /// Returns the length of the log.
    pub(crate) fn length(&self) -> ByteCount {
        ByteCount(*self.lock())
    }

    /// Appends `bytes`, in one write if the kernel accepts them all. After an error the log is as
    /// long as before, and the next append overwrites this one.
    pub(crate) fn append(&self, bytes: &[u8]) -> Result<(), StoreError> {
        let mut end = self.lock();
        self.file.write_at(*end, bytes).inspect_err(|_| {
            // A reader that opens the log after a crash should not meet the torn end. The first
            // error is the one to report.
            let _cut = self.file.set_length(ByteCount(*end));
        })?;
        *end += bytes.len() as u64;
        Ok(())
    }

    /// Passes the bytes of the log to `take` in order, in pieces, up to `limit` bytes in all. Uses
    /// 64 KiB of memory, whatever the length of the log.
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

    /// Cuts the log to `length` if it is longer.
    pub(crate) fn truncate(&self, length: ByteCount) -> Result<(), StoreError> {
        let mut end = self.lock();
        if length.0 < *end {
            self.file.set_length(length)?;
            *end = length.0;
        }
        Ok(())
    }

    /// Makes everything appended before the call survive a power cut. Other threads can append
    /// meanwhile. After one failure every later call fails: see [`StoreError::SyncLost`].
    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.file.sync_data()
    }

    /// Reports whether its permissions are those with which a log is created.
    pub(crate) fn is_private(&self) -> Result<bool, StoreError> {
        self.file.is_private()
    }

    /// Removes the log if its name still refers to it.
    pub(crate) fn remove(self) -> Result<(), StoreError> {
        self.file.remove()
    }

    fn lock(&self) -> MutexGuard<'_, u64> {
        // The end advances only after a complete append, so it is right even after a panic.
        self.end.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
