//! Owns how the simulator is run. Knows nothing of what it simulates.
use clap::Args;

use crate::workspace::{self, Failure};

/// Which worlds are simulated; each is left to the simulator where nothing is said.
#[derive(Args, Debug, Default)]
pub(crate) struct Simulation {
    /// The number of worlds of each scenario
    #[arg(long)]
    seeds: Option<u64>,
    /// The seed of the first of those worlds
    #[arg(long)]
    from: Option<u64>,
    /// Only this scenario
    #[arg(long)]
    scenario: Option<String>,
    /// Only the world of this seed, told in full
    #[arg(long)]
    seed: Option<u64>,
    /// In how many of those worlds the policies of others run too
    #[arg(long)]
    others: Option<u64>,
    /// The story of one world: every input, output and fault, with virtual time
    #[arg(long)]
    trace: bool,
    /// Only the policy whose name begins so, such as ours
    #[arg(long)]
    only: Option<String>,
}

impl Simulation {
    fn arguments(&self) -> Vec<String> {
        let options = [
            ("--seeds", self.seeds.map(|seeds| seeds.to_string())),
            ("--from", self.from.map(|seed| seed.to_string())),
            ("--scenario", self.scenario.clone()),
            ("--seed", self.seed.map(|seed| seed.to_string())),
            ("--others", self.others.map(|others| others.to_string())),
            ("--only", self.only.clone()),
        ];
        let trace = self.trace.then(|| "--trace".to_owned());
        options
            .into_iter()
            .filter_map(|(name, value)| Some([name.to_owned(), value?]))
            .flatten()
            .chain(trace)
            .collect()
    }
}

/// Runs the simulator with optimisation: a debug build takes minutes where this takes seconds.
pub(crate) fn run(simulation: &Simulation) -> Result<(), Failure> {
    let mut command = workspace::command(
        "cargo",
        &[
            "run",
            "--quiet",
            "--profile",
            "simulation",
            "-p",
            "simulator",
            "--",
        ],
    );
    command.args(simulation.arguments());
    workspace::run(command, "cargo run --profile simulation -p simulator")
}

#[cfg(test)]
mod tests {
    use super::Simulation;

    #[test]
    fn only_what_was_said_is_passed_on() {
        assert_eq!(Simulation::default().arguments(), Vec::<String>::new());
        let simulation = Simulation {
            scenario: Some("short".to_owned()),
            seed: Some(3),
            trace: true,
            ..Simulation::default()
        };
        let expected = ["--scenario", "short", "--seed", "3", "--trace"];
        assert_eq!(simulation.arguments(), expected);
    }
}
