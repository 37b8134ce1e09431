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

/// The most of a journal that is read: the records of 128 TiB in blocks of 64 MiB, each written
/// nearly twice.
pub const LENGTH_MAX: u64 = 128 << 20;

/// Longest text in a header, so that the header stays far below the largest payload.
const TEXT_MAX: u16 = 8 << 10;

/// Largest payload of a record that a reader allocates for.
const PAYLOAD_MAX: u32 = 64 << 10;
