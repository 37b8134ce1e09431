//! Decides: what a byte range is, what an HTTP message means, and which bytes to ask for next.
//!
//! In scope: values and pure state machines. Time is an argument ([`time::Timestamp`]), randomness
//! is a seed, and bytes of the file never come here; only counts do.
//!
//! Out of scope, and kept out by `no_std`: clocks, files, sockets, threads, async, randomness.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

pub mod block;
pub mod conformance;
pub mod digest;
pub mod failure;
pub mod file_identity;
pub mod http;
pub mod limits;
pub mod range;
pub mod range_set;
pub mod scheduler;
pub mod time;
pub mod units;

pub use range::ByteRange;
pub use range_set::RangeSet;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
