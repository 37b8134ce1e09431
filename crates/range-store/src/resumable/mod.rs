//! Owns what makes a file resumable: the journal that says which of its blocks are written. Knows
//! no network, and not whether the remote file is still the same.

pub mod journal;
