//! The project's own commands: the rules a compiler cannot check, and what CI runs. Knows no
//! product crate, so that it still runs when they do not compile.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a build tool talks to a terminal"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "reads the sources it checks, times its own steps"
)]

mod bench;
mod ci;
mod crash;
mod deny;
mod dist;
mod faults;
mod layers;
mod outcome;
mod servers;
mod siege;
mod sim;
mod soak;
mod tidy;
mod unmet;
mod workspace;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// The project's own commands.
#[derive(Parser)]
#[command(name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Check every dependency between crates against the map in the design
    Layers,
    /// Check the house rules no lint covers
    Tidy,
    /// Run the scheduler in simulated worlds, beside the policies of others
    Sim(sim::Simulation),
    /// Kill the program at every failpoint and at random moments, and compare what it ends with
    Crash(crash::Crash),
    /// Set other downloaders against the same faults, and write the table of what each delivers
    Faults,
    /// Ask the servers that are installed what check-server asks, and write the page of it
    Servers,
    /// Run the program against our server with faults a seed makes up, for some time
    Soak(soak::Soak),
    /// Set hostile clients against our server for some time, and one that behaves beside them
    Siege(siege::Siege),
    /// Make an archive and a .deb for each target, and use each in an empty root
    Dist(dist::Dist),
    /// Run what CI runs, cheapest first, up to the first failure
    Ci {
        /// Stop after the checks that neither link nor run the product
        #[arg(long)]
        quick: bool,
    },
    /// Measure the program beside its peers and beside what the machine allows
    #[command(disable_help_flag = true)]
    Bench {
        /// Arguments for the laboratory; `--help` lists them
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
}

fn main() -> ExitCode {
    let outcome = match Arguments::parse().task {
        Task::Layers => layers::check(),
        Task::Tidy => tidy::check(),
        Task::Sim(simulation) => sim::run(&simulation),
        Task::Crash(crash) => crash::run(&crash),
        Task::Faults => faults::run(),
        Task::Servers => servers::run(),
        Task::Soak(soak) => soak::run(&soak),
        Task::Siege(siege) => siege::run(&siege),
        Task::Dist(dist) => dist::run(&dist),
        Task::Ci { quick } => ci::run(quick),
        Task::Bench { arguments } => bench::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("xtask: failed to {failure}");
            ExitCode::FAILURE
        }
    }
}
