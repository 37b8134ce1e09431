//! Owns the journal: the recorded facts about a part file, and their byte layout. Knows no file.
//!
//! `docs/formats/journal.md` is the specification of the layout.

mod codec;
mod decoder;
mod header;
#[cfg(test)]
mod tests;
mod verdict;

pub use codec::{Encoder, PREAMBLE_BYTES};
pub use decoder::{DecodeError, Decoded, Decoder, decode};
pub use header::{Header, SessionId};
pub use verdict::{Unusable, Verdict, judge};

/// The longest journal that is read: the records of 128 TiB in blocks of 64 MiB, each written
/// nearly twice.
pub const LENGTH_MAX: u64 = 128 << 20;

/// The longest text in a header, so that the header stays far below the largest payload.
const TEXT_MAX: u16 = 8 << 10;

/// The largest payload of a record for which a reader allocates memory.
const PAYLOAD_MAX: u32 = 64 << 10;
