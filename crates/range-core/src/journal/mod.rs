//! Owns the journal: what is known about a part file, and its byte layout. Knows no file.
//!
//! `docs/formats/journal.md` is the specification of the layout.

mod codec;
mod decoder;
mod header;
#[cfg(test)]
mod tests;
mod verdict;

pub use codec::Encoder;
pub use decoder::{DecodeError, Decoded, Decoder, decode};
pub use header::{Header, SessionId};
pub use verdict::{Unusable, Verdict, judge};
