//! Owns the recovery of a publish that a crash interrupted after the final name appeared. Knows
//! nothing of where the file came from.

use std::ops::ControlFlow;

use range_core::file_identity::FileIdentity;
use range_core::http::validator::Validators;

use super::claims::{Claims, Finding};
use super::journal::{Decoded, Header};
use super::stored::{self, Division};
use crate::append_log::AppendLog;
use crate::block_hasher::hash_range;
use crate::disk::{Directory, Disk, Kind};
use crate::error::{StoreError, StoreFailure};
use crate::folder::Folder;
use crate::names::PartNames;
use crate::owned_file::OwnedFile;
use crate::publish;

/// A final file whose journal still exists, and whose claims are true.
#[derive(Debug)]
pub struct Unfinished<D: Disk = Directory> {
    file: OwnedFile<D>,
    names: PartNames,
    header: Header,
    /// The locked journal, so that no other process does the rest.
    log: AppendLog<D>,
}

impl<D: Disk> Unfinished<D> {
    /// Returns the final file if its journal still exists and claims every byte of it. Changes
    /// nothing.
    ///
    /// A journal that names the file is no proof: if the user removed the final file and made
    /// another, the inode number may have been used again. So each block is hashed, until `proceed`
    /// breaks off. On a mismatch the final file is the user's own.
    ///
    /// Callers must call this before they open a part file: a part file that also has the final
    /// name is refused there.
    pub(super) fn find(
        folder: &Folder<D>,
        names: &PartNames,
        division: Division,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<Option<Self>, StoreError> {
        let log = match AppendLog::open(folder, names) {
            Ok(log) => log,
            Err(error) if error.disposition() == StoreFailure::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let Ok(mut journal) = stored::read(&log, division)? else {
            return Ok(None);
        };
        if journal.is_mixed || journal.is_of_several {
            // The validators are those of some replies only, and do not describe the file.
            journal.header.validators = Validators::default();
        }
        let Some(file) = final_file(folder, names, journal.header.part_file)? else {
            return Ok(None);
        };
        let is_it = is_what_the_journal_says(&file, &journal, proceed)?;
        Ok(is_it.then(|| Self {
            file,
            names: names.clone(),
            header: journal.header,
            log,
        }))
    }

    /// Returns the journal's header. It has no validators if no validator links all bytes.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Does the rest of the publish: removes the part name, if the file still has it, syncs file
    /// and directory if `sync`, and removes the journal. Fails only if the bytes of the file may be
    /// lost: a journal that cannot be removed harms nobody.
    pub fn finish(self, sync: bool) -> Result<(), StoreError> {
        if sync {
            self.file.sync_all()?;
        }
        let files = publish::Files {
            part: self.file.identity(),
            journal: Some(self.log.identity()),
        };
        let _loose_end = publish::finish(self.file.folder(), &self.names, files, sync);
        Ok(())
    }
}

/// Returns the file with the final name, if it was the part file `identity`.
fn final_file<D: Disk>(
    folder: &Folder<D>,
    names: &PartNames,
    identity: FileIdentity,
) -> Result<Option<OwnedFile<D>>, StoreError> {
    match folder.entry(names.final_name())? {
        Some(entry) if entry.identity == identity && entry.kind == Kind::Regular => {}
        _ => return Ok(None),
    }
    let file = OwnedFile::open_published(folder, names.final_name())?;
    Ok((file.identity() == identity).then_some(file))
}

fn is_what_the_journal_says<D: Disk>(
    file: &OwnedFile<D>,
    journal: &Decoded,
    proceed: impl Fn() -> ControlFlow<()>,
) -> Result<bool, StoreError> {
    let claims = Claims::of(journal);
    if file.length()?.0 != journal.header.length || !claims.is_complete() {
        return Ok(false);
    }
    let hash_block = |range| hash_range(range, |offset, buffer| file.read_at(offset, buffer));
    let all = claims.verify(hash_block, |finding| match finding {
        Finding::Verified(_) => proceed(),
        Finding::Rejected(_) => ControlFlow::Break(()),
    })?;
    Ok(all.is_continue())
}
