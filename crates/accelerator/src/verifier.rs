//! Owns the thread that reads back what an earlier run left, while the first requests are already
//! under way. Trusts nothing else; the store compares.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use range_store::{Claims, Finding, ResumableFile, StoreError};

/// The thread, from the outside. Dropping it ends the thread after at most one block.
#[derive(Debug)]
pub(crate) struct Verifier {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// `found` is called for each block, from the thread, ascending; an error is that the file
    /// could not be read, and the last call.
    pub(crate) fn start(
        file: ResumableFile,
        claims: Claims,
        found: impl Fn(Result<Finding, StoreError>) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("verify".into())
            .spawn(move || {
                let verified = file.verify(&claims, |finding| {
                    found(Ok(finding));
                    if stopped.load(Ordering::Relaxed) {
                        ControlFlow::Break(())
                    } else {
                        ControlFlow::Continue(())
                    }
                });
                if let Err(error) = verified {
                    found(Err(error));
                }
            })
            .expect("the system can start a thread");
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

impl Drop for Verifier {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // Nothing is left to tell anyone.
            let _ended = thread.join();
        }
    }
}
