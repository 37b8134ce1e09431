//! Owns the decisions of a download: which bytes to ask for, over how many connections, what to
//! do about failures, when to sync, when it is finished. Knows no clock, socket or file.
//!
//! Time is an argument ([`time::Timestamp`]), randomness is a seed, and bytes of the file never
//! come here; only counts do. [`Scheduler`] has the contract.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

#[cfg(test)]
extern crate std;

mod checkpoints;
mod choice;
mod config;
mod credit;
pub mod failure;
mod horizon;
mod ids;
mod input;
mod ledger;
pub mod limits;
mod output;
mod pace;
mod random;
mod retries;
mod rhythm;
mod sample;
mod scheduler;
mod segment;
mod source;
mod sources;
mod split;
mod stream;
mod tail;
pub mod time;
mod view;
mod width;

pub use config::{Beginning, SchedulerConfig};
pub use ids::{AttemptId, CheckpointId, SegmentId, SourceId};
pub use input::{Body, Input, Stop};
pub use output::{Grant, Notice, Outcome, Output, Request, Route, Tries, WaitReason};
pub use random::Random;
pub use scheduler::Scheduler;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
