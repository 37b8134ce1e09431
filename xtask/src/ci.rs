//! Owns the list of what CI runs, in order, and the report of it. What a step means is the step's.
use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::outcome::Outcome;
use crate::unmet::{self, Unmet};
use crate::workspace::{self, Failure};
use crate::{deny, layers, tidy};

/// One thing CI asks for.
struct Step {
    name: &'static str,
    /// Part of `ci --quick`: neither links nor runs the product.
    quick: bool,
    work: Work,
}

enum Work {
    /// A task of this program.
    Task {
        line: &'static str,
        run: fn() -> Result<Outcome, Failure>,
    },
    /// A cargo command, and the flags for rustdoc it needs.
    Cargo {
        arguments: &'static [&'static str],
        rustdoc_flags: Option<&'static str>,
    },
}

/// Cheapest first: the sooner a step can fail, the earlier it runs.
const STEPS: &[Step] = &[
    Step {
        name: "format",
        quick: true,
        work: cargo(&["fmt", "--all", "--check"]),
    },
    Step {
        name: "layers",
        quick: true,
        work: Work::Task {
            line: "cargo xtask layers",
            run: || layers::check().map(|()| Outcome::Passed),
        },
    },
    Step {
        name: "tidy",
        quick: true,
        work: Work::Task {
            line: "cargo xtask tidy",
            run: || tidy::check().map(|()| Outcome::Passed),
        },
    },
    Step {
        name: "clippy",
        quick: true,
        work: cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--",
            "-D",
            "warnings",
        ]),
    },
    Step {
        name: "dependencies",
        quick: false,
        work: Work::Task {
            line: deny::LINE,
            run: deny::check,
        },
    },
    // The process tests run the program as a user gets it.
    Step {
        name: "program",
        quick: false,
        work: cargo(&["build", "--release", "-p", "sheave"]),
    },
    Step {
        name: "tests",
        quick: false,
        work: cargo(&["test", "--workspace"]),
    },
    Step {
        name: "simulation",
        quick: false,
        work: cargo(&["xtask", "sim", "--seeds", "100", "--others", "5"]),
    },
    Step {
        name: "kill loop",
        quick: false,
        work: cargo(&["xtask", "crash", "--rounds", "100", "--jobs", "8"]),
    },
    // It would rot unseen: its figures are nobody's to assert.
    Step {
        name: "benchmarks",
        quick: false,
        work: cargo(&["xtask", "bench", "all", "--quick"]),
    },
    Step {
        name: "documentation",
        quick: false,
        work: Work::Cargo {
            arguments: &[
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ],
            rustdoc_flags: Some("-D warnings"),
        },
    },
];

const fn cargo(arguments: &'static [&'static str]) -> Work {
    Work::Cargo {
        arguments,
        rustdoc_flags: None,
    }
}

impl Work {
    /// Returns the command that runs this step alone, in the root of the workspace.
    fn line(&self) -> String {
        match self {
            Self::Task { line, .. } => (*line).to_owned(),
            Self::Cargo {
                arguments,
                rustdoc_flags,
            } => {
                let flags = rustdoc_flags.map(|flags| format!("RUSTDOCFLAGS='{flags}' "));
                format!("{}cargo {}", flags.unwrap_or_default(), arguments.join(" "))
            }
        }
    }

    /// Runs the step with the terminal as it is, so that what it prints arrives untouched. What its
    /// tests do not get they add to the list.
    fn run(&self, unmet: &Path) -> Result<Outcome, Failure> {
        match self {
            Self::Task { run, .. } => run(),
            Self::Cargo {
                arguments,
                rustdoc_flags,
            } => {
                let mut command = workspace::command("cargo", arguments);
                command.envs(rustdoc_flags.map(|flags| ("RUSTDOCFLAGS", flags)));
                command.env(unmet::VARIABLE, unmet);
                workspace::run(command, &self.line())?;
                Unmet::read(unmet)?.judge()?;
                Ok(Outcome::Passed)
            }
        }
    }
}

/// The outcome of a step, and the time it ran; `None` is a failure.
type Row = (&'static str, Option<Outcome>, Duration);

/// Runs the steps up to the first that fails, and prints what each cost and what was not met.
pub(crate) fn run(quick: bool) -> Result<(), Failure> {
    let list = unmet::begin()?;
    let mut report = Vec::new();
    let mut outcome = Ok(());
    for step in STEPS.iter().filter(|step| step.quick || !quick) {
        println!("\n==> {}: {}", step.name, step.work.line());
        let start = Instant::now();
        let result = step.work.run(&list);
        let elapsed = start.elapsed();
        let seconds = elapsed.as_secs_f64();
        match &result {
            Ok(Outcome::Passed) => println!("<== {}: {seconds:.1} s", step.name),
            Ok(Outcome::Partly(why)) => println!("<== {}: {seconds:.1} s, {why}", step.name),
            Ok(Outcome::Skipped(why)) => println!("<== SKIPPED {}: {why}", step.name),
            Err(_) => {
                println!("<== FAILED {}: {seconds:.1} s", step.name);
                println!("    To run it alone: {}", step.work.line());
            }
        }
        match result {
            Ok(done) => report.push((step.name, Some(done), elapsed)),
            Err(failure) => {
                report.push((step.name, None, elapsed));
                outcome = Err(failure);
                break;
            }
        }
    }
    let unmet = Unmet::read(&list)?;
    let _gone = std::fs::remove_file(list);
    println!("\n{}", table(&report, &unmet));
    outcome
}

/// One line for each step that was reached, their sum, and what could not be shown.
fn table(report: &[Row], unmet: &Unmet) -> String {
    let mut table = String::new();
    let mut line = |name: &str, outcome: &str, elapsed: Duration| {
        let seconds = elapsed.as_secs_f64();
        // Writing to a String cannot fail.
        let _ = writeln!(table, "{name:<14} {outcome:<8} {seconds:>8.1} s");
    };
    let mut notes = Vec::new();
    for (name, outcome, elapsed) in report {
        let said = match outcome {
            Some(Outcome::Passed) => "passed",
            Some(Outcome::Partly(_)) => "PARTLY",
            Some(Outcome::Skipped(_)) => "SKIPPED",
            None => "FAILED",
        };
        line(name, said, *elapsed);
        if let Some(Outcome::Partly(why) | Outcome::Skipped(why)) = outcome {
            notes.push(format!("{name}: {why}"));
        }
    }
    line(
        "all",
        "",
        report.iter().map(|&(_, _, elapsed)| elapsed).sum(),
    );
    notes.extend(unmet.lines());
    table + &notes.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{Duration, Outcome, STEPS, Unmet, table};

    #[test]
    fn every_step_can_be_run_alone_as_printed() {
        let lines: Vec<String> = STEPS.iter().map(|step| step.work.line()).collect();
        assert_eq!(
            lines,
            [
                "cargo fmt --all --check",
                "cargo xtask layers",
                "cargo xtask tidy",
                "cargo clippy --workspace --all-targets -- -D warnings",
                "cargo deny check",
                "cargo build --release -p sheave",
                "cargo test --workspace",
                "cargo xtask sim --seeds 100 --others 5",
                "cargo xtask crash --rounds 100 --jobs 8",
                "cargo xtask bench all --quick",
                "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps \
                 --document-private-items",
            ]
        );
    }

    #[test]
    fn the_quick_steps_come_first() {
        assert!(STEPS.is_sorted_by_key(|step| !step.quick));
        assert!(STEPS.iter().any(|step| step.quick) && STEPS.iter().any(|step| !step.quick));
    }

    #[test]
    fn the_table_shouts_what_did_not_run() {
        let report = [
            (
                "format",
                Some(Outcome::Passed),
                Duration::from_millis(1_240),
            ),
            (
                "dependencies",
                Some(Outcome::Skipped("nobody is here".to_owned())),
                Duration::ZERO,
            ),
            (
                "clippy",
                Some(Outcome::Partly("half of it".to_owned())),
                Duration::from_secs(2),
            ),
            ("tests", None, Duration::from_mins(10)),
        ];
        assert_eq!(
            table(&report, &Unmet::parse("nginx\ta\tnot installed\n")),
            "format         passed        1.2 s\n\
             dependencies   SKIPPED       0.0 s\n\
             clippy         PARTLY        2.0 s\n\
             tests          FAILED      600.0 s\n\
             all                        603.2 s\n\
             dependencies: nobody is here\n\
             clippy: half of it\n\
             NOT MET: nginx, by 1 test(s): a"
        );
    }
}
