//! Owns the reading of a journal, in pieces of any size, and the end of its valid part. Knows no
//! file.

use range_core::block::{BlockHash, BlockIndex};

use super::codec::{
    Encoder, FRAME_CHECKSUM, FRAME_HEAD, KIND_BLOCK, KIND_CODING, KIND_HEADER, KIND_MEDIA_TYPE,
    KIND_MIXED, KIND_SEVERAL, KIND_SYNC_FAILED, MAGIC, PREAMBLE, VERSION, checksum,
};
use super::header::{Header, SessionId};
use super::{PAYLOAD_MAX, TEXT_MAX};

/// A journal that was read.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// The header.
    pub header: Header,
    /// The claimed blocks, ascending, each once: a block that was fetched twice is claimed twice,
    /// and the later claim is the valid one.
    pub blocks: Vec<(BlockIndex, BlockHash)>,
    /// The media type of the reply that began the file; empty if the reply stated none, and `None`
    /// if the journal has no record of it.
    pub media_type: Option<String>,
    /// True if claimed bytes may exist that only a digest links to the others.
    pub is_mixed: bool,
    /// True if claimed bytes may exist that only the user's word links to the others: they are of
    /// other sources.
    pub is_of_several: bool,
    /// The content coding of the reply that began the file, if it had one.
    pub coding: Option<String>,
    /// True if a sync of the part file has failed: bytes that are in memory may not be on the disk.
    pub sync_failed: bool,
    /// The length of the valid part. Callers must cut the journal there before they append.
    pub believed: u64,
    /// The encoder that continues the chain.
    pub encoder: Encoder,
}

impl Decoded {
    /// Reports whether every block of the file is claimed.
    pub fn is_complete(&self) -> bool {
        self.blocks.len() as u64 == self.header.block_size.count(self.header.length)
    }
}

/// The reason why a journal cannot be used at all. A damaged tail is no error: the valid part ends
/// before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The file does not begin with the journal's signature.
    #[error("this is not a journal")]
    NotAJournal,
    /// The journal has another version of the format.
    #[error("the journal has version {found}, and only version {VERSION} can be read")]
    UnknownVersion {
        /// The version in the file.
        found: u16,
    },
    /// The first record is torn or damaged.
    #[error("the journal's header is damaged")]
    HeaderDamaged,
}

/// Reads a journal that is in memory as a whole.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    decoder.finish()
}

/// Reads a journal in pieces.
///
/// The decoder holds the claims, 32 bytes each, and the unfinished frame of the pieces, but no more
/// of the journal. The journal of 1 TiB (2^20 claims) takes 32 MiB to read, and half as much again
/// to sort.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// The bytes after the last whole frame: never more than one piece and the largest frame.
    rest: Vec<u8>,
    believed: u64,
    state: State,
    records: Records,
}

/// The content of the records after the header.
#[derive(Clone, Debug, Default)]
struct Records {
    blocks: Vec<(BlockIndex, BlockHash)>,
    media_type: Option<String>,
    is_mixed: bool,
    is_of_several: bool,
    coding: Option<String>,
    sync_failed: bool,
}

#[derive(Clone, Debug, Default)]
enum State {
    #[default]
    AtPreamble,
    AtHeader,
    AtBlock {
        header: Header,
        encoder: Encoder,
    },
    /// The valid part has ended; the bytes after it are ignored.
    Ended {
        header: Header,
        encoder: Encoder,
    },
    Failed(DecodeError),
}

/// The length of the bytes at hand.
enum Frame<'a> {
    Whole { kind: u8, payload: &'a [u8] },
    Unfinished,
    Unbelievable,
}

impl Decoder {
    /// Returns a decoder at the start of a journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads the next bytes of the journal.
    pub fn feed(&mut self, piece: &[u8]) {
        if matches!(self.state, State::Ended { .. } | State::Failed(_)) {
            return;
        }
        self.rest.extend_from_slice(piece);
        let mut used = 0;
        while let Some(length) = self.step(used) {
            used += length;
        }
        self.rest.drain(..used);
        self.believed += used as u64;
    }

    /// Returns the journal, once it has no more bytes.
    pub fn finish(self) -> Result<Decoded, DecodeError> {
        let (header, encoder) = match self.state {
            State::AtPreamble => return Err(DecodeError::NotAJournal),
            State::AtHeader => return Err(DecodeError::HeaderDamaged),
            State::Failed(error) => return Err(error),
            State::AtBlock { header, encoder } | State::Ended { header, encoder } => {
                (header, encoder)
            }
        };
        // The sort is stable, so that the last of several claims of one block stays last.
        let mut blocks = self.records.blocks;
        blocks.sort_by_key(|(index, _)| *index);
        blocks.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            if same {
                kept.1 = later.1;
            }
            same
        });
        Ok(Decoded {
            header,
            blocks,
            media_type: self.records.media_type,
            is_mixed: self.records.is_mixed,
            is_of_several: self.records.is_of_several,
            coding: self.records.coding,
            sync_failed: self.records.sync_failed,
            believed: self.believed,
            encoder,
        })
    }

    /// Reads one item from `self.rest[from..]`. Returns its length, or `None` if it is incomplete
    /// or invalid.
    fn step(&mut self, from: usize) -> Option<usize> {
        let rest = &self.rest[from..];
        let (length, state) = match std::mem::take(&mut self.state) {
            State::AtPreamble => preamble(rest),
            State::AtHeader => header(rest),
            State::AtBlock { header, encoder } => record(rest, header, encoder, &mut self.records),
            done @ (State::Ended { .. } | State::Failed(_)) => (None, done),
        };
        self.state = state;
        length
    }
}

fn preamble(rest: &[u8]) -> (Option<usize>, State) {
    let Some(bytes) = rest.first_chunk::<PREAMBLE>() else {
        return (None, State::AtPreamble);
    };
    let (magic, version) = bytes.split_at(MAGIC.len());
    if magic != MAGIC {
        return (None, State::Failed(DecodeError::NotAJournal));
    }
    let found = u16::from_le_bytes([version[0], version[1]]);
    if found != VERSION {
        return (None, State::Failed(DecodeError::UnknownVersion { found }));
    }
    (Some(PREAMBLE), State::AtHeader)
}

fn header(rest: &[u8]) -> (Option<usize>, State) {
    // The checksum needs the session, which the header itself carries.
    let session = rest
        .get(FRAME_HEAD..)
        .and_then(|payload| payload.first_chunk());
    let Some(session) = session.copied().map(SessionId) else {
        return (None, State::AtHeader);
    };
    let mut encoder = Encoder {
        session,
        previous: 0,
    };
    match frame(&mut encoder, rest) {
        Frame::Unfinished => (None, State::AtHeader),
        Frame::Whole {
            kind: KIND_HEADER,
            payload,
        } => match Header::decode(payload) {
            Some(header) => {
                let length = FRAME_HEAD + payload.len() + FRAME_CHECKSUM;
                (Some(length), State::AtBlock { header, encoder })
            }
            None => (None, State::Failed(DecodeError::HeaderDamaged)),
        },
        Frame::Whole { .. } | Frame::Unbelievable => {
            (None, State::Failed(DecodeError::HeaderDamaged))
        }
    }
}

fn record(
    rest: &[u8],
    header: Header,
    mut encoder: Encoder,
    records: &mut Records,
) -> (Option<usize>, State) {
    // A frame that is whole but invalid must not stay in the chain.
    let before = encoder.clone();
    let length = match frame(&mut encoder, rest) {
        Frame::Unfinished => return (None, State::AtBlock { header, encoder }),
        Frame::Whole { kind, payload } => records
            .take(kind, payload, &header)
            .map(|()| FRAME_HEAD + payload.len() + FRAME_CHECKSUM),
        Frame::Unbelievable => None,
    };
    if length.is_some() {
        (length, State::AtBlock { header, encoder })
    } else {
        let encoder = before;
        (None, State::Ended { header, encoder })
    }
}

impl Records {
    /// Reads a frame after the header; `None` if it does not belong there.
    fn take(&mut self, kind: u8, payload: &[u8], header: &Header) -> Option<()> {
        match kind {
            KIND_BLOCK => self.blocks.push(claim(payload, header)?),
            KIND_MEDIA_TYPE => self.media_type = Some(text(payload)?),
            KIND_CODING => self.coding = Some(text(payload)?),
            KIND_MIXED if payload.is_empty() => self.is_mixed = true,
            KIND_SEVERAL if payload.is_empty() => self.is_of_several = true,
            KIND_SYNC_FAILED if payload.is_empty() => self.sync_failed = true,
            _ => return None,
        }
        Some(())
    }
}

/// Returns the text in a payload, if it is one.
fn text(payload: &[u8]) -> Option<String> {
    let fits = payload.len() <= usize::from(TEXT_MAX);
    let text = str::from_utf8(payload).ok().filter(|_| fits)?;
    Some(String::from(text))
}

/// Returns the frame at the start of `bytes`. Advances the encoder past a whole frame.
fn frame<'a>(encoder: &mut Encoder, bytes: &'a [u8]) -> Frame<'a> {
    let Some(length) = bytes.first_chunk() else {
        return Frame::Unfinished;
    };
    let length = u32::from_le_bytes(*length);
    if length > PAYLOAD_MAX {
        return Frame::Unbelievable;
    }
    let length = usize::try_from(length).expect("a bounded payload fits the address space");
    let Some((frame, rest)) = bytes.split_at_checked(FRAME_HEAD + length) else {
        return Frame::Unfinished;
    };
    let Some(stored) = rest.first_chunk::<FRAME_CHECKSUM>() else {
        return Frame::Unfinished;
    };
    let computed = checksum(encoder.session, encoder.previous, frame);
    if computed != u32::from_le_bytes(*stored) {
        return Frame::Unbelievable;
    }
    encoder.previous = computed;
    Frame::Whole {
        kind: frame[FRAME_HEAD - 1],
        payload: &frame[FRAME_HEAD..],
    }
}

/// Returns the claim in a payload, if it is one of a block of this file.
fn claim(payload: &[u8], header: &Header) -> Option<(BlockIndex, BlockHash)> {
    let (index, hash) = payload.split_first_chunk::<8>()?;
    let index = u64::from_le_bytes(*index);
    let hash = u128::from_le_bytes(hash.try_into().ok()?);
    let exists = index < header.block_size.count(header.length);
    exists.then_some((BlockIndex(index), BlockHash(hash)))
}
