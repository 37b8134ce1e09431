//! Owns everything that makes a file resumable: the part file, the journal of its written blocks,
//! the check of that journal, and the order in which all of it reaches the disk. Knows no network,
//! and not whether the remote file is still the same.

mod adopt;
mod aside;
mod claims;
mod file;
mod inspect;
pub mod journal;
mod kept;
mod location;
mod older;
mod ownership;
mod recorder;
mod stored;
mod unfinished;
mod writer;
mod written;

pub use claims::{Claims, Finding};
pub use file::{Description, ResumableFile};
pub use inspect::Inspection;
pub use location::{Earlier, Found, Keeping, Location};
pub use older::OlderVersions;
pub use ownership::Foreign;
pub use unfinished::Unfinished;
pub use writer::Writer;
