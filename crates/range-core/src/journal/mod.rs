//! Owns the journal: what is known about a part file, and its byte layout. Knows no file.
//!
//! `docs/formats/journal.md` is the specification of the layout.

mod codec;
mod header;
#[cfg(test)]
mod tests;

pub use codec::{DecodeError, Decoded, Encoder, decode};
pub use header::{Header, SessionId};
