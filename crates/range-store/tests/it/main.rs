//! What a user of the store can observe, on real file systems. One binary, so that it links once.
#![expect(
    clippy::unwrap_used,
    reason = "a test fails by panicking, in its helpers too"
)]
#![expect(
    clippy::print_stdout,
    reason = "shown by the harness when a test fails"
)]

mod append_log;
mod conformance;
mod crash_states;
mod full_disk;
mod lease_model;
mod part_file;
mod publish;
mod signals;
mod support;
