//! Owns how the kill loop is run: a program that can be killed at named points, and the loop that
//! kills it. Knows nothing of what either does.
use std::path::PathBuf;
use std::process::Command;

use clap::Args;

use crate::workspace::{self, Failure};

/// Both at once, and as `cargo test` builds them: most of it is there already.
const LINE: &str = "build --workspace --bin sheave --example crash --features sheave/failpoints";

/// Which rounds are run.
#[derive(Args, Debug)]
pub(crate) struct Crash {
    /// The number of rounds: files downloaded, and killed on the way
    #[arg(long, default_value_t = 100)]
    rounds: u64,
    /// The seed of the first round; the next round has the next
    #[arg(long, default_value_t = 0)]
    seed: u64,
    /// The number of rounds at once; most of their time is waiting
    #[arg(long, default_value_t = 4)]
    jobs: u64,
}

/// Builds both and runs the loop.
pub(crate) fn run(crash: &Crash) -> Result<(), Failure> {
    let mut command = Command::new(workspace::built(LINE, "crash")?);
    command.arg(killable_program()?);
    command.args([crash.rounds, crash.seed, crash.jobs].map(|number| number.to_string()));
    workspace::run(command, "crash")
}

/// The program with failpoints and assertions, under a name of its own, so that no program that can
/// be killed lies where another one is looked for.
fn killable_program() -> Result<PathBuf, Failure> {
    let built = workspace::built(LINE, "sheave")?;
    let own = built.with_file_name("sheave-with-failpoints");
    std::fs::rename(&built, &own).map_err(|source| Failure::Rename {
        path: built,
        source,
    })?;
    Ok(own)
}
