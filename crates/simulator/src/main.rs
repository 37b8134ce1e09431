//! Owns the command line of the simulator and what it runs. Knows no world's details.
#![forbid(unsafe_code)]
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "prints tables")]

mod promise;
mod table;

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use simulator::{Contender, Failure, Family, RunReport, Trace, escaped, summarise};
use table::Line;

const USAGE: &str = "usage: simulator [--seeds N] [--from S] [--others N] [--scenario NAME] \
                     [--seed S] [--trace] [--only POLICY]";
/// So many failed runs are told of; one is enough to begin with.
const TOLD: usize = 20;

struct Arguments {
    seeds: u64,
    /// The first of those seeds.
    from: u64,
    /// In how many of those worlds the policies of others run too.
    others: u64,
    families: Vec<Family>,
    seed: Option<u64>,
    trace: bool,
    contenders: Vec<Contender>,
}

fn main() -> ExitCode {
    let Some(arguments) = parse(std::env::args().skip(1)) else {
        let names: Vec<&str> = Family::ALL.map(Family::name).to_vec();
        eprintln!("{USAGE}\nscenarios: {}", names.join(", "));
        return ExitCode::from(2);
    };
    // A broken run is told with the command that replays it; where it broke, in a line.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{}", escaped(&panic.to_string()));
    }));
    match arguments.seed {
        Some(seed) => replay(&arguments, seed),
        None => compare(&arguments),
    }
}

fn parse(mut words: impl Iterator<Item = String>) -> Option<Arguments> {
    let mut arguments = Arguments {
        seeds: 100,
        from: 0,
        others: u64::MAX,
        families: Family::ALL.to_vec(),
        seed: None,
        trace: false,
        contenders: Contender::ALL.to_vec(),
    };
    while let Some(word) = words.next() {
        if word == "--trace" {
            arguments.trace = true;
            continue;
        }
        let value = words.next()?;
        match word.as_str() {
            "--seeds" => arguments.seeds = value.parse().ok()?,
            "--from" => arguments.from = value.parse().ok()?,
            "--others" => arguments.others = value.parse().ok()?,
            "--seed" => arguments.seed = Some(value.parse().ok()?),
            "--only" => arguments.contenders = vec![Contender::named(&value)?],
            "--scenario" => arguments.families = vec![Family::named(&value)?],
            _ => return None,
        }
    }
    if arguments.trace {
        // A story is one world's.
        arguments.seed = arguments.seed.or(Some(0));
        arguments.contenders.truncate(1);
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
            let mut trace = arguments.trace.then(Trace::default);
            let outcome = contender.run(&world, trace.as_mut());
            finished &= outcome.is_ok() || contender != Contender::Ours;
            if let Some(trace) = trace {
                print!("{trace}");
            }
            let (family, contender) = (family.name(), contender.name());
            match outcome {
                Ok(report) => println!(
                    "{family:<13} {contender:<12} {:>7.3}x  {report:?}",
                    report.ratio()
                ),
                Err(failure) => {
                    println!("{family:<13} {contender:<12} FAILED {}", describe(&failure));
                }
            }
        }
    }
    exit_code(finished)
}

fn exit_code(good: bool) -> ExitCode {
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn describe(failure: &Failure) -> String {
    match failure {
        Failure::Broken(message) => format!("an invariant is broken: {}", escaped(message)),
        Failure::Ended(outcome) => format!("it ended otherwise: {outcome:?}"),
        Failure::Endless => "it does not end".to_owned(),
    }
}

/// Every contender in every family, and what ours is held to.
fn compare(arguments: &Arguments) -> ExitCode {
    println!("{}", table::heading(arguments.seeds, &arguments.contenders));
    let mut lines = Vec::new();
    let mut failed = Vec::new();
    for &family in &arguments.families {
        let seeds = family.seeds(arguments.seeds);
        let mut line = Line::new(family);
        for &contender in &arguments.contenders {
            let is_ours = contender == Contender::Ours;
            let seeds = if is_ours {
                seeds
            } else {
                seeds.min(arguments.others)
            };
            let runs = runs(family, contender, arguments.from, seeds);
            line.rows.push((contender, summarise(runs.iter())));
            if is_ours {
                let common = usize::try_from(arguments.others).unwrap_or(usize::MAX);
                line.common = Some(summarise(runs.iter().take(common)));
                line.farthest = farthest(arguments.from, &runs);
                failed.extend(
                    (arguments.from..)
                        .zip(runs)
                        .filter_map(|(seed, run)| Some((family, seed, run.err()?))),
                );
            }
        }
        println!("{}", line.against_bound());
        lines.push(line);
    }
    if arguments.contenders.contains(&Contender::Ours) {
        println!("\n{}", table::ours(&lines));
        println!("{}", table::limits(&lines));
        println!("{}", table::over_one_stream(&lines));
        println!("{}", table::farthest(&lines));
    }
    for (family, seed, failure) in failed.iter().take(TOLD) {
        let name = family.name();
        println!("FAILED {name} {seed}: {}", describe(failure));
        println!("       cargo xtask sim --scenario {name} --seed {seed} --trace");
    }
    let broken: Vec<String> = lines.iter().flat_map(Line::broken_bounds).collect();
    for line in &broken {
        println!("OUT OF BOUNDS {line}");
    }
    println!(
        "{} runs failed, {} bounds are broken",
        failed.len(),
        broken.len()
    );
    exit_code(failed.is_empty() && broken.is_empty())
}

/// So many worlds of a family, by as many threads as there are processors.
fn runs(
    family: Family,
    contender: Contender,
    from: u64,
    seeds: u64,
) -> Vec<Result<RunReport, Failure>> {
    let next = AtomicU64::new(from);
    let end = from.saturating_add(seeds);
    let all = Mutex::new(Vec::new());
    let processors = thread::available_parallelism().map_or(1, NonZeroUsize::get);
    thread::scope(|scope| {
        for _ in 0..processors {
            scope.spawn(|| {
                let mut mine = Vec::new();
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        break;
                    }
                    mine.push((seed, contender.run(&family.world(seed), None)));
                }
                all.lock().expect("no thread panics").append(&mut mine);
            });
        }
    });
    let mut all = all.into_inner().expect("no thread panicked");
    all.sort_by_key(|(seed, _)| *seed);
    all.into_iter().map(|(_, run)| run).collect()
}

/// The run with the largest ratio.
fn farthest(from: u64, runs: &[Result<RunReport, Failure>]) -> Option<(f64, u64)> {
    (from..)
        .zip(runs)
        .filter_map(|(seed, run)| {
            let report = run.as_ref().ok()?;
            Some((report.ratio(), seed))
        })
        .max_by(|a, b| a.0.total_cmp(&b.0))
}
