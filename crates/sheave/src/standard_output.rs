//! Owns standard output as a place for the bytes of files. A thread writes, because a pipe that
//! nobody reads blocks for as long as that. Knows nothing of what is written.

use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::os::fd::AsFd;
use std::pin::Pin;
use std::sync::mpsc;
use std::task::{Context, Poll, ready};
use std::thread::Builder;

use rustix::event::{PollFd, PollFlags};
use tokio::io::AsyncWrite;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Most bytes of one write: what a pipe holds at most without being told otherwise, some times
/// over.
const LONGEST: usize = 256 << 10;

/// Standard output, as bytes. A write is over when the system has taken the bytes.
#[derive(Debug, Default)]
pub(crate) struct StandardOutput(Option<Writing>);

/// The thread, which ends once nothing more is written, and not before a write that blocks.
#[derive(Debug)]
struct Writing {
    writes: mpsc::Sender<Vec<u8>>,
    written: UnboundedReceiver<(Vec<u8>, io::Result<usize>)>,
    /// `None` while the thread has it.
    buffer: Option<Vec<u8>>,
}

impl Writing {
    fn start() -> io::Result<Self> {
        let file = File::from(io::stdout().as_fd().try_clone_to_owned()?);
        let (writes, asked) = mpsc::channel::<Vec<u8>>();
        let (answers, written) = unbounded_channel();
        Builder::new().name("stdout".to_owned()).spawn(move || {
            for buffer in asked {
                let result = write(&file, &buffer);
                if answers.send((buffer, result)).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            writes,
            written,
            buffer: Some(Vec::new()),
        })
    }

    /// Writes some of `bytes`, which are the same until it is done.
    fn poll(&mut self, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let gone = || io::Error::other("its thread is gone");
        if let Some(mut buffer) = self.buffer.take() {
            buffer.clear();
            buffer.extend_from_slice(&bytes[..bytes.len().min(LONGEST)]);
            self.writes.send(buffer).map_err(|_| gone())?;
        }
        let (buffer, written) = ready!(self.written.poll_recv(context)).ok_or_else(gone)?;
        self.buffer = Some(buffer);
        Poll::Ready(written)
    }
}

fn write(mut file: &File, bytes: &[u8]) -> io::Result<usize> {
    loop {
        match file.write(bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                // Whoever shares the pipe has made it one that never waits.
                let mut wanted = [PollFd::new(file, PollFlags::OUT)];
                let _ready_or_broken = rustix::event::poll(&mut wanted, None);
            }
            written => return written,
        }
    }
}

impl AsyncWrite for StandardOutput {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let writing = match &mut self.0 {
            Some(writing) => writing,
            not_yet => not_yet.insert(Writing::start()?),
        };
        writing.poll(context, bytes)
    }

    /// Nothing is kept back.
    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
