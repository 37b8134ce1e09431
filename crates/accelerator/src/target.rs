//! Owns where a download goes: finding what an earlier run left, creating the part file and its
//! journal, and throwing both away. Knows no network.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;

use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::http::validator::Validators;
use range_core::units::ByteCount;
use range_store::journal::{self, Decoded, Header, SessionId, Verdict};
use range_store::{
    AppendLog, Directory, Failpoint, Length, PartFile, PartNames, ReadOnlyFile, Store, StoreError,
    StoreFailure, WriteMode,
};

use crate::error::{Cause, Error, ErrorKind};
use crate::events::RestartReason;
use crate::generation::Generation;
use crate::keeper::{Journal, Keeper};
use crate::stored_url;
use crate::task::Task;
use crate::transport::media_type::MediaType;

/// Where a download goes.
#[derive(Debug)]
pub(crate) struct Target {
    directory: Directory,
    task: Arc<Task>,
}

/// What an earlier run left.
#[derive(Debug)]
pub(crate) struct Earlier {
    pub(crate) keeper: Keeper,
    pub(crate) generation: Generation,
    /// Of the reply that the file was begun from, if the journal tells.
    pub(crate) media_type: Option<MediaType>,
    /// Whether no validator joins its bytes to each other.
    pub(crate) is_mixed: bool,
    /// Ascending, each block once.
    pub(crate) claims: Vec<(BlockIndex, BlockHash)>,
}

/// What to begin with.
#[derive(Debug)]
pub(crate) enum Found {
    /// Nothing; or something that was of no use and is gone.
    Nothing(Option<RestartReason>),
    /// Bytes to verify and continue from.
    Earlier(Box<Earlier>),
}

impl Target {
    /// Opens the directory.
    pub(crate) fn open(task: Arc<Task>) -> Result<Self, Error> {
        let mut directory = Directory::open(&task.directory)?;
        if !task.settings.sync {
            directory = directory.without_syncs();
        }
        Ok(Self { directory, task })
    }

    /// Makes sure the final name is free, or may be replaced.
    pub(crate) fn check_output(&self) -> Result<(), Error> {
        let publish = self.task.publish();
        Ok(publish.check(&self.directory, self.names())?)
    }

    /// The file that has the final name, if there is one and it can be read.
    pub(crate) fn final_file(&self) -> Option<ReadOnlyFile> {
        ReadOnlyFile::published(&self.directory, self.names()).ok()
    }

    /// Where the files of the download are.
    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// Whether there is a part file, of whichever version.
    pub(crate) fn has_part(&self) -> bool {
        ReadOnlyFile::part(&self.directory, self.names()).is_ok()
    }

    /// What they are called.
    pub(crate) fn names(&self) -> &PartNames {
        &self.task.names
    }

    /// Looks for an earlier run, locks its journal and reads it, and locks its part file.
    pub(crate) fn find(&self) -> Result<Found, Error> {
        let log = match AppendLog::open(&self.directory, self.names()) {
            Ok(log) => log,
            Err(error) if error.disposition() == StoreFailure::NotFound => {
                return self.find_without_journal();
            }
            Err(error) => return Err(error.into()),
        };
        if !self.task.settings.resume {
            return self.throw_away(log, RestartReason::NotWanted);
        }
        let decoded = match self.judge(&log)? {
            Verdict::Continue(decoded) => decoded,
            Verdict::StartOver(why) => return self.throw_away(log, why.into()),
            Verdict::Leave(error) => return Err(left_alone(error)),
        };
        let length = Length::Known(ByteCount(decoded.header.length));
        match PartFile::open(
            &self.directory,
            self.names(),
            length,
            self.task.settings.write_mode,
        ) {
            Ok(part) => {
                self.check_origin(&part, &decoded.header)?;
                Ok(self.found(part, log, *decoded)?)
            }
            Err(error) if error.disposition() == StoreFailure::NotFound => {
                log.remove()?;
                Ok(Found::Nothing(None))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Fails unless the journal was written for this very file, or both look like a copy of what
    /// a download from this origin left. Its hashes prove nothing against anybody who wrote it,
    /// and its validators are public: only a digest would tell.
    fn check_origin(&self, part: &PartFile, header: &Header) -> Result<(), Error> {
        let is_made_for_it = header.part_file == part.identity();
        if is_made_for_it || self.task.expects_digest() {
            return Ok(());
        }
        if part.is_private()? && stored_url::is_of_origin(&header.url, &self.task.url) {
            return Ok(());
        }
        let part = self.names().part().to_owned();
        Err(Error::new(ErrorKind::Exists, Cause::PartOfAnother { part }))
    }

    fn found(&self, part: PartFile, log: AppendLog, decoded: Decoded) -> Result<Found, StoreError> {
        let header = &decoded.header;
        log.truncate(ByteCount(decoded.believed))?;
        Failpoint::EarlierFound.reached();
        let generation = Generation {
            length: Some(header.length),
            validators: header.validators.clone(),
        };
        let keeper = Keeper {
            directory: self.directory.clone(),
            part: Arc::new(part),
            length: Some(header.length),
            block_size: header.block_size,
            journal: Arc::new(Journal::new(log, decoded.encoder)),
            waits_for_disk: self.task.settings.sync,
        };
        Ok(Found::Earlier(Box::new(Earlier {
            keeper,
            generation,
            media_type: decoded.media_type.as_deref().map(MediaType::from_journal),
            is_mixed: decoded.is_mixed,
            claims: decoded.blocks,
        })))
    }

    fn judge(&self, log: &AppendLog) -> Result<Verdict, StoreError> {
        Ok(journal::judge(read(log)?, self.task.expects_digest()))
    }

    /// A part file alone may be somebody else's, so it is deleted only on request.
    fn find_without_journal(&self) -> Result<Found, Error> {
        let part = match self.open_any_length() {
            Ok(part) => part,
            Err(error) if error.disposition() == StoreFailure::NotFound => {
                return Ok(Found::Nothing(None));
            }
            Err(error) => return Err(error.into()),
        };
        if self.task.settings.resume {
            let part = self.names().part().to_owned();
            return Err(Error::new(
                ErrorKind::Exists,
                Cause::PartWithoutJournal { part },
            ));
        }
        discard(&part, RestartReason::NotWanted)
    }

    fn throw_away(&self, log: AppendLog, reason: RestartReason) -> Result<Found, Error> {
        match self.open_any_length() {
            Ok(part) => discard(&part, reason),
            Err(error) if error.disposition() == StoreFailure::NotFound => {
                log.remove()?;
                Ok(Found::Nothing(None))
            }
            Err(error) => Err(error.into()),
        }
    }

    fn open_any_length(&self) -> Result<PartFile, StoreError> {
        PartFile::open(
            &self.directory,
            self.names(),
            Length::Unknown,
            WriteMode::Positioned,
        )
    }

    /// Creates the part file, reserves its blocks, and begins its journal.
    pub(crate) fn create(&self, generation: &Generation) -> Result<Keeper, Error> {
        // The journal's file comes first, so that a part file without one is never ours, whenever
        // a kill comes between.
        let log = AppendLog::create(&self.directory, self.names()).map_err(created_by_another)?;
        Failpoint::JournalCreated.reached();
        let length = generation.length;
        let reserved = length.map_or(Length::Unknown, |length| Length::Known(ByteCount(length)));
        let mode = self.task.settings.write_mode;
        let part = match PartFile::create(&self.directory, self.names(), reserved, mode) {
            Ok(part) => part,
            Err(error) => {
                // The error at hand is the one to tell.
                let _removed = log.remove();
                return Err(created_by_another(error));
            }
        };
        Failpoint::PartReserved.reached();
        let block_size = length.map_or(BlockSize::DEFAULT, BlockSize::for_length);
        let header = self.header(&part, generation, block_size);
        let (encoder, bytes) = journal::Encoder::begin(&header);
        log.append(&bytes).inspect_err(|_| {
            let _discarded = range_store::discard(&part);
        })?;
        Failpoint::HeaderWritten.reached();
        let journal = match length {
            Some(_) => Journal::new(log, encoder),
            None => Journal::unsettled(log, encoder),
        };
        Ok(Keeper {
            directory: self.directory.clone(),
            part: Arc::new(part),
            length,
            block_size,
            journal: Arc::new(journal),
            waits_for_disk: self.task.settings.sync,
        })
    }

    /// Tells part file and journal the length they were begun without. From here on they are as
    /// good as if it had been known, so that a kill before the end of publishing loses nothing.
    pub(crate) fn settle(
        &self,
        keeper: &Keeper,
        validators: Validators,
        length: u64,
    ) -> Result<(), StoreError> {
        keeper.part.set_length(ByteCount(length))?;
        // The writer claimed each block when it was full; the last one may never be.
        let last = keeper.block_size.block_at(length);
        if let Some(range) = keeper.block_size.range_of(last, length) {
            keeper
                .journal
                .record(last, keeper.part.hash_block(range)?)?;
        }
        let generation = Generation {
            length: Some(length),
            validators,
        };
        keeper
            .journal
            .settle(&self.header(&keeper.part, &generation, keeper.block_size))
    }

    fn header(&self, part: &PartFile, generation: &Generation, block_size: BlockSize) -> Header {
        let session = random_session();
        Header {
            session,
            part_file: part.identity(),
            // Without a length nothing can be resumed; the journal then only says whose it is.
            length: generation.length.unwrap_or(0),
            block_size,
            validators: generation.validators.clone(),
            url: stored_url::stored(&self.task.url, session),
            digests: self.task.settings.digests.clone(),
        }
    }
}

/// Inner error: the journal cannot be used. Outer error: it cannot be read.
///
/// What lies behind the longest journal that is read is as good as torn off. And blocks of a size
/// that no writer chooses are nobody's claims, but may be as many as make every step slow.
pub(crate) fn read(log: &AppendLog) -> Result<Result<Decoded, journal::DecodeError>, StoreError> {
    let mut decoder = journal::Decoder::new();
    log.read_through(ByteCount(journal::LENGTH_MAX), |piece| decoder.feed(piece))?;
    Ok(decoder.finish().and_then(|decoded| {
        let Header {
            block_size, length, ..
        } = decoded.header;
        if block_size.is_usual_for(length) {
            Ok(decoded)
        } else {
            Err(journal::DecodeError::HeaderDamaged)
        }
    }))
}

/// Whoever wrote the journal can still use it.
fn left_alone(error: journal::DecodeError) -> Error {
    Error::new(ErrorKind::Exists, Cause::Journal(error))
}

fn discard(part: &PartFile, reason: RestartReason) -> Result<Found, Error> {
    range_store::discard(part)?;
    Ok(Found::Nothing(Some(reason)))
}

/// There was no part file a moment ago, so whoever made this one is at work.
fn created_by_another(error: StoreError) -> Error {
    if let StoreError::Exists { name } = error {
        StoreError::InUse { name }.into()
    } else {
        error.into()
    }
}

/// 128 bits that differ from journal to journal. Each hasher the standard library makes is keyed
/// by the system's randomness.
fn random_session() -> SessionId {
    let mut bytes = [0; 16];
    for half in bytes.chunks_exact_mut(8) {
        half.copy_from_slice(&RandomState::new().build_hasher().finish().to_le_bytes());
    }
    SessionId(bytes)
}
