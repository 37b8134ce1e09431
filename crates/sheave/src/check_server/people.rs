//! Owns the report for people: three answers, one line for each kind of finding, and a count.

use range_server::check::{Answer, Finding, Report, Rule, Verdict};

use crate::printer;
use crate::terminal_text::TerminalText;

/// Longest server name that is shown, in characters.
const LONGEST_SERVER: usize = 80;

/// Longest line of a sentence.
const COLUMNS: usize = 78;

/// Prints the report.
pub(super) fn show(report: &Report, verbose: bool) {
    let server = report.server.as_deref();
    let server = server.unwrap_or("a server that gives no name");
    let server = TerminalText(server).capped(LONGEST_SERVER);
    printer::data(format_args!("{server}, a file of {} bytes", report.length));
    for url in &report.redirects {
        printer::data(format_args!("  redirected to {}", TerminalText(url)));
    }
    if !report.caches.is_empty() {
        let names = report.caches.join(", ");
        printer::data(format_args!(
            "  a cache is in front ({names}); rules for origin servers do not bind it"
        ));
    }
    let answers = &report.answers;
    for (question, verdict) in [
        ("ranges", &answers.ranges),
        ("safe to resume", &answers.resumption),
        ("parallel connections", &answers.parallel),
    ] {
        printer::data(format_args!("{question:<22}{}", said(verdict)));
    }
    let mut shown: Vec<&Rule> = Vec::new();
    for Told { finding, names } in told(report) {
        let Finding { rule, what, .. } = finding;
        let place = format!("{} §{}", rule.document, rule.section);
        let level = finding.level().word();
        printer::data(format_args!("{level:<7} {place:<18} {names}: {what}"));
        if verbose && !shown.contains(rule) {
            for line in wrapped(rule.sentence) {
                printer::data(format_args!("        | {line}"));
            }
            shown.push(rule);
        }
    }
    if let Some(gone) = &report.gone {
        let why = TerminalText(&gone.why).capped(200);
        printer::data(format_args!(
            "The server is gone since {:?}: {why}",
            gone.since
        ));
    }
    printer::data(summary(report));
}

fn said(verdict: &Verdict) -> String {
    let word = match verdict.yes {
        Some(true) => "yes",
        Some(false) => "no",
        None => "not known",
    };
    format!("{word}: {}", verdict.why)
}

/// One finding, and the questions it was found in.
struct Told<'a> {
    finding: &'a Finding,
    names: String,
}

/// The findings, the same of several questions once, the strongest first.
fn told(report: &Report) -> Vec<Told<'_>> {
    let mut kinds: Vec<(&Finding, Vec<&str>)> = Vec::new();
    for (row, finding) in report.findings() {
        let name = row.map_or("any reply", |row| row.name);
        match kinds.iter_mut().find(|(own, _)| *own == finding) {
            Some((_, names)) => names.push(name),
            None => kinds.push((finding, vec![name])),
        }
    }
    kinds.sort_by_key(|(finding, _)| std::cmp::Reverse(finding.level()));
    let told = kinds.into_iter().map(|(finding, names)| {
        let names = match names.as_slice() {
            [name] => (*name).to_owned(),
            [name, rest @ ..] => format!("{name}, and {} more", rest.len()),
            [] => String::new(),
        };
        Told { finding, names }
    });
    told.collect()
}

fn wrapped(sentence: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in sentence.split_whitespace() {
        let line = lines.last_mut().expect("there is one from the start");
        if line.is_empty() {
            line.push_str(word);
        } else if line.len() + word.len() < COLUMNS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// How many questions were answered how.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) right: u32,
    pub(super) permitted: u32,
    pub(super) wrong: u32,
    pub(super) left_out: u32,
}

pub(super) fn counts(report: &Report) -> Counts {
    let mut counts = Counts::default();
    for outcome in &report.outcomes {
        match &outcome.answer {
            Answer::NotAsked | Answer::Busy { .. } => counts.left_out += 1,
            Answer::Judged {
                status, findings, ..
            } if findings.is_empty() => {
                if *status == outcome.row.preferred {
                    counts.right += 1;
                } else {
                    counts.permitted += 1;
                }
            }
            Answer::Broken { .. } | Answer::Judged { .. } => counts.wrong += 1,
        }
    }
    counts
}

fn summary(report: &Report) -> String {
    let Counts {
        right,
        permitted,
        wrong,
        left_out,
    } = counts(report);
    let asked = right + permitted + wrong;
    format!(
        "{asked} asked: {right} right, {permitted} permitted, {wrong} wrong; {left_out} left out"
    )
}
