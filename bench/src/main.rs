//! Owns `cargo xtask bench`: what may be asked for, and in which order it is done. What is measured
//! is `scenario`'s, how is `round`'s and `process`'s.
#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "the laboratory talks to a terminal"
)]
#![expect(
    clippy::disallowed_methods,
    reason = "prepares files, starts processes and takes their times"
)]

mod arguments;
mod checkout;
mod content;
mod document;
mod failure;
mod guardian;
mod http;
mod job;
mod link;
mod machine;
mod peers;
mod plot;
mod process;
mod program;
mod reference;
mod round;
mod scenario;
mod server;
mod setting;
mod slow_server;
mod statistics;
mod table;
mod wan;
mod workdir;

use std::process::ExitCode;

use arguments::Arguments;
use clap::Parser;
use failure::Failure;
use setting::Setting;

/// Measures the program beside its peers and beside what the machine allows.
#[derive(Parser)]
#[command(bin_name = "cargo xtask bench")]
struct Command {
    #[command(flatten)]
    arguments: Arguments,
}

/// Runs what was asked for, and says what went wrong.
fn main() -> ExitCode {
    match run(&Command::parse().arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("sheave-bench: failed to {failure}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(reference) = &arguments.reference {
        return reference::run(reference);
    }
    if arguments.guardian {
        guardian::guard();
        return Ok(());
    }
    if arguments.checks_link() {
        return check_link();
    }
    if arguments.draws_plot() {
        return draw_plot();
    }
    let load = machine::Load::now();
    let workdir = workdir::WorkDirectory::open()?;
    let program = program::build(&workdir)?;
    let setting = Setting {
        arguments,
        workdir: &workdir,
        program: &program,
        load,
    };
    let mut reports = Vec::new();
    for scenario in arguments.scenarios() {
        eprintln!("==> bench {}", scenario.name());
        let report = match scenario::run(scenario, &setting) {
            Err(failure @ (Failure::Missing { .. } | Failure::Rights { .. }))
                if arguments.is_all() =>
            {
                eprintln!("SKIPPED {}: cannot {failure}", scenario.name());
                continue;
            }
            report => report?,
        };
        if !arguments.json {
            println!("{}", table::section(&report));
        }
        if arguments.write {
            document::replace(scenario.name(), &table::section(&report))?;
        }
        reports.push(report);
    }
    if arguments.json {
        println!("{}", table::json(&reports));
    }
    if arguments.write {
        draw_plot()?;
    }
    let broken = reports.iter().flat_map(|report| &report.rows);
    let broken = broken.filter(|row| row.must_succeed && row.measured.is_err());
    match broken.map(|row| row.name.as_str()).collect::<Vec<_>>() {
        names if names.is_empty() => Ok(()),
        names => Err(Failure::Wrong {
            names: names.join(", "),
        }),
    }
}

/// Draws the plot from the tables as they are.
fn draw_plot() -> Result<(), Failure> {
    let tables: Result<Vec<_>, _> = plot::scenarios().map(document::read).collect();
    match plot::drawn(&tables?) {
        Some(svg) => document::replace_plot(&svg),
        None => Err(Failure::Plot),
    }
}

fn check_link() -> Result<(), Failure> {
    let measurements = link::check(&guardian::Guardian::start()?)?;
    println!("{:<16}{:>10}{:>10}{:>9}", "", "asked", "measured", "error");
    for measurement in &measurements {
        println!(
            "{:<16}{:>10.2}{:>10.2}{:>+8.2}%  {}",
            measurement.what,
            measurement.asked,
            measurement.measured,
            measurement.error() * 100.0,
            measurement.carried
        );
    }
    if measurements.iter().all(link::Measurement::is_close) {
        Ok(())
    } else {
        Err(Failure::Link)
    }
}
