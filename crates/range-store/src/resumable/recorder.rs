//! Owns the journal file while its part file is written: the claims and their order, and that only
//! [written](WrittenBlock) blocks are claimed. Knows no lease.

use std::sync::{Mutex, MutexGuard, PoisonError};

use range_core::units::ByteCount;

use super::journal::{self, Decoded, Decoder, Encoder, Header, PREAMBLE_BYTES};
use super::written::WrittenBlock;
use crate::append_log::AppendLog;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::provenance::Content;

/// The journal of a part file. Writers append to it themselves as soon as a block is complete: a
/// kill then costs each writer one unfinished block, and nothing waits in a queue.
#[derive(Debug)]
pub(super) struct Recorder<D: Disk> {
    log: AppendLog<D>,
    encoding: Mutex<Encoding>,
}

#[derive(Debug)]
struct Encoding {
    encoder: Encoder,
    buffer: Vec<u8>,
    /// Claims about a file of unknown length. A journal's reader could not check them without the
    /// length. They take 32 bytes a block, 32 MiB for 1 TiB.
    held: Option<Vec<WrittenBlock>>,
    /// The notes about a file of unknown length, which a journal with a length has to repeat.
    notes: Vec<Note>,
    /// True once a block was claimed, in this run or an earlier one.
    has_claims: bool,
}

/// A fact about the file as a whole.
#[derive(Clone, Debug)]
pub(super) enum Note {
    /// The media type of the reply that began it.
    MediaType(String),
    /// The content coding of that reply.
    Coding(String),
    /// Only a digest can prove the file from here on.
    Mixed,
    /// Bytes of other sources are among the file's from here on, for which the user vouches.
    Several,
    /// A sync of the part file has failed.
    SyncFailed,
}

impl Note {
    fn encode(&self, encoder: &mut Encoder, out: &mut Vec<u8>) {
        match self {
            Self::MediaType(media_type) => encoder.media_type(media_type, out),
            Self::Coding(coding) => encoder.coding(coding, out),
            Self::Mixed => encoder.mixed(out),
            Self::Several => encoder.several(out),
            Self::SyncFailed => encoder.sync_failed(out),
        }
    }
}

impl<D: Disk> Recorder<D> {
    /// Returns the journal of a file of known length: `log` ends where `encoder` continues.
    /// `has_claims` says whether there are claims before that.
    pub(super) fn new(log: AppendLog<D>, encoder: Encoder, has_claims: bool) -> Self {
        Self::with(log, encoder, None, has_claims)
    }

    /// Returns the journal of a file whose length only the end of the reply shows. It claims
    /// nothing until it is [settled](Self::settle).
    pub(super) fn unsettled(log: AppendLog<D>, encoder: Encoder) -> Self {
        Self::with(log, encoder, Some(Vec::new()), false)
    }

    fn with(
        log: AppendLog<D>,
        encoder: Encoder,
        held: Option<Vec<WrittenBlock>>,
        has_claims: bool,
    ) -> Self {
        let encoding = Encoding {
            encoder,
            buffer: Vec::with_capacity(64),
            held,
            notes: Vec::new(),
            has_claims,
        };
        Self {
            log,
            encoding: Mutex::new(encoding),
        }
    }

    /// Claims a block.
    pub(super) fn record(&self, block: WrittenBlock) -> Result<(), StoreError> {
        let mut encoding = self.lock();
        if let Some(held) = &mut encoding.held {
            held.push(block);
        } else {
            encoding.append(&self.log, |encoder, out| {
                encoder.block(block.index(), block.hash(), out);
            })?;
        }
        encoding.has_claims = true;
        Ok(())
    }

    /// Reports whether a block was ever claimed.
    pub(super) fn has_claims(&self) -> bool {
        self.lock().has_claims
    }

    /// Records a fact about the file as a whole.
    pub(super) fn note(&self, note: Note) -> Result<(), StoreError> {
        let mut encoding = self.lock();
        encoding.append(&self.log, |encoder, out| note.encode(encoder, out))?;
        if encoding.held.is_some() {
            encoding.notes.push(note);
        }
        Ok(())
    }

    /// Starts over with a header that states the length, and writes the notes and the held claims.
    pub(super) fn settle(&self, header: &Header) -> Result<(), StoreError> {
        let mut encoding = self.lock();
        let (mut encoder, mut bytes) = Encoder::begin(header);
        for note in std::mem::take(&mut encoding.notes) {
            note.encode(&mut encoder, &mut bytes);
        }
        for block in encoding.held.take().into_iter().flatten() {
            encoder.block(block.index(), block.hash(), &mut bytes);
        }
        encoding.encoder = encoder;
        // By its first bytes the journal is known as ours, whatever becomes of the rest.
        let kept = PREAMBLE_BYTES.len();
        self.log.truncate(ByteCount(kept as u64))?;
        self.log.append(&bytes[kept..])
    }

    /// Returns the content of the file, if every block of it is claimed.
    pub(super) fn content(&self) -> Result<Option<Content>, StoreError> {
        let _unchanged = self.lock();
        let mut decoder = Decoder::new();
        let limit = ByteCount(journal::LENGTH_MAX);
        self.log.read_through(limit, |piece| decoder.feed(piece))?;
        let journal = decoder.finish().ok().filter(Decoded::is_complete);
        Ok(journal.map(|Decoded { header, blocks, .. }| {
            let hashes = blocks.into_iter().map(|(_, hash)| hash);
            Content::of(header.block_size, hashes)
        }))
    }

    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.log.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Encoding> {
        // Every change is undone if it fails, so the state is right even after a panic.
        self.encoding.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoding {
    fn append<D: Disk>(
        &mut self,
        log: &AppendLog<D>,
        encode: impl FnOnce(&mut Encoder, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let before = self.encoder.clone();
        self.buffer.clear();
        encode(&mut self.encoder, &mut self.buffer);
        log.append(&self.buffer).inspect_err(|_| {
            // The chain must not include a record that is not in the file.
            self.encoder = before;
        })
    }
}
