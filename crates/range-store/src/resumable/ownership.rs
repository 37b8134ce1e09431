//! Owns the judgement whose the files beside a download are: ours, or another program's, which are
//! neither removed nor written to. Knows nothing of the use of our own.
//!
//! A journal of ours begins with its signature from the moment it has its name, and a part file of
//! ours has no byte before a journal names it: see [`Location::create`](super::Location::create).
//! Its permissions are those of a private file until every byte of it is there. A file that the
//! user puts in its place usually has others, or is another one than the journal names; then its
//! bytes decide.

use std::ops::ControlFlow;

use range_core::units::ByteCount;

use super::claims::{Claims, Finding};
use super::journal::{self, DecodeError, Decoded, Header};
use crate::append_log::AppendLog;
use crate::disk::Disk;
use crate::error::StoreError;
use crate::part_file::PartFile;

/// The longest file without a signature that is taken for a journal whose beginning a power cut
/// has lost. No header is longer.
const BLANK_MAX: ByteCount = ByteCount(64 << 10);

/// Files that another program may have made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// A part file without a journal.
    PartAlone,
    /// A part file that its journal was not written for.
    Part,
    /// A file with the journal's name is no journal.
    Journal,
}

/// Returns what is not ours of a journal, as it was `read`, and the part file beside it. `is_copy`
/// says whether both may be copies of what a download has left, and `is_proven` that the bytes are
/// proven in the end, so that those of any download will do.
pub(super) fn foreign<D: Disk>(
    log: &AppendLog<D>,
    read: &Result<Decoded, DecodeError>,
    part: Option<&PartFile<D>>,
    is_copy: impl FnOnce(&Header) -> bool,
    is_proven: bool,
) -> Result<Option<Foreign>, StoreError> {
    let is_none = matches!(read, Err(DecodeError::NotAJournal));
    if is_none && !is_blank(log)? {
        return Ok(Some(Foreign::Journal));
    }
    let Some(part) = part else {
        return Ok(None);
    };
    let is_private = part.is_private()?;
    let is_ours = match read {
        _ if is_private && part.is_empty()? => true,
        Ok(journal) => {
            let is_named = journal.header.part_file == part.identity();
            // An empty file that is about to be published has the permissions of the final one.
            let is_complete = is_named && journal.header.length == 0 && part.is_empty()?;
            let is_copy = is_private && is_copy(&journal.header);
            is_complete
                || is_private && is_named
                || is_copy && journal.blocks.is_empty()
                || (is_named || is_copy || is_proven) && has_a_claimed_block(part, journal)?
        }
        // By its signature the journal is ours, and so is what stands beside it.
        Err(_) => is_private && !is_none,
    };
    Ok((!is_ours).then_some(Foreign::Part))
}

/// Reports whether one of the claims is true.
fn has_a_claimed_block<D: Disk>(part: &PartFile<D>, journal: &Decoded) -> Result<bool, StoreError> {
    let hash_block = |range| part.hash_block(range);
    let read = Claims::of(journal).verify(hash_block, |finding| match finding {
        Finding::Verified(_) => ControlFlow::Break(()),
        Finding::Rejected(_) => ControlFlow::Continue(()),
    });
    Ok(read?.is_break())
}

/// Reports whether the file can be a journal of which a power cut has left the name alone, on a
/// file system where a file has to have a name from the start. Nothing is lost with it.
fn is_blank<D: Disk>(log: &AppendLog<D>) -> Result<bool, StoreError> {
    if log.length() > BLANK_MAX || !log.is_private()? {
        return Ok(false);
    }
    let mut bytes = Vec::new();
    log.read_through(BLANK_MAX, |piece| bytes.extend_from_slice(piece))?;
    Ok(bytes.iter().all(|byte| *byte == 0) || journal::PREAMBLE_BYTES.starts_with(&bytes))
}
