//! Owns the list of what CI runs, in order, and the report of it. What a step means is the step's.
use std::fmt::Write as _;
use std::time::{Duration, Instant};

use crate::workspace::{self, Failure};
use crate::{layers, tidy};

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
        run: fn() -> Result<(), Failure>,
    },
    /// A cargo command, and the flags for rustdoc it needs.
    Cargo {
        arguments: &'static [&'static str],
        rustdoc_flags: Option<&'static str>,
    },
    /// A cargo command that is not part of cargo.
    Plugin {
        name: &'static str,
        arguments: &'static [&'static str],
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
            run: layers::check,
        },
    },
    Step {
        name: "tidy",
        quick: true,
        work: Work::Task {
            line: "cargo xtask tidy",
            run: tidy::check,
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
    Step {
        name: "dependencies",
        quick: false,
        work: Work::Plugin {
            name: "deny",
            arguments: &["check"],
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
    /// What to type to run this step alone, in the root of the workspace.
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
            Self::Plugin { name, arguments } => format!("cargo {name} {}", arguments.join(" ")),
        }
    }

    /// Runs the step with the terminal as it is, so that what it prints arrives untouched.
    fn run(&self) -> Result<Outcome, Failure> {
        match self {
            Self::Task { run, .. } => run()?,
            Self::Cargo {
                arguments,
                rustdoc_flags,
            } => {
                let mut command = workspace::command("cargo", arguments);
                command.envs(rustdoc_flags.map(|flags| ("RUSTDOCFLAGS", flags)));
                workspace::run(command, &self.line())?;
            }
            Self::Plugin { name, .. } if !is_installed(name) => return Ok(Outcome::Skipped),
            Self::Plugin { name, arguments } => {
                let mut command = workspace::command("cargo", &[name]);
                command.args(*arguments);
                workspace::run(command, &self.line())?;
            }
        }
        Ok(Outcome::Passed)
    }
}

fn is_installed(plugin: &str) -> bool {
    workspace::command(&format!("cargo-{plugin}"), &["--version"])
        .output()
        .is_ok_and(|output| output.status.success())
}

#[derive(Clone, Copy)]
enum Outcome {
    Passed,
    Skipped,
    Failed,
}

/// Runs the steps up to the first that fails, and prints what each cost.
pub(crate) fn run(quick: bool) -> Result<(), Failure> {
    let mut report = Vec::new();
    for step in STEPS.iter().filter(|step| step.quick || !quick) {
        println!("\n==> {}: {}", step.name, step.work.line());
        let start = Instant::now();
        let result = step.work.run();
        let elapsed = start.elapsed();
        let (outcome, failure) = match result {
            Ok(outcome) => (outcome, None),
            Err(failure) => (Outcome::Failed, Some(failure)),
        };
        match outcome {
            Outcome::Passed => println!("<== {}: {:.1} s", step.name, elapsed.as_secs_f64()),
            Outcome::Skipped => {
                println!(
                    "<== SKIPPED {}: `{}` is not installed",
                    step.name,
                    step.work.line()
                );
            }
            Outcome::Failed => {
                println!("<== FAILED {}: {:.1} s", step.name, elapsed.as_secs_f64());
                println!("    To run it alone: {}", step.work.line());
            }
        }
        report.push((step.name, outcome, elapsed));
        if let Some(failure) = failure {
            println!("\n{}", table(&report));
            return Err(failure);
        }
    }
    println!("\n{}", table(&report));
    Ok(())
}

/// One line for each step that was reached, and their sum.
fn table(report: &[(&str, Outcome, Duration)]) -> String {
    let mut table = String::new();
    for &(name, outcome, elapsed) in report {
        let outcome = match outcome {
            Outcome::Passed => "passed",
            Outcome::Skipped => "SKIPPED",
            Outcome::Failed => "FAILED",
        };
        // Writing to a String cannot fail.
        let _ = writeln!(
            table,
            "{name:<14} {outcome:<8} {:>8.1} s",
            elapsed.as_secs_f64()
        );
    }
    let sum: Duration = report.iter().map(|&(_, _, elapsed)| elapsed).sum();
    let _ = write!(
        table,
        "{:<14} {:<8} {:>8.1} s",
        "all",
        "",
        sum.as_secs_f64()
    );
    table
}

#[cfg(test)]
mod tests {
    use super::{Duration, Outcome, STEPS, table};

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
                "cargo build --release -p sheave",
                "cargo test --workspace",
                "cargo xtask sim --seeds 100 --others 5",
                "cargo xtask crash --rounds 100 --jobs 8",
                "cargo xtask bench all --quick",
                "RUSTDOCFLAGS='-D warnings' cargo doc --workspace --no-deps \
                 --document-private-items",
                "cargo deny check",
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
            ("format", Outcome::Passed, Duration::from_millis(1_240)),
            ("dependencies", Outcome::Skipped, Duration::ZERO),
            ("tests", Outcome::Failed, Duration::from_mins(10)),
        ];
        assert_eq!(
            table(&report),
            "format         passed        1.2 s\n\
             dependencies   SKIPPED       0.0 s\n\
             tests          FAILED      600.0 s\n\
             all                        601.2 s"
        );
    }
}
