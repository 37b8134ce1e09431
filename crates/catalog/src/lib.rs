//! Reads: lists of files that others wrote, as values that were checked.
//!
//! In scope: Metalink 4 and 3, both ways ([`metalink`]); checksum files in every grammar that is in
//! use ([`sums`]); and the fields of a reply that name digests, mirrors and descriptions of what is
//! fetched ([`fields`]).
//!
//! Out of scope: fetching, hashing, files, sockets and clocks. What a list says is a claim of who
//! served it: this crate checks its form, and nobody but a hash its truth.
#![forbid(unsafe_code)]

pub mod checksum;
pub mod entry;
pub mod fields;
pub mod limits;
pub mod metalink;
pub mod name;
pub mod source;
pub mod sums;
mod told;

pub use checksum::{Algorithm, Checksum, Checksums};
pub use entry::{Entry, Pieces};
pub use name::RelativeName;
pub use source::{Location, Priority, Source, SourceUrl};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
