//! Owns the order in which sources are asked alone, and the error of all of them together. Asks
//! nothing.

use std::collections::VecDeque;

use scheduler::SourceId;

use crate::error::{Error, ErrorKind};

/// The sources that are to be asked alone. Each is, once: it costs the whole file at most.
#[derive(Debug, Default)]
pub(super) struct OneByOne {
    left: VecDeque<SourceId>,
    /// The error of all of them together, once that is known.
    error: Option<Error>,
}

impl OneByOne {
    /// Begins with these.
    pub(super) fn of(ids: impl Iterator<Item = SourceId>) -> Self {
        Self {
            left: ids.collect(),
            error: None,
        }
    }

    /// Reports whether any was asked alone.
    pub(super) fn has_begun(&self) -> bool {
        self.error.is_some()
    }

    pub(super) fn is_any_left(&self) -> bool {
        !self.left.is_empty()
    }

    /// Returns the source that is to be asked next because of this error, or the error if there is
    /// none. The first error is that of all of them together.
    pub(super) fn next(&mut self, error: Error) -> Result<SourceId, Error> {
        let Some(next) = self.left.pop_front() else {
            return Err(error);
        };
        self.error.get_or_insert(error);
        Ok(next)
    }

    /// Takes the error of all sources together, if that is why any was asked alone.
    pub(super) fn of_all_together(&mut self) -> Option<Error> {
        self.error.take()
    }
}

/// Reports whether an error is of a source, and not of this machine or its user.
pub(super) fn is_theirs(error: &Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Changed
            | ErrorKind::Corrupt
            | ErrorKind::Network
            | ErrorKind::Refused
            | ErrorKind::Untrusted
    )
}
