//! Owns the digests of the whole file: a thread that reads behind the frontier while the rest
//! still arrives, so that at the end only the last bytes are left. Knows no network.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, TryRecvError};
use std::thread::JoinHandle;

use range_core::digest::{Digest, DigestAlgorithm};
use range_store::{ReadOnlyFile, ResumableFile, StoreError};
use sha2::digest::Digest as _;
use sha2::{Sha256, Sha512};
use tokio::sync::oneshot;

/// The number of bytes read at a time: few enough to stay in the second-level cache between the
/// copy and the hash.
const PIECE: usize = 256 << 10;

/// The handle of the thread. Dropping it ends the thread after at most one piece.
#[derive(Debug)]
pub(crate) struct Digester {
    orders: Option<mpsc::Sender<Order>>,
    covered: Arc<AtomicU64>,
    thread: Option<JoinHandle<()>>,
}

/// Fills a buffer with the bytes from an offset on.
type ReadAt = Box<dyn Fn(u64, &mut [u8]) -> Result<(), StoreError> + Send>;

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
        let hashers = algorithms.into_iter().map(Hasher::new).collect();
        let state = State {
            read_at,
            hashers,
            covered: shown,
            position: 0,
            frontier: 0,
        };
        let thread = std::thread::Builder::new()
            .name("digest".into())
            .spawn(move || state.run(&inbox))
            .expect("the system can start a thread");
        Self {
            orders: Some(orders),
            covered,
            thread: Some(thread),
        }
    }

    pub(crate) fn advance(&self, frontier: u64) {
        self.send(Order::Frontier(frontier));
    }

    /// Returns the number of bytes that are covered.
    pub(crate) fn covered(&self) -> u64 {
        self.covered.load(Ordering::Relaxed)
    }

    /// Covers what is left of a file of `length` bytes.
    pub(crate) async fn finish(&self, length: u64) -> Result<Vec<Digest>, StoreError> {
        let (answer, result) = oneshot::channel();
        self.send(Order::Finish(length, answer));
        result
            .await
            .expect("the digest thread answers before it ends")
    }

    fn send(&self, order: Order) {
        let orders = self.orders.as_ref().expect("present until dropped");
        // A thread that is gone has failed to read, and says so when asked to finish.
        let _delivered = orders.send(order);
    }
}

impl Drop for Digester {
    fn drop(&mut self) {
        drop(self.orders.take());
        if let Some(thread) = self.thread.take() {
            // The part file must not be held open by a thread that nobody knows of.
            let _ended = thread.join();
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
                    let hashers = std::mem::take(&mut self.hashers);
                    let digests = hashers.into_iter().map(Hasher::finish).collect();
                    // The download may have been dropped meanwhile.
                    let _delivered = answer.send(result.map(|()| digests));
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

enum Hasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl Hasher {
    fn new(algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            DigestAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    fn finish(self) -> Digest {
        let digest = match self {
            Self::Sha256(hasher) => Digest::new(DigestAlgorithm::Sha256, &hasher.finalize()),
            Self::Sha512(hasher) => Digest::new(DigestAlgorithm::Sha512, &hasher.finalize()),
        };
        digest.expect("a hasher makes as many bytes as its algorithm says")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
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
        let both = vec![DigestAlgorithm::Sha256, DigestAlgorithm::Sha512];
        let digester = Digester::start_reading(Box::new(read_at), both);
        let (front, rest) = bytes.split_at(PIECE + 5);
        file.lock().unwrap().extend_from_slice(front);
        digester.advance(front.len() as u64);
        file.lock().unwrap().extend_from_slice(rest);
        let digests = digester.finish(length).await.unwrap();
        assert_eq!(digests[0].bytes(), Sha256::digest(&bytes).as_slice());
        assert_eq!(digests[1].bytes(), Sha512::digest(&bytes).as_slice());
        assert_eq!(digester.covered(), length);
    }
}
