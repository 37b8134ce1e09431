//! Owns the report for programs: one JSON object, whose fields are added and never renamed.

use range_server::check::{Answer, CheckReport, Conclusion, Finding, Outcome};
use serde_json::{Value, json};

use super::people::{self, Counts};
use crate::report::json::Line;

/// The report as one object.
pub(super) fn object(report: &CheckReport) -> Line {
    let Counts {
        right,
        permitted,
        short,
        wrong,
        left_out,
    } = people::counts(report);
    let answers = &report.answers;
    let gone = report.gone.as_ref();
    Line::new()
        .with("version", 1)
        .with("url", report.url.as_str())
        .with("redirects", report.redirects.clone())
        .with("server", report.server.clone())
        .with("length", report.length)
        .with("caches", report.caches.clone())
        .with("ranges", verdict(&answers.ranges))
        .with("resumption", verdict(&answers.resumption))
        .with("parallel", verdict(&answers.parallel))
        .with("change", verdict(&answers.change))
        .with("plain", findings(&report.plain))
        .with("connection", findings(&report.connection))
        .with("rows", report.outcomes.iter().map(row).collect::<Vec<_>>())
        .with(
            "gone",
            gone.map(|gone| json!({"since": gone.since, "why": gone.why})),
        )
        .with(
            "counts",
            json!({
                "right": right,
                "permitted": permitted,
                "short": short,
                "wrong": wrong,
                "left_out": left_out,
            }),
        )
}

fn verdict(verdict: &Conclusion) -> Value {
    json!({"yes": verdict.yes, "why": verdict.why})
}

fn row(outcome: &Outcome) -> Value {
    let row = outcome.row;
    let status = match &outcome.answer {
        Answer::NotAsked | Answer::Broken { .. } => Value::Null,
        Answer::Busy { status } | Answer::Judged { status, .. } => json!(status),
    };
    let excused = match &outcome.answer {
        Answer::Judged { excused, .. } => findings(excused),
        Answer::NotAsked | Answer::Broken { .. } | Answer::Busy { .. } => json!([]),
    };
    json!({
        "name": row.name,
        "section": row.rule.section,
        "asked": !matches!(outcome.answer, Answer::NotAsked),
        "busy": matches!(outcome.answer, Answer::Busy { .. }),
        "status": status,
        "preferred": row.preferred,
        "permitted": row.permitted,
        "findings": findings(outcome.answer.findings()),
        "excused": excused,
    })
}

fn findings(findings: &[Finding]) -> Value {
    let described = findings.iter().map(|Finding { rule, what, .. }| {
        json!({
            "level": rule.level.word(),
            "document": rule.document.to_string(),
            "section": rule.section,
            "rule": rule.name,
            "what": what,
            "sentence": rule.sentence,
        })
    });
    described.collect()
}
