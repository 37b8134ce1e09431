//! Owns the socket of a connection: notices when nothing moves, and resets on command. Knows
//! nothing of HTTP.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::state::ConnectionState;
use crate::clock;

/// A socket that fails when for the stall timeout it moved no byte either way, or took none of
/// those it was given, however much the peer sends meanwhile.
pub(crate) struct WatchedStream {
    stream: TcpStream,
    state: Arc<ConnectionState>,
    stall_timeout: Duration,
    stalled: Pin<Box<Sleep>>,
    /// Until it breaks, once that is to be.
    broken: Option<Pin<Box<Sleep>>>,
    is_write_blocked: bool,
}

impl WatchedStream {
    pub(crate) fn new(
        stream: TcpStream,
        state: Arc<ConnectionState>,
        stall_timeout: Duration,
    ) -> Self {
        let stalled = Box::pin(tokio::time::sleep(stall_timeout));
        if let Ok(stat) = rustix::fs::fstat(&stream) {
            let _ = state.inode.set(stat.st_ino);
        }
        Self {
            stream,
            state,
            stall_timeout,
            stalled,
            broken: None,
            is_write_blocked: false,
        }
    }

    /// Fails from the moment on at which the connection is to break.
    fn check(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        let Some(moment) = self.state.breaks() else {
            return Ok(());
        };
        if clock::now() < moment {
            let broken = &mut self.broken;
            let broken = broken.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(moment)));
            broken.as_mut().reset(moment);
            if broken.as_mut().poll(cx).is_pending() {
                return Ok(());
            }
        }
        self.state.is_to_be_reset.store(true, Ordering::Release);
        Err(io::ErrorKind::ConnectionReset.into())
    }

    fn restart_timeout(&mut self) {
        self.stalled
            .as_mut()
            .reset(clock::now() + self.stall_timeout);
    }

    /// Passes on what the socket answered, unless it has been silent for too long.
    fn watch<T>(
        &mut self,
        cx: &mut Context<'_>,
        answer: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if answer.is_pending() {
            self.state.poller.register(cx.waker());
            // After that, so that no moment set meanwhile goes unseen.
            self.check(cx)?;
        }
        if answer.is_ready() {
            if !self.is_write_blocked {
                self.restart_timeout();
            }
            return answer;
        }
        while self.stalled.as_mut().poll(cx).is_ready() {
            if self.state.held.load(Ordering::Acquire) == 0 {
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
            self.restart_timeout();
        }
        Poll::Pending
    }
}

impl AsyncRead for WatchedStream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        self.check(cx)?;
        let answer = Pin::new(&mut self.stream).poll_read(cx, buffer);
        self.watch(cx, answer)
    }
}

impl AsyncWrite for WatchedStream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let answer = Pin::new(&mut self.stream).poll_write(cx, bytes);
        self.is_write_blocked = answer.is_pending();
        self.watch(cx, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let answer = Pin::new(&mut self.stream).poll_write_vectored(cx, slices);
        self.is_write_blocked = answer.is_pending();
        self.watch(cx, answer)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A connection that is to be reset must not end in order before.
        self.check(cx)?;
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

impl Drop for WatchedStream {
    fn drop(&mut self) {
        if self.state.is_to_be_reset.load(Ordering::Acquire) {
            // Where it cannot be set the connection ends with FIN: there is nobody to tell.
            let _ = self.stream.set_zero_linger();
        }
    }
}
