//! Owns the digests of the whole file: a thread that reads behind the frontier while the rest
//! still arrives, so that at the end only the last bytes are left. Knows no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::thread::JoinHandle;

use range_core::digest::{Digest, DigestAlgorithm};
use range_store::{ReadOnlyFile, ResumableFile, StoreError};
use tokio::sync::oneshot;

use crate::hasher::Hasher;
use crate::spawn;

/// The number of bytes read at a time: few enough to stay in the second-level cache between the
/// copy and the hash.
const PIECE: usize = 256 << 10;

/// The handle of the thread. Dropping it ends the thread after at most one piece.
#[derive(Debug)]
pub(crate) struct Digester {
    covered: Arc<AtomicU64>,
    algorithms: Vec<DigestAlgorithm>,
    by: By,
}

#[derive(Debug)]
enum By {
    Thread {
        orders: Option<mpsc::Sender<Order>>,
        thread: Option<JoinHandle<()>>,
    },
    /// The system has no thread left, so that whoever waits for the digests makes them.
    Caller(State),
}

/// Fills a buffer with the bytes from an offset on.
type ReadAt = Box<dyn Fn(u64, &mut [u8]) -> Result<(), StoreError> + Send + Sync>;

enum Order {
    /// Bytes before this offset are final.
    Frontier(u64),
    /// All bytes before the offset are final and are all there is.
    Finish(u64, Answer),
}

type Answer = oneshot::Sender<Result<Vec<Digest>, StoreError>>;

impl Digester {
    pub(crate) fn start(file: ResumableFile, algorithms: Vec<DigestAlgorithm>) -> Self {
        let read_at = move |offset, buffer: &mut [u8]| file.read_at(offset, buffer);
        Self::start_reading(Box::new(read_at), algorithms)
    }

    /// Starts the digests of a file that is complete.
    pub(crate) fn of_file(file: ReadOnlyFile, algorithms: Vec<DigestAlgorithm>) -> Self {
        let read_at = move |offset, buffer: &mut [u8]| file.read_at(offset, buffer);
        Self::start_reading(Box::new(read_at), algorithms)
    }

    pub(crate) fn start_reading(read_at: ReadAt, algorithms: Vec<DigestAlgorithm>) -> Self {
        let (orders, inbox) = mpsc::channel();
        let covered = Arc::new(AtomicU64::new(0));
        let shown = Arc::clone(&covered);
        let hashers = algorithms.iter().copied().map(Hasher::new).collect();
        let state = State {
            read_at,
            hashers,
            covered: shown,
            position: 0,
            frontier: 0,
        };
        let thread = spawn::start("digest", (state, inbox), |(state, inbox)| state.run(&inbox));
        let by = match thread {
            Ok(thread) => By::Thread {
                orders: Some(orders),
                thread: Some(thread),
            },
            Err((state, _inbox)) => By::Caller(state),
        };
        Self {
            covered,
            algorithms,
            by,
        }
    }

    /// The algorithms of its digests.
    pub(crate) fn algorithms(&self) -> &[DigestAlgorithm] {
        &self.algorithms
    }

    pub(crate) fn advance(&self, frontier: u64) {
        self.send(Order::Frontier(frontier));
    }

    /// Returns the number of bytes that are covered.
    pub(crate) fn covered(&self) -> u64 {
        self.covered.load(Ordering::Relaxed)
    }

    /// Covers what is left of a file of `length` bytes.
    pub(crate) async fn finish(&mut self, length: u64) -> Result<Vec<Digest>, StoreError> {
        if let By::Caller(state) = &mut self.by {
            return state.finish_by_steps(length).await;
        }
        let (answer, result) = oneshot::channel();
        self.send(Order::Finish(length, answer));
        result
            .await
            .expect("the digest thread answers before it ends")
    }

    fn send(&self, order: Order) {
        if let By::Thread { orders, .. } = &self.by {
            let orders = orders.as_ref().expect("present until dropped");
            // A thread that is gone has failed to read, and says so when asked to finish.
            let _delivered = orders.send(order);
        }
    }
}

impl Drop for Digester {
    fn drop(&mut self) {
        if let By::Thread { orders, thread } = &mut self.by {
            drop(orders.take());
            if let Some(thread) = thread.take() {
                // The part file must not be held open by a thread that nobody knows of.
                let _ended = thread.join();
            }
        }
    }
}

struct State {
    read_at: ReadAt,
    hashers: Vec<Hasher>,
    covered: Arc<AtomicU64>,
    position: u64,
    frontier: u64,
}

impl State {
    fn run(mut self, inbox: &mpsc::Receiver<Order>) {
        let mut piece = vec![0; PIECE];
        let mut failed = None;
        loop {
            let order = if self.position < self.frontier && failed.is_none() {
                match inbox.try_recv() {
                    Ok(order) => Some(order),
                    Err(TryRecvError::Empty) => None,
                    Err(TryRecvError::Disconnected) => return,
                }
            } else {
                match inbox.recv() {
                    Ok(order) => Some(order),
                    Err(mpsc::RecvError) => return,
                }
            };
            match order {
                Some(Order::Frontier(frontier)) => self.frontier = frontier,
                Some(Order::Finish(length, answer)) => {
                    self.frontier = length;
                    let result = match failed.take() {
                        None => self.rest(&mut piece, &answer),
                        Some(error) => Err(error),
                    };
                    // The download may have been dropped meanwhile.
                    let _delivered = answer.send(result.map(|()| self.digests()));
                    return;
                }
                None => failed = self.step(&mut piece).err(),
            }
        }
    }

    /// Covers the rest, while a caller waits for the answer.
    fn rest(&mut self, piece: &mut [u8], answer: &Answer) -> Result<(), StoreError> {
        while self.position < self.frontier && !answer.is_closed() {
            self.step(piece)?;
        }
        Ok(())
    }

    /// Covers what is left, and lets others go on after every piece.
    async fn finish_by_steps(&mut self, length: u64) -> Result<Vec<Digest>, StoreError> {
        let mut piece = vec![0; PIECE];
        self.frontier = length;
        while self.position < self.frontier {
            self.step(&mut piece)?;
            tokio::task::yield_now().await;
        }
        Ok(self.digests())
    }

    fn digests(&mut self) -> Vec<Digest> {
        let hashers = std::mem::take(&mut self.hashers);
        hashers.into_iter().map(Hasher::finish).collect()
    }

    fn step(&mut self, piece: &mut [u8]) -> Result<(), StoreError> {
        let left = usize::try_from(self.frontier - self.position).unwrap_or(usize::MAX);
        let piece = &mut piece[..left.min(PIECE)];
        (self.read_at)(self.position, piece)?;
        for hasher in &mut self.hashers {
            hasher.update(piece);
        }
        self.position += piece.len() as u64;
        self.covered.store(self.position, Ordering::Relaxed);
        Ok(())
    }
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest as _, Sha256, Sha512};
    use std::sync::Mutex;

    #[tokio::test]
    async fn digests_cover_what_arrived_before_and_after_the_order_to_finish() {
        let bytes: Vec<u8> = (0..=250).cycle().take(PIECE * 3 + 17).collect();
        let length = bytes.len() as u64;
        let file = Arc::new(Mutex::new(Vec::new()));
        let read = Arc::clone(&file);
        let read_at = move |offset: u64, buffer: &mut [u8]| {
            let start = usize::try_from(offset).unwrap();
            buffer.copy_from_slice(&read.lock().unwrap()[start..start + buffer.len()]);
            Ok(())
        };
        let all = DigestAlgorithm::ALL.to_vec();
        let mut digester = Digester::start_reading(Box::new(read_at), all);
        let (front, rest) = bytes.split_at(PIECE + 5);
        file.lock().unwrap().extend_from_slice(front);
        digester.advance(front.len() as u64);
        file.lock().unwrap().extend_from_slice(rest);
        let digests = digester.finish(length).await.unwrap();
        assert_eq!(digests[0].bytes(), Sha256::digest(&bytes).as_slice());
        assert_eq!(digests[1].bytes(), Sha512::digest(&bytes).as_slice());
        let algorithms: Vec<_> = digests.iter().map(Digest::algorithm).collect();
        assert_eq!(algorithms, DigestAlgorithm::ALL);
        assert_eq!(digester.covered(), length);
    }
}
