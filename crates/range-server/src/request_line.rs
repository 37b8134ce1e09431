//! Owns the length of request lines: one that is too long for any answer but 414 ends the stream it
//! comes in, before it is read as anything else. Knows no other part of a request.

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};

use crate::target::MAX_TARGET;

/// Longest request line, in bytes: the longest target, and room for method and version.
const MAX_LINE: usize = MAX_TARGET + 64;

const TOO_LONG: &[u8] =
    b"HTTP/1.1 414 URI Too Long\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

/// A stream that seems to end where a request line begins that is too long (RFC 9112 §3).
pub(crate) struct ShortLines<S> {
    stream: S,
    place: Place,
    /// The bytes of the line that is coming in, and the first of them.
    length: usize,
    first: Option<u8>,
    /// True once a request had content, in which lines mean nothing.
    unwatched: Arc<AtomicBool>,
    is_too_long: bool,
}

/// The part of a request that is coming in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    RequestLine,
    Fields,
}

impl<S> ShortLines<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            stream,
            place: Place::RequestLine,
            length: 0,
            first: None,
            unwatched: Arc::default(),
            is_too_long: false,
        }
    }

    /// A switch that is to be set when a request has content.
    pub(crate) fn switch(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.unwatched)
    }

    pub(crate) fn into_inner(self) -> S {
        self.stream
    }

    /// The number of bytes that come before a line that is too long, or of all.
    fn fit(&mut self, bytes: &[u8]) -> usize {
        let mut start = 0;
        while start < bytes.len() {
            let end = bytes[start..].iter().position(|&byte| byte == b'\n');
            let line = end.map_or(&bytes[start..], |end| &bytes[start..start + end]);
            self.length += line.len();
            self.first = self.first.or(line.first().copied());
            if self.place == Place::RequestLine && self.length > MAX_LINE {
                self.is_too_long = true;
                return start;
            }
            let Some(end) = end else { break };
            start += end + 1;
            let is_blank = self.length == 0 || (self.length == 1 && self.first == Some(b'\r'));
            self.place = match self.place {
                // Empty lines before a request are none of it.
                Place::RequestLine if !is_blank => Place::Fields,
                Place::Fields if is_blank => Place::RequestLine,
                place @ (Place::RequestLine | Place::Fields) => place,
            };
            (self.length, self.first) = (0, None);
        }
        bytes.len()
    }
}

impl<S: AsyncWrite + Unpin> ShortLines<S> {
    /// Answers the line that was too long, if that is what the stream ended with.
    pub(crate) async fn refuse(mut self) {
        if self.is_too_long {
            let _ = self.stream.write_all(TOO_LONG).await;
            let _ = self.stream.shutdown().await;
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for ShortLines<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        if self.is_too_long {
            return Poll::Ready(Ok(()));
        }
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        if !self.unwatched.load(Ordering::Relaxed) {
            let fit = self.fit(&buffer.filled()[before..]);
            buffer.set_filled(before + fit);
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for ShortLines<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(cx, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(cx, slices)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of bytes of a text that fit, when it comes in pieces of this length.
    fn fit(text: &str, piece: usize) -> (usize, bool) {
        let mut lines = ShortLines::new(());
        let mut fit = 0;
        for piece in text.as_bytes().chunks(piece) {
            fit += lines.fit(piece);
            if lines.is_too_long {
                break;
            }
        }
        (fit, lines.is_too_long)
    }

    #[test]
    fn only_a_request_line_is_too_long_and_what_was_before_it_stays() {
        let long = "x".repeat(MAX_LINE + 1);
        let request = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        for piece in [1, 7, 1000, 1 << 20] {
            assert_eq!(fit(request, piece), (request.len(), false));
            let fields = format!("GET / HTTP/1.1\r\nA: {long}\r\n\r\n");
            assert_eq!(fit(&fields, piece), (fields.len(), false));
            let longest = format!("{}\r\n\r\n", &long[..MAX_LINE - 1]);
            assert_eq!(fit(&longest, piece), (longest.len(), false));
            let bare = "\n\r\nGET / HTTP/1.1\nA: b\n\n";
            assert_eq!(fit(bare, piece), (bare.len(), false));
        }
        for before in ["", "\r\n", request, "GET / HTTP/1.1\n\n"] {
            let text = format!("{before}{long}");
            assert_eq!(fit(&text, 1 << 20), (before.len(), true), "{before:?}");
            for piece in [1, 7, 1000] {
                assert!(fit(&text, piece).1, "{before:?}");
            }
        }
    }
}
