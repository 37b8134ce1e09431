//! Owns the bytes of a file that is read in order while they wait for the reader. Knows neither who
//! brings them nor where they go.
//!
//! Bytes lie in *runs*: each is what one lease after the other has brought without a gap. A writer
//! appends to one run, and the reader takes pieces from the front of the first. A run is only as
//! long as what waits, so that memory follows from how far ahead writers may be, which is for the
//! scheduler to say, and a piece for each of them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use range_core::block::BlockHash;
use range_store::BlockHasher;
use tokio::sync::Notify;

/// The size of a piece: few enough bytes to stay in the second-level cache between the copy and the
/// write, and so many that a piece costs little beside its bytes.
pub(super) const PIECE: usize = 256 << 10;

/// Most empty pieces that are kept for the next bytes. The allocator would give each back to the
/// system, and have it cleared again.
const SPARE_MAX: usize = 16;

/// A file on its way to a reader. Clones share one.
#[derive(Clone, Debug, Default)]
pub(crate) struct Ordered(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    spare: Mutex<Vec<Vec<u8>>>,
    /// Something has come, or has ended.
    came: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By the offset at which each began.
    runs: BTreeMap<u64, Arc<Mutex<Run>>>,
    /// The offset of the byte that the reader gets next.
    next: u64,
    /// The hash of all bytes before that.
    hasher: BlockHasher,
    /// The number of bytes that the reader is to get, once that is known.
    length: Option<u64>,
    /// Set while a file that comes anew in one stream has not come as far as the reader has it.
    repeats: Option<Repeat>,
}

#[derive(Debug)]
pub(super) struct Run {
    /// None of them is empty, and all but the last are full.
    pieces: VecDeque<Vec<u8>>,
    /// Offset one past the last byte.
    end: u64,
    is_leased: bool,
}

/// The bytes that the reader has, which a file that comes anew has to begin with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Repeat {
    pub(super) until: u64,
    pub(super) hash: BlockHash,
}

/// The answer to a reader.
#[derive(Debug)]
enum Next {
    Piece(Vec<u8>),
    /// There are no bytes yet.
    Later,
    /// The reader has all of them.
    End,
}

impl Ordered {
    /// Returns the run whose next byte is the one at `start`, or, of a file that comes anew, the
    /// one after those that the reader has, and what these are.
    ///
    /// # Panics
    ///
    /// If bytes from there on are there, or the run is leased.
    pub(super) fn run_from(&self, start: u64) -> (Arc<Mutex<Run>>, Option<Repeat>) {
        let mut waiting = self.0.lock();
        let repeats = waiting.repeats.take_if(|_| start == 0);
        let at = repeats.map_or(start, |repeats| repeats.until);
        assert!(at >= waiting.next, "the reader has what is leased");
        (waiting.run_at(at), repeats)
    }

    /// Forgets what waits: the file comes anew, in one stream, and has to begin with what the
    /// reader has.
    pub(crate) fn begin_anew(&self) {
        let mut waiting = self.0.lock();
        waiting.runs.clear();
        waiting.repeats = (waiting.next > 0).then(|| Repeat {
            until: waiting.next,
            hash: waiting.hasher.finish(),
        });
    }

    /// Returns the number of bytes that the reader was given.
    pub(crate) fn given(&self) -> u64 {
        self.0.lock().next
    }

    /// The file ends at `length`.
    pub(crate) fn ends_at(&self, length: u64) {
        self.0.lock().length = Some(length);
        self.0.came.notify_one();
    }

    /// Nothing more comes: the reader gets what follows without a gap.
    pub(crate) fn ends_here(&self) {
        let mut waiting = self.0.lock();
        let mut end = waiting.next;
        for (start, run) in &waiting.runs {
            if *start > end {
                break;
            }
            end = end.max(lock(run).end);
        }
        waiting.length = Some(end);
        drop(waiting);
        self.0.came.notify_one();
    }

    /// Waits for the next piece; `None` at the end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future loses nothing.
    pub(super) async fn next(&self) -> Option<Vec<u8>> {
        loop {
            match self.try_next() {
                Next::Piece(piece) => return Some(piece),
                Next::End => return None,
                // What comes in between is noted.
                Next::Later => self.0.came.notified().await,
            }
        }
    }

    fn try_next(&self) -> Next {
        let mut waiting = self.0.lock();
        if waiting.length == Some(waiting.next) {
            return Next::End;
        }
        let Some(piece) = waiting.take() else {
            return Next::Later;
        };
        waiting.hasher.update(&piece);
        Next::Piece(piece)
    }

    /// Reports whether the reader has all that has come in order.
    pub(super) fn has_none(&self) -> bool {
        let waiting = self.0.lock();
        let first = waiting.runs.range(..=waiting.next).next_back();
        first.is_none_or(|(_, run)| lock(run).pieces.is_empty())
    }

    /// Keeps the memory of a piece for others.
    pub(super) fn give_back(&self, mut piece: Vec<u8>) {
        piece.clear();
        let mut spare = lock(&self.0.spare);
        if spare.len() < SPARE_MAX && piece.capacity() == PIECE {
            spare.push(piece);
        }
    }

    fn empty_piece(&self) -> Vec<u8> {
        let spare = lock(&self.0.spare).pop();
        spare.unwrap_or_else(|| Vec::with_capacity(PIECE))
    }

    /// Appends to a run.
    pub(super) fn append(&self, run: &Mutex<Run>, mut bytes: &[u8]) {
        let mut held = lock(run);
        held.end += bytes.len() as u64;
        while !bytes.is_empty() {
            if held.pieces.back().is_none_or(|piece| piece.len() == PIECE) {
                held.pieces.push_back(self.empty_piece());
            }
            let piece = held.pieces.back_mut().expect("there is one");
            let fits = bytes.len().min(PIECE - piece.len());
            piece.extend_from_slice(&bytes[..fits]);
            bytes = &bytes[fits..];
        }
        drop(held);
        self.0.came.notify_one();
    }
}

/// A run's writer is gone.
pub(super) fn release(run: &Mutex<Run>) {
    lock(run).is_leased = false;
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        lock(&self.waiting)
    }
}

impl Waiting {
    /// Returns the run whose next byte is the one at an offset: one that ends there, or a new one.
    fn run_at(&mut self, start: u64) -> Arc<Mutex<Run>> {
        let before = self.runs.range(..=start).next_back();
        if let Some((_, run)) = before {
            let mut held = lock(run);
            assert!(held.end <= start, "what is there is not leased again");
            if held.end == start && !held.is_leased {
                held.is_leased = true;
                drop(held);
                return Arc::clone(run);
            }
        }
        let run = Arc::new(Mutex::new(Run {
            pieces: VecDeque::new(),
            end: start,
            is_leased: true,
        }));
        self.runs.insert(start, Arc::clone(&run));
        run
    }

    /// Takes the next bytes out, if there are any. Runs before them are empty.
    fn take(&mut self) -> Option<Vec<u8>> {
        let (&start, run) = self.runs.range(..=self.next).next_back()?;
        let piece = lock(run).pieces.pop_front();
        self.runs = self.runs.split_off(&start);
        let piece = piece?;
        self.next += piece.len() as u64;
        Some(piece)
    }
}

/// No code panics while a lock is held but for a bug, which ends the download anyway.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
