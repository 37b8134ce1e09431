//! Owns the report for people: three answers, one line for each kind of finding, and counts of both
//! findings and questions.

use range_server::check::{Answer, CheckReport, Conclusion, Finding, Level, Rule};

use crate::printer;
use crate::terminal_text::TerminalText;
use crate::wrap;

/// Longest server name that is shown, in characters.
const LONGEST_SERVER: usize = 80;

/// Longest line of a sentence.
const COLUMNS: usize = 78;

/// Prints the report.
pub(super) fn show(report: &CheckReport, verbose: bool) {
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
        ("Can a download resume?", &answers.ranges),
        ("Can it be split?", &answers.parallel),
        ("Can a change be noticed?", &answers.change),
    ] {
        printer::data(format_args!("{question:<25}{}", said(verdict)));
    }
    let told = told(report);
    printer::data(heading(told.iter().map(|told| told.finding.level())));
    let mut shown: Vec<&Rule> = Vec::new();
    for Told { finding, names } in told {
        let Finding { rule, what, .. } = finding;
        let place = format!("{} §{}", rule.document, rule.section);
        let level = finding.level().word();
        printer::data(format_args!("{level:<7} {place:<18} {names}: {what}"));
        if verbose && !shown.contains(rule) {
            for line in wrap::lines(rule.sentence, COLUMNS) {
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

fn said(verdict: &Conclusion) -> String {
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
fn told(report: &CheckReport) -> Vec<Told<'_>> {
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

/// Returns a heading that counts the lines of each level below it.
fn heading(levels: impl Iterator<Item = Level>) -> String {
    let levels: Vec<_> = levels.collect();
    let counted = [Level::Must, Level::Should, Level::Advice].map(|level| {
        let number = levels.iter().filter(|own| **own == level).count();
        (number, level.word())
    });
    let counted = counted.iter().filter(|(number, _)| *number > 0);
    let counted: Vec<_> = counted
        .map(|(number, word)| format!("{number} {word}"))
        .collect();
    match levels.len() {
        0 => "Nothing is found.".to_owned(),
        1 => format!("1 kind of finding: {}", counted.join(", ")),
        kinds => format!("{kinds} kinds of findings: {}", counted.join(", ")),
    }
}

/// The numbers of questions by their answers: each counts once, by the strongest finding on
/// its reply.
#[derive(Clone, Copy, Default)]
pub(super) struct Counts {
    pub(super) right: u32,
    pub(super) permitted: u32,
    /// Against a SHOULD.
    pub(super) short: u32,
    /// Against a MUST, or without a reply.
    pub(super) wrong: u32,
    pub(super) left_out: u32,
}

pub(super) fn counts(report: &CheckReport) -> Counts {
    let mut counts = Counts::default();
    for outcome in &report.outcomes {
        let strongest = outcome.answer.findings().iter().map(Finding::level).max();
        match (&outcome.answer, strongest) {
            (Answer::NotAsked | Answer::Busy { .. }, _) => counts.left_out += 1,
            (Answer::Broken { .. }, _) | (_, Some(Level::Must)) => counts.wrong += 1,
            (_, Some(Level::Should)) => counts.short += 1,
            (Answer::Judged { status, .. }, None) if *status == outcome.row.preferred => {
                counts.right += 1;
            }
            (Answer::Judged { .. }, _) => counts.permitted += 1,
        }
    }
    counts
}

fn summary(report: &CheckReport) -> String {
    let Counts {
        right,
        permitted,
        short,
        wrong,
        left_out,
    } = counts(report);
    let asked = right + permitted + short + wrong;
    let all = asked + left_out;
    let parts = [
        (right, "right"),
        (permitted, "permitted"),
        (short, "against a SHOULD"),
        (wrong, "against a MUST"),
    ];
    let parts = parts.iter().filter(|(number, _)| *number > 0);
    let parts: Vec<_> = parts
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    format!("{asked} of {all} questions asked: {}", parts.join(", "))
}
