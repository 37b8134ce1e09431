//! The rivals: downloaders people use, on the same faults as ours, and what each delivers. Knows
//! how each is started; asserts nothing.
//!
//! `cargo xtask faults` builds our program and runs this: `rivals PROGRAM`, which prints a table.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a development tool that waits for processes and reads their files"
)]

mod rival;

use std::path::{Path, PathBuf};
use std::time::Duration;

use range_server::synthetic::{self, Seed};
use range_server::{Config, Fault, Server, Version};
use rival::{Ended, Rival};
use tokio::runtime::Runtime;

const LENGTH: usize = 8 << 20;
const SEED: Seed = Seed(4);

/// After this a rival that was slowed down is killed, to be started again.
const KILLED_AFTER: Duration = Duration::from_millis(1500);

/// The fault that is set against the programs.
struct Scenario {
    /// As the table has it.
    what: &'static str,
    /// True if a run was killed before, when nothing was wrong but that it was slow.
    resumes: bool,
    faults: &'static [&'static str],
}

const fn fresh(what: &'static str, faults: &'static [&'static str]) -> Scenario {
    Scenario {
        what,
        resumes: false,
        faults,
    }
}

const fn resumed(what: &'static str, faults: &'static [&'static str]) -> Scenario {
    Scenario {
        what,
        resumes: true,
        faults,
    }
}

const SCENARIOS: &[Scenario] = &[
    fresh("nothing is wrong", &[]),
    fresh(
        "ranges are ignored after the first reply",
        &["ignore-range,requests=2.."],
    ),
    fresh(
        "parts start 512 bytes early, and say so",
        &["start-earlier:512,requests=2.."],
    ),
    fresh("parts end early, and say so", &["end-earlier:1000"]),
    fresh(
        "parts have no Content-Range",
        &["no-content-range,requests=2.."],
    ),
    fresh(
        "ranges above 1 MiB are refused",
        &["range-cap:1MiB,refusal=403"],
    ),
    fresh(
        "the file changes after the second request",
        &["version:1,requests=3.."],
    ),
    fresh("each connection has another ETag", &["etag:per-connection"]),
    fresh("every reply is cut after 700 kB", &["cut:700000"]),
    fresh(
        "a plain stream without length is cut once",
        &[
            "ignore-range",
            "content-length:chunked",
            "cut:3MiB,requests=1..=1",
        ],
    ),
    fresh(
        "two connections fall silent",
        &["stall:500000,requests=2..=3"],
    ),
    fresh(
        "one connection crawls at 100 B/s",
        &["rate:100,requests=2..=2"],
    ),
    fresh(
        "503 a few times",
        &["status:503,retry-after=1,requests=2..=4"],
    ),
    fresh(
        "two connections are served at a time",
        &["connection-cap:2"],
    ),
    fresh("the content is compressed unasked", &["gzip,requests=2.."]),
    fresh("the redirect's target works once", &["redirect:once"]),
    fresh("bytes follow each reply", &["surplus:100"]),
    fresh(
        "all but the first request are refused",
        &["status:403,requests=2.."],
    ),
    fresh(
        "the third reply is JSON, as 200",
        &["status:200,body=json,requests=3..=3"],
    ),
    fresh(
        "the third reply is a page, as long as the part",
        &["error-page,requests=3..=3"],
    ),
    fresh("each first byte comes after 3 s", &["first-byte:3s"]),
    fresh(
        "nobody answers for 3 s",
        &["rate:1MiB", "outage:3s,after=1s"],
    ),
    fresh(
        "the redirect's target expires after 1 s",
        &["redirect:expiring:1s", "rate:1MiB", "cut:1MiB"],
    ),
    resumed("killed, then nothing is wrong", &[]),
    resumed(
        "killed, then another file of the same length",
        &["version:1"],
    ),
    resumed("killed, then ranges are ignored", &["ignore-range"]),
    resumed(
        "killed, then a login page",
        &["redirect:/synthetic/5000?seed=9"],
    ),
    resumed("killed, then JSON, as 200", &["status:200,body=json"]),
    resumed("killed, then no validators", &["no-validators"]),
    resumed(
        "killed, then parts start 512 bytes early",
        &["start-earlier:512"],
    ),
];

fn main() {
    let program = PathBuf::from(std::env::args().nth(1).expect("PROGRAM"));
    let runtime = Runtime::new().unwrap();
    let rivals: Vec<Rival> = Rival::all(&program)
        .into_iter()
        .filter(Rival::is_installed)
        .collect();
    let names: Vec<&str> = rivals.iter().map(|rival| rival.name).collect();
    println!("| What goes wrong | {} |", names.join(" | "));
    println!("|---|{}", "---|".repeat(names.len()));
    for scenario in SCENARIOS {
        let verdicts: Vec<String> = rivals
            .iter()
            .map(|rival| verdict(&runtime, &program, scenario, rival))
            .collect();
        println!("| {} | {} |", scenario.what, verdicts.join(" | "));
    }
}

/// Runs one rival through a scenario, on a server of its own.
fn verdict(runtime: &Runtime, program: &Path, scenario: &Scenario, rival: &Rival) -> String {
    // On the disk the program was built on, not in memory.
    let into = tempfile::tempdir_in(program.parent().unwrap()).unwrap();
    let output = into.path().join("file");
    if scenario.resumes {
        with_server(runtime, &["rate:1MiB"], |url| {
            rival.run(url, into.path(), KILLED_AFTER)
        });
    }
    let ended = with_server(runtime, scenario.faults, |url| {
        rival.run(url, into.path(), rival::PATIENCE)
    });
    let found = std::fs::read(&output).unwrap_or_default();
    let right = (0..=1).any(|version| found == generation(version));
    match (ended, right) {
        (Ended::WithSuccess, true) => "right",
        (Ended::WithSuccess, false) => "**wrong file**",
        (Ended::WithError, _) => "error",
        (Ended::Killed, _) => "hangs",
    }
    .to_owned()
}

fn with_server<T>(runtime: &Runtime, faults: &[&str], use_it: impl FnOnce(&str) -> T) -> T {
    let config = Config {
        faults: faults
            .iter()
            .map(|text| Fault::parse(text).unwrap())
            .collect(),
        ..Config::default()
    };
    let bound = Server::bind("127.0.0.1:0", config);
    let server = runtime.block_on(bound).unwrap();
    let url = format!("{}/synthetic/{LENGTH}?seed={}", server.base_url(), SEED.0);
    let used = use_it(&url);
    let _inside = runtime.enter();
    drop(server);
    used
}

fn generation(version: u8) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH];
    synthetic::fill(SEED.of_version(Version(version)), 0, &mut bytes);
    bytes
}
