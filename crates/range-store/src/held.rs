//! Owns the list of the logs that this process holds, so that a new run can wait for an earlier one
//! in the same process. Knows nothing of locks between processes.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use range_core::file_identity::FileIdentity;

/// The time that a new run waits. The tasks of a dropped future are released by the threads that
/// ran them, which takes milliseconds; a download that is still running is not waited for.
const PATIENCE: Duration = Duration::from_secs(1);

static HELD: Mutex<Vec<FileIdentity>> = Mutex::new(Vec::new());
static RELEASED: Condvar = Condvar::new();

/// The record that this process holds a file.
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

/// Waits until this process does not hold the file. Returns false if it never held the file, or
/// does not release it in time.
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
    // A file is added and removed in one step, so the list is right even after a panic.
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}
