//! The one test binary of this crate: models and properties of the pure code.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod behaviour_table;
mod http_grammar;
mod range_set_model;
