//! Owns the answers that people want of a check: whether a download can be resumed, and safely,
//! whether it can be split, and whether a change is noticed. Pure: the outcomes of the table in,
//! sentences out.

use std::fmt::Write as _;

use range_core::http::{Strength, Validators};

use super::conformance::{Finding, rules};
use super::parallel::Together;
use super::report::{Answer, Answers, Conclusion, Outcome};

/// Rows that a downloader lives on.
const OF_DOWNLOADERS: &[&str] = &[
    "the first byte",
    "a range in the middle",
    "an open range near the end",
    "the last byte",
];

fn verdict(yes: impl Into<Option<bool>>, why: impl Into<String>) -> Conclusion {
    Conclusion {
        yes: yes.into(),
        why: why.into(),
    }
}

/// Answers the questions.
pub(super) fn answers(
    outcomes: &[Outcome],
    validators: &Validators,
    tag_changes: bool,
    together: Option<&Together>,
) -> Answers {
    let ranges = ranges(outcomes);
    let validator = strong(validators, tag_changes);
    let ignores = ignores_if_range(outcomes);
    Answers {
        resumption: resumption(&ranges, validator, ignores),
        parallel: parallel(&ranges, together),
        change: change(&ranges, validator, ignores),
        ranges,
    }
}

/// Reports whether the first row was answered with a part; `None` if it was not answered.
pub(super) fn serves_ranges(outcomes: &[Outcome]) -> Option<bool> {
    status(outcomes, OF_DOWNLOADERS[0]).map(|status| status == 206)
}

fn outcome<'a>(outcomes: &'a [Outcome], name: &str) -> Option<&'a Answer> {
    let found = outcomes.iter().find(|outcome| outcome.row.name == name);
    found.map(|outcome| &outcome.answer)
}

fn status(outcomes: &[Outcome], name: &str) -> Option<u16> {
    match outcome(outcomes, name)? {
        Answer::Judged { status, .. } => Some(*status),
        Answer::NotAsked | Answer::Busy { .. } | Answer::Broken { .. } => None,
    }
}

fn ranges(outcomes: &[Outcome]) -> Conclusion {
    let mut has_any = false;
    for name in OF_DOWNLOADERS {
        match outcome(outcomes, name) {
            Some(Answer::Judged {
                status: 206,
                findings,
                ..
            }) => {
                has_any = true;
                let wrong = findings.iter().find(|finding| is_about_bytes(finding));
                if let Some(finding) = wrong {
                    return verdict(false, format!("wrongly: {name}: {}", finding.what));
                }
            }
            Some(Answer::Judged { status: 200, .. }) => {
                let why = if has_any {
                    "some ranges are ignored"
                } else {
                    "ranges are ignored"
                };
                return verdict(false, format!("{why}, and the whole file comes: {name}"));
            }
            Some(Answer::Judged { status, .. }) => {
                return verdict(false, format!("{name} is answered {status}"));
            }
            Some(Answer::Broken { .. }) => return verdict(false, format!("{name} gets no reply")),
            Some(Answer::NotAsked | Answer::Busy { .. }) | None => {
                return verdict(None, "not found out");
            }
        }
    }
    verdict(true, "every range that a downloader needs")
}

/// Reports whether a finding says that other bytes came than were asked for or told. Fields that
/// are left out spoil no download.
fn is_about_bytes(finding: &Finding) -> bool {
    [&rules::SINGLE_PART, &rules::PARTIAL, &rules::PARTS_FOR_ONE].contains(&finding.rule)
}

/// The validator that tells versions apart, in words, or why there is none.
fn strong(validators: &Validators, tag_changes: bool) -> Result<&'static str, &'static str> {
    let tag = validators.entity_tag.as_ref();
    let has_strong_tag = tag.is_some_and(|tag| tag.strength() == Strength::Strong);
    let has_strong_date = validators.last_modified_strength() == Some(Strength::Strong);
    match (has_strong_tag, has_strong_date) {
        (true, _) => Ok("by its ETag"),
        (false, true) => Ok("by its Last-Modified"),
        (false, false) if tag_changes => Err("the ETag is another with each reply"),
        (false, false) if tag.is_some() => Err("the ETag is weak, and there is no date to go by"),
        (false, false) => Err("nothing tells one version from another"),
    }
}

/// Reports whether a part comes although it was asked for with a validator that nothing has.
fn ignores_if_range(outcomes: &[Outcome]) -> bool {
    let names = ["If-Range: another tag", "If-Range: a later date"];
    names.iter().any(|name| status(outcomes, name) == Some(206))
}

fn resumption(
    ranges: &Conclusion,
    validator: Result<&'static str, &'static str>,
    ignores: bool,
) -> Conclusion {
    match (ranges.yes, validator) {
        (Some(false), _) => verdict(false, "there are no ranges to rely on"),
        (None, _) => verdict(None, "not found out"),
        (Some(true), Err(why)) => verdict(false, why),
        (Some(true), Ok(by)) if ignores => {
            let why = format!("{by}, if the client compares it: If-Range is ignored");
            verdict(false, why)
        }
        (Some(true), Ok(by)) => verdict(true, format!("{by}, with If-Range")),
    }
}

fn change(
    ranges: &Conclusion,
    validator: Result<&'static str, &'static str>,
    ignores: bool,
) -> Conclusion {
    match validator {
        Err(why) => verdict(false, why),
        Ok(by) if ranges.yes != Some(true) => verdict(true, by),
        Ok(by) if ignores => {
            let why = format!("{by}, which the client has to compare: If-Range is ignored");
            verdict(true, why)
        }
        Ok(by) => verdict(true, format!("{by}, with If-Range")),
    }
}

fn parallel(ranges: &Conclusion, together: Option<&Together>) -> Conclusion {
    if ranges.yes == Some(false) {
        return verdict(false, "there are no ranges to divide");
    }
    let Some(together) = together else {
        return verdict(None, "not found out");
    };
    let Together { asked, served, .. } = together;
    let mut why = format!("{served} of {asked} at once were served");
    if let Some(gain) = together.gain() {
        let together = together.measured;
        // Writing to a String cannot fail.
        let _ = write!(
            why,
            "; {together} together brought {gain:.1} times what one did"
        );
    }
    verdict(served == asked, why)
}
