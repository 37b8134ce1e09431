//! The soak: the program against `sheave serve`, in worlds that a seed makes up. Knows the
//! program's contract and how faults are written.
//!
//! `cargo xtask soak` builds the program and runs this: `soak PROGRAM SECONDS ROUNDS SEED JOBS`,
//! which ends when the first of seconds and rounds is used up. A word behind them is the
//! kind of proxy that every round has. Every round is grown from a seed of
//! its own, which a failure names. A failure does not end it: the others may be of other kinds.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed round; this waits for processes and reads their files"
)]

mod bound;
mod claims;
#[path = "../crash/dice.rs"]
mod dice;
mod effects;
mod judge;
#[path = "../it/support/mounts.rs"]
mod mounts;
mod program;
#[path = "../it/support/proxy.rs"]
#[expect(dead_code, reason = "what a proxy is told is no matter of a soak")]
mod proxy;
mod round;
#[path = "../it/support/secure_proxy.rs"]
mod secure_proxy;
mod server;
mod site;
mod summary;
mod world;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use site::Site;
use summary::Tally;
use world::{Through, World};

/// The directory in which file systems are mounted.
mod files {
    pub(crate) fn directory() -> tempfile::TempDir {
        tempfile::tempdir().unwrap()
    }
}

/// After so many failures the rest would be no news.
const ENOUGH: usize = 50;

fn main() -> ExitCode {
    effects::check();
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().expect("PROGRAM SECONDS ROUNDS SEED JOBS"));
    let mut number = || -> u64 { arguments.next().unwrap().parse().unwrap() };
    let (seconds, rounds, first, jobs) = (number(), number(), number(), number());
    let through: Option<Through> = arguments.next().map(|kind| kind.parse().unwrap());
    let start = Instant::now();
    let is_over = || start.elapsed() >= Duration::from_secs(seconds);
    let next = AtomicU64::new(first);
    let tally = Mutex::new(Tally::default());
    let failures = || -> usize {
        let tally = tally.lock().unwrap();
        tally.failures.values().map(Vec::len).sum()
    };
    let work = || {
        let mut site = Site::start(&program);
        while failures() < ENOUGH && !is_over() {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed - first >= rounds {
                break;
            }
            let mut world = World::grow(seed);
            world.proxy = through.or(world.proxy);
            let done = round(&program, &mut site, &world);
            tally.lock().unwrap().add(done);
        }
        let growth = site.growth();
        println!("servers: {growth}");
        if growth.is_too_much() {
            let failed = Tally::failed("GROWTH: a server has grown", first);
            tally.lock().unwrap().add(failed);
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
    let minutes = start.elapsed().as_secs_f64() / 60.0;
    println!("{minutes:.1} minutes from seed {first}");
    println!("{}", tally.lock().unwrap());
    match failures() {
        0 => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}

/// Runs the round of a world, and tells of its failure at once.
fn round(program: &Path, site: &mut Site, world: &World) -> Tally {
    let ran = catch_unwind(AssertUnwindSafe(|| site.run(program, world)));
    let (mut tally, failure) = match ran {
        Ok((tally, failure)) => (tally, failure),
        // The failed assertion has been printed.
        Err(_) => (Tally::default(), Some("PANIC: see above".to_owned())),
    };
    if let Some(why) = failure {
        let seed = world.seed;
        eprintln!("soak: seed {seed}: {why}\n{world:#?}");
        // The proxy may be none that was drawn.
        let through = world.proxy.map(|proxy| format!(" --proxy {proxy}"));
        let through = through.unwrap_or_default();
        eprintln!("to repeat: cargo xtask soak --rounds 1 --seed {seed}{through}\n");
        tally.add(Tally::failed(&why, seed));
    }
    tally
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{World, effects};

    #[test]
    fn every_effect_of_the_server_is_in_some_world() {
        effects::check();
        let mut missing: BTreeSet<&str> = effects::names().into_iter().collect();
        for seed in 0..2000 {
            for wrong in World::grow(seed).wrongs {
                missing.remove(wrong.name());
            }
        }
        assert!(missing.is_empty(), "{missing:?}");
    }

    #[test]
    fn every_kind_of_file_system_and_of_proxy_is_in_some_world() {
        let worlds: Vec<World> = (0..200).map(World::grow).collect();
        let places: BTreeSet<String> = worlds
            .iter()
            .map(|world| format!("{:?}", world.place))
            .collect();
        let proxies: BTreeSet<String> = worlds
            .iter()
            .map(|world| format!("{:?}", world.proxy))
            .collect();
        assert_eq!((places.len(), proxies.len()), (5, 5));
    }

    #[test]
    fn a_seed_is_a_world() {
        for seed in 0..100 {
            let world = || format!("{:?}", World::grow(seed));
            assert_eq!(world(), world());
        }
    }
}
