//! Lists as others write them, as an enemy writes them, and as we write and read them back.
#![forbid(unsafe_code)]
#![expect(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

mod hostile;
mod metalink;
mod round_trip;
