//! Owns the decision what a journal that was found is good for. Knows no file and no network.

use super::decoder::{DecodeError, Decoded};

/// What to do with what an earlier run left.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Read the claimed blocks back. Fetch those that are not what their hashes say, and those
    /// that are not claimed. Before anything is appended, cut the journal off behind what was
    /// believed.
    Continue(Box<Decoded>),
    /// Remove part file and journal, and start afresh.
    StartOver(Unusable),
    /// Touch nothing: a version of this program that can read the journal can still use it.
    Leave(DecodeError),
}

/// Why nothing of an earlier run can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unusable {
    /// The journal is none, or its header is damaged.
    JournalDamaged,
    /// The length of the file was not known, so no block was claimed.
    LengthUnknown,
    /// There is no way to tell whether the remote file is the same.
    NoValidator,
}

/// Decides, from the journal as it was read. `digest_expected` says whether the user expects a
/// digest, which proves the file where no validator can.
///
/// ```text
/// journal of another version            leave
/// no journal, or damaged header         start over
/// length not known                      start over
/// no strong validator, and no digest    start over
/// joined by a digest only, and none     start over
/// otherwise                             continue
/// ```
pub fn judge(journal: Result<Decoded, DecodeError>, digest_expected: bool) -> Verdict {
    match journal {
        Err(error @ DecodeError::UnknownVersion { .. }) => Verdict::Leave(error),
        Err(DecodeError::NotAJournal | DecodeError::HeaderDamaged) => {
            Verdict::StartOver(Unusable::JournalDamaged)
        }
        Ok(journal) if journal.header.length == 0 => Verdict::StartOver(Unusable::LengthUnknown),
        Ok(journal)
            if !digest_expected && (journal.is_mixed || !journal.header.validators.is_strong()) =>
        {
            Verdict::StartOver(Unusable::NoValidator)
        }
        Ok(journal) => Verdict::Continue(Box::new(journal)),
    }
}
