//! Owns the part file and its journal while a download writes to them: what is claimed, and in
//! which order. Knows no network.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::block::{BlockHash, BlockIndex, BlockSize};
use range_core::units::ByteCount;
use range_store::journal::{Encoder, Header};
use range_store::{AppendLog, Directory, PartFile, Publish, Published, Store, StoreError};

use crate::segment_writer::SegmentWriter;

/// A part file and its journal.
#[derive(Clone, Debug)]
pub(crate) struct Keeper {
    pub(crate) directory: Directory,
    pub(crate) part: Arc<PartFile>,
    pub(crate) journal: Arc<Journal>,
    /// The file's length; `None` when only the end of the reply will tell.
    pub(crate) length: Option<u64>,
    pub(crate) block_size: BlockSize,
    /// Whether the end of the download waits for the disk, which is then kept busy from the start.
    pub(crate) waits_for_disk: bool,
}

/// The journal of a part file. Workers append to it themselves, the moment a block is whole: a
/// kill then costs each connection one unfinished block, and nothing waits in a queue.
#[derive(Debug)]
pub(crate) struct Journal {
    log: AppendLog,
    encoder: Mutex<Encoding>,
}

#[derive(Debug)]
struct Encoding {
    encoder: Encoder,
    buffer: Vec<u8>,
    /// Claims about a file whose length is not known, without which the journal's reader could
    /// not check them: 32 bytes a block, 32 MiB for a tebibyte.
    held: Option<Vec<(BlockIndex, BlockHash)>>,
}

impl Keeper {
    /// A writer for bytes from `range` on, to its end or, for a file of unknown length, to
    /// wherever the reply ends.
    pub(crate) fn writer(&self, range: range_core::ByteRange) -> SegmentWriter {
        let lease = self
            .part
            .lease(range)
            .expect("the scheduler's leases are exclusive");
        let lease = if self.waits_for_disk {
            lease
        } else {
            lease.without_early_write_back()
        };
        SegmentWriter::new(lease, self.clone())
    }

    /// Gives the file its final name. The journal reaches the disk before: after a power cut it
    /// is by its claims that the final file is known as ours.
    pub(crate) fn publish(&self, how: Publish) -> Result<Published, StoreError> {
        if how.sync {
            self.journal.sync()?;
        }
        range_store::publish(&self.part, how)
    }
}

impl Journal {
    /// The journal of a file of known length: `log` ends where `encoder` goes on.
    pub(crate) fn new(log: AppendLog, encoder: Encoder) -> Self {
        Self::with(log, encoder, None)
    }

    /// The journal of a file whose length only the end of the reply will tell. It claims nothing
    /// until it is [settled](Self::settle).
    pub(crate) fn unsettled(log: AppendLog, encoder: Encoder) -> Self {
        Self::with(log, encoder, Some(Vec::new()))
    }

    fn with(log: AppendLog, encoder: Encoder, held: Option<Vec<(BlockIndex, BlockHash)>>) -> Self {
        let encoding = Encoding {
            encoder,
            buffer: Vec::with_capacity(64),
            held,
        };
        Self {
            log,
            encoder: Mutex::new(encoding),
        }
    }

    /// Claims a block that is wholly written.
    pub(crate) fn record(&self, block: BlockIndex, hash: BlockHash) -> Result<(), StoreError> {
        let mut encoding = self.lock();
        if let Some(held) = &mut encoding.held {
            held.push((block, hash));
            return Ok(());
        }
        encoding.append(&self.log, |encoder, out| encoder.block(block, hash, out))
    }

    /// Notes that only a digest can prove the file from here on.
    pub(crate) fn note_mixed(&self) -> Result<(), StoreError> {
        self.lock().append(&self.log, Encoder::mixed)
    }

    /// Keeps the media type of the reply that the file was begun from.
    pub(crate) fn note_media_type(&self, media_type: &str) -> Result<(), StoreError> {
        self.lock().append(&self.log, |encoder, out| {
            encoder.media_type(media_type, out);
        })
    }

    /// Begins anew with a header that states the length, and claims what was held.
    pub(crate) fn settle(&self, header: &Header) -> Result<(), StoreError> {
        let mut encoding = self.lock();
        let (mut encoder, mut bytes) = Encoder::begin(header);
        for (block, hash) in encoding.held.take().into_iter().flatten() {
            encoder.block(block, hash, &mut bytes);
        }
        encoding.encoder = encoder;
        self.log.truncate(ByteCount(0))?;
        self.log.append(&bytes)
    }

    pub(crate) fn sync(&self) -> Result<(), StoreError> {
        self.log.sync()
    }

    fn lock(&self) -> MutexGuard<'_, Encoding> {
        // Every change is undone where it fails, so it is right whatever panicked.
        self.encoder.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Encoding {
    fn append(
        &mut self,
        log: &AppendLog,
        encode: impl FnOnce(&mut Encoder, &mut Vec<u8>),
    ) -> Result<(), StoreError> {
        let before = self.encoder.clone();
        self.buffer.clear();
        encode(&mut self.encoder, &mut self.buffer);
        log.append(&self.buffer).inspect_err(|_| {
            // The chain must not run through a record that is not there.
            self.encoder = before;
        })
    }
}
