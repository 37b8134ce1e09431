//! Owns what makes a file resumable: the journal that says which of its blocks are written, and the
//! proof of what it says. Knows no network, and not whether the remote file is still the same.

mod claims;
pub mod journal;

pub use claims::{Claims, Finding};
