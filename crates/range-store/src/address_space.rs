//! Owns how much memory the process needs, and how much of it is set aside beside what is used.
//! Knows no file.

use range_core::units::ByteCount;

use crate::own_process::{address_space_limit, data_limit};

/// The least address space with which a download of one connection has ended well: the program and
/// its libraries take 18 MiB of it, and each thread two.
const LEAST_ADDRESS_SPACE: ByteCount = ByteCount(36 << 20);

/// The same of memory of its own.
const LEAST_DATA: ByteCount = ByteCount(20 << 20);

/// The process may have too little memory to begin with: an allocation that is refused would end it
/// by a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{of} limited to {limit} ({how}), and at least {least} are needed")]
pub struct TooLittleMemory {
    of: &'static str,
    how: &'static str,
    limit: ByteCount,
    least: ByteCount,
}

/// Returns the limit on memory that is too low for a download, if there is one.
pub fn too_little_memory() -> Option<TooLittleMemory> {
    judge(address_space_limit(), data_limit())
}

fn judge(address_space: Option<ByteCount>, data: Option<ByteCount>) -> Option<TooLittleMemory> {
    let below = |of, how, limit: Option<ByteCount>, least: ByteCount| {
        let limit = limit.filter(|limit| limit.0 < least.0)?;
        Some(TooLittleMemory {
            of,
            how,
            limit,
            least,
        })
    };
    let space = below(
        "address space is",
        "ulimit -v",
        address_space,
        LEAST_ADDRESS_SPACE,
    );
    space.or_else(|| below("memory is", "ulimit -d", data, LEAST_DATA))
}

/// Keeps the allocator from setting address space aside for each thread, where `RLIMIT_AS`
/// (`ulimit -v`) limits it or `RLIMIT_DATA` (`ulimit -d`) what is used of it; elsewhere does
/// nothing. To be called before other threads start.
///
/// glibc sets 64 MiB aside for a thread's first allocation, up to 8 times for each core
/// (mallopt(3), `M_ARENA_MAX`), and takes them from the limit, whether they are used or not: under
/// 150 MiB two threads leave nothing to the others, and the next allocation ends the process. With
/// one heap for all threads, 60 MiB are enough for a download.
pub fn spare_address_space() {
    if address_space_limit().or_else(data_limit).is_some() {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_told_where_it_leaves_too_little() {
        const MIB: u64 = 1 << 20;
        let limit = |mebibytes| Some(ByteCount(mebibytes * MIB));
        for (address_space, data, expected) in [
            (None, None, ""),
            (limit(36), limit(20), ""),
            (
                limit(35),
                limit(20),
                "address space is limited to 35.0 MiB (ulimit -v), and at least 36.0 MiB are \
                 needed",
            ),
            (
                limit(36),
                limit(19),
                "memory is limited to 19.0 MiB (ulimit -d), and at least 20.0 MiB are needed",
            ),
            (
                None,
                Some(ByteCount(0)),
                "memory is limited to 0 B (ulimit -d), and at least 20.0 MiB are needed",
            ),
        ] {
            let told = judge(address_space, data).map(|short| short.to_string());
            assert_eq!(told.unwrap_or_default(), expected);
        }
    }
}
