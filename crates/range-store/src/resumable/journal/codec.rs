//! Owns the journal's frames: the chain that links each record to the one before. Knows no file.
//!
//! Each frame's checksum covers the session and the checksum before it, so that stale bytes, a torn
//! write or a reordered sector ends the journal and is never taken for a record.

use range_core::block::{BlockHash, BlockIndex};

use super::TEXT_MAX;
use super::header::{Header, SessionId};

pub(super) const MAGIC: [u8; 8] = *b"sheave\r\n";
pub(super) const VERSION: u16 = 1;
pub(super) const PREAMBLE: usize = MAGIC.len() + size_of::<u16>();

/// The bytes with which every journal begins: the signature and the version.
pub const PREAMBLE_BYTES: [u8; PREAMBLE] = {
    let ([a, b, c, d, e, f, g, h], [low, high]) = (MAGIC, VERSION.to_le_bytes());
    [a, b, c, d, e, f, g, h, low, high]
};

pub(super) const KIND_HEADER: u8 = 1;
pub(super) const KIND_BLOCK: u8 = 2;
pub(super) const KIND_MEDIA_TYPE: u8 = 3;
pub(super) const KIND_MIXED: u8 = 4;
pub(super) const KIND_CODING: u8 = 5;
pub(super) const KIND_SYNC_FAILED: u8 = 6;
pub(super) const KIND_SEVERAL: u8 = 7;

/// The length of a frame before its payload: the payload's length and the kind.
pub(super) const FRAME_HEAD: usize = 5;
pub(super) const FRAME_CHECKSUM: usize = 4;
const BLOCK_PAYLOAD: usize = 24;

/// Writes records. Holds the chain, so records must be appended in the order they were encoded.
#[derive(Clone, Debug)]
pub struct Encoder {
    pub(super) session: SessionId,
    pub(super) previous: u32,
}

impl Encoder {
    /// Returns the first bytes of a new journal, and the encoder for the records after them.
    pub fn begin(header: &Header) -> (Self, Vec<u8>) {
        let mut encoder = Self {
            session: header.session,
            previous: 0,
        };
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&PREAMBLE_BYTES);
        encoder.frame(KIND_HEADER, &header.encode(), &mut bytes);
        (encoder, bytes)
    }

    /// Appends the record of a completely written block to `out`.
    pub fn block(&mut self, index: BlockIndex, hash: BlockHash, out: &mut Vec<u8>) {
        let mut payload = [0; BLOCK_PAYLOAD];
        payload[..8].copy_from_slice(&index.0.to_le_bytes());
        payload[8..].copy_from_slice(&hash.0.to_le_bytes());
        self.frame(KIND_BLOCK, &payload, out);
    }

    /// Appends the media type of the reply that began the file to `out`, so that a later run
    /// recognises a reply of another type. A type longer than 8 KiB is left out.
    pub fn media_type(&mut self, media_type: &str, out: &mut Vec<u8>) {
        if media_type.len() <= usize::from(TEXT_MAX) {
            self.frame(KIND_MEDIA_TYPE, media_type.as_bytes(), out);
        }
    }

    /// Appends a record to `out` that some accepted bytes are linked to the others by no validator,
    /// because a digest is to decide. From here on only a digest can prove the file.
    pub fn mixed(&mut self, out: &mut Vec<u8>) {
        self.frame(KIND_MIXED, &[], out);
    }

    /// Appends a record to `out` that some accepted bytes are of other sources than the first: no
    /// validator links them to the others, and no digest is to decide. The user vouches for them.
    pub fn several(&mut self, out: &mut Vec<u8>) {
        self.frame(KIND_SEVERAL, &[], out);
    }

    /// Appends the content coding of the reply that began the file to `out`: the bytes are those of
    /// the coded file, which no request for a range continues. A name longer than 8 KiB is left
    /// out.
    pub fn coding(&mut self, coding: &str, out: &mut Vec<u8>) {
        if coding.len() <= usize::from(TEXT_MAX) {
            self.frame(KIND_CODING, coding.as_bytes(), out);
        }
    }

    /// Appends a record to `out` that a sync of the part file has failed: the bytes in memory may
    /// be more than the disk has.
    pub fn sync_failed(&mut self, out: &mut Vec<u8>) {
        self.frame(KIND_SYNC_FAILED, &[], out);
    }

    fn frame(&mut self, kind: u8, payload: &[u8], out: &mut Vec<u8>) {
        let length = u32::try_from(payload.len()).expect("records are small");
        let start = out.len();
        out.extend_from_slice(&length.to_le_bytes());
        out.push(kind);
        out.extend_from_slice(payload);
        self.previous = checksum(self.session, self.previous, &out[start..]);
        out.extend_from_slice(&self.previous.to_le_bytes());
    }
}

pub(super) fn checksum(session: SessionId, previous: u32, frame: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(crc32c::crc32c(&session.0), &previous.to_le_bytes());
    crc32c::crc32c_append(seed, frame)
}
