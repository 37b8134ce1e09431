//! Keeps: the part file, written through exclusive leases and published once, and the journal
//! beside it. Knows nothing of HTTP requests, of async, or of scheduling.
//!
//! In scope: everything that happens between "here are bytes and their offset" and "the file is
//! complete under its final name". All names are single components below one held [`Directory`].
//!
//! Three rules a caller follows, because no call here can enforce them:
//!
//! * **The journal is created first and removed last.** Then a part file without a journal is
//!   never ours, and whatever a crash leaves can be told from another program's file.
//! * **The journal is held, and with it its lock, from its creation or opening on**, and as long as
//!   anything of the download is changed. Then a second start finds the lock before anything it
//!   could take for the remains of a crash. Locks are a courtesy: some network file systems grant
//!   them to everyone, so what a file holds is decided by hashing it.
//! * **[`Directory::sync`] follows the creation of both files** before a sync of their contents
//!   counts, or a power cut may take the names and with them everything behind them.
#![deny(unsafe_op_in_unsafe_fn)]

mod append_log;
mod backend;
mod block_hasher;
#[expect(
    unsafe_code,
    reason = "signal dispositions can be set only through libc"
)]
mod bus_error;
mod courtesy;
mod directory;
mod error;
mod failpoint;
mod held;
mod lease;
mod length;
mod mapped;
mod names;
mod owned_file;
mod part_file;
mod probe;
mod publish;
mod read_only;
#[expect(
    unsafe_code,
    reason = "a shared mapping can be written soundly only by raw pointer"
)]
mod region;
mod reserve;
mod resumable;
mod sync;
#[cfg(test)]
mod tests;
mod umask;
#[expect(
    unsafe_code,
    reason = "only libc has the call that begins to write and forgets nothing"
)]
mod write_back;

pub use backend::WriteMode;
pub use block_hasher::BlockHasher;
pub use bus_error::{exit_on_bus_error, ignore_file_size_signal};
pub use directory::Directory;
pub use error::{StoreError, StoreFailure};
pub use failpoint::Failpoint;
pub use lease::LeaseError;
pub use length::Length;
pub use names::{NameError, PartNames};
pub use publish::{Publish, Published};
pub use range_core::file_identity::FileIdentity;
pub use read_only::ReadOnlyFile;
pub use resumable::{
    Claims, Description, Earlier, Finding, Found, Inspection, Keeping, Location, OlderVersions,
    ResumableFile, Unfinished, Writer, journal,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
