//! Owns how much of the process's address space is set aside beside what is used. Knows no file.

use crate::own_process::address_space_limit;

/// Keeps the allocator from setting address space aside for each thread, where `RLIMIT_AS`
/// (`ulimit -v`) limits it; elsewhere does nothing. To be called before other threads start.
///
/// glibc sets 64 MiB aside for a thread's first allocation, up to 8 times for each core
/// (mallopt(3), `M_ARENA_MAX`), and takes them from the limit, whether they are used or not: under
/// 150 MiB two threads leave nothing to the others, and the next allocation ends the process. With
/// one heap for all threads, 60 MiB are enough for a download.
pub fn spare_address_space() {
    if address_space_limit().is_some() {
        share_one_heap();
    }
}

#[cfg(target_env = "gnu")]
fn share_one_heap() {
    // SAFETY: `mallopt` takes two numbers and may be called at any time. Should it not take them,
    // nothing has changed.
    let _taken = unsafe { libc::mallopt(libc::M_ARENA_MAX, 1) };
}

#[cfg(not(target_env = "gnu"))]
const fn share_one_heap() {}
