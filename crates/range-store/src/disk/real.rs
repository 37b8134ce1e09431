//! Owns the real disk: a directory held open as a descriptor, and files opened by one component
//! beneath it. Knows nothing of what the files mean.

use std::ffi::OsStr;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::sync::Arc;
use std::time::SystemTime;

use memmap2::MmapOptions;
use range_core::file_identity::FileIdentity;
use range_core::range::ByteRange;
use rustix::fs::{
    Advice, AtFlags, CWD, FallocateFlags, FileType, FlockOperation, Mode, OFlags, RenameFlags,
    Stat, Timespec, Timestamps, UTIME_OMIT, XattrFlags,
};
use rustix::io::{Errno, retry_on_intr};

use super::calls::{Access, Disk, DiskFile, Kind, Metadata, NewFile, Space};
use super::probe;
use crate::error::StoreError;
use crate::names;
use crate::region::Region;
use crate::write_back;

/// The permissions of a file that is accessible to its owner only.
const PRIVATE: Mode = Mode::RUSR.union(Mode::WUSR);

/// The file systems on which a reserved block is written in its place, as statfs(2) names them:
/// ext4, XFS and tmpfs. On others it may be copied when it is written (Btrfs, F2FS, bcachefs), or
/// belongs to another machine or program (NFS, CIFS, FUSE), and overlayfs does not tell what is
/// below it.
const RESERVING: [u64; 3] = [0xEF53, 0x5846_5342, 0x0102_1994];

/// The directory of a download, held open: if it or a directory above it is renamed, the download
/// moves along and is never redirected.
#[derive(Clone, Debug)]
pub struct Directory(Arc<OwnedFd>);

/// An open file in a [`Directory`].
#[derive(Debug)]
pub struct RealFile(OwnedFd);

impl Directory {
    /// Opens the directory at `path`, following symbolic links.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let open = |access| {
            let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | access;
            retry_on_intr(|| rustix::fs::open(path, flags, Mode::empty()))
        };
        // Files can be created in a directory without read permission; only syncing it is
        // impossible.
        let fd = open(OFlags::RDONLY)
            .or_else(|errno| match errno {
                Errno::ACCESS | Errno::PERM => open(OFlags::PATH),
                _ => Err(errno),
            })
            .map_err(|errno| StoreError::io("open the output directory", errno))?;
        Ok(Self(Arc::new(fd)))
    }

    fn open_at(&self, name: &OsStr, flags: OFlags) -> Result<RealFile, Errno> {
        let flags = flags | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // A signal can interrupt a slow open, e.g. on a network file system.
        retry_on_intr(|| rustix::fs::openat(&self.0, name, flags, PRIVATE)).map(RealFile)
    }
}

impl Disk for Directory {
    type File = RealFile;

    fn create(&self, name: &OsStr) -> Result<RealFile, Errno> {
        self.open_at(name, OFlags::CREATE | OFlags::EXCL | OFlags::RDWR)
    }

    fn create_nameless(&self) -> Result<RealFile, Errno> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        retry_on_intr(|| rustix::fs::openat(&self.0, c".", flags, PRIVATE)).map(RealFile)
    }

    /// Goes by `/proc`, because a link to the descriptor itself wants a privilege.
    fn name(&self, file: &RealFile, name: &OsStr) -> Result<(), Errno> {
        let path = format!("/proc/self/fd/{}", file.0.as_raw_fd());
        let flags = AtFlags::SYMLINK_FOLLOW;
        retry_on_intr(|| rustix::fs::linkat(CWD, path.as_str(), &self.0, name, flags))
    }

    fn open(&self, name: &OsStr, access: Access) -> Result<RealFile, Errno> {
        let access = match access {
            Access::Read => OFlags::RDONLY,
            Access::Write => OFlags::RDWR,
        };
        // Without NONBLOCK, opening a FIFO planted under the name would block until another process
        // writes.
        self.open_at(name, access | OFlags::NONBLOCK)
    }

    fn look(&self, name: &OsStr) -> Result<Metadata, Errno> {
        let stat = rustix::fs::statat(&self.0, name, AtFlags::SYMLINK_NOFOLLOW)?;
        Ok(metadata(&stat))
    }

    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::renameat(&self.0, from, &self.0, to))
    }

    fn rename_without_replacing(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        let flags = RenameFlags::NOREPLACE;
        retry_on_intr(|| rustix::fs::renameat_with(&self.0, from, &self.0, to, flags))
    }

    fn link(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::linkat(&self.0, from, &self.0, to, AtFlags::empty()))
    }

    fn remove(&self, name: &OsStr) -> Result<(), Errno> {
        rustix::fs::unlinkat(&self.0, name, AtFlags::empty())
    }

    fn sync(&self) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::fsync(&self.0))
    }

    /// Where it cannot be asked, it is taken for an ordinary one.
    fn longest_name(&self) -> usize {
        let told = rustix::fs::fstatvfs(&self.0).map(|stat| stat.f_namemax);
        let told = told.ok().filter(|&longest| longest > 0);
        told.and_then(|longest| longest.try_into().ok())
            .unwrap_or(names::LONGEST_NAME)
    }

    fn keeps_reservations(&self) -> bool {
        let kind = rustix::fs::fstatfs(&self.0).ok();
        let kind = kind.and_then(|stat| u64::try_from(stat.f_type).ok());
        kind.is_some_and(|kind| RESERVING.contains(&kind))
    }

    fn space(&self) -> Result<Space, Errno> {
        let stat = rustix::fs::fstatvfs(&self.0)?;
        let bytes = |blocks: u64| blocks.saturating_mul(stat.f_frsize);
        Ok(Space {
            size: bytes(stat.f_blocks),
            available: bytes(stat.f_bavail),
        })
    }

    fn new_file(&self, name: &OsStr, permissions: u32) -> Option<NewFile> {
        probe::created_with(self.as_fd(), name, Mode::from_raw_mode(permissions))
    }
}

impl AsFd for Directory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl DiskFile for RealFile {
    type Window = Region;

    fn metadata(&self) -> Result<Metadata, Errno> {
        Ok(metadata(&rustix::fs::fstat(&self.0)?))
    }

    fn lock(&self) -> Result<(), Errno> {
        let operation = FlockOperation::NonBlockingLockExclusive;
        retry_on_intr(|| rustix::fs::flock(&self.0, operation))
    }

    fn unlock(&self) {
        let _courtesy = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno> {
        rustix::io::pread(&self.0, buffer, offset)
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize, Errno> {
        rustix::io::pwrite(&self.0, bytes, offset)
    }

    fn set_length(&self, length: u64) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::ftruncate(&self.0, length))
    }

    /// Makes the raw system call, because the C library's `posix_fallocate` falls back to writing
    /// into every block.
    fn reserve(&self, length: u64) -> Result<(), Errno> {
        let flags = FallocateFlags::empty();
        retry_on_intr(|| rustix::fs::fallocate(&self.0, flags, 0, length))
    }

    /// Calls `fdatasync`, which on Linux also writes bytes that were stored through mappings.
    fn sync_data(&self) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::fdatasync(&self.0))
    }

    fn sync_all(&self) -> Result<(), Errno> {
        retry_on_intr(|| rustix::fs::fsync(&self.0))
    }

    fn set_permissions(&self, permissions: u32) -> Result<(), Errno> {
        rustix::fs::fchmod(&self.0, Mode::from_raw_mode(permissions))
    }

    fn set_modified(&self, time: SystemTime) -> Result<(), Errno> {
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
        rustix::fs::futimens(&self.0, &times)
    }

    fn set_attribute(&self, name: &str, value: &[u8]) -> Result<(), Errno> {
        rustix::fs::fsetxattr(&self.0, name, value, XattrFlags::empty())
    }

    fn attribute(&self, name: &str, buffer: &mut [u8]) -> Result<usize, Errno> {
        rustix::fs::fgetxattr(&self.0, name, buffer)
    }

    fn begin_write_back(&self, range: ByteRange) {
        write_back::begin(&self.0, range);
    }

    fn forget_cached(&self) {
        let _courtesy = rustix::fs::fadvise(&self.0, 0, None, Advice::DontNeed);
    }

    fn map(&self, range: ByteRange) -> io::Result<Region> {
        let length = usize::try_from(range.len()).expect("a window fits the address space");
        let mut options = MmapOptions::new();
        let map = options.offset(range.start()).len(length).map_raw(&self.0);
        map.map(Region::new)
    }
}

fn metadata(stat: &Stat) -> Metadata {
    Metadata {
        identity: FileIdentity {
            device: stat.st_dev,
            inode: stat.st_ino,
        },
        kind: match FileType::from_raw_mode(stat.st_mode) {
            FileType::RegularFile => Kind::Regular,
            FileType::Symlink => Kind::Symlink,
            FileType::Directory => Kind::Directory,
            FileType::Fifo
            | FileType::Socket
            | FileType::CharacterDevice
            | FileType::BlockDevice
            | FileType::Unknown => Kind::Other,
        },
        // Its type is another one on each kind of machine.
        names: u64::try_from(u128::from(stat.st_nlink)).unwrap_or(u64::MAX),
        owner: stat.st_uid,
        permissions: stat.st_mode & 0o777,
        length: u64::try_from(stat.st_size).expect("a file has no negative size"),
        // stat(2): the unit of st_blocks is 512 bytes, whatever the file system's own.
        allocated: u64::try_from(stat.st_blocks)
            .unwrap_or(0)
            .saturating_mul(512),
        modified: i128::from(stat.st_mtime) * 1_000_000_000 + i128::from(stat.st_mtime_nsec),
        changed: i128::from(stat.st_ctime) * 1_000_000_000 + i128::from(stat.st_ctime_nsec),
    }
}
