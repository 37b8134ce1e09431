//! Owns the recovery of a publish that a crash cut off after the final name appeared. Knows
//! nothing of the journal but its name.

use range_core::ByteRange;
use range_core::block::BlockHash;
use range_core::file_identity::FileIdentity;
use range_core::units::ByteCount;
use rustix::fs::FileType;

use crate::directory::Directory;
use crate::error::StoreError;
use crate::names::PartNames;
use crate::owned_file::OwnedFile;
use crate::publish;
use crate::store::hash_range;

/// A final file whose journal is still there.
///
/// That the identities agree is no proof: had the user removed the final file and made another,
/// the inode number may have been used again. So hash what the journal claims, and then
/// [`finish`](Self::finish); on a mismatch the final file is the user's, and exists.
#[derive(Debug)]
pub struct Unfinished {
    file: OwnedFile,
    names: PartNames,
    journal: Option<FileIdentity>,
}

impl Unfinished {
    /// The final file, if it is the one that was the part file `identity`, which the journal
    /// tells and which must be held. Changes nothing. To be asked before
    /// [`PartFile::open`](crate::PartFile::open),
    /// which refuses a part file that has the final name too.
    pub fn find(
        directory: &Directory,
        names: &PartNames,
        identity: FileIdentity,
    ) -> Result<Option<Self>, StoreError> {
        match directory.entry(names.final_name())? {
            Some(entry) if entry.identity == identity && entry.kind == FileType::RegularFile => {}
            _ => return Ok(None),
        }
        let file = OwnedFile::open_published(directory, names.final_name())?;
        let journal = directory.entry(names.journal())?;
        Ok((file.identity() == identity).then(|| Self {
            file,
            names: names.clone(),
            journal: journal.map(|entry| entry.identity),
        }))
    }

    /// The length of the final file.
    pub fn length(&self) -> Result<ByteCount, StoreError> {
        self.file.length()
    }

    /// The hash of the bytes of `range`.
    pub fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        hash_range(range, |offset, buffer| self.file.read_at(offset, buffer))
    }

    /// Does what is left of the publish: removes the part name, if the file still has it, syncs
    /// file and directory if `sync`, and removes the journal.
    pub fn finish(self, sync: bool) -> Result<(), StoreError> {
        if sync {
            self.file.sync_all()?;
        }
        let files = publish::Files {
            part: self.file.identity(),
            journal: self.journal,
        };
        publish::finish(self.file.directory(), &self.names, files, sync)
    }
}
