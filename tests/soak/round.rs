//! Owns one round: run, kill, run again, compare; and at last without faults. Whatever is wrong
//! panics.

use std::fmt;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use accelerator::{Digest, DigestAlgorithm};
use range_core::units::ByteCount;
use range_server::Version;
use range_server::synthetic::{self, Seed};
use serde_json::Value;
use tempfile::TempDir;

use crate::case::Case;
use crate::server::{Growth, Server, Use};

/// No run is given longer, whatever the server does. One that is still fetching is cut short: a
/// server that stalls after a few bytes of each reply can make it take an hour.
const DEADLINE: Duration = Duration::from_secs(90);

/// Tries, and how long one may stand still, against faults.
const HASTY: [&str; 2] = ["3", "1s"];

/// The same where nothing is wrong: then only a machine busy with other things stands still.
const PATIENT: [&str; 2] = ["10", "30s"];

/// How long before its deadline a run must have had fewer bytes than at it. One that had not hangs,
/// and that is a failure with a name. Longer than all the tries a round allows take.
const STANDSTILL: f64 = 30.0;

/// Rounds after which a server has met most there is.
const WARM: u64 = 60;

/// How long a server may take to let go of peers that are gone.
const PARTING: Duration = Duration::from_secs(10);

/// What the rounds share.
pub(crate) struct Workshop {
    program: PathBuf,
    plain: Server,
    secure: Server,
    rounds: AtomicU64,
    fresh: [Use; 2],
    warm: OnceLock<[Use; 2]>,
}

/// How runs ended.
#[derive(Debug, Default)]
pub(crate) struct Tally {
    rounds: u64,
    arrived: u64,
    failed: u64,
    killed: u64,
    cut_short: u64,
    bytes: u64,
}

#[derive(Debug)]
enum Ended {
    Killed,
    CutShort,
    Exited(i32, Value, String),
}

impl Workshop {
    pub(crate) fn new(program: PathBuf) -> Self {
        let plain = Server::start(&program, false);
        let secure = Server::start(&program, true);
        Self {
            fresh: [plain.used(), secure.used()],
            program,
            plain,
            secure,
            rounds: AtomicU64::new(0),
            warm: OnceLock::new(),
        }
    }

    pub(crate) fn run(&self, case: &Case) -> Tally {
        if self.rounds.fetch_add(1, Ordering::Relaxed) == WARM {
            self.warm.get_or_init(|| self.used());
        }
        let server = if case.is_secure {
            &self.secure
        } else {
            &self.plain
        };
        // On the disk the program was built on, not in memory.
        let beside = self.program.parent().unwrap();
        let mut round = Round {
            case,
            program: &self.program,
            server,
            directory: tempfile::tempdir_in(beside).unwrap(),
            scratch: tempfile::tempdir_in(beside).unwrap(),
            tally: Tally::default(),
            has_name: false,
        };
        round.run();
        round.tally
    }

    /// What the servers used before anybody came, when they were warm, and use now that nobody is
    /// there.
    pub(crate) fn growth(&self) -> Growth {
        let sum = |uses: [Use; 2]| uses[0] + uses[1];
        let fresh = sum(self.fresh);
        let mut end = sum(self.used());
        let start = Instant::now();
        while end.is_busier_than(fresh) && start.elapsed() < PARTING {
            std::thread::sleep(Duration::from_millis(50));
            end = sum(self.used());
        }
        Growth {
            fresh,
            warm: self.warm.get().copied().map_or(end, sum),
            end,
        }
    }

    fn used(&self) -> [Use; 2] {
        [self.plain.used(), self.secure.used()]
    }
}

struct Round<'a> {
    case: &'a Case,
    program: &'a Path,
    server: &'a Server,
    directory: TempDir,
    scratch: TempDir,
    tally: Tally,
    /// Whether a run was killed when the file had its name.
    has_name: bool,
}

impl Round<'_> {
    fn run(&mut self) {
        self.tally.rounds = 1;
        for &kill in &self.case.kills {
            let url = self.url(self.case.faulty_from_the_start);
            let ended = self.get(&url, HASTY, Some(kill));
            if self.check(&ended) {
                return;
            }
        }
        let url = self.url(true);
        let ended = self.get(&url, HASTY, None);
        if self.check(&ended) {
            return;
        }
        // Whatever was left, the same command ends well once the server behaves.
        let url = self.url(false);
        let ended = self.get(&url, PATIENT, None);
        let is_right = self.check(&ended);
        // Bytes that are wrong are kept for the right checksum.
        let lied_to = matches!(ended, Ended::Exited(6, ..));
        assert!(is_right || lied_to, "it does not recover: {ended:?}");
    }

    fn url(&self, with_faults: bool) -> String {
        let base = &self.server.base_url;
        let Case { seed, length, .. } = self.case;
        let url = format!("{base}/synthetic/{length}?seed={seed}&id={seed}");
        if with_faults {
            format!("{url}&fault={}", self.case.faults.join("&fault="))
        } else {
            url
        }
    }

    fn get(&mut self, url: &str, [tries, patience]: [&str; 2], kill: Option<Duration>) -> Ended {
        let mut command = Command::new(self.program);
        command.args(["get", url, "--json"]);
        command.args(["--max-tries", tries, "--stall-timeout", patience]);
        command.arg("-x").arg(self.case.connections.to_string());
        command.arg("-o").arg(self.output());
        if self.case.checksum {
            let digest = synthetic::sha256(Seed(self.case.seed), ByteCount(self.case.length));
            let digest = Digest::new(DigestAlgorithm::Sha256, &digest).unwrap();
            command.arg("--checksum").arg(digest.to_string());
        }
        if let Some(authority) = &self.server.authority {
            command.arg("--cacert").arg(authority);
        }
        let (stdout, stderr) = (
            self.scratch.path().join("out"),
            self.scratch.path().join("err"),
        );
        let mut child = command
            .stdin(Stdio::null())
            .stdout(File::create(&stdout).unwrap())
            .stderr(File::create(&stderr).unwrap())
            .spawn()
            .unwrap();
        let start = Instant::now();
        let status = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status;
            }
            if start.elapsed() >= kill.unwrap_or(DEADLINE) {
                child.kill().unwrap();
                child.wait().unwrap();
                if kill.is_some() {
                    return Ended::Killed;
                }
                let events = std::fs::read_to_string(stdout).unwrap();
                assert!(is_fetching(&events), "the program hangs: {url}\n{events}");
                return Ended::CutShort;
            }
            std::thread::sleep(Duration::from_millis(1));
        };
        let stderr = std::fs::read_to_string(stderr).unwrap();
        let stdout = std::fs::read_to_string(stdout).unwrap();
        let last = stdout
            .lines()
            .last()
            .and_then(|line| serde_json::from_str(line).ok());
        let code = status
            .code()
            .unwrap_or_else(|| panic!("{status}: {stderr}"));
        Ended::Exited(code, last.unwrap_or_default(), stderr)
    }

    /// Whether the file has arrived; whatever else happened is checked too.
    fn check(&mut self, ended: &Ended) -> bool {
        let found = std::fs::read(self.output()).ok();
        match ended {
            // Killed between publishing and the end, or before.
            Ended::Killed | Ended::CutShort => {
                let is_cut_short = matches!(ended, Ended::CutShort);
                self.tally.cut_short += u64::from(is_cut_short);
                self.tally.killed += u64::from(!is_cut_short);
                self.has_name = found.is_some();
                assert!(found.is_none_or(|found| self.is_right(&found)));
                false
            }
            Ended::Exited(0, last, stderr) => {
                let found = found.expect("exit 0 and no file");
                assert!(self.is_right(&found), "WRONG FILE: {last} {stderr}");
                self.tally.arrived += 1;
                self.tally.bytes += self.case.length;
                true
            }
            // A kill came after the file had its name and before the journal was gone.
            Ended::Exited(8, _, stderr) => {
                let found = found.unwrap_or_else(|| panic!("exit 8: {stderr}"));
                assert!(self.is_right(&found), "WRONG FILE: {stderr}");
                true
            }
            Ended::Exited(code, last, stderr) => {
                assert!((3..=6).contains(code), "exit {code}: {stderr}");
                assert!(
                    found.is_none_or(|found| self.has_name && self.is_right(&found)),
                    "exit {code} and a file: {stderr}"
                );
                assert_eq!(last["event"], "error", "{stderr}");
                assert_eq!(stderr.lines().count(), 1, "{stderr}");
                self.tally.failed += 1;
                false
            }
        }
    }

    /// Whether it is one version of the file from its first byte to its last: the one there is a
    /// checksum of, where there is one.
    fn is_right(&self, found: &[u8]) -> bool {
        let generation = |version| {
            let mut bytes = vec![0; usize::try_from(self.case.length).unwrap()];
            let seed = Seed(self.case.seed).of_version(Version(version));
            synthetic::fill(seed, 0, &mut bytes);
            bytes
        };
        let mut versions = if self.case.checksum { 0..1 } else { 0..2 };
        versions.any(|version| found == generation(version))
    }

    fn output(&self) -> PathBuf {
        self.directory.path().join("file")
    }
}

/// Whether a run, by the events it told, had more bytes at its end than a standstill before.
fn is_fetching(events: &str) -> bool {
    let progress: Vec<(f64, u64)> = events
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|event| event["event"] == "progress")
        .filter_map(|event| {
            Some((
                event["elapsed_s"].as_f64()?,
                event["present_bytes"].as_u64()?,
            ))
        })
        .collect();
    let before = DEADLINE.as_secs_f64() - STANDSTILL;
    let earlier = progress.iter().rfind(|(elapsed, _)| *elapsed <= before);
    match (earlier, progress.last()) {
        (Some((_, earlier)), Some((_, last))) => last > earlier,
        _ => false,
    }
}

impl Tally {
    pub(crate) fn add(&mut self, other: &Self) {
        self.rounds += other.rounds;
        self.arrived += other.arrived;
        self.failed += other.failed;
        self.killed += other.killed;
        self.cut_short += other.cut_short;
        self.bytes += other.bytes;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} rounds; {} runs arrived, {} failed cleanly, {} were killed, \
             {} still fetching after \
             {} s; {} MiB; wrong files: 0, hangs: 0",
            self.rounds,
            self.arrived,
            self.failed,
            self.killed,
            self.cut_short,
            DEADLINE.as_secs(),
            self.bytes >> 20
        )
    }
}
