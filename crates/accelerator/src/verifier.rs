//! Owns the proof of what an earlier run left: a thread that reads claimed blocks back and
//! compares their hashes, while the first requests are already under way. Trusts nothing else.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use range_core::block::{BlockHash, BlockIndex};
use range_core::range::ByteRange;
use range_store::{Claims, Failpoint, Store, StoreError};

use crate::keeper::Keeper;

/// What was found out about a range of claimed bytes.
#[derive(Debug)]
pub(crate) enum Finding {
    /// They are what their hashes say.
    Verified(ByteRange),
    /// They are not.
    Rejected(ByteRange),
    /// They could not be read.
    Unreadable(StoreError),
}

/// The thread, from the outside. Dropping it ends the thread after at most one block.
#[derive(Debug)]
pub(crate) struct Verifier {
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Verifier {
    /// `found` is called for each block, from the thread, in the order given.
    pub(crate) fn start(
        keeper: Keeper,
        claims: Vec<(BlockIndex, BlockHash)>,
        found: impl Fn(Finding) + Send + 'static,
    ) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("verify".into())
            .spawn(move || verify(&keeper, claims, &stopped, found))
            .expect("the system can start a thread");
        Self {
            stop,
            thread: Some(thread),
        }
    }
}

fn verify(
    keeper: &Keeper,
    claims: Vec<(BlockIndex, BlockHash)>,
    stop: &AtomicBool,
    found: impl Fn(Finding),
) {
    let length = keeper
        .length
        .expect("claims are made only for files of known length");
    let claims = Claims::new(keeper.block_size, length, claims);
    let hash_block = |range| keeper.part.hash_block(range);
    let verified = claims.verify(hash_block, |finding| {
        found(match finding {
            range_store::Finding::Verified(range) => Finding::Verified(range),
            range_store::Finding::Rejected(range) => Finding::Rejected(range),
        });
        Failpoint::BlockVerified.reached();
        if stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Err(error) = verified {
        found(Finding::Unreadable(error));
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
