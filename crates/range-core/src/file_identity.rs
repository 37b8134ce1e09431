//! Owns [`FileIdentity`], by which a file system recognises a file. A value; asks no file system.

/// The device and number of a file, which stay the same whatever its names. The number of a deleted
/// file may be used again, so equal identities alone prove nothing about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// The device that holds the file.
    pub device: u64,
    /// The file's number on that device (its inode number).
    pub inode: u64,
}
