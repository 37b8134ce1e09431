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
mod report;
mod trust;
mod wire;

use std::fmt;

use http::{HeaderName, HeaderValue};
use url::Url;

pub use conformance::{Document, Finding, Level, Row, Rule};
pub use error::CheckError;
use examination::Examination;
pub use examination::OnQuestion;
pub use report::{Answer, Answers, CheckReport, Conclusion, Gone, Outcome};
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

/// The way a server is asked.
#[derive(Clone, Default)]
pub struct Options {
    /// Whose certificates are believed.
    pub trust: Trust,
    /// Names and values of fields that are sent with every request, to the origin of the URL only.
    pub fields: Vec<(String, String)>,
    /// Is called with the number of a question, from 0, before it is asked, and at the end with
    /// the number of all.
    pub on_question: Option<OnQuestion>,
}

impl fmt::Debug for Options {
    /// Shows no value of a field: each may be a credential.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<_> = self.fields.iter().map(|(name, _)| name).collect();
        f.debug_struct("Options")
            .field("trust", &self.trust)
            .field("fields", &names)
            .finish_non_exhaustive()
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
///
/// ```
/// use range_server::{Config, Server, check};
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let server = Server::bind("127.0.0.1:0", Config::default()).await?;
/// let url = format!("{}/synthetic/1MiB", server.base_url());
/// let report = check::check(&url, &check::Options::default()).await?;
/// let answers = &report.answers;
/// for answer in [&answers.ranges, &answers.parallel, &answers.change] {
///     assert_eq!(answer.yes, Some(true), "{}", answer.why);
/// }
/// assert_eq!(report.findings().count(), 0);
/// # Ok(())
/// # }
/// ```
pub async fn check(url: &str, options: &Options) -> Result<CheckReport, CheckError> {
    let mut url = Url::parse(url).map_err(|_| CheckError::Url)?;
    url.set_fragment(None);
    let fields = own_fields(&options.fields)?;
    let mut examination = Examination::begin(url, &options.trust, fields).await?;
    examination.ask_all(options.on_question.as_ref()).await?;
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
