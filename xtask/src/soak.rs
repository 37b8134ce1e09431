//! Owns how the soak is run: the shipped program, and the loop that sets it against faults. Knows
//! nothing of what either does.
use std::process::Command;

use clap::Args;

use crate::workspace::{self, Failure};

/// The length of the soak, and the seed it begins with.
#[derive(Args, Debug)]
pub(crate) struct Soak {
    /// For how long rounds are begun
    #[arg(long, value_name = "N", default_value_t = 3)]
    minutes: u64,
    /// The number of rounds at most
    #[arg(long, value_name = "N", default_value_t = u64::MAX)]
    rounds: u64,
    /// The seed of the first round; the next round has the next
    #[arg(long, value_name = "S", default_value_t = 0)]
    seed: u64,
    /// The number of rounds at once; most of their time is waiting
    #[arg(long, value_name = "N", default_value_t = 6)]
    jobs: u64,
    /// The kind of proxy that every round has: http, https, socks5 or socks5h; without it, one is
    /// drawn, or none
    #[arg(long, value_name = "KIND")]
    proxy: Option<String>,
}

/// Builds both and runs the loop.
pub(crate) fn run(soak: &Soak) -> Result<(), Failure> {
    let example = workspace::example("soak")?;
    let mut command = Command::new(&example);
    command.arg(workspace::product()?);
    let numbers = [soak.minutes * 60, soak.rounds, soak.seed, soak.jobs];
    command.args(numbers.map(|number| number.to_string()));
    command.args(&soak.proxy);
    workspace::run(command, "soak")
}
