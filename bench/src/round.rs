//! Owns the order of runs and the judgement of each: contenders in turn, again and again, every
//! output compared. Only ratios within one such interleaving mean anything.
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Child;
use std::time::Duration;

use super::failure::Failure;
use super::guardian::Guardian;
use super::process::{self, Cost, Line, Memory};
use super::statistics::{Summary, summary};
use super::workdir::WorkDirectory;
use super::{content, http};

/// The content that an output must equal.
#[derive(Clone, Debug)]
pub(super) enum Expected {
    /// This file.
    File(PathBuf),
    /// The first bytes, so many, that the harness's own client gets from there.
    Answer { url: String, length: u64 },
    /// The contender writes nothing.
    Nothing,
}

/// One row, before it is measured.
#[derive(Clone, Debug)]
pub(super) struct Contender {
    pub(super) name: String,
    /// The commands to run, one after the other; or the reason why that is impossible.
    pub(super) lines: Result<Vec<Line>, String>,
    /// The same as printed.
    pub(super) shown: Vec<Line>,
    pub(super) output: PathBuf,
    pub(super) expected: Expected,
    /// A run that takes longer is ended, and the row says so.
    pub(super) at_most: Duration,
    /// A run that takes longer is the last: of what cannot be the best, one is enough.
    pub(super) again_within: Duration,
    /// The program and the reference: their failure is one of the whole benchmark.
    pub(super) must_succeed: bool,
}

impl Contender {
    /// One whose lines are still to be said, and of which nothing is kept.
    pub(super) fn without_output(name: &str, shown: Vec<Line>) -> Self {
        Self {
            name: name.to_owned(),
            lines: Err("not run".to_owned()),
            shown,
            output: PathBuf::new(),
            expected: Expected::Nothing,
            at_most: process::LONGEST,
            again_within: Duration::MAX,
            must_succeed: false,
        }
    }
}

/// One row, measured.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) shown: Vec<Line>,
    pub(super) must_succeed: bool,
    /// Or why there is nothing to say.
    pub(super) measured: Result<Measured, String>,
}

/// The summary of all runs of one contender.
#[derive(Clone, Copy, Debug)]
pub(super) struct Measured {
    pub(super) seconds: Summary,
    /// The median, in seconds.
    pub(super) cpu: f64,
    /// The greatest of all runs.
    pub(super) memory: Memory,
}

/// The preparation of the machine before each run.
pub(super) type Preparation = fn() -> Result<(), Failure>;

/// Runs every contender so often, in turn, each run after `before`. One that fails once is not run
/// again, nor one that takes too long to matter.
pub(super) fn run(
    contenders: Vec<Contender>,
    runs: u32,
    before: Option<Preparation>,
    workdir: &WorkDirectory,
) -> Result<Vec<Row>, Failure> {
    let mut costs: Vec<Result<Vec<Cost>, String>> = contenders
        .iter()
        .map(|contender| {
            contender
                .lines
                .as_ref()
                .map(|_| Vec::new())
                .map_err(Clone::clone)
        })
        .collect();
    for number in 1..=runs {
        for (contender, costs) in contenders.iter().zip(&mut costs) {
            if let Ok(earlier) = costs
                && !is_settled(contender, earlier)
            {
                workdir.clear_output()?;
                before.map_or(Ok(()), |prepare| prepare())?;
                match attempt(contender, workdir.guardian()) {
                    Ok(cost) => earlier.push(cost),
                    Err(reason) => *costs = Err(format!("run {number}: {reason}")),
                }
            }
        }
    }
    workdir.clear_output()?;
    let rows = contenders.into_iter().zip(costs);
    Ok(rows
        .map(|(contender, costs)| row(contender, costs))
        .collect())
}

/// Returns whether one more run is not worth its wait.
fn is_settled(contender: &Contender, earlier: &[Cost]) -> bool {
    let last = earlier.last();
    last.is_some_and(|cost| cost.elapsed > contender.again_within)
}

fn attempt(contender: &Contender, guardian: &Guardian) -> Result<Cost, String> {
    let lines = contender.lines.as_ref().map_err(Clone::clone)?;
    let cost = lines.iter().try_fold(Cost::default(), |cost, line| {
        let guard = |child: &Child| guardian.kill("KILL", child);
        process::run(line, contender.at_most, guard).map(|next| cost.then(next))
    })?;
    judge(&contender.expected, &contender.output)?;
    Ok(cost)
}

fn judge(expected: &Expected, output: &Path) -> Result<(), String> {
    let open = |path: &Path| content::open(path).map_err(unreadable);
    let difference = match expected {
        Expected::Nothing => return Ok(()),
        Expected::File(source) => content::difference(open(source)?, open(output)?),
        Expected::Answer { url, length } => {
            let answer = http::get(url, &(0..*length)).map_err(|failure| failure.to_string())?;
            content::difference(answer, open(output)?)
        }
    };
    match difference.map_err(unreadable)? {
        None => Ok(()),
        Some(at) => {
            let length = fs::metadata(output).map_or(0, |metadata| metadata.len());
            Err(format!("WRONG OUTPUT at byte {at} of {length}"))
        }
    }
}

#[expect(clippy::needless_pass_by_value, reason = "for `map_err`")]
fn unreadable(error: io::Error) -> String {
    format!("cannot compare the output: {error}")
}

fn row(contender: Contender, costs: Result<Vec<Cost>, String>) -> Row {
    let measured = costs.and_then(|costs| {
        let seconds = summary(costs.iter().map(|cost| cost.elapsed.as_secs_f64()));
        let cpu = summary(costs.iter().map(|cost| cost.cpu.as_secs_f64()));
        let all = costs.iter().copied().fold(Cost::default(), Cost::then);
        let (seconds, cpu) = seconds.zip(cpu).ok_or("not run")?;
        Ok(Measured {
            seconds,
            cpu: cpu.median,
            memory: all.memory,
        })
    });
    Row {
        name: contender.name,
        shown: contender.shown,
        must_succeed: contender.must_succeed,
        measured,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Contender, Cost, Expected, is_settled, judge};

    #[test]
    fn what_took_too_long_is_not_run_again() {
        let contender = Contender {
            again_within: Duration::from_secs(2),
            ..Contender::without_output("peer", vec![])
        };
        let run = |seconds| Cost {
            elapsed: Duration::from_secs(seconds),
            ..Cost::default()
        };
        assert!(!is_settled(&contender, &[]));
        assert!(!is_settled(&contender, &[run(2)]));
        assert!(is_settled(&contender, &[run(1), run(3)]));
    }

    #[test]
    fn an_output_that_differs_or_is_absent_is_no_success() {
        let directory = std::env::temp_dir().join(format!("sheave-judge-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let (source, output) = (directory.join("source"), directory.join("output"));
        std::fs::write(&source, "abc").unwrap();
        let expected = Expected::File(source);
        assert!(judge(&expected, &output).is_err());
        std::fs::write(&output, "abx").unwrap();
        let reason = judge(&expected, &output).unwrap_err();
        assert_eq!(reason, "WRONG OUTPUT at byte 2 of 3");
        std::fs::write(&output, "abc").unwrap();
        assert_eq!(judge(&expected, &output), Ok(()));
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
