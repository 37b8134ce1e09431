//! Owns work that blocks and has to be over when the future that waits for it is gone. Each piece
//! has a thread of its own, for as long as the system has one. Knows nothing of what is done.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;

use tokio::sync::oneshot;

use crate::error::{Cause, Error, ErrorKind};
use crate::spawn;

/// Tells work whether anybody still waits for it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Wanted(Arc<AtomicBool>);

impl Wanted {
    /// Breaks off once nobody waits.
    pub(crate) fn proceed(&self) -> ControlFlow<()> {
        if self.0.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }
}

/// Runs `work` on a thread that may block. Where the system has none, it is done before this waits.
///
/// # Cancel safety
///
/// Dropping the future waits for the work, unless it has not begun: then it never does. Work that
/// takes long asks [`Wanted`] in between. So nothing happens once the future is gone, and whatever
/// the work has made is dropped with it.
pub(crate) async fn run<T: Send + 'static>(
    work: impl FnOnce(&Wanted) -> T + Send + 'static,
) -> Result<T, Error> {
    let (wanted, thread, result) = start(work);
    let mut waiting = Waiting {
        wanted,
        thread,
        result,
    };
    let done = (&mut waiting.result).await;
    done.map_err(|_| lost())
}

/// Does the same as [`run`], but nobody waits for the work once the future is dropped.
pub(crate) async fn run_detached<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let (.., result) = start(|_| work());
    result.await.map_err(|_| lost())
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, Cause::WorkerLost)
}

type Started<T> = (Wanted, Option<JoinHandle<()>>, oneshot::Receiver<T>);

fn start<T: Send + 'static>(work: impl FnOnce(&Wanted) -> T + Send + 'static) -> Started<T> {
    let (answer, result) = oneshot::channel();
    let wanted = Wanted::default();
    let is_wanted = wanted.clone();
    let work = move || {
        if is_wanted.proceed().is_continue() {
            let _delivered = answer.send(work(&is_wanted));
        }
    };
    let thread = spawn::start("blocking", work, |work| work());
    let thread = thread.map_err(|work| work()).ok();
    (wanted, thread, result)
}

struct Waiting<T> {
    wanted: Wanted,
    thread: Option<JoinHandle<()>>,
    /// Dropped after the thread has ended, with what nobody has taken.
    result: oneshot::Receiver<T>,
}

impl<T> Drop for Waiting<T> {
    fn drop(&mut self) {
        self.wanted.0.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A panic was seen as work without an answer.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicU32;
    use std::sync::mpsc;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn work_is_done_and_answers() {
        assert_eq!(run(|_| 7).await.unwrap(), 7);
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error() {
        assert!(run(|_| panic!("on purpose")).await.is_err());
    }

    #[tokio::test]
    async fn work_that_nobody_waits_for_is_over_when_the_future_is_gone() {
        let steps = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&steps);
        let (begun, has_begun) = oneshot::channel();
        let work = run(move |_| {
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

    #[tokio::test]
    async fn work_that_asks_ends_early_and_what_it_made_is_gone_with_the_future() {
        struct Made(Arc<AtomicU32>);
        impl Drop for Made {
            fn drop(&mut self) {
                self.0.fetch_add(1, Ordering::SeqCst);
            }
        }
        let dropped = Arc::new(AtomicU32::new(0));
        let made = Made(Arc::clone(&dropped));
        let (begun, has_begun) = oneshot::channel();
        let work = run(move |wanted| {
            let (_held, never) = mpsc::channel::<()>();
            begun.send(()).unwrap();
            while wanted.proceed().is_continue() {
                never.recv_timeout(Duration::from_millis(1)).unwrap_err();
            }
            made
        });
        tokio::select! {
            _ = work => panic!("it goes on until nobody waits"),
            begun = has_begun => begun.unwrap(),
        }
        assert_eq!(dropped.load(Ordering::SeqCst), 1);
    }
}
