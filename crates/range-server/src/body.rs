//! Owns the sending of content: chunk by chunk, at a pace, of exactly the length that was
//! announced, or not to the end at all. Does not know why these bytes are sent.

use std::sync::Arc;

use bytes::Bytes;
use futures::stream;
use http_body::Frame;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, StreamBody};
use range_core::ByteRange;
use range_core::units::ByteCount;
use tokio::sync::OwnedSemaphorePermit;

use crate::buffer::{BUFFER_SIZE, BufferPool};
use crate::clock;
use crate::connection::{ConnectionState, UnderWay};
use crate::content::{ReadError, Source};
use crate::injection::{CrowdRate, InFlight};
use crate::pace::Pace;
use crate::record::{Delivery, Ending};
use crate::reply::{Payload, Piece};

/// The bytes between two looks at whether a file is what it was: a response that is to break does
/// so before much was sent in vain, and looking costs nothing beside them.
const LOOK_EVERY: u64 = 4 << 20;

/// The body of every response. An error makes hyper abort the connection, so that a short body
/// is never taken for a whole one.
pub(crate) type Body = UnsyncBoxBody<Bytes, ReadError>;

/// The way content is sent.
pub(crate) struct Sending {
    pub(crate) buffers: BufferPool,
    /// Every pace that has to be kept.
    pub(crate) paces: Vec<Arc<Pace>>,
    /// A pace to keep while more responses are under way than are welcome.
    pub(crate) crowd: Option<CrowdPace>,
    /// Counts the response among those under way until it ends.
    pub(crate) in_flight: Option<InFlight>,
    /// The response's place among those under way, and the room that its payload takes.
    #[expect(dead_code, reason = "held until it is dropped")]
    pub(crate) kept: (UnderWay, Option<Arc<OwnedSemaphorePermit>>),
    /// The body ends after so many bytes, for the connection to be dealt with.
    pub(crate) stop_after: Option<u64>,
    /// The byte at this offset of the representation is damaged.
    pub(crate) corrupt: Option<u64>,
    pub(crate) delivery: Delivery,
}

/// The pace of each response while there are more than are welcome.
pub(crate) struct CrowdPace {
    above: u32,
    pace: Pace,
}

impl CrowdPace {
    pub(crate) fn new(crowd: CrowdRate) -> Self {
        Self {
            above: crowd.above,
            pace: Pace::new(crowd.rate),
        }
    }
}

/// The body that sends a payload.
pub(crate) fn body(payload: Payload, mut sending: Sending) -> Body {
    match payload {
        Payload::Empty | Payload::Text(_) if sending.stop_after == Some(0) => {
            sending.delivery.end(Ending::Cut);
            UnsyncBoxBody::default()
        }
        Payload::Empty => {
            sending.delivery.end(Ending::Complete);
            UnsyncBoxBody::default()
        }
        Payload::Text(text) if text.len() > BUFFER_SIZE => {
            StreamBody::new(stream::unfold((text, Some(sending)), next_text)).boxed_unsync()
        }
        Payload::Text(text) => {
            sending.delivery.add_sent(text.len());
            sending.delivery.end(Ending::Complete);
            http_body_util::Full::new(text)
                .map_err(|never| match never {})
                .boxed_unsync()
        }
        Payload::Content { source, pieces } => {
            let mut pieces = pieces.into_iter();
            let state = pieces.next().map(|piece| Progress {
                source,
                piece,
                rest: pieces,
                sending,
            });
            StreamBody::new(stream::try_unfold(state, next_frame)).boxed_unsync()
        }
    }
}

/// The body that is a text, whoever it is for, and what is held until it is sent. Nothing is
/// recorded of it.
pub(crate) fn text<K: Send + 'static>(
    text: Bytes,
    connection: Arc<ConnectionState>,
    kept: K,
) -> Body {
    if text.is_empty() {
        return UnsyncBoxBody::default();
    }
    let chunks = stream::unfold(
        (text, connection, kept),
        async |(mut left, connection, kept)| {
            if left.is_empty() {
                return None;
            }
            let chunk = left.split_to(BUFFER_SIZE.min(left.len()));
            connection.move_on();
            Some((Ok(Frame::data(chunk)), (left, connection, kept)))
        },
    );
    StreamBody::new(chunks).boxed_unsync()
}

/// The next chunk of a long text, and the rest.
async fn next_text(
    (mut left, sending): (Bytes, Option<Sending>),
) -> Option<(Result<Frame<Bytes>, ReadError>, (Bytes, Option<Sending>))> {
    let mut sending = sending?;
    let chunk = left.split_to(BUFFER_SIZE.min(left.len()));
    sending.delivery.connection.move_on();
    sending.delivery.add_sent(chunk.len());
    let frame = Ok(Frame::data(chunk));
    if left.is_empty() {
        sending.delivery.end(Ending::Complete);
        return Some((frame, (left, None)));
    }
    Some((frame, (left, Some(sending))))
}

struct Progress {
    source: Source,
    /// The rest of the piece under way.
    piece: Piece,
    rest: std::vec::IntoIter<Piece>,
    sending: Sending,
}

/// The next chunk and the state after it, which is none after the last chunk: the delivery is
/// then reported before the peer can have seen the end.
async fn next_frame(
    progress: Option<Progress>,
) -> Result<Option<(Frame<Bytes>, Option<Progress>)>, ReadError> {
    let Some(mut progress) = progress else {
        return Ok(None);
    };
    if progress.sending.stop_after == Some(0) {
        progress.sending.delivery.end(Ending::Cut);
        return Ok(None);
    }
    let chunk = progress.sending.chunk(progress.piece.length());
    progress.sending.delivery.connection.move_on();
    progress.sending.wait_for_turn(chunk).await;
    let (bytes, left) = match progress.take(chunk).await {
        Ok(taken) => taken,
        Err(error) => {
            progress.sending.delivery.record.why = Some(error.to_string());
            progress.sending.delivery.end(Ending::Failed);
            return Err(error);
        }
    };
    progress.sending.delivery.add_sent(bytes.len());
    let frame = Frame::data(bytes);
    let Some(piece) = left.or_else(|| progress.rest.next()) else {
        progress.sending.delivery.end(Ending::Complete);
        return Ok(Some((frame, None)));
    };
    if let Some(stop_after) = &mut progress.sending.stop_after {
        *stop_after -= chunk;
    }
    Ok(Some((frame, Some(Progress { piece, ..progress }))))
}

impl Sending {
    /// The number of bytes to send next of `left`.
    fn chunk(&self, left: u64) -> u64 {
        let buffer = u64::try_from(BUFFER_SIZE).expect("a buffer's length fits 64 bits");
        let paces = self.paces().map(Pace::chunk);
        paces
            .chain([buffer, self.stop_after.unwrap_or(u64::MAX)])
            .fold(left, u64::min)
    }

    /// Every pace that has to be kept just now.
    fn paces(&self) -> impl Iterator<Item = &Pace> {
        let count = self.in_flight.as_ref().map_or(0, InFlight::count);
        let crowd = self.crowd.iter().filter(move |crowd| count > crowd.above);
        let own = self.paces.iter().map(Arc::as_ref);
        own.chain(crowd.map(|crowd| &crowd.pace))
    }

    async fn wait_for_turn(&self, bytes: u64) {
        let now = clock::now();
        let turn = self.paces().map(|pace| pace.reserve(bytes, now)).max();
        if let Some(turn) = turn.filter(|&turn| turn > now) {
            let connection = &self.delivery.connection;
            if connection.is_held_by_url() {
                // Its place is for those who stay. Once the peer has left, it breaks.
                connection.hold(turn.duration_since(now)).await;
            } else {
                let _held = connection.hold_on();
                tokio::time::sleep_until(turn).await;
            }
        }
    }
}

impl Sending {
    /// Inverts a bit of the byte that is to be damaged, if it is among these.
    fn damage(&self, bytes: &mut [u8], offset: u64) {
        let index = self.corrupt.and_then(|corrupt| corrupt.checked_sub(offset));
        let index = index.and_then(|index| usize::try_from(index).ok());
        if let Some(byte) = index.and_then(|index| bytes.get_mut(index)) {
            *byte ^= 1;
        }
    }
}

impl Progress {
    /// The next `chunk` bytes of the piece, and what is left of it.
    async fn take(&self, chunk: u64) -> Result<(Bytes, Option<Piece>), ReadError> {
        let length = usize::try_from(chunk).expect("a chunk is not longer than a buffer");
        match &self.piece {
            Piece::Text(text) => {
                let mut taken = text.clone();
                let left = taken.split_off(length);
                Ok((taken, (!left.is_empty()).then_some(Piece::Text(left))))
            }
            Piece::Range(range) => {
                let (bytes, left) = self.read(*range, length).await?;
                Ok((bytes, left.map(Piece::Range)))
            }
            Piece::Filler(ByteCount(filler)) => {
                let mut buffer = self.sending.buffers.take();
                buffer.use_front(length).fill(b' ');
                let left = filler - chunk;
                let left = (left > 0).then_some(Piece::Filler(ByteCount(left)));
                Ok((buffer.freeze(), left))
            }
        }
    }

    /// Reads the first `length` bytes of `range`. With its last ones, and now and then before,
    /// makes sure that all of them were of one version.
    async fn read(
        &self,
        range: ByteRange,
        length: usize,
    ) -> Result<(Bytes, Option<ByteRange>), ReadError> {
        let buffer = self.sending.buffers.take();
        let mut buffer = self.source.read(buffer, range.start(), length).await?;
        self.sending.damage(buffer.use_front(length), range.start());
        let chunk = u64::try_from(length).expect("a buffer's length fits 64 bits");
        let (_, left) = range.split_at(range.start() + chunk);
        let is_time_to_look = range.start() / LOOK_EVERY != (range.start() + chunk) / LOOK_EVERY;
        if left.is_none() || is_time_to_look {
            self.source.check_unchanged()?;
        }
        Ok((buffer.freeze(), left))
    }
}
