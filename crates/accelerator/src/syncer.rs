//! Owns the thread that puts received bytes on the disk. Knows no schedule: the scheduler decides
//! when, and the store in which order.

use std::sync::mpsc;
use std::thread::JoinHandle;

use range_store::{ResumableFile, StoreError};
use scheduler::CheckpointId;

/// The handle of the thread. Dropping it waits for the sync that is under way.
#[derive(Debug)]
pub(crate) struct Syncer {
    orders: Option<mpsc::Sender<CheckpointId>>,
    thread: Option<JoinHandle<()>>,
}

impl Syncer {
    /// `done` is called for each checkpoint, from the thread.
    pub(crate) fn start(
        file: ResumableFile,
        done: impl Fn(CheckpointId, Result<(), StoreError>) + Send + 'static,
    ) -> Self {
        let (orders, inbox) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("sync".into())
            .spawn(move || {
                for checkpoint in inbox {
                    done(checkpoint, file.checkpoint());
                }
            })
            .expect("the system can start a thread");
        Self {
            orders: Some(orders),
            thread: Some(thread),
        }
    }

    pub(crate) fn checkpoint(&self, checkpoint: CheckpointId) {
        let orders = self.orders.as_ref().expect("present until dropped");
        orders
            .send(checkpoint)
            .expect("the thread lives until the sender is dropped");
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // A panic of the thread would have been seen as a checkpoint without an answer.
            let _ended = thread.join();
        }
    }
}
