//! Owns the way from a piece that has come to what follows from its hash. Judges nothing, and reads
//! nothing.

use range_core::digest::{Digest, DigestAlgorithm};
use range_core::{ByteRange, RangeSet};
use range_store::{ResumableFile, StoreError};
use scheduler::failure::FailureClass;
use scheduler::{Input, Scheduler, SourceId};
use tokio::sync::mpsc;

use crate::error::{Cause, Error, ErrorKind};
use crate::piece_checker::PieceChecker;
use crate::pieces::{PieceBook, Question, Verdict};
use crate::task::Task;
use crate::transport::error::TransportError;
use crate::worker::AttemptError;

/// The answer to a question.
pub(super) type Hashed = Result<(Question, Digest), StoreError>;

/// The pieces of the file of this run, while they are checked as they come.
#[derive(Debug)]
pub(super) struct PieceWatch {
    book: PieceBook,
    checker: PieceChecker,
    /// The bytes that have come since pieces were last looked for.
    fresh: RangeSet,
}

impl PieceWatch {
    /// Begins to watch a file, if its pieces are known and could be fetched again.
    pub(super) fn begin(
        task: &Task,
        file: &ResumableFile,
        scheduler: &mut Scheduler,
        hashed: &mpsc::UnboundedSender<Hashed>,
    ) -> Option<Self> {
        let pieces = task.settings.pieces.as_ref()?;
        let algorithm = algorithm_of(task)?;
        let book = PieceBook::new(pieces, file.length()?.0, file.block_size())?;
        let hashed = hashed.clone();
        let found = move |answer| {
            // A driver that is gone has no use for answers.
            let _delivered = hashed.send(answer);
        };
        let checker = PieceChecker::start(file.clone(), algorithm, found)?;
        scheduler.await_proof().then_some(Self {
            book,
            checker,
            fresh: RangeSet::new(),
        })
    }

    /// Notes that bytes have come.
    pub(super) fn came(&mut self, range: ByteRange) {
        self.fresh.insert(range);
    }

    /// Has the pieces hashed that are there.
    pub(super) fn ask(&mut self, received: &RangeSet) {
        for fresh in std::mem::take(&mut self.fresh).iter() {
            for question in self.book.came(fresh, received) {
                self.checker.ask(question);
            }
        }
    }

    /// Returns what a piece's hash is to the scheduler, if anything.
    pub(super) fn input_of(
        &mut self,
        task: &Task,
        (question, actual): (Question, Digest),
        given: &[RangeSet],
        scheduler: &Scheduler,
    ) -> Result<Option<Input>, Error> {
        let pieces = task.settings.pieces.as_ref();
        let expected = pieces.and_then(|pieces| pieces.get(PieceBook::index(question)));
        let expected = expected.and_then(|checksum| checksum.digest());
        let expected = expected.expect("a piece that is watched has a hash");
        let has_others = |source| scheduler.is_one_of_several(source);
        let verdict = self
            .book
            .judge(question, (expected, actual), given, has_others);
        let cause = match verdict {
            Verdict::Right(range) => return Ok(Some(Input::Proven { range })),
            Verdict::Wrong(range, source) => {
                return Ok(Some(Input::Disproven { range, source }));
            }
            Verdict::Stale => return Ok(None),
            Verdict::ListIsWrong(range) => Cause::ListIsWrong { range },
            Verdict::NotToBeHad(range) => Cause::WrongPiece { range },
        };
        Err(Error::new(ErrorKind::Corrupt, cause).keeping(true))
    }
}

/// Returns the algorithm of the pieces' hashes, if it is one that is computed.
pub(crate) fn algorithm_of(task: &Task) -> Option<DigestAlgorithm> {
    let pieces = task.settings.pieces.as_ref()?;
    let first = pieces.get(0)?.digest()?;
    Some(first.algorithm())
}

/// Returns the error of a source that has given a wrong piece, and its class.
pub(super) fn blame(source: Option<SourceId>) -> Option<(AttemptError, FailureClass)> {
    source?;
    let error = TransportError::WrongPiece;
    let class = error.disposition();
    Some((error.into(), class))
}
