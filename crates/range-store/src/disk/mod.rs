//! Owns the disk that files are kept on, and what any other one would have to do.
//!
//! [`Directory`] is the real one. Everything of this crate that writes goes through [`Disk`] and
//! [`DiskFile`], so that the tests can run it on a disk that records each step, and then look at
//! every state that a power cut may leave.

mod calls;
mod probe;
mod real;
mod umask;

pub use calls::{Access, Disk, DiskFile, Kind, Metadata, NewFile, Space, Window};
pub use real::{Directory, RealFile};
pub use rustix::io::Errno;
pub(crate) use umask::new_file_mode;
