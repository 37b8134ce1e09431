//! Owns the interface of a disk that stores files: one directory, and the files in it. The calls
//! are those of an operating system, without any policy. Does not know what the files mean.

use std::ffi::OsStr;
use std::time::SystemTime;
use std::{fmt, io};

use range_core::file_identity::FileIdentity;
use range_core::range::ByteRange;
use rustix::io::Errno;

use crate::names;

/// A directory that is held open, whatever its name becomes. Names are single components, and
/// symbolic links are not followed. Clones are handles of one directory.
pub trait Disk: Clone + fmt::Debug + Send + Sync + 'static {
    /// The type of an open file.
    type File: DiskFile;

    /// Creates a file for reading and writing, accessible to its owner only. Fails with
    /// [`Errno::EXIST`] if anything at all has the name.
    fn create(&self, name: &OsStr) -> Result<Self::File, Errno>;

    /// Creates a file that has no name yet, as [`create`](Self::create) does otherwise. Not every
    /// file system can.
    fn create_nameless(&self) -> Result<Self::File, Errno>;

    /// Gives a file that was [created without](Self::create_nameless) its name. Fails with
    /// [`Errno::EXIST`] if anything at all has the name.
    fn name(&self, file: &Self::File, name: &OsStr) -> Result<(), Errno>;

    /// Opens an existing file. Fails with [`Errno::NOENT`] if nothing has the name, and with
    /// [`Errno::LOOP`] if a symbolic link has it. Never blocks, not even on a FIFO.
    fn open(&self, name: &OsStr, access: Access) -> Result<Self::File, Errno>;

    /// Returns the metadata of a name. Fails with [`Errno::NOENT`] if nothing has the name.
    fn look(&self, name: &OsStr) -> Result<Metadata, Errno>;

    /// Renames a file, and replaces any file that has the new name.
    fn rename(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// Renames a file, but fails with [`Errno::EXIST`] if anything has the new name.
    fn rename_without_replacing(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// Adds a name to a file. Fails with [`Errno::EXIST`] if anything has the new name.
    fn link(&self, from: &OsStr, to: &OsStr) -> Result<(), Errno>;

    /// Removes a name.
    fn remove(&self, name: &OsStr) -> Result<(), Errno>;

    /// Makes all names created, changed and removed before the call survive a power cut.
    fn sync(&self) -> Result<(), Errno>;

    /// Returns the length in bytes of the longest name that the file system accepts.
    fn longest_name(&self) -> usize {
        names::LONGEST_NAME
    }

    /// Reports whether the blocks that a file has [reserved](DiskFile::reserve) are there when it
    /// is written, whatever else happens on the disk. Where this is unknown, they are not.
    fn keeps_reservations(&self) -> bool;

    /// Returns the free and total space.
    fn space(&self) -> Result<Space, Errno>;

    /// Reports the owner and permissions of a file that is created here with these permissions.
    /// `None` if they cannot be learnt.
    ///
    /// If the file must have a name, it is `name`, and only for a moment. A kill in that moment
    /// leaves an empty file, which the next call with this name removes.
    fn new_file(&self, name: &OsStr, permissions: u32) -> Option<NewFile>;
}

/// An open file of a [`Disk`].
///
/// Any number of threads may use it at once; a read that overlaps a write may return old bytes, new
/// bytes or a mixture.
pub trait DiskFile: fmt::Debug + Send + Sync + 'static {
    /// The type of a mapped part of the file.
    type Window: Window;

    /// Returns the file's metadata.
    fn metadata(&self) -> Result<Metadata, Errno>;

    /// Takes the advisory lock, until it is released or the file is closed. Fails with
    /// [`Errno::WOULDBLOCK`] if another open file description has the lock.
    fn lock(&self) -> Result<(), Errno>;

    /// Releases the lock.
    fn unlock(&self);

    /// Reads some bytes from `offset` on, and returns their number: 0 at the end of the file.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Writes some of `bytes` at `offset`, and returns their number.
    fn write_at(&self, offset: u64, bytes: &[u8]) -> Result<usize, Errno>;

    /// Truncates the file, or extends it with zeros.
    fn set_length(&self, length: u64) -> Result<(), Errno>;

    /// Makes the file at least this long, with all blocks reserved: writing into it cannot run out
    /// of space.
    fn reserve(&self, length: u64) -> Result<(), Errno>;

    /// Makes written bytes, and the length needed to find them, survive a power cut. This includes
    /// bytes stored through mappings.
    fn sync_data(&self) -> Result<(), Errno>;

    /// Does the same as [`sync_data`](Self::sync_data), and also syncs the permissions.
    fn sync_all(&self) -> Result<(), Errno>;

    /// Sets the permissions.
    fn set_permissions(&self, permissions: u32) -> Result<(), Errno>;

    /// Sets the modification time; a time before 1970 counts as 1970.
    fn set_modified(&self, time: SystemTime) -> Result<(), Errno>;

    /// Gives the file an extended attribute, in place of any of that name.
    fn set_attribute(&self, name: &str, value: &[u8]) -> Result<(), Errno>;

    /// Reads an extended attribute into `buffer`, and returns its length. Fails with
    /// [`Errno::RANGE`] if it does not fit.
    fn attribute(&self, name: &str, buffer: &mut [u8]) -> Result<usize, Errno>;

    /// Asks the system to begin writing `range` to the disk. This is a hint.
    fn begin_write_back(&self, range: ByteRange);

    /// Asks the system to drop cached pages that are on the disk too. This is a hint.
    fn forget_cached(&self);

    /// Maps `range`, whose blocks are [reserved](Self::reserve).
    fn map(&self, range: ByteRange) -> io::Result<Self::Window>;
}

/// A mapped part of a file.
pub trait Window: fmt::Debug + Send {
    /// Returns its length in bytes.
    fn length(&self) -> usize;

    /// Copies all of `bytes` to `offset`, counted from the start of the mapping.
    ///
    /// # Panics
    ///
    /// If the bytes do not fit.
    fn copy_in(&mut self, offset: usize, bytes: &[u8]);
}

/// The access with which a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Reading.
    Read,
    /// Reading and writing.
    Write,
}

/// The type of a directory entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A file of bytes.
    Regular,
    /// A symbolic link.
    Symlink,
    /// A directory.
    Directory,
    /// A device, a FIFO or a socket.
    Other,
}

/// The metadata of a file, known without reading it.
#[derive(Clone, Copy, Debug)]
pub struct Metadata {
    /// The file's identity, whatever its name.
    pub identity: FileIdentity,
    /// The file's type.
    pub kind: Kind,
    /// The number of its names (hard links).
    pub names: u64,
    /// The user id of its owner.
    pub owner: u32,
    /// Its permissions: the nine bits of `chmod`.
    pub permissions: u32,
    /// Its length in bytes.
    pub length: u64,
    /// The bytes that it occupies on the disk.
    pub allocated: u64,
    /// The time of the last change of its bytes, in nanoseconds since 1970. Programs can set it.
    pub modified: i128,
    /// The time of the last change of anything about it, in nanoseconds since 1970. Only the system
    /// sets it.
    pub changed: i128,
}

/// The space on a disk, in bytes.
#[derive(Clone, Copy, Debug)]
pub struct Space {
    /// The total space; 0 if the file system has no limit of its own.
    pub size: u64,
    /// The free space available to this user. Some file systems do not know it, and report 0.
    pub available: u64,
}

/// The owner and permissions that a newly created file got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewFile {
    /// The owner that the file system reports. On a mount that maps or forces owners this is not
    /// the user that the process runs as.
    pub owner: u32,
    /// The permissions of the file after umask, the directory's default ACL and the mount's options
    /// were applied.
    pub permissions: u32,
}
