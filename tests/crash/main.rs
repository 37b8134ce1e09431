//! The kill loop: the program, killed at every failpoint and at random moments, run again until it
//! is done, and its file compared. Knows the program's contract, and the names of its failpoints.
//!
//! `cargo xtask crash` builds the program with failpoints and runs this:
//! `crash PROGRAM ROUNDS FIRST_SEED JOBS`. Every round is grown from a seed of its own, which a
//! failure names.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed round; this waits for processes and reads their files"
)]

mod case;
mod dice;
mod program;
mod round;
mod site;
mod summary;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use case::Case;
use round::Workdir;
use summary::Summary;

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().expect("PROGRAM ROUNDS FIRST_SEED JOBS"));
    let mut number = || -> u64 { arguments.next().unwrap().parse().unwrap() };
    let (rounds, first, jobs) = (number(), number(), number());
    let workdir = Workdir::new(program);
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let summary = Mutex::new(Summary::default());
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(|| {
                while !failed.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed - first >= rounds {
                        return;
                    }
                    let case = Case::grow(seed);
                    if let Ok(costs) = catch_unwind(AssertUnwindSafe(|| workdir.run(&case))) {
                        summary.lock().unwrap().add(&costs);
                    } else {
                        // The failed assertion has been printed; the others need not go on.
                        eprintln!("crash: seed {seed} failed: {case:#?}");
                        eprintln!("to repeat: cargo xtask crash --rounds 1 --seed {seed}");
                        failed.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    let summary = summary.into_inner().unwrap();
    println!("{rounds} rounds from seed {first}\n{summary}");
    let missed = summary.missed();
    // A few rounds are for looking at one seed, and cannot come by every point.
    if rounds >= 100 && !missed.is_empty() {
        eprintln!("crash: nothing was killed at {missed:?}");
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(failed.into_inner()))
}
