//! Owns the tasks of a download's workers, none of which outlives it. Knows nothing of their work.

use std::convert::Infallible;
use std::sync::mpsc::{self, Receiver, Sender};

use tokio::runtime::Handle;
use tokio::task::{JoinError, JoinSet};

/// The workers at work. Dropping it ends each where it next waits, and waits for that.
#[derive(Debug)]
pub(super) struct Workers {
    tasks: JoinSet<()>,
    pool: Handle,
    /// Every worker has a copy.
    at_work: Sender<Infallible>,
    all_gone: Receiver<Infallible>,
}

impl Workers {
    /// None yet; they are to run on the threads of `pool`.
    pub(super) fn new(pool: Handle) -> Self {
        let (at_work, all_gone) = mpsc::channel();
        Self {
            tasks: JoinSet::new(),
            pool,
            at_work,
            all_gone,
        }
    }

    pub(super) fn spawn(&mut self, work: impl Future<Output = ()> + Send + 'static) {
        let at_work = self.at_work.clone();
        let work = async move {
            work.await;
            drop(at_work);
        };
        self.tasks.spawn_on(work, &self.pool);
    }

    /// The tasks themselves, for work that is no worker's.
    pub(super) fn tasks(&mut self) -> (&mut JoinSet<()>, &Handle) {
        (&mut self.tasks, &self.pool)
    }

    pub(super) async fn join_next(&mut self) -> Option<Result<(), JoinError>> {
        self.tasks.join_next().await
    }

    pub(super) fn try_join_next(&mut self) -> Option<Result<(), JoinError>> {
        self.tasks.try_join_next()
    }

    /// Ends all of them.
    pub(super) async fn shutdown(&mut self) {
        self.tasks.shutdown().await;
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        let here = Handle::try_current();
        if here.is_ok_and(|here| here.id() == self.pool.id()) {
            // They end on the thread that would wait for them.
            return;
        }
        self.tasks.abort_all();
        let (nobody, _) = mpsc::channel();
        self.at_work = nobody;
        // Nothing is ever sent: this returns once the last one is gone.
        let _gone = self.all_gone.recv();
    }
}
