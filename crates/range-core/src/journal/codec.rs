//! Owns the journal's frames: how records follow each other, and where belief ends.
//!
//! Each frame's checksum covers the session and the checksum before it, so that a stale tail, a
//! torn write or a reordered sector ends the journal instead of being believed.

use alloc::vec::Vec;

use super::header::{Header, SessionId};
use crate::block::{BlockHash, BlockIndex};
use crate::limits;

const MAGIC: [u8; 8] = *b"sheave\r\n";
const VERSION: u16 = 1;
const PREAMBLE: usize = MAGIC.len() + size_of::<u16>();

const KIND_HEADER: u8 = 1;
const KIND_BLOCK: u8 = 2;

/// Length of payload and kind, before the payload.
const FRAME_HEAD: usize = 5;
const FRAME_CHECKSUM: usize = 4;
const BLOCK_PAYLOAD: usize = 24;

/// Writes records. Holds the chain, so records must be appended in the order they were encoded.
#[derive(Clone, Debug)]
pub struct Encoder {
    session: SessionId,
    previous: u32,
}

impl Encoder {
    /// The bytes a new journal begins with, and the encoder of what follows.
    pub fn begin(header: &Header) -> (Self, Vec<u8>) {
        let mut encoder = Self {
            session: header.session,
            previous: 0,
        };
        let mut bytes = Vec::new();
        bytes.extend_from_slice(&MAGIC);
        bytes.extend_from_slice(&VERSION.to_le_bytes());
        encoder.frame(KIND_HEADER, &header.encode(), &mut bytes);
        (encoder, bytes)
    }

    /// Appends the record of a block that is wholly written to `out`.
    pub fn block(&mut self, index: BlockIndex, hash: BlockHash, out: &mut Vec<u8>) {
        let mut payload = [0; BLOCK_PAYLOAD];
        payload[..8].copy_from_slice(&index.0.to_le_bytes());
        payload[8..].copy_from_slice(&hash.0.to_le_bytes());
        self.frame(KIND_BLOCK, &payload, out);
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

fn checksum(session: SessionId, previous: u32, frame: &[u8]) -> u32 {
    let seed = crc32c::crc32c_append(crc32c::crc32c(&session.0), &previous.to_le_bytes());
    crc32c::crc32c_append(seed, frame)
}

/// A journal that was read back.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// What it belongs to.
    pub header: Header,
    /// The claimed blocks, in the order they were written; a later claim replaces an earlier one.
    pub blocks: Vec<(BlockIndex, BlockHash)>,
    /// How many bytes could be believed. What follows must be cut off before appending.
    pub believed: u64,
    /// Continues the chain.
    pub encoder: Encoder,
}

/// Why a journal cannot be used at all. A damaged tail is no error: belief ends before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The file does not begin like a journal.
    #[error("this is not a journal")]
    NotAJournal,
    /// It was written by another version of the format.
    #[error("the journal has version {found}, and only version {VERSION} can be read")]
    UnknownVersion {
        /// The version it has.
        found: u16,
    },
    /// The first record is torn or damaged.
    #[error("the journal's header is damaged")]
    HeaderDamaged,
}

/// Reads a journal. Never allocates more than a small multiple of `bytes`.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let (preamble, mut rest) = bytes
        .split_at_checked(PREAMBLE)
        .ok_or(DecodeError::NotAJournal)?;
    if preamble[..MAGIC.len()] != MAGIC {
        return Err(DecodeError::NotAJournal);
    }
    let found = u16::from_le_bytes([preamble[MAGIC.len()], preamble[MAGIC.len() + 1]]);
    if found != VERSION {
        return Err(DecodeError::UnknownVersion { found });
    }
    let (header, mut encoder, after) = decode_header(rest).ok_or(DecodeError::HeaderDamaged)?;
    rest = after;
    let blocks_total = header.block_size.count(header.length);
    let mut blocks = Vec::new();
    while let Some((KIND_BLOCK, payload, after)) = next_frame(&mut encoder, rest) {
        let Some((index, hash)) = decode_block(payload).filter(|block| block.0.0 < blocks_total)
        else {
            break;
        };
        blocks.push((index, hash));
        rest = after;
    }
    // A frame that was checked and then not believed must not stay in the chain.
    let believed = bytes.len() - rest.len();
    let last = bytes[..believed]
        .last_chunk::<FRAME_CHECKSUM>()
        .expect("a header was read");
    encoder.previous = u32::from_le_bytes(*last);
    Ok(Decoded {
        header,
        blocks,
        believed: believed as u64,
        encoder,
    })
}

fn decode_header(bytes: &[u8]) -> Option<(Header, Encoder, &[u8])> {
    // The checksum needs the session, which the header itself carries.
    let session = bytes.get(FRAME_HEAD..FRAME_HEAD + size_of::<SessionId>())?;
    let session = SessionId(session.try_into().ok()?);
    let mut encoder = Encoder {
        session,
        previous: 0,
    };
    match next_frame(&mut encoder, bytes)? {
        (KIND_HEADER, payload, rest) => Some((Header::decode(payload)?, encoder, rest)),
        _ => None,
    }
}

/// The kind and payload of the frame `bytes` begins with, if it is whole and its checksum right.
fn next_frame<'a>(encoder: &mut Encoder, bytes: &'a [u8]) -> Option<(u8, &'a [u8], &'a [u8])> {
    let length = u32::from_le_bytes(*bytes.first_chunk()?);
    if length > limits::JOURNAL_PAYLOAD_MAX {
        return None;
    }
    let length = usize::try_from(length).ok()?;
    let (frame, rest) = bytes.split_at_checked(FRAME_HEAD + length)?;
    let (stored, rest) = rest.split_first_chunk::<FRAME_CHECKSUM>()?;
    let computed = checksum(encoder.session, encoder.previous, frame);
    if computed != u32::from_le_bytes(*stored) {
        return None;
    }
    encoder.previous = computed;
    Some((frame[FRAME_HEAD - 1], &frame[FRAME_HEAD..], rest))
}

fn decode_block(payload: &[u8]) -> Option<(BlockIndex, BlockHash)> {
    let (index, hash) = payload.split_first_chunk::<8>()?;
    let hash = hash.try_into().ok()?;
    Some((
        BlockIndex(u64::from_le_bytes(*index)),
        BlockHash(u128::from_le_bytes(hash)),
    ))
}
