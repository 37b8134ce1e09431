//! Owns work that blocks and has to be over when the future that waits for it is gone. Knows
//! nothing of what is done.

use std::sync::mpsc::{self, Receiver};

use tokio::task::JoinHandle;

use crate::error::{Cause, Error, ErrorKind};

/// Runs `work` on a thread that may block.
///
/// # Cancel safety
///
/// Dropping the future waits for the work, unless the work has not begun: then it never does. So
/// nothing happens once the future is gone.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (over, is_over) = mpsc::channel::<()>();
    let handle = tokio::task::spawn_blocking(move || {
        // The sender is dropped with the work, however that ends.
        let _over = over;
        work()
    });
    let mut waiting = Waiting { handle, is_over };
    let done = (&mut waiting.handle).await;
    done.map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))
}

struct Waiting<T> {
    handle: JoinHandle<T>,
    is_over: Receiver<()>,
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.handle.abort();
        // Nothing is ever sent: this returns once the other side is gone.
        let _over = self.is_over.recv();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_is_done_and_answers() {
        assert_eq!(run(|| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert!(run(|| panic!("on purpose")).await.is_err());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_over_when_the_future_is_gone() {
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let work = run(move || {
            let (_held, never) = mpsc::channel::<()>();
            begun.send(()).unwrap();
            for _ in 0..20 {
                never.recv_timeout(Duration::from_millis(5)).unwrap_err();
                counted.fetch_add(1, Ordering::SeqCst);
            }
        });
        tokio::select! {
            _ = work => panic!("it takes longer"),
            begun = has_begun => begun.unwrap(),
        }
        assert_eq!(steps.load(Ordering::SeqCst), 20);
    }
}
