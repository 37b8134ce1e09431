//! Owns the asking of the conformance table: one request after another, each bounded in time and
//! bytes. Judges nothing; that is `conformance`'s.

mod answers;
mod cache;
mod client;
pub(crate) mod conformance;
mod error;
mod examination;
mod parallel;
mod redirects;
mod trust;
mod wire;

use std::fmt;

use http::{HeaderName, HeaderValue};
use url::Url;

pub use answers::{Answers, Verdict};
pub use conformance::{Document, Finding, Level, Row, Rule};
pub use error::CheckError;
use examination::Examination;
pub use trust::Trust;
pub use wire::MOST_READ;

/// Fields that the questions are asked with, so that they cannot be one's own.
const OF_QUESTIONS: &[&str] = &[
    "accept-encoding",
    "connection",
    "content-length",
    "range",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// How a server is asked.
#[derive(Clone, Default)]
pub struct Options {
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Names and values of fields that are sent with every request, to the origin of the URL only.
    pub fields: Vec<(String, String)>,
}

impl fmt::Debug for Options {
    /// Shows no value of a field: each may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Options")
            .field("trust", &self.trust)
            .field("fields", &names)
            .finish()
    }
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
        /// Where it falls short; empty if nowhere.
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

/// Where a check ended early.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Gone {
    /// The row that was asked when it was noticed.
    pub since: &'static str,
    /// Why nothing more could be asked.
    pub why: String,
}

/// The answers of a server to the table.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Report {
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
    /// What people want to know.
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

impl Report {
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

/// Every rule that a finding can rest on.
#[must_use]
pub fn rules() -> &'static [&'static Rule] {
    conformance::rules::RULES
}

/// Every row of the table, in the order in which they are asked.
#[must_use]
pub fn rows() -> &'static [Row] {
    conformance::ROWS
}

/// Asks the server of `url` the whole table, over as few connections as it permits, and then for
/// several parts at once.
///
/// Sends about 80 requests, one more for each finding, and reads at most [`MOST_READ`] bytes of
/// each reply. Dropping the future ends the connections.
pub async fn check(url: &str, options: &Options) -> Result<Report, CheckError> {
    let mut url = Url::parse(url).map_err(|_| CheckError::Url)?;
    url.set_fragment(None);
    let fields = own_fields(&options.fields)?;
    let mut examination = Examination::begin(url, &options.trust, fields).await?;
    examination.ask_all().await?;
    Ok(examination.report().await)
}

fn own_fields(fields: &[(String, String)]) -> Result<client::OwnFields, CheckError> {
    let parsed = fields.iter().map(|(name, value)| {
        let is_of_questions = |name: &HeaderName| {
            OF_QUESTIONS.contains(&name.as_str()) || name.as_str().starts_with("if-")
        };
        let parsed = HeaderName::try_from(name)
            .ok()
            .zip(HeaderValue::try_from(value).ok());
        match parsed {
            Some((name, _)) if is_of_questions(&name) => Err(CheckError::OfQuestions {
                name: name.to_string(),
            }),
            Some(both) => Ok(both),
            None => Err(CheckError::Field),
        }
    });
    parsed.collect()
}
