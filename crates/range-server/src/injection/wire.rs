//! Owns responses hyper would not write: their bytes, in the order and at the moments a fault
//! wants them. Decides nothing about content.

use std::num::NonZeroU32;

use bytes::Bytes;
use http::header::{CONNECTION, CONTENT_LENGTH, HeaderValue};
use http::{HeaderMap, StatusCode};
use http_body_util::BodyExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::watch;

use super::plan::WireFaults;
use crate::body::Body;
use crate::connection::ConnectionState;
use crate::fault::{ContentLength, Position, Stop};
use crate::reply::{Payload, Piece};
use crate::spelling;

/// Most of a head without end that is sent.
const MAX_ENDLESS_HEAD: usize = 1 << 30;

/// The bytes that surplus ones are taken from.
const SURPLUS: [u8; 4096] = [b'!'; 4096];

impl WireFaults {
    /// Returns true if hyper would not write such a response.
    pub(crate) fn is_needed(&self) -> bool {
        let hypers_own = Self {
            content_length: Some(ContentLength::Chunked),
            ..Self::default()
        };
        *self != Self::default() && *self != hypers_own
    }

    /// After how many bytes of the payload sending stops, if it does.
    pub(crate) fn stop_after(&self, payload: &Payload) -> Option<(Stop, u64)> {
        let (stop, position) = self.stop?;
        let after = match position {
            Position::BeforeHead => return Some((stop, 0)),
            Position::After(bytes) => bytes.0,
            Position::Offset(offset) => distance(payload, offset)?,
        };
        (after < payload.length()).then_some((stop, after))
    }
}

/// The number of bytes of a payload before the byte at this offset of the representation.
fn distance(payload: &Payload, offset: u64) -> Option<u64> {
    let Payload::Content { pieces, .. } = payload else {
        return None;
    };
    let mut before = 0;
    for piece in pieces {
        if let Piece::Range(range) = piece
            && range.contains(offset)
        {
            return Some(before + (offset - range.start()));
        }
        before += piece.length();
    }
    None
}

/// The parts that the head of a response is made from.
pub(crate) struct ResponseStart {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    /// True if content follows, even if none has to.
    pub(crate) has_content: bool,
    /// True if the peer wants the connection to end.
    pub(crate) closes: bool,
}

/// A response that is written past hyper.
pub(crate) struct WireResponse {
    head: Vec<u8>,
    content: Body,
    faults: WireFaults,
    stop: Option<(Stop, u64)>,
    is_chunked: bool,
    closes: bool,
}

impl WireResponse {
    /// The response with this start, whose `content` ends where sending stops.
    pub(crate) fn new(
        start: ResponseStart,
        content: Body,
        faults: WireFaults,
        stop: Option<(Stop, u64)>,
    ) -> Self {
        let ResponseStart {
            status,
            mut headers,
            has_content,
            closes,
        } = start;
        let framing = Framing::choose(&faults, &mut headers, has_content);
        let closes = closes || framing.closes;
        if closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        Self {
            head: head(status, &headers, &framing, faults.http_1_0),
            content,
            faults,
            stop,
            is_chunked: framing.is_chunked,
            closes,
        }
    }

    /// Writes it. Gives the stream back if another request may follow.
    pub(crate) async fn write<S>(
        mut self,
        stream: S,
        connection: &ConnectionState,
        stopped: watch::Receiver<bool>,
    ) -> Option<S>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if let Some((stop, _)) = self.stop
            && let Some((_, Position::BeforeHead)) = self.faults.stop
        {
            // Tells the record that it is over.
            let _ = self.content.frame().await;
            halt(stop, stream, connection, stopped).await;
            return None;
        }
        let (mut reader, mut writer) = tokio::io::split(stream);
        let mut heard = false;
        let written = tokio::select! {
            biased;
            written = self.write_to(&mut writer, connection) => written,
            () = until_broken(&mut reader, &mut heard) => None,
        };
        let mut stream = reader.unsplit(writer);
        written?;
        if let Some((stop, _)) = self.stop {
            halt(stop, stream, connection, stopped).await;
            return None;
        }
        if self.closes {
            let _ = stream.shutdown().await;
            return None;
        }
        // A request that was sent before this answer was over is lost.
        (!heard).then_some(stream)
    }

    /// Writes all there is, up to where it stops.
    async fn write_to(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        connection: &ConnectionState,
    ) -> Option<()> {
        self.write_head(stream, connection).await?;
        self.write_content(stream).await?;
        if self.stop.is_none() {
            self.write_end(stream).await?;
        }
        Some(())
    }

    async fn write_head(
        &mut self,
        stream: &mut (impl AsyncWrite + Unpin),
        connection: &ConnectionState,
    ) -> Option<()> {
        const INTERIM: &[u8] =
            b"HTTP/1.1 103 Early Hints\r\nlink: </style.css>; rel=preload\r\n\r\n";
        for _ in 0..self.faults.interim.map_or(0, NonZeroU32::get) {
            stream.write_all(INTERIM).await.ok()?;
        }
        let Some(pause) = self.faults.drip_head else {
            if self.faults.endless_head {
                let fields = self.head.strip_suffix(b"\r\n").unwrap_or(&self.head);
                stream.write_all(fields).await.ok()?;
                endless(stream).await?;
            }
            stream.write_all(&self.head).await.ok()?;
            return stream.flush().await.ok();
        };
        for &byte in &self.head {
            stream.write_all(&[byte]).await.ok()?;
            stream.flush().await.ok()?;
            connection.hold(pause).await.then_some(())?;
        }
        Some(())
    }

    async fn write_content(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
        while let Some(frame) = self.content.frame().await {
            // A body that fails ends the connection, so that it is never taken for a whole one.
            let Ok(bytes) = frame.ok()?.into_data() else {
                continue;
            };
            self.write_chunk(&bytes, stream).await.ok()?;
        }
        stream.flush().await.ok()
    }

    async fn write_chunk(
        &mut self,
        bytes: &Bytes,
        stream: &mut (impl AsyncWrite + Unpin),
    ) -> std::io::Result<()> {
        if !self.is_chunked {
            stream.write_all(bytes).await?;
            return stream.flush().await;
        }
        let size = format!("{:x}\r\n", bytes.len());
        stream.write_all(size.as_bytes()).await?;
        stream.write_all(bytes).await?;
        stream.write_all(b"\r\n").await?;
        stream.flush().await
    }

    async fn write_end(&mut self, stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
        if self.is_chunked {
            stream.write_all(b"0\r\n\r\n").await.ok()?;
        }
        let mut left = self.faults.surplus;
        while left > 0 {
            let length = usize::try_from(left)
                .unwrap_or(usize::MAX)
                .min(SURPLUS.len());
            stream.write_all(&SURPLUS[..length]).await.ok()?;
            left -= u64::try_from(length).expect("a slice's length fits 64 bits");
        }
        stream.flush().await.ok()
    }
}

/// The way the end of content is told.
struct Framing {
    /// `Content-Length` fields in the order they are sent.
    lengths: Vec<HeaderValue>,
    is_chunked: bool,
    closes: bool,
}

impl Framing {
    /// Takes `Content-Length` out of `headers`, and says what is sent for it.
    fn choose(faults: &WireFaults, headers: &mut HeaderMap, has_content: bool) -> Self {
        let own = headers.remove(CONTENT_LENGTH);
        let length = own
            .as_ref()
            .and_then(|own| own.to_str().ok()?.parse::<u64>().ok());
        let by_length = |lengths: Vec<HeaderValue>, closes| Self {
            lengths,
            is_chunked: false,
            closes,
        };
        let chunked = |lengths| Self {
            lengths,
            is_chunked: has_content && !faults.http_1_0,
            closes: faults.http_1_0,
        };
        match &faults.content_length {
            None if own.is_none() && has_content => chunked(Vec::new()),
            None => by_length(Vec::from_iter(own), faults.http_1_0),
            Some(ContentLength::Chunked) => chunked(Vec::new()),
            Some(ContentLength::UntilClose) => by_length(Vec::new(), true),
            Some(ContentLength::Twice) => {
                let larger = length.map(|length| HeaderValue::from(length.saturating_add(1)));
                by_length(own.into_iter().chain(larger).collect(), true)
            }
            Some(ContentLength::BesideChunked) => Self {
                closes: true,
                ..chunked(Vec::from_iter(own))
            },
            Some(ContentLength::Stated(text)) => by_length(vec![text.clone()], true),
        }
    }
}

fn head(status: StatusCode, headers: &HeaderMap, framing: &Framing, is_1_0: bool) -> Vec<u8> {
    let version = if is_1_0 { "1.0" } else { "1.1" };
    let mut head = format!("HTTP/{version} {status}\r\n").into_bytes();
    let mut field = |name: &str, value: &HeaderValue| {
        for part in [name.as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(part);
        }
    };
    for (name, value) in headers {
        field(&spelling::spelled(name.as_str()), value);
    }
    for length in &framing.lengths {
        field("Content-Length", length);
    }
    if framing.is_chunked {
        field("Transfer-Encoding", &HeaderValue::from_static("chunked"));
    }
    head.extend_from_slice(b"\r\n");
    head
}

/// Sends fields where the empty line that ends a head would have been. Never succeeds.
async fn endless(stream: &mut (impl AsyncWrite + Unpin)) -> Option<()> {
    let mut sent = 0;
    for number in 0_u64.. {
        let field = format!("x-endless-{number}: {}\r\n", "a".repeat(200));
        stream.write_all(field.as_bytes()).await.ok()?;
        sent += field.len();
        if sent > MAX_ENDLESS_HEAD {
            break;
        }
    }
    None
}

/// Ends when the connection does. A peer that has only ended its side still listens.
async fn until_broken(stream: &mut (impl AsyncRead + Unpin), heard: &mut bool) {
    let mut ignored = [0; 1024];
    loop {
        match stream.read(&mut ignored).await {
            Ok(0) => return std::future::pending().await,
            Ok(_) => *heard = true,
            Err(_) => return,
        }
    }
}

/// Ends when the peer does, whatever it sends before; `heard` tells whether it sent anything.
async fn until_gone(stream: &mut (impl AsyncRead + Unpin), heard: &mut bool) {
    let mut ignored = [0; 1024];
    while !matches!(stream.read(&mut ignored).await, Ok(0) | Err(_)) {
        *heard = true;
    }
}

async fn halt<S>(
    stop: Stop,
    mut stream: S,
    connection: &ConnectionState,
    mut stopped: watch::Receiver<bool>,
) where
    S: AsyncRead + AsyncWrite + Unpin,
{
    match stop {
        Stop::Cut => {}
        Stop::Close => {
            let _ = stream.shutdown().await;
        }
        Stop::Stall => {
            let _held = connection.hold_on();
            let mut heard = false;
            tokio::select! {
                () = until_gone(&mut stream, &mut heard) => {}
                _ = stopped.wait_for(|&stopped| stopped) => {}
            }
        }
        Stop::Reset => connection.prepare_reset().await,
    }
}
