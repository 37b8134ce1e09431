//! Owns the threads of a download: one that decides, and those on which bytes are received and
//! written. A disk that blocks holds up the latter only. Knows nothing of what runs on them.

use std::convert::Infallible;
use std::num::NonZeroU16;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::error::{Cause, Error, ErrorKind};

/// The time that the end waits for threads that ask for the addresses of a host: nothing can stop
/// them.
const LOOK_UP_GRACE: Duration = Duration::from_millis(100);

const CAN_START: &str = "the system can start a thread";

/// The threads on which requests are made, and bytes are received and written.
#[derive(Debug)]
pub(crate) struct Pool(Option<Runtime>);

impl Pool {
    /// For so many connections at most.
    pub(crate) fn new(connections: NonZeroU16) -> Self {
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let runtime = Builder::new_multi_thread()
            .worker_threads(processors.min(usize::from(connections.get())))
            .thread_name("fetch")
            .enable_all()
            .build();
        Self(Some(runtime.expect(CAN_START)))
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.0.as_ref().expect("present until the end").handle()
    }

    /// Ends the threads, and with them every connection.
    fn end(mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_timeout(LOOK_UP_GRACE);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

/// Runs `work` on the threads of a pool.
///
/// # Cancel safety
///
/// Dropping the future ends the work where it next waits.
pub(crate) async fn run_on<T: Send + 'static>(
    pool: &Handle,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Error> {
    let mut tasks = JoinSet::new();
    tasks.spawn_on(work, pool);
    let done = tasks.join_next().await.expect("one was spawned");
    done.map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))
}

/// Runs `work` on a thread of its own, whose timers nothing else holds up, and ends the pool that it
/// is given.
///
/// # Cancel safety
///
/// Dropping the future drops the work on its thread, and waits until both threads and pool have
/// ended: a call of the system that is under way is waited for.
pub(crate) async fn drive<T, F>(
    pool: Pool,
    work: impl FnOnce(Handle) -> F + Send + 'static,
) -> Result<T, Error>
where
    T: Send + 'static,
    F: Future<Output = Result<T, Error>>,
{
    let (stop, stopped) = oneshot::channel::<Infallible>();
    let (answer, result) = oneshot::channel();
    let thread = thread::Builder::new().name("drive".into()).spawn(move || {
        let runtime = Builder::new_current_thread().enable_time().build();
        let runtime = runtime.expect(CAN_START);
        let done = runtime.block_on(async {
            tokio::select! {
                biased;
                // Nothing is ever sent: nobody waits any more.
                _ = stopped => None,
                done = work(pool.handle().clone()) => Some(done),
            }
        });
        pool.end();
        if let Some(done) = done {
            let _delivered = answer.send(done);
        }
    });
    let driving = Driving {
        stop: Some(stop),
        thread: Some(thread.expect(CAN_START)),
    };
    let done = result.await;
    drop(driving);
    done.map_err(|_| Error::new(ErrorKind::Internal, Cause::WorkerLost))?
}

/// The thread, from the outside. Dropping it stops the work and waits for the end of the thread.
struct Driving {
    stop: Option<oneshot::Sender<Infallible>>,
    thread: Option<JoinHandle<()>>,
}

impl Drop for Driving {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic has been seen as a missing answer.
            let _ended = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::sync::{Arc, mpsc};

    use super::*;

    fn pool() -> Pool {
        Pool::new(NonZeroU16::MIN)
    }

    #[tokio::test]
    async fn work_that_panics_is_an_error_and_not_the_end() {
        let lost = drive(pool(), |_| async { panic!("on purpose") });
        let lost: Result<(), Error> = lost.await;
        assert_eq!(lost.unwrap_err().kind(), ErrorKind::Internal);
    }

    #[tokio::test]
    async fn timers_go_on_while_every_thread_of_the_pool_is_blocked() {
        let (release, blocked) = mpsc::channel::<()>();
        let ticks = drive(pool(), |pool| async move {
            let mut tasks = JoinSet::new();
            tasks.spawn_on(async move { blocked.recv().unwrap() }, &pool);
            let mut ticks = 0;
            while ticks < 5 {
                tokio::time::sleep(Duration::from_millis(2)).await;
                ticks += 1;
            }
            release.send(()).unwrap();
            tasks.join_next().await;
            Ok(ticks)
        });
        assert_eq!(ticks.await.unwrap(), 5);
    }

    #[tokio::test]
    async fn nothing_runs_on_when_the_future_is_gone() {
        struct Gone(Arc<AtomicBool>);
        impl Drop for Gone {
            fn drop(&mut self) {
                self.0.store(true, Ordering::SeqCst);
            }
        }
        let is_gone = Arc::new(AtomicBool::new(false));
        let gone = Gone(Arc::clone(&is_gone));
        let (begun, has_begun) = oneshot::channel();
        let work = drive(pool(), |pool| async move {
            let held = gone;
            begun.send(()).unwrap();
            run_on(&pool, async move {
                std::future::pending::<()>().await;
                drop(held);
            })
            .await
        });
        tokio::select! {
            _ = work => panic!("it never ends"),
            begun = has_begun => begun.unwrap(),
        }
        assert!(is_gone.load(Ordering::SeqCst));
    }
}
