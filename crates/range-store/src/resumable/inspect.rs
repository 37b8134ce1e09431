//! Owns the inspection of a part file without a lock, while it may be written: the claims of its
//! journal, and whether they hold. Changes nothing.

use std::ops::ControlFlow;

use super::claims::{Claims, Finding};
use super::journal::{DecodeError, Header};
use super::location::Location;
use super::stored;
use crate::append_log::AppendLog;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::read_only::ReadOnlyFile;

/// The content of the journal of a part file.
#[derive(Clone, Debug)]
pub struct Inspection<D: Disk = Directory> {
    location: Location<D>,
    header: Header,
    claims: Claims,
    torn: u64,
}

impl<D: Disk> Inspection<D> {
    /// Reads the journal of the file at `location`. Inner error: the journal cannot be used. Outer
    /// error: it cannot be read.
    pub fn of(location: Location<D>) -> Result<Result<Self, DecodeError>, StoreError> {
        let log = AppendLog::open_to_read(location.folder(), location.names())?;
        let journal = stored::read(&log, location.division())?;
        let torn = |believed| log.length().0 - believed;
        Ok(journal.map(|journal| Self {
            torn: torn(journal.believed),
            claims: Claims::of(&journal),
            header: journal.header,
            location,
        }))
    }

    /// Returns the journal's header.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Returns the claimed blocks.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// Returns the number of invalid bytes at the journal's end: usually a torn last record.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Reads every claimed block back, ascending, until `found` breaks off. Fails if there is no
    /// part file, or if it cannot be read.
    pub fn verify(
        &self,
        found: impl FnMut(Finding) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let part = ReadOnlyFile::part(self.location.folder(), self.location.names())?;
        self.claims.verify(|range| part.hash_block(range), found)
    }
}
