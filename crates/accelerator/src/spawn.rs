//! Owns the start of threads. A system may have none left, which is a condition and no bug: then
//! the work is given back to whoever asked, to be done by the thread that is there. Knows nothing
//! of the work.

use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{Builder, JoinHandle};

/// Starts a thread called `name` that does `work` with `what`. Where none can be had, the error is
/// `what`.
pub(crate) fn start<T: Send + 'static>(
    name: &str,
    what: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<JoinHandle<()>, T> {
    start_by(Builder::new().name(name.to_owned()), what, work)
}

fn start_by<T: Send + 'static>(
    builder: Builder,
    what: T,
    work: impl FnOnce(T) + Send + 'static,
) -> Result<JoinHandle<()>, T> {
    // A thread that cannot be started drops what it was to take along.
    let left = Arc::new(Mutex::new(Some(what)));
    let taken = Arc::clone(&left);
    let thread = builder.spawn(move || {
        if let Some(what) = take(&taken) {
            work(what);
        }
    });
    thread.map_err(|_| take(&left).expect("no thread has taken it"))
}

/// Returns how many threads the system has left, up to `most`, by starting them for a moment.
/// Others take threads too, so that the answer holds for that moment.
pub(crate) fn available(most: usize) -> usize {
    let (end, waiting) = mpsc::channel::<()>();
    let waiting = Arc::new(Mutex::new(waiting));
    let threads: Vec<_> = (0..most)
        .map_while(|_| {
            let waiting = Arc::clone(&waiting);
            let wait = move || {
                // Nothing is ever sent: it ends when all of them have been counted.
                let _ended = waiting.lock().map(|waiting| waiting.recv());
            };
            Builder::new().spawn(wait).ok()
        })
        .collect();
    drop(end);
    let count = threads.len();
    for thread in threads {
        let _ended = thread.join();
    }
    count
}

fn take<T>(left: &Mutex<Option<T>>) -> Option<T> {
    left.lock().unwrap_or_else(PoisonError::into_inner).take()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_threads_are_counted_than_asked_for() {
        assert_eq!(available(0), 0);
        assert_eq!(available(3), 3);
    }

    #[test]
    fn a_thread_does_the_work() {
        let (done, is_done) = mpsc::channel();
        let thread = start("work", 7, move |number| done.send(number).unwrap());
        thread.unwrap().join().unwrap();
        assert_eq!(is_done.recv(), Ok(7));
    }

    #[test]
    fn what_no_thread_takes_comes_back() {
        let builder = Builder::new().stack_size(usize::MAX / 4);
        let given_back = start_by(builder, "work", |_| panic!("there is no such stack"));
        assert_eq!(given_back.unwrap_err(), "work");
    }
}
