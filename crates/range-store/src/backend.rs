//! Owns the choice between mapping and positioned writes. Knows nothing of how either is done.

use range_core::units::ByteCount;

use crate::error::StoreError;
use crate::owned_file::OwnedFile;
use crate::reserve::{self, Reservation};
use crate::store::Length;

/// How the caller wants bytes written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum WriteMode {
    /// Mapped where blocks could be reserved and the file system is ext4, xfs or tmpfs;
    /// positioned everywhere else.
    #[default]
    Auto,
    /// Mapped on any file system, or an error where blocks cannot be reserved: without them a
    /// full disk would end the process.
    Mapped,
    /// Positioned. Blocks are still reserved where possible, to find out early about a full disk.
    Positioned,
}

/// How bytes are written, once settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Backend {
    /// Through windows of a shared mapping over reserved blocks.
    Mapped,
    /// With `pwrite`.
    Positioned {
        /// Why not mapped, as in "the length is unknown".
        why: &'static str,
    },
}

impl Backend {
    /// Reserves the file's blocks and settles how to write it. After an error, the file may have
    /// any length.
    pub(crate) fn prepare(
        file: &OwnedFile,
        length: Length,
        mode: WriteMode,
    ) -> Result<Self, StoreError> {
        let obstacle = match length {
            Length::Unknown => Some("the length is unknown"),
            Length::Known(length) => obstacle(file, length)?,
        };
        match (mode, obstacle) {
            (WriteMode::Positioned, _) => Ok(Self::Positioned {
                why: "positioned was asked for",
            }),
            (WriteMode::Mapped, Some(why)) => Err(StoreError::Unmappable { why }),
            (WriteMode::Auto, Some(why)) => Ok(Self::Positioned { why }),
            (WriteMode::Auto, None) if !reserve::maps_well(file)? => Ok(Self::Positioned {
                why: "the file system is not known to map well",
            }),
            (WriteMode::Auto | WriteMode::Mapped, None) => Ok(Self::Mapped),
        }
    }
}

fn obstacle(file: &OwnedFile, length: ByteCount) -> Result<Option<&'static str>, StoreError> {
    Ok(match reserve::reserve(file, length)? {
        Reservation::Made => None,
        Reservation::Unsupported => Some("the file system cannot reserve blocks"),
    })
}
