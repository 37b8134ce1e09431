//! Owns the inspection of a file of a download: it takes no lock and changes nothing. Knows nothing
//! of what the bytes should be.

use std::ops::ControlFlow;

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_core::units::ByteCount;

use crate::block_hasher::hash_range;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::folder::Folder;
use crate::names::PartNames;
use crate::owned_file::OwnedFile;
use crate::provenance::Provenance;

/// A part file or a final file, open for reading. Any process may have made it or may be writing
/// it.
#[derive(Debug)]
pub struct ReadOnlyFile<D: Disk = Directory>(OwnedFile<D>);

impl<D: Disk> ReadOnlyFile<D> {
    /// Opens the part file. It must be a regular file.
    pub(crate) fn part(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        OwnedFile::open_to_read(folder, names.part()).map(Self)
    }

    /// Opens the file that has the final name. It must be a regular file.
    pub(crate) fn published(folder: &Folder<D>, names: &PartNames) -> Result<Self, StoreError> {
        OwnedFile::open_to_read(folder, names.final_name()).map(Self)
    }

    /// Returns the length of the file.
    pub fn length(&self) -> Result<ByteCount, StoreError> {
        self.0.length()
    }

    /// Returns where the file is from, if it carries a record and is unchanged, as far as its
    /// length and its time tell. Programs can set that time: see
    /// [`is_unchanged`](Self::is_unchanged).
    pub fn provenance(&self) -> Option<Provenance> {
        self.0.provenance()
    }

    /// Reports whether the file has the bytes with which it was published, by its record. If the
    /// system has noted any change of it, reads all of it, until `proceed` breaks off.
    pub fn is_unchanged(&self, proceed: impl Fn() -> ControlFlow<()>) -> Result<bool, StoreError> {
        self.0.is_unchanged(proceed)
    }

    /// Fills `buffer` with the bytes from `offset` on.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.0.read_at(offset, buffer)
    }

    /// Returns the hash of the bytes of `range`.
    pub fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        hash_range(range, |offset, buffer| self.read_at(offset, buffer))
    }
}
