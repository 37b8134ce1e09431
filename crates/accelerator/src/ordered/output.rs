//! Owns the way of a file that is read in order to the caller's writer: a task that takes the
//! bytes, hashes them as they go by, and writes them. Knows no reply and no scheduling.

use std::io;
use std::sync::Arc;

use range_core::digest::{Digest, DigestAlgorithm};
use tokio::io::{AsyncWrite, AsyncWriteExt};
use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::waiting::{Ordered, PIECE};
use crate::error::{Cause, Error, ErrorKind};
use crate::hasher::Hasher;

/// The writer of a caller.
pub(crate) type BoxWriter = Box<dyn AsyncWrite + Send + Unpin>;

/// So many parts of a window are told of one by one: each wakes the driver.
const STEPS: u64 = 64;

/// The progress of the reader.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reading {
    /// The writer has taken every byte before this offset.
    pub(crate) taken: u64,
    /// The error of the writer, which takes no more.
    pub(crate) failed: Option<Arc<io::Error>>,
}

/// The task. Dropping it ends it where it next waits.
#[derive(Debug)]
pub(crate) struct Output {
    tasks: JoinSet<Option<Vec<Digest>>>,
    reading: watch::Receiver<Reading>,
}

impl Output {
    /// Begins to write.
    pub(crate) fn start(
        ordered: Ordered,
        writer: BoxWriter,
        algorithms: Vec<DigestAlgorithm>,
        window: u64,
        pool: &Handle,
    ) -> Self {
        let (told, reading) = watch::channel(Reading::default());
        let pump = Pump {
            ordered,
            writer,
            hashers: algorithms.into_iter().map(Hasher::new).collect(),
            step: (window / STEPS).max(PIECE as u64),
            taken: 0,
            told,
        };
        let mut tasks = JoinSet::new();
        tasks.spawn_on(pump.run(), pool);
        Self { tasks, reading }
    }

    /// Returns the progress of the reader, as it goes on.
    pub(crate) fn reading(&self) -> watch::Receiver<Reading> {
        self.reading.clone()
    }

    /// Returns the number of bytes that the writer has taken.
    pub(crate) fn written(&self) -> u64 {
        self.reading.borrow().taken
    }

    /// Waits until the writer has everything, and returns the digests of that.
    pub(crate) async fn finish(&mut self) -> Result<Vec<Digest>, Error> {
        let done = self.tasks.join_next().await;
        let done = done.ok_or_else(lost)?.map_err(|_| lost())?;
        done.ok_or_else(|| {
            let failed = self.reading.borrow().failed.clone();
            failed.map_or_else(lost, Error::of_writer)
        })
    }
}

fn lost() -> Error {
    Error::new(ErrorKind::Internal, Cause::WorkerLost)
}

struct Pump {
    ordered: Ordered,
    writer: BoxWriter,
    hashers: Vec<Hasher>,
    /// The driver is told after so many bytes, if it need not be told before.
    step: u64,
    taken: u64,
    told: watch::Sender<Reading>,
}

impl Pump {
    /// Writes everything. Without a result the writer has failed.
    async fn run(mut self) -> Option<Vec<Digest>> {
        let written = self.write().await;
        let failed = written.err().map(Arc::new);
        let has_failed = failed.is_some();
        let taken = self.taken;
        self.told.send_replace(Reading { taken, failed });
        let hashers = self.hashers.into_iter();
        (!has_failed).then(|| hashers.map(Hasher::finish).collect())
    }

    async fn write(&mut self) -> io::Result<()> {
        let mut told = 0;
        while let Some(piece) = self.ordered.next().await {
            for hasher in &mut self.hashers {
                hasher.update(&piece);
            }
            self.write_piece(&piece).await?;
            self.ordered.give_back(piece);
            // Without more to write, the reader waits for whatever the driver does next.
            if self.taken - told >= self.step || self.ordered.has_none() {
                told = self.taken;
                self.writer.flush().await?;
                let taken = self.taken;
                self.told.send_modify(|reading| reading.taken = taken);
            }
            tokio::task::yield_now().await;
        }
        self.writer.flush().await
    }

    async fn write_piece(&mut self, mut rest: &[u8]) -> io::Result<()> {
        while !rest.is_empty() {
            let written = self.writer.write(rest).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            rest = &rest[written..];
            self.taken += written as u64;
        }
        Ok(())
    }
}
