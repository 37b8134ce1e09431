//! Owns the command line of the simulator and the tables it prints. Knows no world's details.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints tables")]

use std::io::Write as _;
use std::process::ExitCode;

use simulator::{Contender, Family, Report, Row, Unfinished, run, summarise};

const USAGE: &str = "usage: simulator [--seeds N] [--scenario NAME] [--seed S] [--only POLICY]";

struct Arguments {
    seeds: u64,
    families: Vec<Family>,
    seed: Option<u64>,
    contenders: Vec<Contender>,
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        let names: Vec<&str> = Family::ALL.map(Family::name).to_vec();
        eprintln!("{USAGE}\nscenarios: {}", names.join(", "));
        return ExitCode::from(2);
    };
    match arguments.seed {
        Some(seed) => replay(&arguments, seed),
        None => compare(&arguments),
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments {
        seeds: 100,
        families: Family::ALL.to_vec(),
        seed: None,
        contenders: Contender::ALL.to_vec(),
    };
    while let Some(word) = words.next() {
        let value = words.next()?;
        match word.as_str() {
            "--seeds" => arguments.seeds = value.parse().ok()?,
            "--seed" => arguments.seed = Some(value.parse().ok()?),
            "--only" => arguments.contenders = vec![Contender::named(&value)?],
            "--scenario" => arguments.families = vec![Family::named(&value)?],
            _ => return None,
        }
    }
    Some(arguments)
}

/// One world of each family, told in full.
fn replay(arguments: &Arguments, seed: u64) -> ExitCode {
    let mut finished = true;
    for family in &arguments.families {
        let world = family.world(seed);
        println!("{world:?}");
        for &contender in &arguments.contenders {
            let outcome = run(&world, contender.policy(&world));
            finished &= outcome.is_ok() || contender != Contender::Ours;
            match outcome {
                Ok(report) => println!(
                    "{:<13} {:<12} {:>7.3}x  {report:?}",
                    family.name(),
                    contender.name(),
                    report.time / report.bound
                ),
                Err(unfinished) => println!(
                    "{:<13} {:<12} UNFINISHED {unfinished:?}",
                    family.name(),
                    contender.name()
                ),
            }
        }
    }
    if finished {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Every contender in every family: time over bound, geometric mean and 99th percentile.
fn compare(arguments: &Arguments) -> ExitCode {
    println!(
        "time / lower bound: geometric mean, 99th percentile ({} seeds)",
        arguments.seeds
    );
    print!("{:<14}", "scenario");
    for contender in &arguments.contenders {
        print!("{:>16}", contender.name());
    }
    println!("   ours: p99 of 2 s+  waste p50, p99 %  peak  requests  refused");
    let mut worst: Vec<(f64, Family, u64)> = Vec::new();
    let mut unfinished = 0;
    for &family in &arguments.families {
        print!("{:<14}", family.name());
        let mut ours = None;
        for &contender in &arguments.contenders {
            let runs = runs(family, contender, arguments.seeds);
            let row = summarise(&runs);
            print!("  {:>6.3} {:>6.2}{}", row.mean, row.p99, mark(&row));
            let _ = std::io::stdout().flush();
            if contender == Contender::Ours {
                worst.extend(slowest(family, &runs));
                unfinished += row.unfinished;
                ours = Some(row);
            }
        }
        if let Some(row) = ours {
            println!(
                "   {:>16.2} {:>10.2} {:>6.2} {:>8} {:>9.0} {:>8.1}",
                row.p99_long,
                100.0 * row.waste_median,
                100.0 * row.waste_p99,
                row.peak,
                row.requests,
                row.refused
            );
        }
    }
    println!(
        "! runs that did not finish are left out; ours: {unfinished}\nfarthest from the bound:"
    );
    for (ratio, family, seed) in worst {
        let name = family.name();
        println!("  {ratio:>7.2}x  cargo xtask sim --scenario {name} --seed {seed}");
    }
    if unfinished == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn mark(row: &Row) -> char {
    if row.unfinished > 0 { '!' } else { ' ' }
}

fn runs(family: Family, contender: Contender, seeds: u64) -> Vec<Result<Report, Unfinished>> {
    (0..seeds)
        .map(|seed| {
            let world = family.world(seed);
            run(&world, contender.policy(&world))
        })
        .collect()
}

/// The run with the largest ratio, or the first that did not finish.
fn slowest(family: Family, runs: &[Result<Report, Unfinished>]) -> Option<(f64, Family, u64)> {
    (0..)
        .zip(runs)
        .map(|(seed, run)| {
            let ratio = run.map_or(f64::INFINITY, |report| report.time / report.bound);
            (ratio, family, seed)
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
}
