//! Owns the choice between mapping and positioned writes. Knows nothing of how either is done.

use range_core::units::ByteCount;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::owned_file::OwnedFile;
use crate::reserve::{self, Reservation};

/// The caller's choice of how bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteMode {
    /// Writes with `pwrite`. Blocks are reserved where possible, to detect a full disk early.
    ///
    /// This is the default because it was measured to need 0.55 to 0.9 of the processor time of a
    /// mapping (`docs/design/durability.md`): the kernel clears every page of a mapping that is
    /// touched, and the copy then overwrites it.
    #[default]
    Positioned,
    /// Writes through memory mappings. Fails if blocks cannot be reserved, because a full disk
    /// would then kill the process.
    Mapped,
}

/// The way in which bytes are written, once decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Backend {
    /// With `pwrite`.
    Positioned,
    /// Through windows of a shared mapping over reserved blocks.
    Mapped,
}

impl Backend {
    /// Reserves the file's blocks and decides how to write it. After an error, the file may have
    /// any length.
    pub(crate) fn prepare<D: Disk>(
        file: &OwnedFile<D>,
        length: Option<ByteCount>,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let obstacle = match length {
            None => Some("the length is unknown"),
            Some(length) => obstacle(file, length)?,
        };
        match (mode, obstacle) {
            (WriteMode::Positioned, _) => Ok(Self::Positioned),
            (WriteMode::Mapped, None) => Ok(Self::Mapped),
            (WriteMode::Mapped, Some(why)) => Err(StoreError::Unmappable { why }),
        }
    }
}

fn obstacle<D: Disk>(
    file: &OwnedFile<D>,
    length: ByteCount,
) -> Result<Option<&'static str>, StoreError> {
    Ok(match reserve::reserve(file, length)? {
        Reservation::Made => None,
        Reservation::Unsupported => Some("the file system cannot reserve blocks"),
    })
}
