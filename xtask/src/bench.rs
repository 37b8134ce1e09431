//! Owns how the benchmark laboratory is run. Knows nothing of what it measures.
use std::os::unix::process::CommandExt;

use crate::workspace::{self, Failure};

/// Becomes the laboratory, so that a signal sent to this process reaches it.
pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let line = ["run", "--quiet", "-p", "sheave-bench", "--"];
    let source = workspace::command("cargo", &line).args(arguments).exec();
    Err(Failure::Start {
        command: "cargo run -p sheave-bench".to_owned(),
        source,
    })
}
