//! Owns work that blocks, each piece of it on a thread of its own. Knows nothing of what is done.

use std::thread::Builder;

use tokio::sync::oneshot::{self, Receiver};

/// Runs `work` on a thread, and gives its result to the receiver. `None` where the system has no
/// thread left; then the work is not done.
pub(crate) fn start<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<Receiver<T>> {
    let (answer, answered) = oneshot::channel();
    let thread = Builder::new().spawn(move || {
        // Nobody may wait for it any more.
        let _delivered = answer.send(work());
    });
    thread.ok().map(|_detached| answered)
}
