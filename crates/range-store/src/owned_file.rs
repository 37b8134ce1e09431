//! Owns one file this crate made: how it is created and recognised, and positioned reads and
//! writes of it. Knows nothing of leases, of mapping, or of which of the two files it is.

use std::ffi::{OsStr, OsString};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::SystemTime;

use range_core::ByteRange;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;
use rustix::fs::{
    Advice, FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps, UTIME_OMIT,
};
use rustix::io::Errno;

use crate::directory::{Directory, identity_of};
use crate::error::StoreError;
use crate::probe::{self, PRIVATE};
use crate::sync::SyncState;
use crate::umask;
use crate::write_back;

/// A regular file of ours, open, with the directory and the name it had when it was opened.
#[derive(Debug)]
pub(crate) struct OwnedFile {
    fd: OwnedFd,
    directory: Directory,
    name: OsString,
    identity: FileIdentity,
    sync: SyncState,
    is_locked: AtomicBool,
}

impl OwnedFile {
    /// Creates the file, empty, readable and writable by its owner only. The name must be free: a
    /// symbolic link that leads nowhere takes it too.
    pub(crate) fn create(directory: &Directory, name: &OsStr) -> Result<Self, StoreError> {
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::RDWR;
        let fd = open_at(directory, name, flags).map_err(|errno| match errno {
            Errno::EXIST => StoreError::Exists {
                name: name.to_owned(),
            },
            _ => StoreError::io("create a file beside the output", errno),
        })?;
        let stat = stat(&fd)?;
        Ok(Self::new(fd, directory, name, &stat))
    }

    /// Opens a file that [`create`](Self::create) may have made: regular, with no other name, and
    /// owned as what this process creates is.
    pub(crate) fn open(directory: &Directory, name: &OsStr) -> Result<Self, StoreError> {
        Self::open_with(directory, name, OFlags::RDWR, false)
    }

    /// Opens a published file for reading. It may still have the name of the part file too.
    pub(crate) fn open_published(directory: &Directory, name: &OsStr) -> Result<Self, StoreError> {
        Self::open_with(directory, name, OFlags::RDONLY, true)
    }

    /// Opens any regular file for reading, whoever made it.
    pub(crate) fn open_to_read(directory: &Directory, name: &OsStr) -> Result<Self, StoreError> {
        let (fd, stat) = open_regular(directory, name, OFlags::RDONLY)?;
        Ok(Self::new(fd, directory, name, &stat))
    }

    fn open_with(
        directory: &Directory,
        name: &OsStr,
        access: OFlags,
        may_have_two_names: bool,
    ) -> Result<Self, StoreError> {
        let (fd, stat) = open_regular(directory, name, access)?;
        if stat.st_nlink != 1 && !(stat.st_nlink == 2 && may_have_two_names) {
            return Err(StoreError::not_ours(name, "has other names, or none"));
        }
        if !is_made_by_us(directory, stat.st_uid) {
            return Err(StoreError::not_ours(name, "belongs to another user"));
        }
        Ok(Self::new(fd, directory, name, &stat))
    }

    fn new(fd: OwnedFd, directory: &Directory, name: &OsStr, stat: &Stat) -> Self {
        Self {
            fd,
            directory: directory.clone(),
            name: name.to_owned(),
            identity: identity_of(stat),
            sync: SyncState::default(),
            is_locked: AtomicBool::new(false),
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn identity(&self) -> FileIdentity {
        self.identity
    }

    /// Takes the advisory lock until the last use of this open file ends. A file system that has
    /// no locks counts as locked: the lock spares two processes work, hashes decide.
    pub(crate) fn lock(&self) -> Result<(), StoreError> {
        let lock = || rustix::fs::flock(&self.fd, FlockOperation::NonBlockingLockExclusive);
        if let Err(Errno::WOULDBLOCK) = rustix::io::retry_on_intr(lock) {
            return Err(self.in_use());
        }
        self.is_locked.store(true, Ordering::Relaxed);
        Ok(())
    }

    /// Another process is at work on the download.
    pub(crate) fn in_use(&self) -> StoreError {
        StoreError::InUse {
            name: self.name.clone(),
        }
    }

    /// Whether the name still refers to this file.
    pub(crate) fn has_its_name(&self) -> Result<bool, StoreError> {
        self.directory.holds(&self.name, self.identity)
    }

    /// Whether its permissions are those that a file gets here which is created for its owner only.
    pub(crate) fn is_private(&self) -> Result<bool, StoreError> {
        let mode = Mode::from_raw_mode(stat(&self.fd)?.st_mode & 0o777);
        let of_new = || probe::new_private_file(&self.directory).map(|file| file.mode);
        Ok(mode == PRIVATE || of_new() == Some(mode))
    }

    /// Fails unless the name still refers to this file.
    pub(crate) fn check_name(&self) -> Result<(), StoreError> {
        if self.has_its_name()? {
            Ok(())
        } else {
            Err(StoreError::not_ours(&self.name, "was replaced meanwhile"))
        }
    }

    /// Removes the name, if it still refers to this file.
    pub(crate) fn remove(&self) -> Result<(), StoreError> {
        self.directory.remove(&self.name, self.identity)
    }

    pub(crate) fn length(&self) -> Result<ByteCount, StoreError> {
        Ok(ByteCount(
            u64::try_from(stat(&self.fd)?.st_size).expect("a file has no negative size"),
        ))
    }

    /// How much room the file takes on the disk, or `None` where the file system does not say: it
    /// shows no block of a file that has bytes.
    pub(crate) fn allocated(&self) -> Result<Option<ByteCount>, StoreError> {
        let stat = stat(&self.fd)?;
        let blocks = u64::try_from(stat.st_blocks).unwrap_or(0);
        if blocks == 0 && stat.st_size > 0 {
            return Ok(None);
        }
        // stat(2): the unit of st_blocks is 512 bytes, whatever the file system's own.
        Ok(Some(ByteCount(blocks.saturating_mul(512))))
    }

    /// Gives the file the permissions of one that is created here and now, where the file system
    /// lets them be changed. Where not, the file has those that the file system gave it.
    pub(crate) fn make_ordinary(&self) {
        let ordinary = probe::new_file(&self.directory).map(|new| new.mode);
        let ordinary = ordinary.unwrap_or_else(umask::new_file_mode);
        let is_so = stat(&self.fd).is_ok_and(|stat| stat.st_mode & 0o777 == ordinary.as_raw_mode());
        if !is_so {
            let _courtesy = rustix::fs::fchmod(&self.fd, ordinary);
        }
    }

    pub(crate) fn set_length(&self, length: ByteCount) -> Result<(), StoreError> {
        rustix::io::retry_on_intr(|| rustix::fs::ftruncate(&self.fd, length.0))
            .map_err(|errno| StoreError::io("set the length of a file", errno))
    }

    /// Sets the time of the last change, where the file system lets it be set; before 1970 counts
    /// as 1970.
    pub(crate) fn set_modified(&self, time: SystemTime) {
        let since = time
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let times = Timestamps {
            last_access: Timespec {
                tv_sec: 0,
                tv_nsec: UTIME_OMIT,
            },
            last_modification: Timespec {
                tv_sec: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: since.subsec_nanos().into(),
            },
        };
        let _courtesy = rustix::fs::futimens(&self.fd, &times);
    }

    /// Writes all of `bytes` at `offset`. After an error, any number of them may be in the file.
    pub(crate) fn write_at(&self, mut offset: u64, mut bytes: &[u8]) -> Result<(), StoreError> {
        let failed = |errno| StoreError::io("write beside the output", errno);
        while !bytes.is_empty() {
            match rustix::io::pwrite(&self.fd, bytes, offset) {
                // A regular file takes at least one byte or gives a reason; do not spin if not.
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

    /// Fills `buffer` from `offset` on.
    pub(crate) fn read_at(&self, mut offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        let mut filled = 0;
        while filled < buffer.len() {
            match rustix::io::pread(&self.fd, &mut buffer[filled..], offset) {
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

    /// Asks the kernel to begin writing `range` to the disk, and waits for nothing. A hint: it
    /// may fail unseen, and makes nothing durable.
    pub(crate) fn begin_write_back(&self, range: ByteRange) {
        write_back::begin(&self.fd, range);
    }

    /// Makes written bytes, and the length needed to find them, survive a power cut.
    pub(crate) fn sync_data(&self) -> Result<(), StoreError> {
        let synced = self.sync.run(|| rustix::fs::fdatasync(&self.fd));
        synced.inspect_err(|_| self.forget_cached())
    }

    /// As [`sync_data`](Self::sync_data), and the permissions too.
    pub(crate) fn sync_all(&self) -> Result<(), StoreError> {
        let synced = self.sync.run(|| rustix::fs::fsync(&self.fd));
        synced.inspect_err(|_| self.forget_cached())
    }

    /// Asks the kernel to forget the file's clean pages. After a failed sync some of them are clean
    /// because they were given up: memory has what the disk does not, and whoever reads the file
    /// back, this run or the next, must see what the disk has.
    fn forget_cached(&self) {
        let _courtesy = rustix::fs::fadvise(&self.fd, 0, None, Advice::DontNeed);
    }
}

impl Drop for OwnedFile {
    fn drop(&mut self) {
        if self.sync.is_lost() {
            // Pages that were mapped or being written when the sync failed.
            self.forget_cached();
        }
        if self.is_locked.load(Ordering::Relaxed) {
            // A child that was just forked has the open file too, until it runs its program.
            let _courtesy = rustix::fs::flock(&self.fd, FlockOperation::Unlock);
        }
    }
}

impl AsFd for OwnedFile {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

/// Whether a file that shows this owner is as one that this process creates. A file system may show
/// another owner than the user this process acts as, for all of its files; somebody else's file in
/// a directory that is shared still shows another owner than a new one of ours.
fn is_made_by_us(directory: &Directory, owner: u32) -> bool {
    owner == rustix::process::geteuid().as_raw()
        || probe::new_file(directory).is_some_and(|new| new.owner == owner)
}

/// Opens a regular file that exists.
fn open_regular(
    directory: &Directory,
    name: &OsStr,
    access: OFlags,
) -> Result<(OwnedFd, Stat), StoreError> {
    // Without NONBLOCK a FIFO planted at the name would hold the open until somebody writes.
    let fd = open_at(directory, name, access | OFlags::NONBLOCK).map_err(|errno| match errno {
        Errno::NOENT => StoreError::NotFound {
            name: name.to_owned(),
        },
        Errno::LOOP => StoreError::not_ours(name, "is a symbolic link"),
        Errno::ISDIR | Errno::NXIO => StoreError::not_ours(name, "is not a regular file"),
        _ => StoreError::io("open a file beside the output", errno),
    })?;
    let stat = stat(&fd)?;
    if FileType::from_raw_mode(stat.st_mode) != FileType::RegularFile {
        return Err(StoreError::not_ours(name, "is not a regular file"));
    }
    Ok((fd, stat))
}

fn open_at(directory: &Directory, name: &OsStr, flags: OFlags) -> Result<OwnedFd, Errno> {
    let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    // A signal can end a slow open, as on network file systems.
    rustix::io::retry_on_intr(|| rustix::fs::openat(directory, name, flags, PRIVATE))
}

fn stat(fd: &OwnedFd) -> Result<Stat, StoreError> {
    rustix::fs::fstat(fd).map_err(|errno| StoreError::io("look at an open file", errno))
}
