//! Owns [`ResumableFile`]: a file while it is downloaded, and the order in which its bytes, its
//! journal and its names reach the disk. Knows no network, and not where its bytes come from.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::SystemTime;

use range_core::block::{BlockHash, BlockSize};
use range_core::digest::Digest;
use range_core::file_identity::FileIdentity;
use range_core::http::validator::Validators;
use range_core::range::ByteRange;
use range_core::units::ByteCount;

use super::claims::{Claims, Finding};
use super::journal::{Decoded, Encoder, Header, SessionId};
use super::kept::Kept;
use super::recorder::{Note, Recorder};
use super::writer::Writer;
use super::written::WrittenBlock;
use crate::append_log::AppendLog;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::failpoint::Failpoint;
use crate::lease::LeaseError;
use crate::length::bound;
use crate::part_file::PartFile;
use crate::provenance::Provenance;
use crate::publish::{self, Publish, Published};

/// The content of the journal's header, for a later run to read. The store keeps it and interprets
/// none of it.
#[derive(Clone, Debug)]
pub struct Description {
    /// The id that ties the journal's records to it, new for each journal: see
    /// [`SessionId::random`].
    pub session: SessionId,
    /// The URL of the file.
    pub url: String,
    /// The validators of the version being fetched.
    pub validators: Validators,
    /// The expected digests of the file.
    pub digests: Vec<Digest>,
}

/// A file while it is downloaded: its part file and its journal, both locked. Clones are handles of
/// one file.
///
/// This type alone keeps the order in which things reach the disk:
///
/// - the journal names the part file before that has a byte, and is removed after it;
/// - a block is claimed once all of it is written, which only a [`Writer`] can do;
/// - a checkpoint syncs the data, then the journal that claims it, then the names of both;
/// - the final name comes when data and journal are on the disk, and the journal goes after it.
///
/// All calls block for as long as the disk takes, and none is worth cancelling half-way. Dropping
/// the last handle removes nothing: the next run resumes.
#[derive(Clone, Debug)]
pub struct ResumableFile<D: Disk = Directory>(Arc<Kept<D>>);

impl<D: Disk> ResumableFile<D> {
    /// Begins with an empty part file and its journal `log`, which `encoder` continues.
    pub(super) fn begin(
        log: AppendLog<D>,
        encoder: Encoder,
        part: PartFile<D>,
        block_size: BlockSize,
        waits_for_disk: bool,
    ) -> Self {
        let recorder = match part.length() {
            Some(_) => Recorder::new(log, encoder, false),
            None => Recorder::unsettled(log, encoder),
        };
        Self(Arc::new(Kept {
            part,
            recorder,
            block_size,
            waits_for_disk,
            doubts_memory: false,
        }))
    }

    /// Resumes a part file and its journal, which was cut after its last valid record.
    pub(super) fn resume(
        log: AppendLog<D>,
        part: PartFile<D>,
        journal: &Decoded,
        waits_for_disk: bool,
    ) -> Result<Self, StoreError> {
        log.truncate(ByteCount(journal.believed))?;
        Failpoint::EarlierFound.reached();
        Ok(Self(Arc::new(Kept {
            part,
            recorder: Recorder::new(log, journal.encoder.clone(), !journal.blocks.is_empty()),
            block_size: journal.header.block_size,
            waits_for_disk,
            doubts_memory: journal.sync_failed,
        })))
    }

    /// Returns the length of the file, `None` while it is unknown.
    pub fn length(&self) -> Option<ByteCount> {
        self.0.part.length()
    }

    /// Reports whether any block is claimed, by this run or by an earlier one: without one a later
    /// run has nothing to continue with.
    pub fn has_claims(&self) -> bool {
        self.0.recorder.has_claims()
    }

    /// Returns the size of the blocks, each of which is hashed, claimed and repaired as a whole.
    pub fn block_size(&self) -> BlockSize {
        self.0.block_size
    }

    /// Leases `range` to one writer, until that is dropped. Bytes that are already written may be
    /// leased again, to repair them.
    pub fn lease(&self, range: ByteRange) -> Result<Writer<D>, LeaseError> {
        let lease = self.0.part.lease(range)?;
        let lease = if self.0.waits_for_disk {
            lease
        } else {
            lease.without_early_write_back()
        };
        Ok(Writer::new(lease, Arc::clone(&self.0)))
    }

    /// Leases everything from `start` on: to the end of the file or, if that is unknown, to the end
    /// of the bytes that arrive.
    ///
    /// # Panics
    ///
    /// If the file ends at or before `start`.
    pub fn lease_from(&self, start: u64) -> Result<Writer<D>, LeaseError> {
        let range = ByteRange::new(start, bound(self.length()).0);
        self.lease(range.expect("there are bytes to lease"))
    }

    /// Fills `buffer` with the bytes from `offset` on. Bytes never written read as zeros, or end
    /// the file; a read that overlaps a write may return old bytes, new bytes or a mixture.
    pub fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        self.0.part.read_at(offset, buffer)
    }

    /// Returns the hash of the bytes of `range`.
    pub fn hash_block(&self, range: ByteRange) -> Result<BlockHash, StoreError> {
        self.0.part.hash_block(range)
    }

    /// Records that only a digest links the bytes written from here on to the rest. Callers must
    /// call it before they write the first such byte.
    pub fn note_mixed(&self) -> Result<(), StoreError> {
        self.0.recorder.note(Note::Mixed)
    }

    /// Records that only the user's word links the bytes written from here on to the rest: they are
    /// of another source. Callers must call it before they write the first such byte.
    pub fn note_several(&self) -> Result<(), StoreError> {
        self.0.recorder.note(Note::Several)
    }

    /// Records the media type of the reply that began the file.
    pub fn note_media_type(&self, media_type: &str) -> Result<(), StoreError> {
        self.0.recorder.note(Note::MediaType(media_type.to_owned()))
    }

    /// Records the content coding of the reply that began the file: its bytes are those of a coded
    /// file, which no request for a range continues.
    pub fn note_coding(&self, coding: &str) -> Result<(), StoreError> {
        self.0.recorder.note(Note::Coding(coding.to_owned()))
    }

    /// Makes everything written before the call, and the claims about it, survive a power cut.
    /// After one failure every later call fails: see [`StoreError::SyncLost`].
    ///
    /// The directory comes last: without the names of both files their content is lost too.
    pub fn checkpoint(&self) -> Result<(), StoreError> {
        Failpoint::CheckpointBegun.reached();
        let synced = self.0.part.sync_data();
        synced.inspect_err(|_| self.heed_failed_sync())?;
        Failpoint::DataSynced.reached();
        self.0.recorder.sync()?;
        Failpoint::JournalSynced.reached();
        self.0.part.folder().sync()?;
        Failpoint::CheckpointDone.reached();
        Ok(())
    }

    /// Tells the next run that a sync has failed, which it cannot learn from the system any more,
    /// and drops what may be in memory only. The mark comes first: a kill may come in between, and
    /// mapped pages stay until they are unmapped. A power cut may lose the mark, and with it the
    /// memory that it warns of.
    fn heed_failed_sync(&self) {
        let _courtesy = self.0.recorder.note(Note::SyncFailed);
        self.0.part.forget_cached();
    }

    /// Reads every claimed block back from the disk, ascending, until `found` breaks off. Fails if
    /// the file cannot be read.
    ///
    /// The data is synced first, unless the file is kept without syncing. The system may have given
    /// up writing some of it since the earlier run, and the bytes would be read back from memory as
    /// if nothing were lost.
    pub fn verify(
        &self,
        claims: &Claims,
        mut found: impl FnMut(Finding) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let Kept {
            part,
            waits_for_disk,
            doubts_memory,
            ..
        } = &*self.0;
        if !claims.is_empty() {
            part.trust_only_the_disk(*waits_for_disk, *doubts_memory);
        }
        let hash_block = |range| part.hash_block(range);
        claims.verify(hash_block, |finding| {
            let flow = found(finding);
            Failpoint::BlockVerified.reached();
            flow
        })
    }

    /// Sets the length of a file that was begun without one, in part file and journal, and cuts the
    /// file there. From here on the file is like one of known length: a kill before the end of
    /// publishing loses nothing.
    ///
    /// # Panics
    ///
    /// If another length was set already, or a live writer reaches past `length`.
    pub fn settle(&self, length: u64, description: &Description) -> Result<(), StoreError> {
        let Kept {
            part,
            recorder,
            block_size,
            ..
        } = &*self.0;
        part.set_length(ByteCount(length))?;
        // The writer claimed each block when it was full; the last block may never become full.
        if let Some(block) = WrittenBlock::last_of(part, *block_size, length)? {
            recorder.record(block)?;
        }
        let (identity, length) = (part.identity(), part.length());
        recorder.settle(&header(identity, length, description, *block_size))
    }

    /// Gives the file its final name, `modified` as its modification time, and `provenance` as the
    /// record of where it is from, as far as the file system can. The caller must have proven that
    /// the file is complete and right.
    ///
    /// The journal reaches the disk first: after a power cut its claims show that the final file is
    /// ours. After an error the final name is untouched, and publishing may be tried again.
    ///
    /// # Panics
    ///
    /// If a writer is live: it could write to the published file.
    pub fn publish(
        &self,
        how: Publish,
        modified: Option<SystemTime>,
        provenance: Option<&Provenance>,
    ) -> Result<Published, StoreError> {
        Failpoint::PublishBegun.reached();
        if let Some(time) = modified {
            self.0.part.set_modified(time);
        }
        if how.sync {
            self.0.recorder.sync()?;
        }
        let content = provenance.and_then(|_| self.0.recorder.content().ok()?);
        let provenance = provenance.zip(content);
        let published = publish::publish(&self.0.part, how, provenance);
        let published = published.inspect_err(|_| {
            if self.0.part.has_lost_a_sync() {
                self.heed_failed_sync();
            }
        })?;
        Failpoint::Published.reached();
        Ok(published)
    }

    /// Removes the part file and then the journal, unless the name of either refers to another file
    /// by now. A power cut on the way leaves both, the journal, or nothing.
    ///
    /// Writers may be live; bytes written through them are lost, and the space is freed when they
    /// are dropped.
    pub fn discard(&self) -> Result<(), StoreError> {
        publish::discard(&self.0.part)
    }

    /// Makes a [checkpoint](Self::checkpoint), unless the file is kept without syncing.
    pub(super) fn secure(&self) -> Result<(), StoreError> {
        if self.0.waits_for_disk {
            self.checkpoint()
        } else {
            Ok(())
        }
    }

    pub(super) fn part(&self) -> &PartFile<D> {
        &self.0.part
    }
}

/// Returns the header of a journal of `part_file`.
pub(super) fn header(
    part_file: FileIdentity,
    length: Option<ByteCount>,
    description: &Description,
    block_size: BlockSize,
) -> Header {
    Header {
        session: description.session,
        part_file,
        length: match length {
            Some(length) => length.0,
            // Without a length nothing can be resumed; the journal then only says whose the part
            // file is.
            None => 0,
        },
        block_size,
        validators: description.validators.clone(),
        url: description.url.clone(),
        digests: description.digests.clone(),
    }
}
