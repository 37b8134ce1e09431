//! Owns reading a journal back, in pieces of any size, and where belief in it ends. Knows no file.

use range_core::block::{BlockHash, BlockIndex};

use super::codec::{
    Encoder, FRAME_CHECKSUM, FRAME_HEAD, KIND_BLOCK, KIND_HEADER, KIND_MEDIA_TYPE, KIND_MIXED,
    MAGIC, PREAMBLE, VERSION, checksum,
};
use super::header::{Header, SessionId};
use super::{PAYLOAD_MAX, TEXT_MAX};

/// A journal that was read back.
#[derive(Clone, Debug)]
pub struct Decoded {
    /// What it belongs to.
    pub header: Header,
    /// The claimed blocks, ascending, each once: one that was fetched twice is claimed twice, and
    /// the later claim is the valid one.
    pub blocks: Vec<(BlockIndex, BlockHash)>,
    /// The media type of the reply the file was begun from; empty where that stated none, and
    /// `None` where nothing is known of it.
    pub media_type: Option<String>,
    /// Whether there may be bytes among the claimed ones that no validator joins to the others.
    pub is_mixed: bool,
    /// How many bytes could be believed. What follows must be cut off before appending.
    pub believed: u64,
    /// Continues the chain.
    pub encoder: Encoder,
}

impl Decoded {
    /// Whether every block of the file is claimed.
    pub fn is_complete(&self) -> bool {
        self.blocks.len() as u64 == self.header.block_size.count(self.header.length)
    }
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

/// Reads a journal that is in memory as a whole.
pub fn decode(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let mut decoder = Decoder::new();
    decoder.feed(bytes);
    decoder.finish()
}

/// Reads a journal piece by piece.
///
/// Holds the claims, 32 bytes each, the pieces' unfinished frame, and no more of the journal: that
/// of a terabyte (2^20 claims) is read in 32 MiB, and half of that again to put them in order.
#[derive(Clone, Debug, Default)]
pub struct Decoder {
    /// Bytes behind the last whole frame: never more than a piece and the largest frame.
    rest: Vec<u8>,
    believed: u64,
    state: State,
    records: Records,
}

/// What the records behind the header say.
#[derive(Clone, Debug, Default)]
struct Records {
    blocks: Vec<(BlockIndex, BlockHash)>,
    media_type: Option<String>,
    is_mixed: bool,
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
    /// Belief has ended; what follows does not exist.
    Ended {
        header: Header,
        encoder: Encoder,
    },
    Failed(DecodeError),
}

/// How far the bytes at hand reach.
enum Frame<'a> {
    Whole { kind: u8, payload: &'a [u8] },
    Unfinished,
    Unbelievable,
}

impl Decoder {
    /// A decoder at the start of a journal.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes of the journal.
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

    /// What there is, once the journal has no more bytes.
    pub fn finish(self) -> Result<Decoded, DecodeError> {
        let (header, encoder) = match self.state {
            State::AtPreamble => return Err(DecodeError::NotAJournal),
            State::AtHeader => return Err(DecodeError::HeaderDamaged),
            State::Failed(error) => return Err(error),
            State::AtBlock { header, encoder } | State::Ended { header, encoder } => {
                (header, encoder)
            }
        };
        // Stable, so that of the claims of one block the last one written stays last.
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
            believed: self.believed,
            encoder,
        })
    }

    /// Takes one thing from `self.rest[from..]`. Returns its length, or `None` when it is not
    /// there or not to be believed.
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
    // A frame that is whole and then not believed must not stay in the chain.
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
    /// Takes in a frame behind the header, or `None` if it is not one that belongs there.
    fn take(&mut self, kind: u8, payload: &[u8], header: &Header) -> Option<()> {
        match kind {
            KIND_BLOCK => self.blocks.push(claim(payload, header)?),
            KIND_MEDIA_TYPE => {
                let fits = payload.len() <= usize::from(TEXT_MAX);
                let text = str::from_utf8(payload).ok().filter(|_| fits)?;
                self.media_type = Some(String::from(text));
            }
            KIND_MIXED if payload.is_empty() => self.is_mixed = true,
            _ => return None,
        }
        Some(())
    }
}

/// The frame `bytes` begins with. Advances the encoder past one that is whole.
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

/// The claim a payload makes, if it is one of a block of this file.
fn claim(payload: &[u8], header: &Header) -> Option<(BlockIndex, BlockHash)> {
    let (index, hash) = payload.split_first_chunk::<8>()?;
    let index = u64::from_le_bytes(*index);
    let hash = u128::from_le_bytes(hash.try_into().ok()?);
    let exists = index < header.block_size.count(header.length);
    exists.then_some((BlockIndex(index), BlockHash(hash)))
}
