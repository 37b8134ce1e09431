//! Disks that make the program wait, or whose syncs fail: nobody is blamed for it, the program can
//! be told to stop, and a second start harms nothing. strace makes the calls late.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use range_core::units::ByteCount;
use range_server::Fault;
use range_server::synthetic::{self, Seed};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::cut_off::BLOCK;
use crate::support::mounts::Mount;
use crate::support::program::{self, Ran, Running};
use crate::support::site::Site;
use crate::support::{cases, files, strace, wait};

const MIB: u64 = 1 << 20;
const LENGTH: u64 = 24 * MIB;
const WRONG: &str = "sha-256=0000000000000000000000000000000000000000000000000000000000000000";

/// One command, its directory and its server.
struct Download {
    site: Site,
    into: TempDir,
}

impl Download {
    /// From a server with these faults.
    fn new(faults: &[&str], into: TempDir) -> Self {
        let parse = |text: &&str| Fault::parse(text).unwrap();
        let site = Site::synthetic(faults.iter().map(parse).collect());
        Self { site, into }
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let url = self.site.url(&format!("/synthetic/{LENGTH}?seed=3"));
        let output = self.path("f").display().to_string();
        let arguments = ["get", &url, "--json", "-x", "4", "-o", &output];
        let arguments = arguments.iter().chain(more);
        arguments.map(|&text| text.to_owned()).collect()
    }

    fn run(&self, more: &[&str]) -> Ran {
        program::run(self.arguments(more))
    }

    /// Runs it with calls that are late, or fail, as strace's expression says.
    fn run_with(&self, inject: &str, more: &[&str]) -> Ran {
        let mut command = strace::command(&expressions(inject).each_ref().map(String::as_str));
        command.args(self.arguments(more));
        program::start_command(command).finish()
    }

    /// Starts it with such calls, each of which is told in a file.
    fn start_with(&self, inject: &str, more: &[&str]) -> Running {
        let expressions = expressions(inject);
        let expressions = expressions.each_ref().map(String::as_str);
        let mut command = strace::command_for_signals(&self.path("trace"), &expressions);
        command.args(self.arguments(more));
        program::start_command(command)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.into.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        files::names(self.into.path())
    }

    fn check(&self) {
        // Only some runs are traced.
        let _removed = std::fs::remove_file(self.path("trace"));
        assert_eq!(self.names(), ["f"]);
        assert_eq!(files::sha256(&self.path("f")), sha256());
    }
}

fn expressions(inject: &str) -> [String; 2] {
    let (calls, _) = inject.split_once(':').unwrap();
    [format!("trace={calls}"), format!("inject={inject}")]
}

fn sha256() -> String {
    files::hex(&synthetic::sha256(Seed(3), ByteCount(LENGTH)))
}

/// Blocks reach the disk by calls, which can be made to take long.
const POSITIONED: [&str; 2] = ["--write", "positioned"];

/// Calls that take three seconds.
const LATE: [&str; 8] = [
    "fdatasync:delay_enter=3000000",
    "fsync:delay_enter=3000000",
    "fallocate:delay_enter=3000000",
    "pread64:delay_enter=3000000:when=9",
    "pwrite64:delay_enter=3000000:when=30",
    "pwrite64:delay_enter=3000000:when=100",
    "renameat2:delay_enter=3000000",
    "unlinkat:delay_enter=3000000",
];

#[test]
fn a_disk_that_blocks_is_nobodys_silence() {
    check_blamed_on_nobody(&LATE);
}

fn check_blamed_on_nobody(late: &[&str]) {
    if !strace::is_installed() {
        return;
    }
    let checksum = format!("sha-256={}", sha256());
    let patience = ["--stall-timeout", "1s", "--max-tries", "2"];
    let more = [&patience[..], &POSITIONED, &["--checksum", &checksum]].concat();
    cases::check_all(late.len(), late.iter(), |inject| {
        let download = Download::new(&["rate:3MiB"], files::directory());
        let begun = Instant::now();
        let ran = download.run_with(inject, &more).expect(0);
        let took = begun.elapsed();
        download.check();
        assert_eq!(ran.number("retries"), 0, "{ran:?}");
        let asked = download.site.requests().len();
        assert!(asked <= 40, "{asked} requests: {ran:?}");
        assert!(took >= Duration::from_secs(3), "nothing was late: {took:?}");
        assert!(took < Duration::from_secs(25), "{took:?}");
    });
}

/// The bytes that a run has to read, and why.
#[derive(Clone, Copy, Debug)]
enum Reads {
    /// An earlier run left them.
    Earlier,
    /// The same, and then all of it for a checksum.
    ForChecksum,
    /// An earlier run gave them their name and did not live to tell.
    Published,
    /// A file that is there, for a checksum.
    Final,
}

#[test]
fn whoever_reads_a_slow_disk_stops_when_told() {
    let checksum = format!("sha-256={}", sha256());
    let of_checksum = ["--checksum", &*checksum];
    let cases = [
        (Reads::Earlier, &[][..]),
        (Reads::ForChecksum, &of_checksum[..]),
        (Reads::Published, &[]),
        (Reads::Final, &of_checksum),
    ];
    cases::check_all(cases.len(), cases.into_iter(), |(reads, more)| {
        // All of the file takes six seconds.
        let Some(slow) = Mount::fuse(&["--read-rate=4M"]) else {
            return;
        };
        let into = tempfile::tempdir_in(slow.path()).unwrap();
        let download = Download::new(&[], into);
        match reads {
            Reads::Earlier | Reads::ForChecksum => {
                download.run(&["--checksum", WRONG]).expect(6);
            }
            Reads::Published => {
                // The first name that goes is that of a file which shows what permissions a new
                // one has.
                download.run_with("unlinkat:signal=KILL:when=2", &[]);
                // FUSE has no rename that replaces nothing, so there are two names for a moment.
                assert_eq!(download.names(), ["f", "f.part", "f.part.journal"]);
            }
            Reads::Final => {
                download.run(&[]).expect(0);
            }
        }
        let running = program::start(download.arguments(more));
        wait_until_it_reads(&running);
        let told = Instant::now();
        running.signal(Signal::INT);
        let ran = running.finish().expect(130);
        let took = told.elapsed();
        assert!(took < Duration::from_secs(2), "{took:?}");
        // It stopped by itself, and was not ended.
        assert!(!ran.stderr.contains("at once"), "{ran:?}");
        let ran = download.run(more).expect(0);
        // Of a part file that is whole one block is asked for, where no checksum proves it.
        assert!(ran.number("fetched_bytes") <= BLOCK, "{ran:?}");
        download.check();
    });
}

/// Waits until it has read a mebibyte of the file; its own files are less.
fn wait_until_it_reads(running: &Running) {
    wait::until("reading", || {
        let counts = std::fs::read_to_string(format!("/proc/{}/io", running.id())).ok()?;
        let read = counts
            .lines()
            .find_map(|line| line.strip_prefix("rchar: "))?;
        (read.parse::<u64>().ok()? > MIB).then_some(())
    });
}

/// However many writes wait for the disk, the program knows how far it is, says so, and heeds what
/// it is told.
#[test]
fn a_disk_that_takes_no_byte_holds_up_nothing_else() {
    if !strace::is_installed() {
        return;
    }
    // Every write after the first ones takes six seconds.
    let download = Download::new(&["rate:2MiB"], files::directory());
    let late = "pwrite64:delay_enter=6000000:when=60+";
    let patience = ["--stall-timeout", "2s", "--max-tries", "1"];
    let running = download.start_with(late, &[&POSITIONED[..], &patience].concat());
    let trace = download.path("trace");
    wait::until("writes that wait", || {
        let trace = std::fs::read_to_string(&trace).ok()?;
        (trace.lines().count() >= 64).then_some(())
    });
    // Four connections write at once, and there may be fewer threads than that.
    let silent = Instant::now();
    wait::until("three seconds of silence", || {
        (silent.elapsed() > Duration::from_secs(3)).then_some(())
    });
    let told = Instant::now();
    running.signal(Signal::INT);
    let ran = running.finish().expect(130);
    assert!(told.elapsed() < Duration::from_secs(8), "{ran:?}");
    let elapsed: Vec<f64> = ran
        .stdout
        .lines()
        .filter_map(|line| {
            let line: serde_json::Value = serde_json::from_str(line).unwrap();
            line["elapsed_s"]
                .as_f64()
                .filter(|_| line["event"] == "progress")
        })
        .collect();
    let gaps = elapsed.windows(2).map(|pair| pair[1] - pair[0]);
    let longest = gaps.fold(0.0, f64::max);
    assert!(longest < 1.5, "{longest} s without a word: {elapsed:?}");
    let spans = elapsed.last().unwrap() - elapsed[0];
    assert!(spans > 2.5, "{elapsed:?}");
    // Nobody else is blamed for the silence.
    assert!(!ran.stdout.contains("retrying"), "{ran:?}");
    download.run(&[]).expect(0);
    download.check();
}

/// Without a nameless file, that which shows the permissions of a new one has a name for a moment.
#[test]
fn a_kill_while_the_permissions_are_looked_at_leaves_nothing_for_good() {
    if !strace::is_installed() {
        return;
    }
    let Some(mount) = Mount::fuse(&[]) else {
        return;
    };
    let into = tempfile::tempdir_in(mount.path()).unwrap();
    let download = Download::new(&[], into);
    let ran = download.run_with("unlinkat:signal=KILL:when=1", &[]);
    assert_eq!(ran.code, None, "{ran:?}");
    assert_eq!(
        download.names(),
        ["f.part", "f.part.journal", "f.part.probe"]
    );
    download.run(&[]).expect(0);
    download.check();
}

#[test]
fn after_a_sync_that_failed_the_same_command_continues() {
    if !strace::is_installed() {
        return;
    }
    // strace counts the calls of each thread. The first of the thread that begins the journal is
    // that journal's; of the others', the first of a checkpoint is the data's, the second the
    // journal's. With a file system that has lost nothing, what was written is still there.
    cases::check_all(3, 2..=4, |when| {
        let download = Download::new(&["rate:2MiB"], files::directory());
        let ran = download.run_with(&format!("fdatasync:error=EIO:when={when}"), &[]);
        assert_eq!(ran.code, Some(7), "{ran:?}");
        assert!(ran.stderr.contains("run the same command again"), "{ran:?}");
        assert_eq!(ran.last_json()["resumable"], true);
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        let ran = download.run(&[]).expect(0);
        assert!(ran.number("resumed_bytes") >= 2 * MIB, "{ran:?}");
        download.check();
    });
}

/// Calls at which the first of two is for a while.
const MEETINGS: [&str; 5] = [
    "fsync:delay_enter=1000000:when=1",
    "fallocate:delay_enter=1000000",
    "pwrite64:delay_enter=1000000:when=1",
    "fdatasync:delay_enter=1000000:when=1",
    "renameat2:delay_enter=1000000",
];

#[test]
fn a_second_start_harms_nothing_wherever_the_first_one_is() {
    if !strace::is_installed() {
        return;
    }
    let crossed = MEETINGS.into_iter().flat_map(|inject| {
        let options = [&[][..], &["--no-resume"]];
        options.map(|more| [(inject, more, false), (inject, more, true)])
    });
    cases::check_all(4, crossed.flatten(), |(inject, more, is_killed)| {
        let download = Download::new(&[], files::directory());
        let first = download.start_with(inject, &[]);
        wait::until("the first to begin", || {
            download.path("f.part.journal").exists().then_some(())
        });
        let second = download.run(more).expect(8);
        assert_eq!(second.last_json()["kind"], "in_use", "{second:?}");
        assert_eq!(second.stderr.lines().count(), 1, "{second:?}");
        if *is_killed {
            first.kill();
            download.run(&[]).expect(0);
        } else {
            first.finish().expect(0);
        }
        download.check();
    });
}
