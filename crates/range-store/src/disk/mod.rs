//! Owns the disk that stores the files, and the interface of any replacement for it.
//!
//! [`Directory`] is the real one. All code of this crate that writes goes through [`Disk`] and
//! [`DiskFile`], so that the tests can run it on a disk that records each step, and then check
//! every state that a power cut may leave.

mod calls;
mod probe;
mod real;

pub use calls::{Access, Disk, DiskFile, Kind, Metadata, NewFile, Space, Window};
pub use real::{Directory, RealFile};
pub use rustix::io::Errno;
