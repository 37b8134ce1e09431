//! Owns the things that a server can do wrong, one by one, each with the rule it is found by.
//! Asserts nothing.

mod ranges;
mod wholes;

use super::altered::{Alter, Altered, Question};

pub(super) fn is_ranged(question: &Question) -> bool {
    question.has("range")
}

pub(super) fn is_part(reply: &Altered) -> bool {
    reply.status == 206 && reply.field("content-range").is_some()
}

/// First and last position of a part, and the length it tells.
pub(super) fn content_range(reply: &Altered) -> (usize, usize, usize) {
    let field = reply
        .field("content-range")
        .unwrap()
        .strip_prefix("bytes ")
        .unwrap();
    let (range, total) = field.split_once('/').unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (
        first.parse().unwrap(),
        last.parse().unwrap(),
        total.parse().unwrap(),
    )
}

/// A thing wrong: the level and the rule it is found by, its name, and how it is done.
pub(super) type Defect = (&'static str, &'static str, Alter);

/// All of them.
pub(super) fn all() -> Vec<Defect> {
    [ranges::DEFECTS, wholes::DEFECTS].concat()
}
