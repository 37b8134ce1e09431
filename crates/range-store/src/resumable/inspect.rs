//! Owns what can be told of a part file without a lock, while it may be written: what its journal
//! says, and whether that is so. Changes nothing.

use std::ops::ControlFlow;

use super::claims::{Claims, Finding};
use super::journal::{DecodeError, Header};
use super::location::Location;
use super::stored;
use crate::append_log::AppendLog;
use crate::disk::{Directory, Disk};
use crate::error::StoreError;
use crate::read_only::ReadOnlyFile;

/// What a journal says of a part file.
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

    /// What the journal says of the file.
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// What it claims of its blocks.
    pub fn claims(&self) -> &Claims {
        &self.claims
    }

    /// How many bytes of the journal could not be believed: a torn last record, as a rule.
    pub fn torn(&self) -> u64 {
        self.torn
    }

    /// Reads every claimed block back, ascending, until `found` breaks off. Fails when there is no
    /// part file, or it cannot be read.
    pub fn verify(
        &self,
        found: impl FnMut(Finding) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, StoreError> {
        let part = ReadOnlyFile::part(self.location.folder(), self.location.names())?;
        self.claims.verify(|range| part.hash_block(range), found)
    }
}
