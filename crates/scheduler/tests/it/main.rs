//! The one test binary of this crate: the scheduler in worlds, from outside.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod scheduler_worlds;
