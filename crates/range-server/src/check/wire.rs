//! Owns one connection as its bytes: a request goes out, and a reply is read up to where its own
//! framing ends it, with what is odd about that and what follows. Knows nothing of ranges.

use std::time::Duration;

use range_core::http::conditional::Method;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::conformance::{Reply, WireFault};

/// Most bytes read of one reply. Ranges beyond are judged by their heads alone.
pub const MOST_READ: usize = 1 << 20;

/// Longest head of a reply, and most fields in it: as much as servers of other software send.
const LONGEST_HEAD: usize = 64 << 10;
const MOST_FIELDS: usize = 256;

/// Longest size line of a chunk: 16 digits, and extensions that nobody sends.
const LONGEST_SIZE_LINE: usize = 256;

/// The time for which the socket is looked at after a reply. What a server sends too much comes
/// with the reply; what comes later is found when the next is read.
const LOOK: Duration = Duration::from_millis(20);

/// The time a server may take to close a connection that it said it would close.
const CLOSING: Duration = Duration::from_secs(5);

/// The bytes taken from the socket at once.
const PIECE: usize = 16 << 10;

/// Anything that can be spoken over.
pub(super) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

/// The reason why no reply came.
#[derive(Debug)]
pub(super) enum WireError {
    /// The connection was closed or reset before a byte of one.
    Closed,
    /// The bytes that came are no head of a reply.
    NotHttp {
        /// Their number.
        bytes: usize,
    },
}

/// The state that the socket showed after a reply.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct After {
    /// The server closed the connection.
    pub(super) is_closed: bool,
    /// The server left it open, though it had said otherwise.
    pub(super) is_left_open: bool,
}

/// A connection.
pub(super) struct Wire {
    stream: Box<dyn Stream>,
    /// Bytes that came and were not taken yet.
    buffer: Vec<u8>,
    is_at_end: bool,
    persists: bool,
    says_close: bool,
}

/// The sign by which the end of the content is known.
enum Framing {
    None,
    Length(u64),
    Chunks,
    Close,
}

impl Wire {
    pub(super) fn new(stream: Box<dyn Stream>) -> Self {
        Self {
            stream,
            buffer: Vec::new(),
            is_at_end: false,
            persists: false,
            says_close: false,
        }
    }

    /// Reports whether the last reply leaves the connection open, by what it says.
    pub(super) fn persists(&self) -> bool {
        self.persists
    }

    /// Sends a request and reads the reply to it.
    pub(super) async fn exchange(
        &mut self,
        request: &[u8],
        method: Method,
    ) -> Result<Reply, WireError> {
        self.persists = false;
        // A server that has closed already may have said why, and that is read.
        if self.stream.write_all(request).await.is_ok() {
            let _closed = self.stream.flush().await;
        }
        let (mut reply, minor) = self.head().await?;
        let framing = framing(method, &mut reply);
        let is_delimited = !matches!(framing, Framing::Close);
        self.content(framing, &mut reply).await;
        self.says_close = has_option(&reply, "close");
        let says_so = !self.says_close && (minor >= 1 || has_option(&reply, "keep-alive"));
        self.persists = is_delimited && reply.is_complete && says_so;
        Ok(reply)
    }

    /// Reads heads up to that of a final reply.
    async fn head(&mut self) -> Result<(Reply, u8), WireError> {
        loop {
            let found = parse(&self.buffer).map_err(|()| WireError::NotHttp {
                bytes: self.buffer.len(),
            })?;
            if let Some((head, reply, minor)) = found {
                self.buffer.drain(..head);
                let is_interim = (100..200).contains(&reply.status) && reply.status != 101;
                if is_interim {
                    continue;
                }
                return Ok((reply, minor));
            }
            if self.buffer.len() > LONGEST_HEAD {
                let bytes = self.buffer.len();
                return Err(WireError::NotHttp { bytes });
            }
            if !self.more().await {
                return Err(match self.buffer.len() {
                    0 => WireError::Closed,
                    bytes => WireError::NotHttp { bytes },
                });
            }
        }
    }

    async fn content(&mut self, framing: Framing, reply: &mut Reply) {
        match framing {
            Framing::None => reply.is_complete = true,
            Framing::Length(announced) => {
                let got = self.take(announced, &mut reply.content).await;
                reply.is_complete = got == announced;
                if got < announced && self.is_at_end {
                    let announced = Some(announced);
                    reply.faults.push(WireFault::Short { got, announced });
                }
            }
            Framing::Close => {
                self.take(u64::MAX, &mut reply.content).await;
                reply.is_complete = self.is_at_end;
                reply.faults.push(WireFault::DelimitedByClose);
            }
            Framing::Chunks => {
                if let Err(fault) = self.chunks(reply).await {
                    reply.faults.extend(fault);
                }
            }
        }
    }

    /// Takes up to this many bytes, as far as they are kept, and returns how many there were.
    async fn take(&mut self, wanted: u64, content: &mut Vec<u8>) -> u64 {
        let mut got = 0;
        while got < wanted && content.len() < MOST_READ {
            if self.buffer.is_empty() && !self.more().await {
                break;
            }
            let rest = usize::try_from(wanted - got).unwrap_or(usize::MAX);
            let count = self.buffer.len().min(rest).min(MOST_READ - content.len());
            content.extend(self.buffer.drain(..count));
            got += u64::try_from(count).expect("a length fits 64 bits");
        }
        got
    }

    /// Reads chunks to their end. The error is a fault, if the reading did not just come to its
    /// own limit.
    async fn chunks(&mut self, reply: &mut Reply) -> Result<(), Option<WireFault>> {
        let short = |reply: &Reply| WireFault::Short {
            got: reply.size(),
            announced: None,
        };
        loop {
            let size = self.chunk_size().await.map_err(|is_at_end| {
                Some(if is_at_end {
                    short(reply)
                } else {
                    WireFault::NoChunks
                })
            })?;
            if size == 0 {
                break;
            }
            if self.take(size, &mut reply.content).await < size {
                return Err(self.is_at_end.then(|| short(reply)));
            }
            let end = self.line().await.ok_or_else(|| Some(short(reply)))?;
            if !end.is_empty() {
                return Err(Some(WireFault::NoChunks));
            }
        }
        // The trailer section, up to its empty line.
        loop {
            let line = self.line().await.ok_or_else(|| Some(short(reply)))?;
            if line.is_empty() {
                reply.is_complete = true;
                return Ok(());
            }
        }
    }

    /// The size of the next chunk. The error tells whether the connection ended instead.
    async fn chunk_size(&mut self) -> Result<u64, bool> {
        let line = self.line().await.ok_or(self.is_at_end)?;
        let digits = line.split(|&byte| byte == b';').next().unwrap_or_default();
        let digits = str::from_utf8(digits.trim_ascii()).map_err(|_| false)?;
        let is_hexadecimal = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let size = u64::from_str_radix(digits, 16).ok();
        size.filter(|_| is_hexadecimal).ok_or(false)
    }

    /// A line without its end; `None` if the connection ends first or the line never does.
    async fn line(&mut self) -> Option<Vec<u8>> {
        loop {
            if let Some(end) = self.buffer.windows(2).position(|two| two == b"\r\n") {
                let mut line: Vec<u8> = self.buffer.drain(..end + 2).collect();
                line.truncate(end);
                return Some(line);
            }
            if self.buffer.len() > LONGEST_SIZE_LINE || !self.more().await {
                return None;
            }
        }
    }

    /// Looks at the socket after a reply, for what should not be there and for its end.
    pub(super) async fn look_after(&mut self, reply: &mut Reply, leaves_open: bool) -> After {
        if !reply.is_complete || self.is_at_end && self.buffer.is_empty() {
            return After {
                is_closed: self.is_at_end,
                is_left_open: false,
            };
        }
        let is_to_close = self.says_close && !leaves_open;
        let patience = if is_to_close { CLOSING } else { LOOK };
        let look = async {
            // Enough is known with the first bytes, unless the end is to be seen.
            while (self.buffer.is_empty() || is_to_close) && self.buffer.len() < PIECE {
                if !self.more().await {
                    break;
                }
            }
        };
        let _in_time = tokio::time::timeout(patience, look).await;
        // Empty lines between messages hurt nobody (RFC 9112 §2.2, §9.2).
        while let Some(rest) = self.buffer.strip_prefix(b"\r\n") {
            self.buffer = rest.to_vec();
        }
        if !self.buffer.is_empty() {
            let bytes = self.buffer.len();
            reply.faults.push(WireFault::Surplus { bytes });
        }
        let is_left_open = is_to_close && !self.is_at_end && self.buffer.is_empty();
        if is_left_open {
            reply.faults.push(WireFault::CloseUndone);
        }
        After {
            is_closed: self.is_at_end,
            is_left_open,
        }
    }

    /// Reads what there is; false at the end of the connection, which a reset is too.
    async fn more(&mut self) -> bool {
        self.buffer.reserve(PIECE);
        let read = self.stream.read_buf(&mut self.buffer).await.unwrap_or(0);
        self.is_at_end = read == 0;
        read > 0
    }
}

/// The head at the start of these bytes: its length, the reply without content, and the minor
/// version. `None` if more has to come.
fn parse(bytes: &[u8]) -> Result<Option<(usize, Reply, u8)>, ()> {
    let is_a_beginning = bytes.starts_with(b"HTTP/") || b"HTTP/".starts_with(bytes);
    if !is_a_beginning {
        return Err(());
    }
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    config.allow_spaces_after_header_name_in_responses(true);
    config.ignore_invalid_headers_in_responses(true);
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut head = httparse::Response::new(&mut fields);
    let length = match config.parse_response(&mut head, bytes) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(()),
    };
    let fields = head.headers.iter();
    let reply = Reply {
        status: head.code.ok_or(())?,
        fields: fields
            .map(|field| (field.name.to_ascii_lowercase(), field.value.to_vec()))
            .collect(),
        ..Reply::default()
    };
    Ok(Some((length, reply, head.version.unwrap_or(0))))
}

/// Returns the way the content of a reply ends (RFC 9112 §6.3), and what is wrong about the fields
/// that say so.
fn framing(method: Method, reply: &mut Reply) -> Framing {
    if method == Method::Head || matches!(reply.status, 204 | 304) {
        return Framing::None;
    }
    let lengths: Vec<_> = values(reply, "content-length").collect();
    if let Some(coding) = values(reply, "transfer-encoding").last() {
        let is_chunked = coding.eq_ignore_ascii_case("chunked");
        if !lengths.is_empty() {
            reply.faults.push(WireFault::LengthAndCoding);
        }
        return if is_chunked {
            Framing::Chunks
        } else {
            Framing::Close
        };
    }
    let Some(first) = lengths.first() else {
        return Framing::Close;
    };
    let is_number = first.bytes().all(|byte| byte.is_ascii_digit());
    let is_one = is_number && lengths.iter().all(|length| length == first);
    match first.parse() {
        Ok(length) if is_one => Framing::Length(length),
        _ => {
            reply.faults.push(WireFault::NoLength);
            Framing::Close
        }
    }
}

/// Reports whether `Connection` has this option, by which connections go on or end (RFC 9112 §9.3).
fn has_option(reply: &Reply, option: &str) -> bool {
    values(reply, "connection").any(|own| own.eq_ignore_ascii_case(option))
}

/// The members of a field that is a list.
fn values<'a>(reply: &'a Reply, name: &'a str) -> impl Iterator<Item = String> + 'a {
    let lines = reply.fields.iter().filter(move |(own, _)| own == name);
    lines.flat_map(|(_, value)| {
        let text = String::from_utf8_lossy(value).into_owned();
        let members: Vec<_> = text
            .split(',')
            .map(|member| member.trim().to_owned())
            .collect();
        members
    })
}
