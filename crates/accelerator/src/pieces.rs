//! Owns what is known of the pieces of a file whose hashes a list has: which are there and right,
//! which were wrong, and who gave those. Pure: it reads and hashes nothing.
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ops::Range;

use catalog::Pieces;
use range_core::block::BlockSize;
use range_core::digest::Digest;
use range_core::{ByteRange, RangeSet};
use scheduler::SourceId;

/// Most replies for one piece that are found wrong. A source that gives a wrong piece alone is left
/// at once; this ends what several of them give together.
const TRIES: usize = 8;

/// The pieces of a file that is fetched.
#[derive(Debug)]
pub(crate) struct PieceBook {
    length: u64,
    piece: u64,
    block_size: BlockSize,
    states: Vec<State>,
    wrong: BTreeMap<usize, Vec<Wrong>>,
}

/// The state of a piece.
#[derive(Clone, Copy, Debug, Default)]
struct State {
    /// True once a question about it was asked, of the bytes that are there now.
    is_asked: bool,
    /// The number of times that its bytes were given up.
    round: u32,
}

/// A wrong piece that came.
#[derive(Clone, Copy, Debug)]
struct Wrong {
    actual: Digest,
    /// The source that alone gave it.
    source: Option<SourceId>,
}

/// A piece that is to be hashed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Question {
    index: usize,
    round: u32,
    pub(crate) range: ByteRange,
}

/// The meaning of a piece's hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// These bytes are right.
    Right(ByteRange),
    /// These whole blocks hold a wrong piece, which one source gave alone, if that is known.
    Wrong(ByteRange, Option<SourceId>),
    /// Two sources gave the same wrong piece: the list is wrong about it.
    ListIsWrong(ByteRange),
    /// The piece is not to be had.
    NotToBeHad(ByteRange),
    /// The bytes were given up meanwhile.
    Stale,
}

impl PieceBook {
    /// Begins with no byte of a file of `length` bytes. `None` if these cannot be its pieces.
    pub(crate) fn new(pieces: &Pieces, length: u64, block_size: BlockSize) -> Option<Self> {
        pieces.check_size(length).ok()?;
        Some(Self {
            length,
            piece: pieces.length().get(),
            block_size,
            states: vec![State::default(); pieces.count()],
            wrong: BTreeMap::new(),
        })
    }

    /// Returns the pieces that can be hashed since `fresh` has come. A wrong one is fetched again
    /// in whole blocks, so that all blocks that it touches have to be there.
    pub(crate) fn came(&mut self, fresh: ByteRange, received: &RangeSet) -> Vec<Question> {
        let mut questions = Vec::new();
        let touched = self.blocks_of(fresh);
        for index in self.indexes(touched) {
            let range = self.range(index);
            let state = &self.states[index];
            if !state.is_asked && received.contains(self.blocks_of(range)) {
                let round = state.round;
                self.states[index].is_asked = true;
                questions.push(Question {
                    index,
                    round,
                    range,
                });
            }
        }
        questions
    }

    /// Judges the hash of a piece. `given` is what each source gave, and `has_others` tells of a
    /// source whether it is one of several that are asked.
    pub(crate) fn judge(
        &mut self,
        question: Question,
        (expected, actual): (Digest, Digest),
        given: &[RangeSet],
        has_others: impl Fn(SourceId) -> bool,
    ) -> Verdict {
        let Question {
            index,
            round,
            range,
        } = question;
        if self.states[index].round != round {
            return Verdict::Stale;
        }
        if actual == expected {
            return Verdict::Right(range);
        }
        let source = sole_giver(range, given);
        let before = self.wrong.entry(index).or_default();
        let is_other = |wrong: &Wrong| {
            let differ = wrong.source.zip(source).is_some_and(|(a, b)| a != b);
            differ && wrong.actual == actual
        };
        let is_again = |wrong: &Wrong| source.is_some() && wrong.source == source;
        let is_last = source.is_some_and(|source| !has_others(source));
        if before.iter().any(is_other) {
            return Verdict::ListIsWrong(range);
        }
        if before.len() + 1 == TRIES || (is_last && before.iter().any(is_again)) {
            return Verdict::NotToBeHad(range);
        }
        before.push(Wrong { actual, source });
        let blocks = self.blocks_of(range);
        for index in self.indexes(blocks) {
            let state = &mut self.states[index];
            state.is_asked = false;
            state.round += 1;
        }
        Verdict::Wrong(blocks, source)
    }

    /// Returns the place of a question among the pieces.
    pub(crate) fn index(question: Question) -> usize {
        question.index
    }

    /// Returns the range of every piece, in order.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = ByteRange> + '_ {
        (0..self.states.len()).map(|index| self.range(index))
    }

    fn range(&self, index: usize) -> ByteRange {
        let start = index as u64 * self.piece;
        let end = start.saturating_add(self.piece).min(self.length);
        ByteRange::new(start, end).expect("there are as many pieces as the length has")
    }

    /// Returns the pieces that a range touches.
    fn indexes(&self, range: ByteRange) -> Range<usize> {
        let at = |offset: u64| usize::try_from(offset / self.piece).unwrap_or(usize::MAX);
        let end = at(range.end() - 1).saturating_add(1);
        at(range.start())..end.min(self.states.len())
    }

    /// Returns the blocks that a range touches.
    fn blocks_of(&self, range: ByteRange) -> ByteRange {
        let start = self.block_size.floor(range.start());
        let end = self.block_size.ceil(range.end()).min(self.length);
        ByteRange::new(start, end).expect("it holds the range")
    }
}

/// Returns the source that gave all of a range, if no other gave any of it.
fn sole_giver(range: ByteRange, given: &[RangeSet]) -> Option<SourceId> {
    let mut givers = (0..)
        .map(SourceId)
        .zip(given)
        .filter(|(_, given)| given.intersects(range));
    let (source, given) = givers.next()?;
    let is_sole = givers.next().is_none() && given.contains(range);
    is_sole.then_some(source)
}
