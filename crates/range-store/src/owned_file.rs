//! Owns one file that this crate made: its creation and recognition, and positioned reads and
//! writes. Knows nothing of leases, of mapping, or of which of the two files it is.

use std::ffi::{OsStr, OsString};
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use range_core::ByteRange;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;

use crate::block_hasher::hash_range;
use crate::disk::{Access, Disk, DiskFile, Errno, Kind, Metadata, NewFile};
use crate::error::{StoreError, StoreFailure};
use crate::folder::Folder;
use crate::own_process;
use crate::provenance::{self, Content, Provenance};
use crate::sync::SyncState;

/// The permissions that programs request for an ordinary new file.
const ORDINARY: u32 = 0o666;

/// The permissions of a file that is accessible to its owner only.
const PRIVATE: u32 = 0o600;

/// An open regular file of ours, with the directory and name from which it was opened.
#[derive(Debug)]
pub(crate) struct OwnedFile<D: Disk> {
    file: D::File,
    folder: Folder<D>,
    name: OsString,
    identity: FileIdentity,
    sync: SyncState,
    is_locked: AtomicBool,
}

impl<D: Disk> OwnedFile<D> {
    /// Creates an empty file that only its owner can read and write. The name must be free: even a
    /// dangling symbolic link takes it.
    pub(crate) fn create(folder: &Folder<D>, name: &OsStr) -> Result<Self, StoreError> {
        let file = folder.disk().create(name).map_err(|errno| match errno {
            Errno::EXIST => StoreError::Exists {
                name: name.to_owned(),
            },
            _ => StoreError::io("create a file beside the output", errno),
        })?;
        let metadata = metadata(&file)?;
        Ok(Self::new(file, folder, name, &metadata))
    }

    /// Creates and locks a file of these bytes, as [`create`](Self::create) does otherwise. With
    /// `syncs` they are on the disk before the file has its name.
    ///
    /// If a file cannot be created without a name, it has the name first: a power cut may then
    /// leave the name without the bytes.
    pub(crate) fn create_whole(
        folder: &Folder<D>,
        name: &OsStr,
        bytes: &[u8],
        syncs: bool,
    ) -> Result<Self, StoreError> {
        if let Ok(file) = folder.disk().create_nameless() {
            let metadata = metadata(&file)?;
            let file = Self::new(file, folder, name, &metadata);
            file.fill(bytes, syncs)?;
            match folder.disk().name(&file.file, name) {
                Ok(()) => return Ok(file),
                Err(Errno::EXIST) => {
                    let name = name.to_owned();
                    return Err(StoreError::Exists { name });
                }
                // E.g. a sandbox without `/proc`.
                Err(_) => {}
            }
        }
        let file = Self::create(folder, name)?;
        file.fill(bytes, syncs).inspect_err(|error| {
            // A process that locks a newly created file has adopted it; the file is theirs.
            if error.disposition() != StoreFailure::InUse {
                let _removed = file.remove();
            }
        })?;
        Ok(file)
    }

    fn fill(&self, bytes: &[u8], syncs: bool) -> Result<(), StoreError> {
        self.lock()?;
        self.write_at(0, bytes)?;
        if syncs { self.sync_data() } else { Ok(()) }
    }

    /// Opens a file that [`create`](Self::create) may have made: a regular file with no other name,
    /// and with the owner that this process' new files get.
    pub(crate) fn open(folder: &Folder<D>, name: &OsStr) -> Result<Self, StoreError> {
        Self::open_with(folder, name, Access::Write, false)
    }

    /// Opens a published file for reading. It may still have the name of the part file too.
    pub(crate) fn open_published(folder: &Folder<D>, name: &OsStr) -> Result<Self, StoreError> {
        Self::open_with(folder, name, Access::Read, true)
    }

    /// Opens any regular file for reading, including one that another program made.
    pub(crate) fn open_to_read(folder: &Folder<D>, name: &OsStr) -> Result<Self, StoreError> {
        let (file, metadata) = open_regular(folder, name, Access::Read)?;
        Ok(Self::new(file, folder, name, &metadata))
    }

    fn open_with(
        folder: &Folder<D>,
        name: &OsStr,
        access: Access,
        may_have_two_names: bool,
    ) -> Result<Self, StoreError> {
        let (file, metadata) = open_regular(folder, name, access)?;
        if metadata.names != 1 && !(metadata.names == 2 && may_have_two_names) {
            return Err(StoreError::not_ours(name, "has other names, or none"));
        }
        if !is_made_by_us(folder, metadata.owner) {
            return Err(StoreError::not_ours(name, "belongs to another user"));
        }
        Ok(Self::new(file, folder, name, &metadata))
    }

    fn new(file: D::File, folder: &Folder<D>, name: &OsStr, metadata: &Metadata) -> Self {
        Self {
            file,
            folder: folder.clone(),
            name: name.to_owned(),
            identity: metadata.identity,
            sync: SyncState::default(),
            is_locked: AtomicBool::new(false),
        }
    }

    pub(crate) fn folder(&self) -> &Folder<D> {
        &self.folder
    }

    pub(crate) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Takes the advisory lock until this open file is last used. On a file system without locks
    /// this succeeds: the lock only saves two processes from duplicate work, and hashes decide.
    pub(crate) fn lock(&self) -> Result<(), StoreError> {
        if let Err(Errno::WOULDBLOCK) = self.file.lock() {
            return Err(self.in_use());
        }
        self.is_locked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Another process is working on the download.
    pub(crate) fn in_use(&self) -> StoreError {
        StoreError::InUse {
            name: self.name.clone(),
        }
    }

    /// Reports whether the name still refers to this file.
    pub(crate) fn has_its_name(&self) -> Result<bool, StoreError> {
        self.folder.holds(&self.name, self.identity)
    }

    /// Reports whether its permissions are those of a file created here for its owner only.
    pub(crate) fn is_private(&self) -> Result<bool, StoreError> {
        let permissions = metadata(&self.file)?.permissions;
        let is_new = |new: NewFile| new.permissions == permissions;
        Ok(permissions == PRIVATE || self.folder.new_file(PRIVATE).is_some_and(is_new))
    }

    /// Fails unless the name still refers to this file.
    pub(crate) fn check_name(&self) -> Result<(), StoreError> {
        if self.has_its_name()? {
            Ok(())
        } else {
            Err(StoreError::not_ours(&self.name, "was replaced meanwhile"))
        }
    }

    /// Removes the name if it still refers to this file.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        self.folder.remove(&self.name, self.identity)
    }

    pub(crate) fn length(&self) -> Result<ByteCount, StoreError> {
        Ok(ByteCount(metadata(&self.file)?.length))
    }

    /// Returns the bytes that the file occupies on the disk, or `None` if the file system does not
    /// report them: a file with bytes shows no blocks.
    pub(crate) fn allocated(&self) -> Result<Option<ByteCount>, StoreError> {
        let metadata = metadata(&self.file)?;
        let is_told = metadata.allocated > 0 || metadata.length == 0;
        Ok(is_told.then_some(ByteCount(metadata.allocated)))
    }

    /// Gives the file the permissions of a newly created file, if the file system can change them.
    /// Otherwise the file has the permissions that the file system gave it.
    pub(crate) fn make_ordinary(&self) {
        let ordinary = self.folder.new_file(ORDINARY);
        let ordinary = ordinary.map_or_else(own_process::new_file_mode, |new| new.permissions);
        let is_so = metadata(&self.file).is_ok_and(|found| found.permissions == ordinary);
        if !is_so {
            let _courtesy = self.file.set_permissions(ordinary);
        }
    }

    pub(crate) fn set_length(&self, length: ByteCount) -> Result<(), StoreError> {
        let set = self.file.set_length(length.0);
        set.map_err(|errno| StoreError::io("set the length of a file", errno))
    }

    /// Reserves blocks for `length` bytes, or returns the reason why not.
    pub(crate) fn reserve(&self, length: ByteCount) -> Result<(), Errno> {
        self.file.reserve(length.0)
    }

    /// Sets the modification time, if the file system can set it.
    pub(crate) fn set_modified(&self, time: SystemTime) {
        let _courtesy = self.file.set_modified(time);
    }

    /// Keeps the record of where the file is from, if the file system can.
    pub(crate) fn keep_provenance(&self, provenance: &Provenance, content: Content) {
        provenance::keep(&self.file, provenance, content);
    }

    /// Marks it as unchanged from now on, if the file system can.
    pub(crate) fn mark_unchanged(&self) {
        provenance::mark_unchanged(&self.file);
    }

    /// Reports whether it has the bytes that its record is about.
    pub(crate) fn is_unchanged(
        &self,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<bool, StoreError> {
        let hash_block = |range| hash_range(range, |offset, buffer| self.read_at(offset, buffer));
        provenance::is_unchanged(&self.file, hash_block, proceed)
    }

    /// Returns the record of where the file is from, if it has one and has not changed since.
    pub(crate) fn provenance(&self) -> Option<Provenance> {
        provenance::read(&self.file)
    }

    /// Writes all of `bytes` at `offset`. After an error, any number of them may be in the file.
    pub(crate) fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |errno| StoreError::io("write beside the output", errno);
        while !bytes.is_empty() {
            match self.file.write_at(offset, bytes) {
                // A regular file takes at least one byte or reports an error; do not spin if it
                // does neither.
                Ok(0) => return Err(failed(Errno::IO)),
                Ok(written) => {
                    bytes = &bytes[written..];
                    offset += written as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        Ok(())
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub(crate) fn read_at(&self, mut offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match self.file.read_at(offset, &mut buffer[filled..]) {
                Ok(0) => return Err(StoreError::Ended { offset }),
                Ok(read) => {
                    filled += read;
                    offset += read as u64;
                }
                Err(Errno::INTR) => {}
                Err(errno) => return Err(StoreError::io("read beside the output", errno)),
            }
        }
        Ok(())
    }

    /// Maps a range of it for writing, if the system can.
    pub(crate) fn map(&self, range: ByteRange) -> Option<<D::File as DiskFile>::Window> {
        self.file.map(range).ok()
    }

    /// Asks the kernel to begin writing `range` to the disk, without waiting. This is a hint: it
    /// may fail silently, and makes nothing durable.
    pub(crate) fn begin_write_back(&self, range: ByteRange) {
        self.file.begin_write_back(range);
    }

    /// Makes written bytes, and the length needed to find them, survive a power cut.
    pub(crate) fn sync_data(&self) -> Result<(), StoreError> {
        self.sync.run(|| self.file.sync_data())
    }

    /// Does the same as [`sync_data`](Self::sync_data), and also syncs the permissions.
    pub(crate) fn sync_all(&self) -> Result<(), StoreError> {
        self.sync.run(|| self.file.sync_all())
    }

    /// Reports whether a sync has failed.
    pub(crate) fn has_lost_a_sync(&self) -> bool {
        self.sync.is_lost()
    }

    /// Makes later reads see the bytes on the disk: see
    /// [`PartFile::trust_only_the_disk`](crate::part_file::PartFile::trust_only_the_disk).
    ///
    /// A failure is no error. The pages that were given up are dropped then, and what is read from
    /// the disk is judged by its hashes; what is written from here on is covered by later syncs.
    pub(crate) fn trust_only_the_disk(&self, syncs: bool, is_doubtful: bool) {
        let is_synced = !syncs || rustix::io::retry_on_intr(|| self.file.sync_data()).is_ok();
        if is_doubtful || !is_synced {
            self.forget_cached();
        }
    }

    /// Asks the kernel to drop the file's clean pages. After a failed sync some pages are clean
    /// only because the kernel gave up writing them: memory has bytes that the disk does not. A
    /// later read of the file, in this run or the next, must see the bytes on the disk.
    pub(crate) fn forget_cached(&self) {
        self.file.forget_cached();
    }
}

impl<D: Disk> Drop for OwnedFile<D> {
    fn drop(&mut self) {
        if self.sync.is_lost() {
            // Pages that were mapped or being written when the sync failed.
            self.forget_cached();
        }
        if self.is_locked.load(Ordering::Relaxed) {
            // A newly forked child also holds the open file until it executes its program.
            self.file.unlock();
        }
    }
}

/// Reports whether the owner is the one that new files of this process show. A file system may
/// report another owner than the user of this process for all of its files; another user's file in
/// a shared directory still shows another owner than a new file of ours.
fn is_made_by_us<D: Disk>(folder: &Folder<D>, owner: u32) -> bool {
    owner == rustix::process::geteuid().as_raw()
        || folder
            .new_file(ORDINARY)
            .is_some_and(|new| new.owner == owner)
}

/// Opens an existing regular file.
fn open_regular<D: Disk>(
    folder: &Folder<D>,
    name: &OsStr,
    access: Access,
) -> Result<(D::File, Metadata), StoreError> {
    let opened = folder.disk().open(name, access);
    let file = opened.map_err(|errno| match errno {
        Errno::NOENT => StoreError::NotFound {
            name: name.to_owned(),
        },
        Errno::LOOP => StoreError::not_ours(name, "is a symbolic link"),
        Errno::ISDIR | Errno::NXIO => StoreError::not_ours(name, "is not a regular file"),
        _ => StoreError::io("open a file beside the output", errno),
    })?;
    let metadata = metadata(&file)?;
    if metadata.kind != Kind::Regular {
        return Err(StoreError::not_ours(name, "is not a regular file"));
    }
    Ok((file, metadata))
}

fn metadata(file: &impl DiskFile) -> Result<Metadata, StoreError> {
    file.metadata()
        .map_err(|errno| StoreError::io("look at an open file", errno))
}
