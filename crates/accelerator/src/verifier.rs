//! Owns the thread that reads back the bytes of an earlier run, while the first requests are
//! already under way. Trusts nothing else; the store compares.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use range_store::{Claims, Finding, ResumableFile, StoreError};

/// The handle of the thread. Dropping it ends the thread after at most one block.
#[derive(Debug)]
pub(crate) struct Verifier {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// Starts the thread. It calls `found` for each block, ascending; an error means that the file
    /// could not be read, and is the last call.
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
            // Nobody is left to be told.
            let _ended = thread.join();
        }
    }
}
