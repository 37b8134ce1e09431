//! Owns what a path can lead to, and the reading of it from any offset. Finds nothing.

use range_core::http::{EntityTag, HttpDate, Variant};
use rustix::io::Errno;

use super::file::{FileSource, ReadError};
use super::identity::Identity;
use super::listing::Unread;
use crate::buffer::Buffer;
use crate::synthetic::{self, Seed};

/// The thing a path leads to.
pub(crate) enum Found {
    /// Something to send by range.
    Representation(Representation),
    /// A directory, to be listed.
    Directory(Unread),
    /// A directory, whose links would lead astray without a slash at the end.
    WithSlash,
    /// Nothing that is served.
    Missing(Missing),
    /// Something that could not be opened just then, for want of descriptors or by an I/O error.
    Failed(Errno),
}

/// The reason why nothing is served for a path. Only the log tells them apart: nothing is to be
/// learnt about what is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Missing {
    /// Nothing is there.
    Nothing,
    /// It is hidden, and hidden names are not served.
    Hidden,
    /// The system does not let the server read it.
    Denied,
    /// A symbolic link is on the way, and links are not followed.
    Link,
    /// A symbolic link leads out of the directory.
    Outside,
    /// It is neither a regular file nor a directory.
    Special,
    /// The path ends in a slash, and the file is no directory.
    NotADirectory,
    /// The served directory itself was removed.
    Root,
}

impl Missing {
    /// The reason for whoever runs the server, where there is more to say than the status does.
    pub(crate) const fn why(self) -> Option<&'static str> {
        match self {
            Self::Nothing => None,
            Self::Hidden => Some("hidden names are not served without --allow-hidden"),
            Self::Denied => Some("permission denied"),
            Self::Link => Some("symbolic links are not followed without --allow-symlinks"),
            Self::Outside => Some("the symbolic link leads out of the directory"),
            Self::Special => Some("neither a regular file nor a directory"),
            Self::NotADirectory => Some("a file, and no directory"),
            Self::Root => Some("the served directory was removed"),
        }
    }
}

/// One version of something to send.
pub(crate) struct Representation {
    pub(crate) length: u64,
    pub(crate) entity_tag: Option<EntityTag>,
    pub(crate) last_modified: Option<HttpDate>,
    pub(crate) media_type: String,
    pub(crate) variant: Variant,
    pub(crate) source: Source,
}

/// Where the bytes of a representation come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// An open file.
    File(FileSource),
    /// A computation.
    Synthetic { seed: Seed, size: u64 },
}

impl Source {
    /// Reads exactly `length` bytes, at most a buffer's worth. They have to lie in the
    /// representation.
    pub(crate) async fn read(
        &self,
        mut buffer: Buffer,
        offset: u64,
        length: usize,
    ) -> Result<Buffer, ReadError> {
        match self {
            Self::File(file) => file.read(buffer, offset, length).await,
            Self::Synthetic { seed, .. } => {
                synthetic::fill(*seed, offset, buffer.use_front(length));
                Ok(buffer)
            }
        }
    }

    /// Fills `target` from `offset` on. May wait for the disk.
    pub(super) fn read_blocking(&self, target: &mut [u8], offset: u64) -> Result<(), ReadError> {
        match self {
            Self::File(file) => file.read_blocking(target, offset),
            Self::Synthetic { seed, .. } => {
                synthetic::fill(*seed, offset, target);
                Ok(())
            }
        }
    }

    /// The identity of the bytes, or `None` while a change to them could go unseen.
    pub(super) fn identity(&self) -> Option<Identity> {
        match self {
            Self::File(file) => file.identity(),
            Self::Synthetic { seed, size } => Some(Identity::Synthetic {
                seed: *seed,
                size: *size,
            }),
        }
    }

    /// Fails when the representation is no longer the version that was announced.
    pub(crate) fn check_unchanged(&self) -> Result<(), ReadError> {
        match self {
            Self::File(file) => file.check_unchanged(),
            Self::Synthetic { .. } => Ok(()),
        }
    }
}
