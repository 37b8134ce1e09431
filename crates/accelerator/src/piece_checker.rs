//! Owns the hashing of pieces: a thread that reads each back once its blocks are there, and, for
//! those that no thread has read, the same at the end. Knows no source, and not what follows.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use range_core::ByteRange;
use range_core::digest::{Digest, DigestAlgorithm};
use range_store::{ResumableFile, StoreError};

use crate::hasher::Hasher;
use crate::pieces::Question;
use crate::spawn;

/// The number of bytes read at a time: few enough to stay in the second-level cache.
const READ: usize = 256 << 10;

/// The handle of the thread. Dropping it ends the thread after one read at most.
#[derive(Debug)]
pub(crate) struct PieceChecker {
    questions: Option<mpsc::Sender<Question>>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

/// Takes an answer.
type Found = Box<dyn Fn(Result<(Question, Digest), StoreError>) + Send>;

impl PieceChecker {
    /// Starts the thread, which answers each question by `found`. `None` if the system has none
    /// left.
    pub(crate) fn start(
        file: ResumableFile,
        algorithm: DigestAlgorithm,
        found: impl Fn(Result<(Question, Digest), StoreError>) + Send + 'static,
    ) -> Option<Self> {
        let (questions, inbox) = mpsc::channel::<Question>();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let work = move |(file, inbox, found): (ResumableFile, mpsc::Receiver<Question>, Found)| {
            for question in &inbox {
                match hash(&file, question.range, algorithm, &stopped) {
                    Ok(Some(digest)) => found(Ok((question, digest))),
                    Ok(None) => return,
                    Err(error) => return found(Err(error)),
                }
            }
        };
        let found: Found = Box::new(found);
        let thread = spawn::start("pieces", (file, inbox, found), work).ok()?;
        Some(Self {
            questions: Some(questions),
            stop,
            thread: Some(thread),
        })
    }

    pub(crate) fn ask(&self, question: Question) {
        if let Some(questions) = &self.questions {
            // A thread that is gone has failed to read, and has said so.
            let _delivered = questions.send(question);
        }
    }
}

impl Drop for PieceChecker {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        drop(self.questions.take());
        if let Some(thread) = self.thread.take() {
            // The part file must not be held open by a thread that nobody knows of.
            let _ended = thread.join();
        }
    }
}

/// Hashes a piece. `None` if it was stopped.
pub(crate) fn hash(
    file: &ResumableFile,
    range: ByteRange,
    algorithm: DigestAlgorithm,
    stop: &AtomicBool,
) -> Result<Option<Digest>, StoreError> {
    let mut hasher = Hasher::new(algorithm);
    let mut buffer = vec![0; READ];
    let mut at = range.start();
    while at < range.end() {
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        let left = usize::try_from(range.end() - at).unwrap_or(usize::MAX);
        let piece = &mut buffer[..left.min(READ)];
        file.read_at(at, piece)?;
        hasher.update(piece);
        at += piece.len() as u64;
    }
    Ok(Some(hasher.finish()))
}
