//! Owns what is asked of a disk that files are kept on: one directory of it, and the files in it.
//! The calls are those of a system, without any judgement. Knows nothing of what the files are.

use std::ffi::OsStr;
use std::time::SystemTime;
use std::{fmt, io};

use range_core::file_identity::FileIdentity;
use range_core::range::ByteRange;
use rustix::io::Errno;

/// A directory that is held open, by whatever name it goes meanwhile. Names are single components,
/// and symbolic links are not followed. Clones are handles of one directory.
pub trait Disk: Clone + fmt::Debug + Send + Sync + 'static {
    /// A file that is open.
    type File: DiskFile;

    /// Creates a file for its owner only, to be read and written. Fails with [`Errno::EXIST`] if
    /// anything at all has the name.
    fn create(&self, name: &OsStr) -> Result<Self::File, Errno>;

    /// Opens a file that exists. Fails with [`Errno::NOENT`] if nothing has the name, and with
    /// [`Errno::LOOP`] if a symbolic link has. Waits for nothing, whatever it is.
    fn open(&self, name: &OsStr, access: Access) -> Result<Self::File, Errno>;

    /// What has the name. Fails with [`Errno::NOENT`] if nothing has.
    fn look(&self, name: &OsStr) -> Result<Metadata, Errno>;

    /// Gives a file another name, and replaces what has that.
    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// The same, but fails with [`Errno::EXIST`] if anything has the new name.
    fn rename_without_replacing(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// Gives a file one more name. Fails with [`Errno::EXIST`] if anything has it.
    fn link(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// Removes a name.
    fn remove(&self, name: &OsStr) -> Result<(), Errno>;

    /// Makes names created, given and removed so far survive a power cut.
    fn sync(&self) -> Result<(), Errno>;

    /// How much room there is.
    fn space(&self) -> Result<Space, Errno>;

    /// What becomes of a file that is created here with these permissions; nothing is left of it.
    /// `None` where that cannot be found out.
    fn new_file(&self, permissions: u32) -> Option<NewFile>;
}

/// A file of a [`Disk`], open.
///
/// Any number of threads may use it at once; what is read while it is written may be old, new or
/// mixed.
pub trait DiskFile: fmt::Debug + Send + Sync + 'static {
    /// A part of it in memory.
    type Window: Window;

    /// What it is.
    fn metadata(&self) -> Result<Metadata, Errno>;

    /// Takes the advisory lock, until it is given back or the file is closed. Fails with
    /// [`Errno::WOULDBLOCK`] if another opening of the file has it.
    fn lock(&self) -> Result<(), Errno>;

    /// Gives the lock back.
    fn unlock(&self);

    /// Reads some bytes from `offset` on, and tells how many: 0 at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Writes some of `bytes` at `offset`, and tells how many.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize, Errno>;

    /// Cuts the file, or lets it end with zeros.
    fn set_length(&self, length: u64) -> Result<(), Errno>;

    /// Makes the file at least as long, with all blocks reserved: writing into it cannot run out of
    /// space.
    fn reserve(&self, length: u64) -> Result<(), Errno>;

    /// Makes written bytes, and the length needed to find them, survive a power cut. That includes
    /// what was stored through windows.
    fn sync_data(&self) -> Result<(), Errno>;

    /// As [`sync_data`](Self::sync_data), and the permissions too.
    fn sync_all(&self) -> Result<(), Errno>;

    /// Sets the permissions.
    fn set_permissions(&self, permissions: u32) -> Result<(), Errno>;

    /// Sets the time of the last change; before 1970 counts as 1970.
    fn set_modified(&self, time: SystemTime) -> Result<(), Errno>;

    /// A hint to begin writing `range` to the disk.
    fn begin_write_back(&self, range: ByteRange);

    /// A hint to forget what is in memory and on the disk too.
    fn forget_cached(&self);

    /// Maps `range`, whose blocks are [reserved](Self::reserve).
    fn map(&self, range: ByteRange) -> io::Result<Self::Window>;
}

/// A part of a file in memory.
pub trait Window: fmt::Debug + Send {
    /// How many bytes it has.
    fn length(&self) -> usize;

    /// Copies all of `bytes` to `offset` from its start.
    ///
    /// # Panics
    ///
    /// If the bytes do not fit.
    fn copy_in(&mut self, offset: usize, bytes: &[u8]);
}

/// What a file is opened for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// To be read.
    Read,
    /// To be read and written.
    Write,
}

/// What has a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file of bytes.
    Regular,
    /// A symbolic link.
    Symlink,
    /// A directory, a device, a FIFO or a socket.
    Other,
}

/// What is known of a file without reading it.
#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    /// Which file it is, whatever its name.
    pub identity: FileIdentity,
    /// What it is.
    pub kind: Kind,
    /// How many names it has.
    pub names: u64,
    /// Whom it belongs to.
    pub owner: u32,
    /// Who may do what with it: the nine bits of `chmod`.
    pub permissions: u32,
    /// How many bytes it has.
    pub length: u64,
    /// How many bytes of the disk it takes.
    pub allocated: u64,
}

/// The room on a disk, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// In all; 0 where the file system has no limit of its own.
    pub size: u64,
    /// Free, and to be had by this user. Some file systems do not know, and say 0.
    pub available: u64,
}

/// What became of a file that was created.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// The owner that the file system shows, which on a mount that maps or forces owners is not
    /// the user this process acts as.
    pub owner: u32,
    /// What umask, the directory's default ACL and the options of the mount leave of the
    /// permissions it was created with.
    pub permissions: u32,
}
