//! Owns [`FileIdentity`], what a file system knows a file by. A value; asks no file system.

/// What a file system knows a file by, whatever its names. The number of a file that was deleted
/// may be used again, so equal identities alone prove nothing about content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileIdentity {
    /// The device the file is on.
    pub device: u64,
    /// The file's number on it.
    pub inode: u64,
}
