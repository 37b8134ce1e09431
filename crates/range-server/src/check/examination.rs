//! Owns the course of a check: which question comes next, what is asked again to be sure, and when
//! to stop. Judges no reply itself.

mod reporting;

use std::sync::Arc;
use std::time::Duration;

use range_core::http::conditional::Method;
use url::Url;

use super::cache;
use super::client::{AskError, Asked, Client, OwnFields, Target};
use super::conformance::{
    self, Coded, Fields, Finding, NoSubject, ROWS, Reply, Row, Subject, age, broken, judge,
    judge_wire, surplus,
};
use super::error::CheckError;
use super::redirects::{self, MOST_REDIRECTS};
use super::report::{Answer, Gone, Outcome};
use super::trust::Trust;

/// Longest wait for one reply: slow servers answer, and one that hangs is given up after three.
const PATIENCE: Duration = Duration::from_secs(10);

/// Questions without a reply, one after the other, after which the server is given up.
const MOST_SILENCE: u32 = 3;

/// Attempts at a connection before a server is gone, and the pause between them: one that is
/// started again by its supervisor is back by then.
const CONNECTS: u32 = 3;
const PAUSE: Duration = Duration::from_millis(250);

/// A file has to be so many seconds old before its validators are what they stay.
const SETTLED: u64 = 3;

/// Changes of a file that a check goes along with.
const MOST_CHANGES: u32 = 3;

/// The number of times a server that is busy is asked again, and the longest pause it can ask for.
const BUSY: u32 = 2;
const LONGEST_PAUSE: u64 = 5;

/// Is told of each question, between two requests, so that it should not take long.
pub type OnQuestion = Arc<dyn Fn(usize) + Send + Sync>;

/// A check under way.
pub(super) struct Examination {
    client: Client,
    target: Target,
    redirects: Vec<String>,
    subject: Subject,
    plain: Reply,
    caches: Vec<&'static str>,
    tag_changes: bool,
    outcomes: Vec<Outcome>,
    /// Findings about connections, and about replies that turned out to have been wrong later.
    connection: Vec<Finding>,
    late: Vec<(usize, Finding)>,
    last: Option<(Option<usize>, Method, u16)>,
    /// The whole as it was when it was asked for last, to see whether it has changed.
    now: Option<Reply>,
    changes: u32,
    silence: u32,
    gone: Option<Gone>,
}

/// A reply, or why there is none.
enum Got {
    Reply(Reply),
    Busy(u16),
    Broken { is_http: bool },
    Gone(String),
}

impl Examination {
    /// Finds the file, through redirects, and learns what there is to compare with.
    pub(super) async fn begin(
        url: Url,
        trust: &Trust,
        mut fields: OwnFields,
    ) -> Result<Self, CheckError> {
        let mut here = url;
        let mut redirects = Vec::new();
        let (target, mut client, mut first) = loop {
            let target = Target::new(here.clone(), trust, fields.clone())?;
            let mut client = Client::new(target.clone());
            let reply = plain(&mut client).await?;
            let Some(to) = redirects::next(&here, &reply)? else {
                break (target, client, reply);
            };
            if redirects.len() == MOST_REDIRECTS {
                let status = reply.status;
                let why = "there are too many of them";
                return Err(CheckError::Redirect { status, why });
            }
            fields = redirects::fields_for(&here, &to, fields);
            redirects.push(redirects::shown(&to));
            here = to;
        };
        if first.status != 200 {
            return Err(CheckError::NotServed(first.status));
        }
        if let Some(young) = age(&first).and_then(|age| SETTLED.checked_sub(age)) {
            tokio::time::sleep(Duration::from_secs(young)).await;
        }
        let mut caches = Vec::new();
        let (mut second, mut tries) = (first.clone(), 0);
        let subject = loop {
            // Over another connection, which may lead to another server of several.
            client.hang_up();
            (first, second) = (second, plain(&mut client).await?);
            if second.status != 200 {
                return Err(CheckError::NotServed(second.status));
            }
            cache::recognise(&second, &mut caches);
            tries += 1;
            let subject = Subject::of(&first, &second, !caches.is_empty());
            let is_same_tag = first.field("etag") == second.field("etag");
            match subject {
                Ok(subject) if is_same_tag || tries > MOST_CHANGES => break subject,
                Err(NoSubject::TooShort) => return Err(CheckError::TooShort),
                Err(NoSubject::Changing) if tries > MOST_CHANGES => {
                    return Err(CheckError::Changing);
                }
                Ok(_) | Err(NoSubject::Changing) => {}
            }
        };
        Ok(Self {
            client,
            target,
            redirects,
            tag_changes: second.field("etag").is_some() && subject.field("etag").is_none(),
            subject,
            connection: judge_wire(Method::Get, &second),
            plain: second,
            caches,
            outcomes: Vec::with_capacity(ROWS.len()),
            late: Vec::new(),
            last: None,
            now: None,
            changes: 0,
            silence: 0,
            gone: None,
        })
    }

    /// Asks every row, and tells which one is next.
    pub(super) async fn ask_all(&mut self, tell: Option<&OnQuestion>) -> Result<(), CheckError> {
        let tell = |number| tell.into_iter().for_each(|tell| tell(number));
        for (number, row) in ROWS.iter().enumerate() {
            tell(number);
            let answer = match self.gone {
                None => self.row(row).await?,
                Some(_) => Answer::NotAsked,
            };
            self.outcomes.push(Outcome { row, answer });
        }
        tell(ROWS.len());
        Ok(())
    }

    async fn row(&mut self, row: &'static Row) -> Result<Answer, CheckError> {
        if !self.says_something(row) {
            return Ok(Answer::NotAsked);
        }
        loop {
            let Some(fields) = row.fields(&self.subject) else {
                return Ok(Answer::NotAsked);
            };
            let reply = match self.question(row.method, &fields).await {
                Got::Reply(reply) => reply,
                Got::Busy(status) => {
                    return Ok(if self.is_there(row).await {
                        Answer::Busy { status }
                    } else {
                        Answer::NotAsked
                    });
                }
                Got::Broken { is_http } => {
                    // Something may go on listening for a server that is no more.
                    if !self.is_there(row).await {
                        return Ok(Answer::NotAsked);
                    }
                    let findings = vec![broken(is_http)];
                    return Ok(Answer::Broken { findings });
                }
                Got::Gone(why) => {
                    self.gone = Some(Gone {
                        since: row.name,
                        why,
                    });
                    return Ok(Answer::NotAsked);
                }
            };
            let mut findings = judge(row, &fields, &self.subject, &reply);
            self.add_wire(row.method, &reply, &mut findings);
            if !findings.is_empty() {
                if !self.is_there(row).await {
                    return Ok(Answer::NotAsked);
                }
                if self.is_another_version().await? {
                    // The finding may be the change.
                    continue;
                }
            }
            if let Some(coded) = Coded::of(&reply) {
                self.subject.coded = Some(coded);
            }
            return Ok(Answer::Judged {
                status: reply.status,
                findings,
                excused: Vec::new(),
            });
        }
    }

    /// Reports whether the row that this one builds on was answered as it has to be.
    fn says_something(&self, row: &Row) -> bool {
        let Some(earlier) = row.after else {
            return true;
        };
        let found = self
            .outcomes
            .iter()
            .find(|outcome| outcome.row.name == earlier);
        found.is_some_and(|outcome| {
            let preferred = outcome.row.preferred;
            matches!(&outcome.answer, Answer::Judged { status, .. } if *status == preferred)
        })
    }

    /// Adds what was odd about how a reply came: to the row if it is about this reply, and once to
    /// the connection if it is the server's way.
    fn add_wire(&mut self, method: Method, reply: &Reply, findings: &mut Vec<Finding>) {
        for finding in judge_wire(method, reply) {
            let is_a_way = conformance::is_of_connections(finding.rule);
            if !is_a_way {
                findings.push(finding);
            } else if !self.connection.contains(&finding) {
                self.connection.push(finding);
            }
        }
    }

    /// Asks for the whole again, and notes that the server is gone if it is not to be had any more.
    async fn is_there(&mut self, row: &Row) -> bool {
        let why = match self.question(Method::Get, &Fields::new()).await {
            Got::Reply(now) if now.status == 200 => {
                self.now = Some(now);
                return true;
            }
            Got::Reply(Reply { status, .. }) | Got::Busy(status) => {
                format!("a plain GET is answered {status} now")
            }
            Got::Broken { .. } => "a plain GET gets no reply any more".to_owned(),
            Got::Gone(why) => why,
        };
        self.gone = Some(Gone {
            since: row.name,
            why,
        });
        false
    }

    /// Takes the file as it is now, if it has changed.
    async fn is_another_version(&mut self) -> Result<bool, CheckError> {
        let Some(now) = self.now.take().filter(|now| !self.subject.is_still(now)) else {
            return Ok(false);
        };
        let Got::Reply(again) = self.question(Method::Get, &Fields::new()).await else {
            return Ok(false);
        };
        self.changes += 1;
        if self.changes > MOST_CHANGES {
            return Err(CheckError::Changing);
        }
        match Subject::of(&now, &again, self.subject.is_cached) {
            Ok(subject) => {
                self.subject = subject;
                self.plain = again;
                Ok(true)
            }
            Err(NoSubject::TooShort) => Err(CheckError::TooShort),
            Err(NoSubject::Changing) => Err(CheckError::Changing),
        }
    }

    /// Asks until there is a reply that means something, or none is to be had.
    async fn question(&mut self, method: Method, fields: &Fields) -> Got {
        let (mut busy, mut broken, mut unconnected) = (0, 0, 0);
        loop {
            let asked = tokio::time::timeout(PATIENCE, self.client.ask(method, fields)).await;
            let Ok(Asked { reply, stray }) = asked else {
                self.client.hang_up();
                self.silence += 1;
                if self.silence == MOST_SILENCE {
                    let seconds = PATIENCE.as_secs();
                    return Got::Gone(format!("three questions got no reply within {seconds} s"));
                }
                return Got::Broken { is_http: true };
            };
            self.blame(stray);
            match reply {
                Ok(reply) => {
                    self.silence = 0;
                    cache::recognise(&reply, &mut self.caches);
                    self.subject.is_cached = !self.caches.is_empty();
                    self.last = Some((Some(self.outcomes.len()), method, reply.status));
                    if !matches!(reply.status, 429 | 503) {
                        return Got::Reply(reply);
                    }
                    if busy == BUSY {
                        return Got::Busy(reply.status);
                    }
                    busy += 1;
                    self.client.hang_up();
                    tokio::time::sleep(pause(&reply)).await;
                }
                Err(AskError::NotConnected(why)) => {
                    unconnected += 1;
                    if unconnected == CONNECTS {
                        return Got::Gone(why);
                    }
                    tokio::time::sleep(PAUSE).await;
                }
                Err(error @ (AskError::Closed | AskError::NotHttp)) => {
                    broken += 1;
                    if broken == 2 {
                        let is_http = matches!(error, AskError::Closed);
                        return Got::Broken { is_http };
                    }
                }
            }
        }
    }

    /// Blames bytes that followed a reply on the question that it answered.
    fn blame(&mut self, stray: usize) {
        let Some((at, method, status)) = self.last.take().filter(|_| stray > 0) else {
            return;
        };
        let finding = surplus(method, status, stray);
        match at {
            Some(at) => self.late.push((at, finding)),
            None => self.connection.push(finding),
        }
    }
}

/// The reply to a plain GET.
async fn plain(client: &mut Client) -> Result<Reply, CheckError> {
    let no_fields = Fields::new();
    let asked = tokio::time::timeout(PATIENCE, client.ask(Method::Get, &no_fields)).await;
    let seconds = PATIENCE.as_secs();
    let unreachable = CheckError::Unreachable;
    let asked = asked.map_err(|_| unreachable(format!("no reply within {seconds} s")))?;
    asked.reply.map_err(|error| unreachable(error.to_string()))
}

/// The time that a busy server asks for, within limits.
fn pause(reply: &Reply) -> Duration {
    let seconds = reply
        .field("retry-after")
        .and_then(|value| str::from_utf8(value).ok());
    let seconds = seconds
        .and_then(|text| text.trim().parse().ok())
        .unwrap_or(1);
    Duration::from_secs(LONGEST_PAUSE.min(seconds))
}
