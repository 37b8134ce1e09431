//! Owns the choice between mapping and positioned writes. Knows nothing of how either is done.

use range_core::units::ByteCount;

use crate::disk::Disk;
use crate::error::StoreError;
use crate::own_process::address_space_limit;
use crate::owned_file::OwnedFile;
use crate::reserve::{self, Reservation};

/// The caller's choice of how bytes are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum WriteMode {
    /// Writes through memory mappings if blocks can be reserved and the file system is one of those
    /// on the local disk that keep them: ext4, XFS and tmpfs. Writes with `pwrite` elsewhere, and
    /// where the address space is limited (`RLIMIT_AS`).
    #[default]
    Auto,
    /// Writes with `pwrite`. Blocks are reserved where possible, to detect a full disk early.
    ///
    /// A mapping takes more processor time, because the kernel clears each page before the copy
    /// overwrites it: `docs/design/durability.md` has the measurements.
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
            // Windows would take the address space from the next allocation, which then ends the
            // process.
            (WriteMode::Auto, None)
                if file.folder().disk().keeps_reservations() && address_space_limit().is_none() =>
            {
                Ok(Self::Mapped)
            }
            (WriteMode::Auto | WriteMode::Positioned, _) => Ok(Self::Positioned),
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
