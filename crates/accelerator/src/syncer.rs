//! Owns the thread that puts received bytes on the disk. Knows no schedule: the scheduler decides
//! when, and the store in which order.

use std::sync::mpsc;
use std::thread::JoinHandle;

use range_store::{ResumableFile, StoreError};
use scheduler::CheckpointId;

use crate::spawn;

/// The handle of the thread. Dropping it waits for the sync that is under way.
#[derive(Debug)]
pub(crate) struct Syncer(By);

#[derive(Debug)]
enum By {
    Thread {
        orders: Option<mpsc::Sender<CheckpointId>>,
        thread: Option<JoinHandle<()>>,
    },
    /// The system has no thread left, so that whoever orders a checkpoint waits for it.
    Caller(Checkpoints),
}

/// The file that is synced, and the call that follows each sync.
struct Checkpoints {
    file: ResumableFile,
    done: Box<dyn Fn(CheckpointId, Result<(), StoreError>) + Send>,
}

impl Syncer {
    /// `done` is called for each checkpoint, as a rule from the thread.
    pub(crate) fn start(
        file: ResumableFile,
        done: impl Fn(CheckpointId, Result<(), StoreError>) + Send + 'static,
    ) -> Self {
        let done = Box::new(done);
        let (orders, inbox) = mpsc::channel();
        let thread = spawn::start(
            "sync",
            (Checkpoints { file, done }, inbox),
            |(checkpoints, inbox)| {
                for checkpoint in inbox {
                    checkpoints.make(checkpoint);
                }
            },
        );
        Self(match thread {
            Ok(thread) => By::Thread {
                orders: Some(orders),
                thread: Some(thread),
            },
            Err((checkpoints, _inbox)) => By::Caller(checkpoints),
        })
    }

    pub(crate) fn checkpoint(&self, checkpoint: CheckpointId) {
        match &self.0 {
            By::Thread { orders, .. } => {
                let orders = orders.as_ref().expect("present until dropped");
                orders
                    .send(checkpoint)
                    .expect("the thread lives until the sender is dropped");
            }
            By::Caller(checkpoints) => checkpoints.make(checkpoint),
        }
    }
}

impl Checkpoints {
    fn make(&self, checkpoint: CheckpointId) {
        (self.done)(checkpoint, self.file.checkpoint());
    }
}

impl std::fmt::Debug for Checkpoints {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Checkpoints").finish_non_exhaustive()
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        if let By::Thread { orders, thread } = &mut self.0 {
            drop(orders.take());
            if let Some(thread) = thread.take() {
                // A panic of the thread would have been seen as a checkpoint without an answer.
                let _ended = thread.join();
            }
        }
    }
}
