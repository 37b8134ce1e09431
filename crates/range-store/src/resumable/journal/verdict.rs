//! Owns the decision how to use a journal that was found. Knows no file and no network.

use super::decoder::{DecodeError, Decoded};

/// The action for the files of an earlier run.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Read the claimed blocks back. Fetch the blocks that do not match their hash and those that
    /// are not claimed. Before appending anything, cut the journal after its valid part.
    Continue(Box<Decoded>),
    /// Remove part file and journal, and start afresh.
    StartOver(Unusable),
    /// Change nothing: the program version that wrote the journal can still use it.
    Leave(DecodeError),
}

/// The reason why nothing of an earlier run can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// There is no journal, or its header is damaged.
    JournalDamaged,
    /// The bytes are those of a coded file, which no request for a range continues.
    Coded,
    /// The length of the file was unknown, so no block was claimed.
    LengthUnknown,
    /// There is no way to tell whether the remote file is the same.
    NoValidator,
}

/// Decides from the journal as it was read. `digest_expected` tells whether the user expects a
/// digest, which proves the file if no validator can; `takes_several`, whether bytes may be of
/// several sources for which the user vouches.
///
/// ```text
/// journal of another version                      leave
/// no journal, or damaged header                   start over
/// coded, and not settled or no digest             start over
/// length unknown                                  start over
/// no digest, and no strong validator              start over
/// no digest, and mixed                            start over
/// no digest, and of several that are not vouched for  start over
/// otherwise                                       continue
/// ```
pub fn judge(
    journal: Result<Decoded, DecodeError>,
    digest_expected: bool,
    takes_several: bool,
) -> Verdict {
    match journal {
        Err(error @ DecodeError::UnknownVersion { .. }) => Verdict::Leave(error),
        Err(DecodeError::NotAJournal | DecodeError::HeaderDamaged) => {
            Verdict::StartOver(Unusable::JournalDamaged)
        }
        Ok(journal)
            if journal.coding.is_some() && (journal.header.length == 0 || !digest_expected) =>
        {
            Verdict::StartOver(Unusable::Coded)
        }
        Ok(journal) if journal.header.length == 0 => Verdict::StartOver(Unusable::LengthUnknown),
        Ok(journal) if !digest_expected && !is_linked(&journal, takes_several) => {
            Verdict::StartOver(Unusable::NoValidator)
        }
        Ok(journal) => Verdict::Continue(Box::new(journal)),
    }
}

/// Reports whether something but a digest links all bytes to the file.
fn is_linked(journal: &Decoded, takes_several: bool) -> bool {
    let are_linked = !journal.is_mixed && (!journal.is_of_several || takes_several);
    are_linked && journal.header.validators.is_strong()
}
