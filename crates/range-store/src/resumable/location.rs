//! Owns the place of a file while it is downloaded: finding the files of an earlier run, creating
//! the part file and its journal, and removing both. Knows no network.

use std::ops::ControlFlow;
use std::sync::Arc;

use range_core::units::ByteCount;

use super::claims::Claims;
use super::file::{Description, ResumableFile, header};
use super::journal::{self, DecodeError, Decoded, Encoder, Header, Unusable, Verdict};
use super::ownership::{Foreign, foreign};
use super::stored::{self, Division};
use super::unfinished::Unfinished;
use crate::append_log::AppendLog;
use crate::backend::WriteMode;
use crate::disk::{Directory, Disk, Metadata};
use crate::error::{StoreError, StoreFailure};
use crate::failpoint::Failpoint;
use crate::folder::Folder;
use crate::names::PartNames;
use crate::part_file::PartFile;
use crate::publish::{self, Publish};
use crate::read_only::ReadOnlyFile;
use crate::reserve;

/// The options for storing a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keeping {
    /// The way in which bytes are written.
    pub write_mode: WriteMode,
    /// If true, the end of a download waits for the disk. If false, the kernel decides when bytes
    /// and names get there.
    pub sync: bool,
    /// If true, bytes of an earlier run are continued that other sources gave, to which no
    /// validator links them: the caller vouches for those sources.
    pub takes_several: bool,
}

impl Default for Keeping {
    fn default() -> Self {
        Self {
            write_mode: WriteMode::default(),
            sync: true,
            takes_several: false,
        }
    }
}

/// A directory, and the names that one file has in it during a download.
#[derive(Clone, Debug)]
pub struct Location<D: Disk = Directory> {
    folder: Folder<D>,
    names: Arc<PartNames>,
    keeping: Keeping,
    division: Division,
}

/// The files of an earlier run.
#[derive(Debug)]
pub enum Found<D: Disk = Directory> {
    /// None; or files that could not be used, for the reason given, and were removed.
    Nothing(Option<Unusable>),
    /// Files that another program may have made. They are left untouched.
    Foreign(Foreign),
    /// A journal that another version of this program can read and use. It is left untouched.
    Unreadable(DecodeError),
    /// A part file and its journal, to be [resumed](Earlier::resume) if they can be trusted.
    Earlier(Box<Earlier<D>>),
}

/// A part file and its journal of an earlier run, both locked.
#[derive(Debug)]
pub struct Earlier<D: Disk = Directory> {
    part: PartFile<D>,
    log: AppendLog<D>,
    journal: Decoded,
    waits_for_disk: bool,
}

impl<D: Disk> Location<D> {
    /// Returns the place of the file with these names in the directory.
    pub fn new(directory: D, names: PartNames, keeping: Keeping) -> Self {
        let names = names.fitted(directory.longest_name());
        Self {
            folder: Folder::new(directory, &names, keeping.sync),
            names: Arc::new(names),
            keeping,
            division: Division::default(),
        }
    }

    /// Divides the file into blocks of this size, so that a test has many of them in few bytes. A
    /// journal with blocks of another size then counts as damaged.
    #[cfg(test)]
    #[must_use]
    pub(crate) fn with_blocks_of(mut self, size: range_core::block::BlockSize) -> Self {
        self.division = Division::Fixed(size);
        self
    }

    /// Returns the names of the file.
    pub fn names(&self) -> &PartNames {
        &self.names
    }

    pub(super) fn folder(&self) -> &Folder<D> {
        &self.folder
    }

    pub(super) fn division(&self) -> Division {
        self.division
    }

    /// Fails with [`StoreError::OutputExists`] if publishing would: if anything at all has the
    /// final name, or with `overwrite` anything but a file or symbolic link. Callers use it to fail
    /// early.
    pub fn check_output(&self, how: Publish) -> Result<(), StoreError> {
        how.check(&self.folder, &self.names)
    }

    /// Returns what has the final name, if anything has it.
    pub fn final_entry(&self) -> Result<Option<Metadata>, StoreError> {
        self.folder.entry(self.names.final_name())
    }

    /// Returns the file that has the final name, if there is one and it can be read.
    pub fn final_file(&self) -> Option<ReadOnlyFile<D>> {
        ReadOnlyFile::published(&self.folder, &self.names).ok()
    }

    /// Opens the file that has the final name.
    pub fn open_final(&self) -> Result<ReadOnlyFile<D>, StoreError> {
        ReadOnlyFile::published(&self.folder, &self.names)
    }

    /// Reports whether there is a part file that can be read, of any version.
    pub fn has_part(&self) -> bool {
        ReadOnlyFile::part(&self.folder, &self.names).is_ok()
    }

    /// Returns the final file if an earlier run published it and was stopped before the end: its
    /// journal still exists and claims every byte of it. Only a proven file can have got that far.
    /// Reads the whole file, one block at a time until `proceed` breaks off.
    pub fn unfinished(
        &self,
        proceed: impl Fn() -> ControlFlow<()>,
    ) -> Result<Option<Unfinished<D>>, StoreError> {
        Unfinished::find(&self.folder, &self.names, self.division, proceed)
    }

    pub(super) fn takes_several(&self) -> bool {
        self.keeping.takes_several
    }

    /// Finds the files of an earlier run, locks and reads the journal, and locks the part file.
    /// Files that cannot be used are removed: see [`journal::judge`], to which `digest_expected` is
    /// passed. Files that are not ours are neither removed nor written to.
    ///
    /// A part file is ours if the journal beside it was written for it, or if `is_copy` says that
    /// both may be copies of what such a download has left. With a digest, any file will do of
    /// which the journal claims a block that is there.
    pub fn find(
        &self,
        digest_expected: bool,
        is_copy: impl FnOnce(&Header) -> bool,
    ) -> Result<Found<D>, StoreError> {
        let Some(log) = self.open_log()? else {
            return self.remove_empty_part().map(|alone| match alone {
                Some(foreign) => Found::Foreign(foreign),
                None => Found::Nothing(None),
            });
        };
        let read = stored::read(&log, self.division)?;
        let verdict = journal::judge(read.clone(), digest_expected, self.keeping.takes_several);
        if let Verdict::Leave(error) = verdict {
            return Ok(Found::Unreadable(error));
        }
        let proves = digest_expected && matches!(verdict, Verdict::Continue(_));
        let part = self.open_any_length()?;
        let foreign = foreign(&log, &read, part.as_ref(), is_copy, proves)?;
        if let Some(foreign) = foreign {
            return Ok(Found::Foreign(foreign));
        }
        let journal = match verdict {
            Verdict::Continue(journal) => *journal,
            Verdict::StartOver(why) => {
                let had_bytes = throw_away(log, part)?;
                return Ok(Found::Nothing(had_bytes.then_some(why)));
            }
            Verdict::Leave(error) => return Ok(Found::Unreadable(error)),
        };
        if part.is_none() {
            log.remove()?;
            return Ok(Found::Nothing(None));
        }
        drop(part);
        let length = Some(ByteCount(journal.header.length));
        let mode = self.keeping.write_mode;
        let part = PartFile::open(&self.folder, &self.names, length, mode)?;
        Ok(Found::Earlier(Box::new(Earlier {
            part,
            log,
            journal,
            waits_for_disk: self.keeping.sync,
        })))
    }

    /// Removes the files of an earlier run, even if they could be used. Reports whether there was
    /// a part file. Inner error: they are not ours, and are left untouched.
    pub fn clear(&self) -> Result<Result<bool, Foreign>, StoreError> {
        let Some(log) = self.open_log()? else {
            return Ok(self.remove_empty_part()?.map_or(Ok(false), Err));
        };
        let read = stored::read(&log, self.division)?;
        let part = self.open_any_length()?;
        match foreign(&log, &read, part.as_ref(), |_| true, true)? {
            Some(foreign) => Ok(Err(foreign)),
            None => throw_away(log, part).map(Ok),
        }
    }

    fn open_log(&self) -> Result<Option<AppendLog<D>>, StoreError> {
        match AppendLog::open(&self.folder, &self.names) {
            Ok(log) => Ok(Some(log)),
            Err(error) if error.disposition() == StoreFailure::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Removes a part file that has no journal and no bytes: a kill may have come before the
    /// journal. Reports any other that has none.
    fn remove_empty_part(&self) -> Result<Option<Foreign>, StoreError> {
        match self.open_any_length()? {
            Some(part) if part.is_empty()? && part.is_private()? => {
                publish::discard(&part)?;
                Ok(None)
            }
            Some(_) => Ok(Some(Foreign::PartAlone)),
            None => Ok(None),
        }
    }

    fn open_any_length(&self) -> Result<Option<PartFile<D>>, StoreError> {
        let (length, mode) = (None, WriteMode::Positioned);
        match PartFile::open(&self.folder, &self.names, length, mode) {
            Ok(part) => Ok(Some(part)),
            Err(error) if error.disposition() == StoreFailure::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Fails if a file of so many bytes could not be stored here, for the reasons that
    /// [`create`](Self::create) gives. Callers use it for a file that they create with an unknown
    /// length although they expect so many bytes.
    pub fn check_room(&self, length: ByteCount) -> Result<(), StoreError> {
        reserve::check_limits(length)?;
        reserve::check_room(&self.folder, length)
    }

    /// Creates the part file, reserves its blocks, and begins its journal. Both names must be free.
    /// The length is `None` while it is unknown, and is then set with [`ResumableFile::settle`].
    ///
    /// Fails if the length passes `i64::MAX` or `RLIMIT_FSIZE`, or if the file system lacks room
    /// for it and a reserve of 64 MiB (1 % of a small file system). After a failure, every file
    /// that it created is removed.
    pub fn create(
        &self,
        length: Option<ByteCount>,
        description: &Description,
    ) -> Result<ResumableFile<D>, StoreError> {
        // The part file gets no byte before a journal that names it is on the disk. So a part file
        // with bytes is ours only if a journal says so, even if a kill comes in between.
        let file = PartFile::claim(&self.folder, &self.names, length);
        let file = file.map_err(created_by_another)?;
        Failpoint::PartCreated.reached();
        let block_size = self.division.of(length);
        let header = header(file.identity(), length, description, block_size);
        let (encoder, beginning) = Encoder::begin(&header);
        let log = AppendLog::create(&self.folder, &self.names, &beginning);
        let log = log.map_err(created_by_another).inspect_err(|_| {
            // The first error is the one to report.
            let _removed = file.remove();
        })?;
        Failpoint::JournalCreated.reached();
        let mode = self.keeping.write_mode;
        let part = match PartFile::begin(file, &self.names, length, mode) {
            Ok(part) => part,
            Err(error) => {
                let _removed = log.remove();
                return Err(error);
            }
        };
        Failpoint::PartReserved.reached();
        let syncs = self.keeping.sync;
        Ok(ResumableFile::begin(log, encoder, part, block_size, syncs))
    }
}

impl<D: Disk> Earlier<D> {
    /// Returns the journal's header.
    pub fn header(&self) -> &Header {
        &self.journal.header
    }

    /// Returns the media type of the reply that began the file, if the journal has it.
    pub fn media_type(&self) -> Option<&str> {
        self.journal.media_type.as_deref()
    }

    /// Returns the content coding of the reply that began the file, if it had one.
    pub fn coding(&self) -> Option<&str> {
        self.journal.coding.as_deref()
    }

    /// Reports whether no validator links its bytes to each other.
    pub fn is_mixed(&self) -> bool {
        self.journal.is_mixed || self.journal.is_of_several
    }

    /// Reports whether only the user's word links its bytes to each other.
    pub fn is_of_several(&self) -> bool {
        self.journal.is_of_several && !self.journal.is_mixed
    }

    /// Resumes it: cuts the journal after its valid part. Callers must
    /// [verify](ResumableFile::verify) the claims.
    pub fn resume(self) -> Result<(ResumableFile<D>, Claims), StoreError> {
        let claims = Claims::of(&self.journal);
        let file = ResumableFile::resume(self.log, self.part, &self.journal, self.waits_for_disk)?;
        Ok((file, claims))
    }
}

/// Removes the part file, if there is one, and then the journal, which stays locked until then.
/// Reports whether there were bytes.
fn throw_away<D: Disk>(log: AppendLog<D>, part: Option<PartFile<D>>) -> Result<bool, StoreError> {
    if let Some(part) = part {
        let had_bytes = !part.is_empty()?;
        publish::discard(&part)?;
        return Ok(had_bytes);
    }
    log.remove()?;
    Ok(false)
}

/// There was no part file a moment ago, so another process has just created this one.
fn created_by_another(error: StoreError) -> StoreError {
    if let StoreError::Exists { name } = error {
        StoreError::InUse { name }
    } else {
        error
    }
}
