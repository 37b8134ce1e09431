//! Owns what signals do: the first asks the work to stop, and whatever happens the program is
//! gone soon after; the second ends it at once. Knows nothing of the work.

use std::future::pending;
use std::io;
use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::sync::mpsc;
use std::thread::{self, available_parallelism};
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::watch;
use tokio::task::JoinError;

use crate::background;
use crate::exit_code::Exit;
use crate::printer;

/// The time the last words may take.
const LAST_WORDS_GRACE: Duration = Duration::from_millis(100);

/// The time within which further signals are the same wish. `timeout` and some supervisors send one
/// to the program and another to its process group, and nobody types twice as fast.
const SAME_WISH: Duration = Duration::from_millis(200);

/// The time that building a runtime may take; it takes less than a millisecond.
const START: Duration = Duration::from_secs(1);

/// The program's patience with work that was asked to stop.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Patience {
    /// The time the work may take to put itself away.
    pub(crate) grace: Duration,
    /// The message for the user if it did not.
    pub(crate) last_words: &'static str,
    /// A hangup asks it to read its settings again, and not to stop.
    pub(crate) reloads: bool,
}

/// Tells the work that it should stop; cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct Stop {
    stop: watch::Receiver<bool>,
    /// The number of times a hangup came that did not mean to stop.
    reload: watch::Receiver<u64>,
}

impl Stop {
    /// Never asks.
    #[cfg(test)]
    pub(crate) fn never() -> Self {
        Self {
            stop: watch::channel(false).1,
            reload: watch::channel(0).1,
        }
    }

    /// Returns whether it should stop.
    pub(crate) fn is_requested(&self) -> bool {
        *self.stop.borrow()
    }

    /// Returns once it should stop.
    pub(crate) async fn requested(&mut self) {
        if self.stop.wait_for(|requested| *requested).await.is_err() {
            // The supervisor left without asking, and so never will.
            pending::<()>().await;
        }
    }

    /// Returns once it should read again what it was set up by, where a hangup means that.
    pub(crate) async fn reload(&mut self) {
        if self.reload.changed().await.is_err() {
            pending::<()>().await;
        }
    }
}

/// Runs the work on other threads while this one listens for signals, so that work that hangs
/// cannot keep the program from ending. Where the system has no other thread, or no descriptors for
/// them, this one does both.
pub(crate) fn supervise<W, F>(patience: Patience, work: W) -> Exit
where
    W: FnOnce(Stop) -> F,
    F: Future<Output = Exit> + Send + 'static,
{
    if let Some(short) = accelerator::too_little_memory() {
        return printer::failure(Exit::Internal, &format_args!("could not start: {short}"));
    }
    run_supervised(patience, work).unwrap_or_else(|error| {
        printer::failure(
            Exit::Internal,
            &format_args!("could not start, for want of threads or descriptors: {error}"),
        )
    })
}

fn run_supervised<W, F>(patience: Patience, work: W) -> io::Result<Exit>
where
    W: FnOnce(Stop) -> F,
    F: Future<Output = Exit> + Send + 'static,
{
    let listener = build(&mut Builder::new_current_thread())?;
    let workers = workers();
    let (stop, stop_requested) = watch::channel(false);
    let (reload, reload_requested) = watch::channel(0);
    let mut signals = listener.block_on(async { Signals::listen() });
    let runtime = workers.as_ref().unwrap_or(&listener);
    let mut working = runtime.spawn(work(Stop {
        stop: stop_requested,
        reload: reload_requested,
    }));
    let reload = patience.reloads.then_some(reload);
    let exit = listener.block_on(async {
        let interrupted = tokio::select! {
            ended = &mut working => return exit_of(ended),
            interrupted = signals.next_stop(reload.as_ref()) => interrupted,
        };
        stop.send_replace(true);
        tokio::select! {
            ended = &mut working => {
                let exit = exit_of(ended);
                if exit == Exit::Interrupted { interrupted } else { exit }
            }
            again = signals.next_wish(reload.as_ref()) => give_up(again, patience.last_words).await,
            () = tokio::time::sleep(patience.grace) => {
                give_up(interrupted, patience.last_words).await
            }
        }
    });
    // Work that is still running would hold the program up; it can end anywhere without harm.
    for runtime in workers.into_iter().chain([listener]) {
        runtime.shutdown_background();
    }
    Ok(exit)
}

/// Builds a runtime with a thread for each core. Where the system refuses one of several, one has
/// to do; where it refuses that, there is none.
fn workers() -> Option<Runtime> {
    let cores = available_parallelism().map_or(1, NonZeroUsize::get);
    let (built, is_built) = mpsc::channel();
    // If some threads start and another does not, the library waits for those for ever. Whoever
    // builds is then left behind.
    let several = quietly(|| {
        let building = thread::Builder::new().spawn(move || {
            let mut builder = Builder::new_multi_thread();
            let builder = builder.worker_threads(cores).enable_all();
            let runtime = panic::catch_unwind(AssertUnwindSafe(|| builder.build()));
            let _wanted = built.send(runtime);
        });
        building.ok()?;
        is_built.recv_timeout(START).ok()?.ok()?.ok()
    });
    several.or_else(|| build(Builder::new_multi_thread().worker_threads(1)).ok())
}

/// Builds a runtime. The library panics where the system refuses a thread or a socket, which is a
/// condition here like any other; asking the system first would be of no use, because other
/// programs take threads and descriptors too.
fn build(builder: &mut Builder) -> io::Result<Runtime> {
    let built = quietly(|| panic::catch_unwind(AssertUnwindSafe(|| builder.enable_all().build())));
    built.unwrap_or_else(|_refusal| Err(io::Error::other("the system refuses them")))
}

/// Does something whose panics nobody is told of.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = panic::take_hook();
    panic::set_hook(Box::new(|_| {}));
    let done = work();
    panic::set_hook(hook);
    done
}

/// Says the last words, unless nobody takes them: it may be standard error that work hangs on.
async fn give_up(exit: Exit, last_words: &'static str) -> Exit {
    if let Some(saying) = background::start(move || printer::failure(exit, &last_words)) {
        let _ = tokio::time::timeout(LAST_WORDS_GRACE, saying).await;
    }
    exit
}

fn exit_of(ended: Result<Exit, JoinError>) -> Exit {
    ended.unwrap_or_else(|_panicked| {
        printer::failure(
            Exit::Internal,
            &"internal error; please report the lines above as a bug",
        )
    })
}

/// The signals that mean "stop". One that cannot be listened for ends the program at once, which
/// loses no more than a kill does.
struct Signals {
    /// `nohup` switches it off for what it starts, and then it stays off.
    hangup: Option<Signal>,
    /// Shells switch it off for what a script starts with `&`; it is listened to all the same,
    /// since Ctrl-C is meant for the script and everything it has started.
    interrupt: Option<Signal>,
    terminate: Option<Signal>,
}

impl Signals {
    fn listen() -> Self {
        let hangup = SignalKind::hangup();
        let is_ignored = ignored_signals() >> (hangup.as_raw_value() - 1) & 1 == 1;
        Self {
            hangup: (!is_ignored).then(|| signal(hangup).ok()).flatten(),
            interrupt: signal(SignalKind::interrupt()).ok(),
            terminate: signal(SignalKind::terminate()).ok(),
        }
    }

    /// Waits for one that means to stop, and passes the others on; returns how the program ends
    /// because of it.
    async fn next_stop(&mut self, reload: Option<&watch::Sender<u64>>) -> Exit {
        loop {
            match (self.next().await, reload) {
                (None, Some(reload)) => reload.send_modify(|count| *count += 1),
                (exit, _) => return exit.unwrap_or(Exit::Interrupted),
            }
        }
    }

    /// Waits for one that means to stop, other than those that still belong to the one before.
    async fn next_wish(&mut self, reload: Option<&watch::Sender<u64>>) -> Exit {
        let same = async {
            loop {
                self.next_stop(reload).await;
            }
        };
        // Those are taken until the time is over.
        let _elapsed: Result<(), _> = tokio::time::timeout(SAME_WISH, same).await;
        self.next_stop(reload).await
    }

    /// Waits for one of them; `None` for a hangup.
    async fn next(&mut self) -> Option<Exit> {
        tokio::select! {
            () = received(&mut self.hangup) => None,
            () = received(&mut self.interrupt) => Some(Exit::Interrupted),
            () = received(&mut self.terminate) => Some(Exit::Terminated),
        }
    }
}

async fn received(signal: &mut Option<Signal>) {
    match signal {
        Some(signal) => {
            signal.recv().await;
        }
        None => pending().await,
    }
}

/// Which signals this process ignores, as the mask of `proc_pid_status(5)`; none if it cannot be
/// told.
fn ignored_signals() -> u64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "what was inherited can be asked without unsafe code only here"
    )]
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ignored_in(&status)
}

fn ignored_in(status: &str) -> u64 {
    status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ignored_signals_are_read_from_the_process_status() {
        let status = "SigBlk:\t0000000000000002\nSigIgn:\t0000000000000001\nSigCgt:\t0000\n";
        assert_eq!(ignored_in(status), 1, "SIGHUP, as under nohup");
        assert_eq!(ignored_in("SigIgn:\tno number"), 0);
        assert_eq!(ignored_in(""), 0);
    }

    #[test]
    fn a_runtime_that_the_system_refuses_is_an_error() {
        // No system has a thread with such a stack.
        let mut builder = Builder::new_multi_thread();
        builder.worker_threads(1).thread_stack_size(usize::MAX / 4);
        assert!(build(&mut builder).is_err());
        assert!(build(&mut Builder::new_current_thread()).is_ok());
        assert!(workers().is_some());
    }

    #[test]
    fn work_that_ends_by_itself_gives_its_own_exit() {
        let patience = Patience {
            grace: Duration::from_secs(1),
            last_words: "",
            reloads: false,
        };
        assert_eq!(
            supervise(patience, |_| async { Exit::Corrupt }),
            Exit::Corrupt
        );
        assert_eq!(
            supervise(patience, |_| async { panic!("a bug") }),
            Exit::Internal
        );
    }
}
