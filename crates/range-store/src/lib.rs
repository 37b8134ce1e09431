//! Keeps: a file while it is downloaded, so that the download can resume after any interruption,
//! and is published once. Knows nothing of HTTP requests, of async, or of scheduling.
//!
//! In scope: everything that happens between "here are bytes and their offset" and "the file is
//! complete under its final name". All names are single components below one held [`Directory`].
//!
//! A [`Location`] is the place of a file; the file found or created there is a [`ResumableFile`],
//! and its [`Writer`] is the only way to write. No call can be made out of order:
//!
//! * A journal belongs to one part file, is created before it and removed after it. So a part file
//!   without a journal is never ours, and the files that a crash leaves can be told from those of
//!   another program.
//! * Both are locked as long as there is a handle of the file. Locks are a courtesy, because some
//!   network file systems grant them to everyone; only hashes decide which bytes a file has.
//! * A block is claimed only by the writer that wrote its last byte.
//! * [`ResumableFile::checkpoint`] and [`ResumableFile::publish`] sync data, journal and names in
//!   the one order in which a power cut does no harm.
//!
//! The whole life of a file, interrupted once:
//!
//! ```
//! use std::ops::ControlFlow;
//!
//! use range_core::ByteRange;
//! use range_core::http::validator::{EntityTag, Validators};
//! use range_core::units::ByteCount;
//! use range_store::journal::SessionId;
//! use range_store::{
//!     Description, Directory, Finding, Found, Keeping, Location, PartNames, Publish,
//! };
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let temp = tempfile::tempdir()?;
//! # let path = temp.path();
//! let content = vec![7; 300_000];
//! let location = || -> Result<Location, Box<dyn std::error::Error>> {
//!     let names = PartNames::new("disk.img".as_ref())?;
//!     Ok(Location::new(Directory::open(path)?, names, Keeping::default()))
//! };
//!
//! // A first run is interrupted. The store keeps URL and validators and hands them back.
//! let description = Description {
//!     session: SessionId::random(),
//!     url: "https://example.org/disk.img".into(),
//!     validators: Validators {
//!         entity_tag: EntityTag::parse(b"\"v1\""),
//!         ..Validators::default()
//!     },
//!     digests: Vec::new(),
//! };
//! let file = location()?.create(Some(ByteCount(300_000)), &description)?;
//! let mut writer = file.lease_from(0)?;
//! writer.write(&content[..270_000])?;
//! file.checkpoint()?;
//! drop((writer, file));
//!
//! // The next run reads back the claimed bytes, which are whole blocks, and fetches the rest.
//! let Found::Earlier(earlier) = location()?.find(false, |_| false)? else {
//!     panic!("the first run has left something");
//! };
//! assert_eq!(earlier.header().url, "https://example.org/disk.img");
//! let (file, claims) = earlier.resume()?;
//! let mut present = 0;
//! let all_read = file.verify(&claims, |finding| {
//!     if let Finding::Verified(range) = finding {
//!         present = range.end();
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! assert!(all_read.is_continue());
//! assert_eq!(present, 262_144);
//! let rest = ByteRange::new(present, 300_000).expect("the file is not complete");
//! file.lease(rest)?.write(&content[262_144..])?;
//!
//! // The file must be proven, by whatever means, before it gets its name.
//! let how = Publish { overwrite: false, sync: true };
//! assert!(file.publish(how, None, None)?.loose_end.is_none());
//! # assert!(location()?.final_file().is_some_and(|file| file.length().unwrap().0 == 300_000));
//! # Ok(())
//! # }
//! ```
#![deny(unsafe_op_in_unsafe_fn)]

#[cfg_attr(
    target_env = "gnu",
    expect(
        unsafe_code,
        reason = "a setting of the C library's allocator has no safe wrapper"
    )
)]
mod address_space;
mod append_log;
mod backend;
mod block_hasher;
#[expect(
    unsafe_code,
    reason = "signal dispositions can be set only through libc"
)]
mod bus_error;
mod courtesy;
pub mod disk;
mod error;
mod failpoint;
mod folder;
mod held;
mod lease;
mod length;
mod mapped;
mod names;
mod own_process;
mod owned_file;
mod part_file;
mod provenance;
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
mod system;
#[cfg(test)]
mod tests;
#[expect(
    unsafe_code,
    reason = "only libc has the call that begins to write and forgets nothing"
)]
mod write_back;

pub use address_space::{TooLittleMemory, spare_address_space, too_little_memory};
pub use backend::WriteMode;
pub use block_hasher::BlockHasher;
pub use bus_error::{exit_on_bus_error, ignore_file_size_signal};
pub use disk::{Directory, Disk};
pub use error::{StoreError, StoreFailure};
pub use failpoint::Failpoint;
pub use lease::LeaseError;
pub use names::{NameError, OWN_ENDINGS, PartNames};
pub use own_process::{open_files_limit, stack_limit};
pub use provenance::Provenance;
pub use publish::{Publish, Published};
pub use range_core::file_identity::FileIdentity;
pub use read_only::ReadOnlyFile;
pub use resumable::{
    Claims, Description, Earlier, Finding, Foreign, Found, Inspection, Keeping, Location,
    OlderVersions, ResumableFile, Unfinished, Writer, journal,
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
