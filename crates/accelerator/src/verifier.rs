//! Owns the thread that reads back the bytes of an earlier run, while the first requests are
//! already under way. Trusts nothing else; the store compares.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use range_store::{Claims, Finding, ResumableFile, StoreError};
use tokio::runtime::Handle;
use tokio::task::JoinSet;

use crate::spawn;

/// The handle of the thread. Dropping it ends the thread after at most one block.
#[derive(Debug)]
pub(crate) struct Verifier {
    stop: Arc<AtomicBool>,
    /// `None` where a task does the work.
    thread: Option<JoinHandle<()>>,
}

struct Verification<F> {
    file: ResumableFile,
    claims: Claims,
    found: F,
    stop: Arc<AtomicBool>,
}

impl Verifier {
    /// Starts the thread. It calls `found` for each block, ascending; an error means that the file
    /// could not be read, and is the last call. If the system has no thread left, one of the
    /// `tasks` does the work.
    pub(crate) fn start(
        file: ResumableFile,
        claims: Claims,
        found: impl Fn(Result<Finding, StoreError>) + Send + Sync + 'static,
        (tasks, pool): (&mut JoinSet<()>, &Handle),
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let verification = Verification {
            file,
            claims,
            found,
            stop: Arc::clone(&stop),
        };
        let whole = |verification: Verification<_>| {
            let _all_or_not = verification.read(&verification.claims);
        };
        let thread = match spawn::start("verify", verification, whole) {
            Ok(thread) => Some(thread),
            Err(verification) => {
                tasks.spawn_on(verification.piecewise(), pool);
                None
            }
        };
        Self { stop, thread }
    }
}

impl<F: Fn(Result<Finding, StoreError>)> Verification<F> {
    fn read(&self, claims: &Claims) -> ControlFlow<()> {
        let verified = self.file.verify(claims, |finding| {
            (self.found)(Ok(finding));
            if self.stop.load(Ordering::Relaxed) {
                ControlFlow::Break(())
            } else {
                ControlFlow::Continue(())
            }
        });
        verified.unwrap_or_else(|error| {
            (self.found)(Err(error));
            ControlFlow::Break(())
        })
    }

    /// Lets others go on after every block.
    async fn piecewise(self) {
        for claim in self.claims.one_by_one() {
            if self.read(&claim).is_break() {
                return;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Nobody is left to be told.
            let _ended = thread.join();
        }
    }
}
