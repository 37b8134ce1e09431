//! Owns the memory of which logs this process holds, so that a start can wait for one before it in
//! the same process. Knows nothing of locks between processes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use range_core::file_identity::FileIdentity;

/// How long a start waits. The tasks of a future that was dropped are let go by the threads they
/// ran on, which takes moments; a download that goes on is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

static HELD: Mutex<Vec<FileIdentity>> = Mutex::new(Vec::new());
static RELEASED: Condvar = Condvar::new();

/// That this process holds a file.
#[derive(Debug)]
pub(crate) struct Held(FileIdentity);

impl Held {
    pub(crate) fn new(file: FileIdentity) -> Self {
        lock().push(file);
        Self(file)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut held = lock();
        if let Some(at) = held.iter().position(|file| *file == self.0) {
            held.swap_remove(at);
        }
        RELEASED.notify_all();
    }
}

/// Waits until this process does not hold the file. False if it never did, or does not let go.
pub(crate) fn wait_for(file: FileIdentity) -> bool {
    let held = lock();
    if !held.contains(&file) {
        return false;
    }
    let is_held = |held: &mut Vec<FileIdentity>| held.contains(&file);
    let waited = RELEASED.wait_timeout_while(held, PATIENCE, is_held);
    let (_held, timeout) = waited.unwrap_or_else(PoisonError::into_inner);
    !timeout.timed_out()
}

fn lock() -> MutexGuard<'static, Vec<FileIdentity>> {
    // A file is added and taken away in one step, so the list is right whatever panicked.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
