//! Owns the memory of a failed sync. Knows nothing of files.

use std::sync::atomic::{AtomicBool, Ordering};

use rustix::io::Errno;

use crate::error::StoreError;

/// The memory of a failed sync of one file: true after the first failure.
///
/// Linux reports a lost write to one sync, marks the page clean, and lets the next sync succeed. So
/// after a failure every later sync must fail too, or lost bytes would be called safe.
#[derive(Debug, Default)]
pub(crate) struct SyncState {
    lost: AtomicBool,
}

impl SyncState {
    /// Reports whether a sync has failed.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::SeqCst)
    }

    /// Runs `sync`, unless an earlier one failed.
    pub(crate) fn run(&self, sync: impl FnMut() -> Result<(), Errno>) -> Result<(), StoreError> {
        if self.is_lost() {
            return Err(StoreError::SyncLost);
        }
        rustix::io::retry_on_intr(sync).map_err(|errno| {
            self.lost.store(true, Ordering::SeqCst);
            StoreError::io("sync to the disk", errno)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_failure_fails_every_later_sync() {
        let state = SyncState::default();
        state.run(|| Ok(())).unwrap();
        assert!(matches!(
            state.run(|| Err(Errno::IO)),
            Err(StoreError::Io { .. })
        ));
        assert!(matches!(state.run(|| Ok(())), Err(StoreError::SyncLost)));
    }

    #[test]
    fn an_interrupted_sync_is_run_again() {
        let mut replies = [Ok(()), Err(Errno::INTR)].into_iter().rev();
        SyncState::default()
            .run(|| replies.next().unwrap())
            .unwrap();
        assert_eq!(replies.next(), None);
    }
}
