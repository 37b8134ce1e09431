//! The soak: the program against `sheave serve`, with faults that a seed makes up each round.
//! Knows the program's contract and how faults are written.
//!
//! `cargo xtask soak` builds the program and runs this: `soak PROGRAM SECONDS ROUNDS SEED JOBS`,
//! which ends when the first of seconds and rounds is used up. Every round is grown from a seed of
//! its own, which a failure names.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed round; this waits for processes and reads their files"
)]

mod case;
#[path = "../crash/dice.rs"]
mod dice;
mod round;
mod server;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use case::Case;
use round::{Tally, Workshop};

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().expect("PROGRAM SECONDS ROUNDS SEED JOBS"));
    let mut number = || -> u64 { arguments.next().unwrap().parse().unwrap() };
    let (seconds, rounds, first, jobs) = (number(), number(), number(), number());
    let workshop = Workshop::new(program);
    let start = Instant::now();
    let is_over = || start.elapsed() >= Duration::from_secs(seconds);
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let tally = Mutex::new(Tally::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) && !is_over() {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - first >= rounds {
                        return;
                    }
                    let case = Case::grow(seed);
                    if let Ok(ran) = catch_unwind(AssertUnwindSafe(|| workshop.run(&case))) {
                        tally.lock().unwrap().add(&ran);
                    } else {
                        // The failed assertion has been printed; the others need not go on.
                        eprintln!("soak: seed {seed} failed: {case:#?}");
                        eprintln!("to repeat: cargo xtask soak --rounds 1 --seed {seed}");
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let tally = tally.into_inner().unwrap();
    println!(
        "{:.1} minutes from seed {first}: {tally}",
        start.elapsed().as_secs_f64() / 60.0
    );
    let growth = workshop.growth();
    println!("servers: {growth}");
    if failed.into_inner() {
        return ExitCode::FAILURE;
    }
    if growth.is_too_much() {
        eprintln!("soak: a server has grown");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}
