//! Owns what a check tells: the outcome of each row, the answers that people want, and the
//! findings.
//! Asks and judges nothing.

use super::conformance::{Finding, Row};

/// A question of people, and its answer.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Conclusion {
    /// Yes or no; `None` if it could not be found out.
    pub yes: Option<bool>,
    /// Why, in a few words.
    pub why: String,
}

/// The answers that people want.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Answers {
    /// Does the server serve ranges?
    pub ranges: Conclusion,
    /// Is an interrupted download safe to resume: by ranges, with a server that notices a change?
    pub resumption: Conclusion,
    /// Can a file be divided among several connections at once?
    pub parallel: Conclusion,
    /// Can a change of the file be noticed, by the server or by a client that compares replies?
    pub change: Conclusion,
}

/// The outcome of one row.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The question.
    pub row: &'static Row,
    /// The answer to it.
    pub answer: Answer,
}

/// The outcome of a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It was not asked: the representation has no such validator, the row that it builds on was
    /// answered otherwise, or the server was gone.
    NotAsked,
    /// The server had no time for it (429 or 503), which says nothing about ranges.
    Busy {
        /// The status.
        status: u16,
    },
    /// No reply came, or none that is HTTP.
    Broken {
        /// The rule that asks for one.
        findings: Vec<Finding>,
    },
    /// A reply with this status, and where it falls short.
    Judged {
        /// The status.
        status: u16,
        /// The points where it falls short; empty if there are none.
        findings: Vec<Finding>,
        /// Where it would fall short, if it did not come from a cache.
        excused: Vec<Finding>,
    },
}

impl Answer {
    /// The findings on the reply, or on there being none.
    pub fn findings(&self) -> &[Finding] {
        match self {
            Self::NotAsked | Self::Busy { .. } => &[],
            Self::Broken { findings } | Self::Judged { findings, .. } => findings,
        }
    }
}

/// The point where a check ended early.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gone {
    /// The row that was asked when it was noticed.
    pub since: &'static str,
    /// The reason why nothing more could be asked.
    pub why: String,
}

/// The answers of a server to the table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CheckReport {
    /// The URL that was checked, after all redirects, without what may be secret: the user, the
    /// password and the values of the query.
    pub url: String,
    /// The URLs that redirects led to, one after the other, likewise.
    pub redirects: Vec<String>,
    /// The `Server` field, if there is one. Foreign text.
    pub server: Option<String>,
    /// The names of fields by which a cache in front was recognised.
    pub caches: Vec<&'static str>,
    /// The length of the file.
    pub length: u64,
    /// The answers that people want.
    pub answers: Answers,
    /// The findings on a plain GET, and on all replies together.
    pub plain: Vec<Finding>,
    /// The findings on how the server treats connections.
    pub connection: Vec<Finding>,
    /// The rows, in the order of the table.
    pub outcomes: Vec<Outcome>,
    /// The end of the check, if it was not that of the table.
    pub gone: Option<Gone>,
}

impl CheckReport {
    /// Every finding, with the question it was found in; `None` is all of them together.
    pub fn findings(&self) -> impl Iterator<Item = (Option<&'static Row>, &Finding)> {
        let together = self.plain.iter().chain(&self.connection);
        let of_rows = self.outcomes.iter().flat_map(|outcome| {
            let findings = outcome.answer.findings().iter();
            findings.map(|finding| (Some(outcome.row), finding))
        });
        together.map(|finding| (None, finding)).chain(of_rows)
    }
}
