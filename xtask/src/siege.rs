//! Owns how the siege is run: the shipped program as a server, and the clients set against it.
//! Knows nothing of what either does.
use std::process::Command;

use clap::Args;

use crate::workspace::{self, Failure};

/// The length of the siege, and the seed of its clients.
#[derive(Args, Debug)]
pub(crate) struct Siege {
    /// For how long it goes on
    #[arg(long, value_name = "N", default_value_t = 3)]
    minutes: u64,
    /// The seed that the hostile clients draw from
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
}

/// Builds both and runs the clients.
pub(crate) fn run(siege: &Siege) -> Result<(), Failure> {
    let example = workspace::example("siege")?;
    let mut command = Command::new(&example);
    command.arg(workspace::product()?);
    command.args([siege.minutes * 60, siege.seed].map(|number| number.to_string()));
    workspace::run(command, "siege")
}
