//! Means: the definition of a byte range, and of an HTTP message's statements about one.
//!
//! In scope: values, and pure functions on them.
//!
//! Out of scope, and kept out by `no_std`: clocks, files, sockets, threads, async, randomness.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod block;
pub mod digest;
pub mod file_identity;
pub mod hex;
pub mod http;
pub mod range;
pub mod range_set;
pub mod units;

pub use range::ByteRange;
pub use range_set::RangeSet;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
