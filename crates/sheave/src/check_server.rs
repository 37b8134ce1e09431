//! Owns `sheave check-server`: how a server did with the conformance table, as a table for people
//! or one JSON object. Asks and judges nothing itself.

use std::time::Duration;

use range_server::check::{self, Answer, CheckError, Finding, Level, Outcome, Report};
use serde_json::{Value, json};

use crate::exit_code::Exit;
use crate::printer;
use crate::report::json::Line;
use crate::settings::CheckSettings;
use crate::signal::{Patience, Stop};
use crate::terminal_text::TerminalText;

/// Nothing is kept, so nothing has to be finished.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_secs(1),
    last_words: "stopped while a server was checked",
};

/// Longest server name that is shown, in characters.
const LONGEST_SERVER: usize = 80;

/// Checks one server.
pub(crate) async fn run(settings: CheckSettings, mut stop: Stop) -> Exit {
    let report = tokio::select! {
        report = check::check(&settings.url, &settings.trust) => report,
        () = stop.requested() => return Exit::Interrupted,
    };
    let report = match report {
        Ok(report) => report,
        Err(error) => return printer::failure(exit_of(&error), &error),
    };
    if settings.json {
        printer::data(for_programs(&report));
    } else {
        for_people(&report);
    }
    let breaks_a_must = findings(&report).any(|(_, finding)| finding.level == Level::Must)
        || report.outcomes.iter().any(is_broken);
    if breaks_a_must {
        Exit::Deviates
    } else {
        Exit::Success
    }
}

fn exit_of(error: &CheckError) -> Exit {
    match error {
        CheckError::Url | CheckError::Certificates | CheckError::NobodyTrusted => Exit::Usage,
        CheckError::Unreachable(_) => Exit::Network,
        CheckError::NotServed(_) | CheckError::TooShort => Exit::Refused,
        _ => Exit::Internal,
    }
}

/// Every finding, with what was asked.
fn findings(report: &Report) -> impl Iterator<Item = (&'static str, &Finding)> {
    let plain = report.plain.iter().map(|finding| (PLAIN, finding));
    let of_rows = report
        .outcomes
        .iter()
        .flat_map(|outcome| match &outcome.answer {
            Answer::Judged { findings, .. } => findings
                .iter()
                .map(|finding| (outcome.row.name, finding))
                .collect::<Vec<_>>(),
            Answer::NotAsked | Answer::Broken => Vec::new(),
        });
    plain.chain(of_rows)
}

/// The question before those of the table.
const PLAIN: &str = "a plain GET";

fn is_broken(outcome: &Outcome) -> bool {
    matches!(outcome.answer, Answer::Broken)
}

fn level(level: Level) -> &'static str {
    match level {
        Level::Must => "MUST",
        Level::Should => "SHOULD",
    }
}

fn for_people(report: &Report) {
    let server = report
        .server
        .as_deref()
        .unwrap_or("a server that gives no name");
    let server = TerminalText(server).capped(LONGEST_SERVER);
    printer::data(format_args!("{server}, a file of {} bytes", report.length));
    for outcome in report.outcomes.iter().filter(|outcome| is_broken(outcome)) {
        let (name, section) = (outcome.row.name, outcome.row.section);
        printer::data(format_args!(
            "MUST    RFC 9110 §{section:<9} {name}: no reply"
        ));
    }
    for (name, finding) in findings(report) {
        let Finding { section, what, .. } = finding;
        let level = level(finding.level);
        printer::data(format_args!(
            "{level:<7} RFC 9110 §{section:<9} {name}: {what}"
        ));
    }
    printer::data(summary(report));
}

fn summary(report: &Report) -> String {
    let (mut right, mut permitted, mut left_out, mut wrong) = (0, 0, 0, 0);
    for outcome in &report.outcomes {
        match &outcome.answer {
            Answer::NotAsked => left_out += 1,
            Answer::Judged { status, findings } if findings.is_empty() => {
                if *status == outcome.row.preferred {
                    right += 1;
                } else {
                    permitted += 1;
                }
            }
            Answer::Broken | Answer::Judged { .. } => wrong += 1,
        }
    }
    let asked = report.outcomes.len() - left_out;
    format!(
        "{asked} asked: {right} right, {permitted} permitted, {wrong} wrong; {left_out} left out"
    )
}

fn for_programs(report: &Report) -> Line {
    Line::new()
        .with("server", report.server.clone())
        .with("length", report.length)
        .with("plain", described(&report.plain))
        .with("rows", report.outcomes.iter().map(row).collect::<Vec<_>>())
}

fn row(outcome: &Outcome) -> Value {
    let row = outcome.row;
    let (status, findings) = match &outcome.answer {
        Answer::NotAsked => (Value::Null, json!([])),
        Answer::Broken => {
            let what = "no reply";
            (
                Value::Null,
                json!([{"level": "MUST", "section": row.section, "what": what}]),
            )
        }
        Answer::Judged { status, findings } => (json!(status), described(findings)),
    };
    json!({
        "name": row.name,
        "section": row.section,
        "asked": !matches!(outcome.answer, Answer::NotAsked),
        "status": status,
        "preferred": row.preferred,
        "findings": findings,
    })
}

fn described(findings: &[Finding]) -> Value {
    let described = findings.iter().map(|finding| {
        let level = level(finding.level);
        json!({"level": level, "section": finding.section, "what": finding.what})
    });
    described.collect()
}
