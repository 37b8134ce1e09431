//! Owns the threads of a download: one that decides, and those on which bytes are received and
//! written. A disk that blocks holds up the latter only. Knows nothing of what runs on them.

use std::convert::Infallible;
use std::num::NonZeroU16;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use range_store::open_files_limit;
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::oneshot;
use tokio::task::JoinSet;

use crate::error::{Cause, Error, ErrorKind};
use crate::spawn;

/// The time that the end waits for threads that ask for the addresses of a host: nothing can stop
/// them.
const LOOK_UP_GRACE: Duration = Duration::from_millis(100);

/// Where a process may open fewer files than these, a pool takes none away from the download: it
/// has four descriptors for itself, of 18 that a download with one connection needs.
const FEW_DESCRIPTORS: u64 = 64;

/// The threads on which requests are made, and bytes are received and written.
#[derive(Debug)]
pub(crate) struct Pool(By);

#[derive(Debug)]
enum By {
    Own(Option<Runtime>),
    /// The system has no thread left for the download, or few descriptors.
    Caller(Handle),
}

impl Pool {
    /// For so many connections at most. Where the system has too few threads, it has those there
    /// are, and where it has none, or few descriptors, it is the caller's runtime; a caller without
    /// one gets an error where no thread is left.
    pub(crate) fn new(connections: NonZeroU16) -> Result<Self, Error> {
        let has_few = open_files_limit().is_some_and(|most| most < FEW_DESCRIPTORS);
        if has_few && let Ok(caller) = Handle::try_current() {
            return Ok(Self(By::Caller(caller)));
        }
        let processors = thread::available_parallelism().map_or(1, usize::from);
        let wanted = processors.min(usize::from(connections.get()));
        // A runtime panics, or waits for ever, where it gets fewer threads than it asks for.
        let most = spawn::available(wanted);
        if most > 0 {
            let mut builder = Builder::new_multi_thread();
            builder.worker_threads(most).thread_name("fetch");
            if let Ok(runtime) = builder.enable_all().build() {
                return Ok(Self(By::Own(Some(runtime))));
            }
        }
        let caller = Handle::try_current();
        let caller = caller.map_err(|_| Error::new(ErrorKind::Internal, Cause::NoThread))?;
        Ok(Self(By::Caller(caller)))
    }

    pub(crate) fn handle(&self) -> &Handle {
        match &self.0 {
            By::Own(runtime) => runtime.as_ref().expect("present until the end").handle(),
            By::Caller(handle) => handle,
        }
    }

    /// Ends the threads, and with them every connection.
    fn end(mut self) {
        if let By::Own(runtime) = &mut self.0
            && let Some(runtime) = runtime.take()
        {
            runtime.shutdown_timeout(LOOK_UP_GRACE);
        }
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        if let By::Own(runtime) = &mut self.0
            && let Some(runtime) = runtime.take()
        {
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

/// Runs `work` on a thread of its own, whose timers nothing else holds up, and ends the pool that
/// it is given. Where the system has no such thread, the work is done here.
///
/// # Cancel safety
///
/// Dropping the future drops the work on its thread, and waits until both threads and pool have
/// ended: a call of the system that is under way is waited for.
pub(crate) async fn drive<T, W, F>(pool: Pool, work: W) -> Result<T, Error>
where
    T: Send + 'static,
    W: FnOnce(Handle) -> F + Send + 'static,
    F: Future<Output = Result<T, Error>> + Send,
{
    let (stop, stopped) = oneshot::channel::<Infallible>();
    let (answer, result) = oneshot::channel();
    let what = (pool, work, stopped, answer);
    let thread = spawn::start("drive", what, |(pool, work, stopped, answer)| {
        let Ok(runtime) = Builder::new_current_thread().enable_time().build() else {
            let _delivered = answer.send(Err(Error::new(ErrorKind::Internal, Cause::NoThread)));
            return;
        };
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
    let thread = match thread {
        Ok(thread) => thread,
        Err((pool, work, ..)) => {
            let done = work(pool.handle().clone()).await;
            drop(pool);
            return done;
        }
    };
    let driving = Driving {
        stop: Some(stop),
        thread: Some(thread),
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
        Pool::new(NonZeroU16::MIN).unwrap()
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
