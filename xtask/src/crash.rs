//! Owns how the kill loop is run: a program that can be killed at named points, and the loop that
//! kills it. Knows nothing of what either does.
use std::path::PathBuf;

use clap::Args;

use crate::workspace::{self, Failure};

/// Which rounds are run.
#[derive(Args, Debug)]
pub(crate) struct Crash {
    /// How many rounds: files downloaded, and killed on the way
    #[arg(long, default_value_t = 100)]
    rounds: u64,
    /// The seed of the first round; the next round has the next
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// How many rounds at once; most of their time is waiting
    #[arg(long, default_value_t = 4)]
    jobs: u64,
}

/// Builds both and runs the loop.
pub(crate) fn run(crash: &Crash) -> Result<(), Failure> {
    let program = killable_program()?;
    let line = "cargo run --release -p sheave-tests --example crash";
    let mut command = workspace::command("cargo", &[]);
    command
        .args(line.split(' ').skip(1))
        .args(["--quiet", "--"])
        .arg(program);
    command.args([crash.rounds, crash.seed, crash.jobs].map(|number| number.to_string()));
    workspace::run(command, line)
}

/// The release program with failpoints, under a name of its own, so that no program that can be
/// killed lies where the shipped one is looked for.
fn killable_program() -> Result<PathBuf, Failure> {
    let line = "cargo build --release -p sheave --features failpoints --message-format json";
    let built = workspace::built(line)?;
    let own = built.with_file_name("sheave-with-failpoints");
    std::fs::rename(&built, &own).map_err(|source| Failure::Rename {
        path: built,
        source,
    })?;
    Ok(own)
}
