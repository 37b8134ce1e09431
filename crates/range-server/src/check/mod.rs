//! Owns the asking of the conformance table: one request after another, each bounded in time and
//! bytes. Judges nothing; that is `conformance`'s.

mod client;
pub(crate) mod conformance;
mod error;

use std::time::Duration;

use http::Uri;
use range_core::http::conditional::Method;
use range_core::http::{EntityTag, HttpDate, Validators};

use client::Client;
pub use client::{MOST_READ, Trust};
pub use conformance::{Finding, Level, Row};
use conformance::{Reply, SHORTEST, Subject};
pub use error::CheckError;

/// Longest wait for one reply: slow servers answer, and one that hangs costs the whole table less
/// than ten minutes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The outcome of one row.
#[derive(Debug)]
#[non_exhaustive]
pub struct Outcome {
    /// The question.
    pub row: &'static Row,
    /// The answer to it.
    pub answer: Answer,
}

/// The outcome of a request.
#[derive(Debug)]
pub enum Answer {
    /// It could not be asked: the representation has no such validator.
    NotAsked,
    /// No reply came, or none that is HTTP.
    Broken,
    /// A reply with this status, and where it falls short.
    Judged {
        /// The status.
        status: u16,
        /// Where it falls short; empty if nowhere.
        findings: Vec<Finding>,
    },
}

/// The answers of a server to the table.
#[derive(Debug)]
#[non_exhaustive]
pub struct Report {
    /// The `Server` field, if there is one. Foreign text.
    pub server: Option<String>,
    /// The length of the file.
    pub length: u64,
    /// The findings on a plain GET.
    pub plain: Vec<Finding>,
    /// The rows, in the order of the table.
    pub outcomes: Vec<Outcome>,
}

/// Asks the server of `url` the whole table, over as few connections as it permits.
///
/// Sends about 55 requests and reads at most [`MOST_READ`] bytes of each reply. Dropping the
/// future ends the connection.
pub async fn check(url: &str, trust: &Trust) -> Result<Report, CheckError> {
    let uri: Uri = url.parse().map_err(|_| CheckError::Url)?;
    let mut client = Client::new(uri, trust)?;
    let no_fields = Vec::new();
    let plain = within(client.ask(Method::Get, &no_fields))
        .await
        .map_err(CheckError::Unreachable)?;
    if plain.status != 200 {
        return Err(CheckError::NotServed(plain.status));
    }
    let subject = subject(&plain).ok_or(CheckError::TooShort)?;
    let mut outcomes = Vec::with_capacity(conformance::ROWS.len());
    for row in conformance::ROWS {
        let answer = answer(&mut client, row, &subject).await;
        outcomes.push(Outcome { row, answer });
    }
    let server = plain.field("server");
    Ok(Report {
        server: server.map(|name| String::from_utf8_lossy(name).into_owned()),
        length: subject.length,
        plain: conformance::judge_plain(&subject, &plain),
        outcomes,
    })
}

async fn answer(client: &mut Client, row: &'static Row, subject: &Subject) -> Answer {
    let Some(fields) = row.fields(subject) else {
        return Answer::NotAsked;
    };
    let Ok(reply) = within(client.ask(row.method, &fields)).await else {
        client.hang_up();
        return Answer::Broken;
    };
    Answer::Judged {
        status: reply.status,
        findings: conformance::judge(row, &fields, subject, &reply),
    }
}

async fn within(ask: impl Future<Output = Result<Reply, String>>) -> Result<Reply, String> {
    match tokio::time::timeout(PATIENCE, ask).await {
        Ok(reply) => reply,
        Err(_) => Err(format!("no reply within {} s", PATIENCE.as_secs())),
    }
}

fn subject(plain: &Reply) -> Option<Subject> {
    let announced = plain.field("content-length").and_then(|length| {
        let length: u64 = str::from_utf8(length).ok()?.parse().ok()?;
        Some(length)
    });
    let counted = plain
        .is_complete
        .then(|| u64::try_from(plain.content.len()));
    let length = announced.or(counted.and_then(Result::ok))?;
    let date = |name| plain.field(name).and_then(HttpDate::parse);
    (length >= SHORTEST).then(|| Subject {
        length,
        validators: Validators {
            entity_tag: plain.field("etag").and_then(EntityTag::parse),
            last_modified: date("last-modified"),
            date: date("date"),
        },
        known: plain.content.clone(),
    })
}
