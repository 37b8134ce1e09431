//! Owns the report for CI services: one test case for each question, in the XML that JUnit made
//! common. Only what breaks a MUST fails, as for the exit code.

use std::fmt::Write as _;

use range_server::check::{Answer, CheckReport, Finding, Level};

use crate::terminal_text::is_hidden;

/// The class that cases of all replies together are filed under.
const TOGETHER: &str = "any reply";

/// One test case.
struct Case<'a> {
    name: &'a str,
    findings: Vec<&'a Finding>,
    /// The reason why it was not run.
    skipped: Option<String>,
}

/// The whole file.
pub(super) fn text(report: &CheckReport) -> String {
    let mut cases = vec![Case {
        name: TOGETHER,
        findings: report.plain.iter().chain(&report.connection).collect(),
        skipped: None,
    }];
    cases.extend(report.outcomes.iter().map(|outcome| Case {
        name: outcome.row.name,
        findings: outcome.answer.findings().iter().collect(),
        skipped: match &outcome.answer {
            Answer::NotAsked => Some("not asked".to_owned()),
            Answer::Busy { status } => Some(format!("the server is busy: {status}")),
            Answer::Broken { .. } | Answer::Judged { .. } => None,
        },
    }));
    let failures = cases.iter().filter(|case| fails(case)).count();
    let skipped = cases.iter().filter(|case| case.skipped.is_some()).count();
    let errors = usize::from(report.gone.is_some());
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    // Writing to a String cannot fail.
    let _ = writeln!(
        text,
        "<testsuites>\n<testsuite name=\"sheave check-server\" tests=\"{}\" \
         failures=\"{failures}\" \
         errors=\"{errors}\" skipped=\"{skipped}\">",
        cases.len() + errors
    );
    let _ = writeln!(
        text,
        "<properties><property name=\"url\" value=\"{}\"/></properties>",
        escaped(&report.url)
    );
    for case in &cases {
        write_case(&mut text, case);
    }
    if let Some(gone) = &report.gone {
        let (since, why) = (escaped(gone.since), escaped(&gone.why));
        let _ = writeln!(
            text,
            "<testcase classname=\"check-server\" name=\"the server stays\">\
             <error message=\"gone since {since}: {why}\"/></testcase>"
        );
    }
    text.push_str("</testsuite>\n</testsuites>\n");
    text
}

fn fails(case: &Case<'_>) -> bool {
    case.findings
        .iter()
        .any(|finding| finding.level() == Level::Must)
}

fn write_case(text: &mut String, case: &Case<'_>) {
    let name = escaped(case.name);
    let _ = write!(
        text,
        "<testcase classname=\"check-server\" name=\"{name}\">"
    );
    if let Some(why) = &case.skipped {
        let _ = write!(text, "<skipped message=\"{}\"/>", escaped(why));
    }
    for finding in &case.findings {
        let Finding { rule, what, .. } = finding;
        let place = format!("{} §{}", rule.document, rule.section);
        let (what, sentence) = (escaped(what), escaped(rule.sentence));
        let level = finding.level().word();
        let is_failure = finding.level() == Level::Must;
        let _ = if is_failure {
            write!(
                text,
                "<failure type=\"{level}\" message=\"{what}\">{place}: {sentence}</failure>"
            )
        } else {
            write!(
                text,
                "<system-out>{level} {place}: {what}\n{sentence}</system-out>"
            )
        };
    }
    text.push_str("</testcase>\n");
}

/// Text as XML takes it: escaped, and without characters that it forbids.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            _ if character.is_control() || is_hidden(character) => escaped.push('\u{fffd}'),
            _ => escaped.push(character),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn what_xml_forbids_is_not_written() {
        assert_eq!(escaped("a<b>&\"c\""), "a&lt;b&gt;&amp;&quot;c&quot;");
        assert_eq!(escaped("a\u{0}\u{1b}b"), "a\u{fffd}\u{fffd}b");
    }
}
