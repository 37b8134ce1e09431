//! Owns the socket of a connection: notices when nothing moves, and resets on command. Knows
//! nothing of HTTP.

use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};
use std::time::Duration;

use rustix::net::{Shutdown, shutdown, sockopt};
use socket2::SockRef;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::Sleep;

use super::state::ConnectionState;
use crate::clock;

/// Bytes the system takes of a connection before they are on their way. More would only be memory
/// that a peer which does not read has, and would hide for how long it has not.
const MAX_UNSENT: u32 = 256 << 10;

/// The time without a byte after which the system asks whether the peer is still there.
const KEEPALIVE: Duration = Duration::from_mins(1);

/// A socket that fails when for the stall timeout it moved no byte either way, or took none of
/// those it was given, however much the peer sends meanwhile.
pub(crate) struct WatchedStream {
    stream: Arc<TcpStream>,
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
        bound(&stream, stall_timeout);
        let stream = Arc::new(stream);
        state.attach(&stream);
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
                // The data it has not read would stay in the system's memory for minutes.
                self.state.reset_at_end();
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
        let answer = retry(
            || self.stream.poll_read_ready(cx),
            || self.stream.try_read(buffer.initialize_unfilled()),
        );
        let answer = answer.map_ok(|count| buffer.advance(count));
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
        let answer = retry(
            || self.stream.poll_write_ready(cx),
            || self.stream.try_write(bytes),
        );
        self.is_write_blocked = answer.is_pending();
        self.watch(cx, answer)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        self.check(cx)?;
        let answer = retry(
            || self.stream.poll_write_ready(cx),
            || self.stream.try_write_vectored(slices),
        );
        self.is_write_blocked = answer.is_pending();
        self.watch(cx, answer)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A socket holds nothing back.
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A connection that is to be reset must not end in order before.
        self.check(cx)?;
        Poll::Ready(shutdown(&self.stream, Shutdown::Write).map_err(io::Error::from))
    }
}

/// Does what the socket is said to be ready for, until it is done or the socket turns out not to
/// be.
fn retry<T>(
    mut ready: impl FnMut() -> Poll<io::Result<()>>,
    mut act: impl FnMut() -> io::Result<T>,
) -> Poll<io::Result<T>> {
    loop {
        std::task::ready!(ready())?;
        match act() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            done => return Poll::Ready(done),
        }
    }
}

/// Bounds what the system does for a peer: the memory for what it does not take, the time that is
/// kept, and the time until one is missed that left without a word. Systems that cannot do without.
fn bound(stream: &TcpStream, stall_timeout: Duration) {
    let _ = SockRef::from(stream).set_tcp_notsent_lowat(MAX_UNSENT);
    // Twice as long, so that who is dropped for standing still is dropped by us.
    let millis = u32::try_from(2 * stall_timeout.as_millis()).unwrap_or(u32::MAX);
    let _ = sockopt::set_tcp_user_timeout(stream, millis);
    let _ = sockopt::set_socket_keepalive(stream, true);
    let _ = sockopt::set_tcp_keepidle(stream, KEEPALIVE);
}

impl Drop for WatchedStream {
    fn drop(&mut self) {
        if self.state.is_to_be_reset.load(Ordering::Acquire) {
            // Where it cannot be set the connection ends with FIN: there is nobody to tell.
            let _ = self.stream.set_zero_linger();
        }
    }
}
