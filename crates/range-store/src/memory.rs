//! Owns [`MemoryStore`], the store without a disk, for tests and for simulation. Fails at nothing.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::ByteRange;
use range_core::units::ByteCount;

use crate::error::StoreError;
use crate::lease::{Lease, LeaseError, LeaseTable, Sink};
use crate::store::{Length, SettledLength, Store};

/// A file in memory, of as many bytes as are written or known. Syncing it does nothing.
#[derive(Debug)]
pub struct MemoryStore {
    bytes: Arc<MemoryBytes>,
    leases: LeaseTable,
    length: SettledLength,
}

/// The bytes, shared by the store and its leases.
#[derive(Debug)]
pub(crate) struct MemoryBytes(Mutex<Vec<u8>>);

impl MemoryStore {
    /// A file of zeros, or an empty one while the length is unknown.
    ///
    /// # Panics
    ///
    /// If the memory cannot be had.
    pub fn new(length: Length) -> Self {
        let bytes = match length {
            Length::Known(length) => vec![0; index(length.0)],
            Length::Unknown => Vec::new(),
        };
        Self {
            bytes: Arc::new(MemoryBytes(Mutex::new(bytes))),
            leases: LeaseTable::default(),
            length: SettledLength::new(length),
        }
    }
}

impl Store for MemoryStore {
    fn length(&self) -> Length {
        self.length.get()
    }

    fn set_length(&self, length: ByteCount) -> Result<(), StoreError> {
        assert!(
            self.leases.end() <= length.0,
            "no lease reaches past the settled length"
        );
        self.length.settle(length);
        self.bytes.lock().resize(index(length.0), 0);
        Ok(())
    }

    fn lease(&self, range: ByteRange) -> Result<Lease, LeaseError> {
        let claim = self.leases.claim(range, self.length.bound())?;
        Ok(Lease::new(claim, Sink::Memory(Arc::clone(&self.bytes))))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<(), StoreError> {
        let bytes = self.bytes.lock();
        let end = offset.saturating_add(buffer.len() as u64);
        if end > bytes.len() as u64 {
            return Err(StoreError::Ended {
                offset: offset.max(bytes.len() as u64),
            });
        }
        buffer.copy_from_slice(&bytes[index(offset)..index(end)]);
        Ok(())
    }

    fn sync_data(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl MemoryBytes {
    pub(crate) fn write_at(&self, offset: u64, new: &[u8]) {
        let mut bytes = self.lock();
        let start = index(offset);
        let end = start + new.len();
        if bytes.len() < end {
            bytes.resize(end, 0);
        }
        bytes[start..end].copy_from_slice(new);
    }

    fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        // Bytes are bytes, whatever became of the thread that wrote the others.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn index(offset: u64) -> usize {
    usize::try_from(offset).expect("a file in memory fits the address space")
}
