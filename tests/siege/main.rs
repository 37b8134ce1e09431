//! The siege: `sheave serve` among clients that break every rule, and one that keeps them all.
//! Knows the server's limits by their defaults, and nothing of how it keeps them.
//!
//! `cargo xtask siege` builds the program and runs this: `siege PROGRAM SECONDS SEED [REST]`. It
//! fails when the client that behaves once waits longer than a second, when the server's memory
//! grows, or when it keeps descriptors of clients that are gone. The hostile clients take both of
//! two cores, unless they rest for REST milliseconds between what they could do at once.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a failed unwrap is a failed siege; this measures time, and owns its files"
)]

mod frames;
mod honest;
mod hostile;
mod hostile_secure;
mod judge;
mod server;
mod wire;

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use fastrand::Rng;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::task::JoinSet;

use honest::Waits;
use judge::Judgement;
use server::Server;
use wire::Target;

/// Hostile clients at once: more than a server has places, of the plain kinds alone.
const PLAIN: u64 = 700;
const SECURE: u64 = 300;

/// The time between two looks at what the server uses.
const LOOK: Duration = Duration::from_secs(5);

/// The time in which a server is rid of clients that are gone: its longest timeout, twice.
const AFTERMATH: Duration = Duration::from_mins(2);

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let program = PathBuf::from(arguments.next().expect("PROGRAM SECONDS SEED [REST]"));
    let mut number = || -> u64 { arguments.next().unwrap().parse().unwrap() };
    let (time, seed) = (Duration::from_secs(number()), number());
    let rest = Duration::from_millis(arguments.next().map_or(0, |rest| rest.parse().unwrap()));
    make_room();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .unwrap();
    let judgement = runtime.block_on(siege(&program, time, seed, rest));
    println!("{judgement}");
    if judgement.is_right() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Each client takes a descriptor.
fn make_room() {
    let limit = getrlimit(Resource::Nofile);
    let wanted = 4 * (PLAIN + SECURE);
    let current = Some(limit.maximum.map_or(wanted, |most| most.min(wanted)));
    let _ = setrlimit(Resource::Nofile, Rlimit { current, ..limit });
}

async fn siege(program: &Path, time: Duration, seed: u64, rest: Duration) -> Judgement {
    let servers = [Server::start(program, false), Server::start(program, true)];
    let fresh = servers.each_ref().map(Server::used);
    let targets = servers
        .each_ref()
        .map(|server| Arc::new(server.target(rest)));
    let waits = Arc::new(Waits::default());
    let mut hostile = besiege(&targets, seed);
    let mut honest = JoinSet::new();
    for target in &targets {
        honest.spawn(honest::ask(Arc::clone(target), Arc::clone(&waits)));
    }
    let mut judgement = Judgement::new(fresh, waits);
    let begin = Instant::now();
    while begin.elapsed() < time {
        tokio::time::sleep(LOOK.min(time)).await;
        judgement.look(begin.elapsed(), servers.each_ref().map(Server::used));
        if begin.elapsed().as_secs() % 60 < LOOK.as_secs() {
            println!("{}", judgement.line());
        }
        while let Some(ended) = hostile.try_join_next() {
            ended.unwrap();
        }
    }
    honest.shutdown().await;
    hostile.shutdown().await;
    judgement.count(&targets.map(|target| target.sessions.load(Ordering::Relaxed)));
    let end = Instant::now();
    loop {
        let used = servers.each_ref().map(Server::used);
        if judgement.is_calm(used) || end.elapsed() > AFTERMATH {
            judgement.end(used);
            return judgement;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Starts every hostile client, each of which goes on for ever, one misdeed after another.
fn besiege([plain, secure]: &[Arc<Target>; 2], seed: u64) -> JoinSet<()> {
    let mut clients = JoinSet::new();
    for number in 0..PLAIN {
        let rng = Rng::with_seed(seed.wrapping_mul(10_000).wrapping_add(number));
        clients.spawn(hostile::go_on(Arc::clone(plain), rng));
    }
    for number in PLAIN..PLAIN + SECURE {
        let rng = Rng::with_seed(seed.wrapping_mul(10_000).wrapping_add(number));
        clients.spawn(hostile_secure::go_on(Arc::clone(secure), rng));
    }
    clients
}
