//! Bytes of an earlier run, and a server that may have another file: they meet only if something
//! says that they belong together.

use std::time::{Duration, Instant};

use range_server::{Effect, Fault};

use crate::support::cut_off::{expected, killed, reaches, slow};
use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::{files, strace, wait};

const MIB: u64 = 1 << 20;

/// A download of 100 MiB of the content of one seed that is killed, and then continued from
/// another server, of which another command names another URL.
struct Move {
    into: tempfile::TempDir,
}

impl Move {
    fn begin(faults: Vec<Fault>, seed: u64, more: &[&str]) -> Self {
        let site = Site::synthetic([vec![slow()], faults].concat());
        let into = files::directory();
        let url = site.url(&format!("/synthetic/100MiB?seed={seed}"));
        let mut running = program::start_get(&url, into.path(), &[more, &["-x", "4"]].concat());
        assert!(reaches(&mut running, into.path(), "100MiB", 20 * MIB));
        running.kill();
        Self { into }
    }

    /// The file's new place has a name of its own, so that the command has to say which is meant.
    fn go_on(&self, faults: Vec<Fault>, seed: u64, more: &[&str]) -> Ran {
        let site = Site::synthetic(faults);
        let url = site.url(&format!("/synthetic/104857600?seed={seed}"));
        let output = self.into.path().join("100MiB");
        let arguments = ["get", &url, "--json", "-o", output.to_str().unwrap()];
        program::run(arguments.iter().chain(more))
    }

    fn sha256(&self) -> String {
        assert_eq!(files::names(self.into.path()), ["100MiB"]);
        files::sha256(&self.into.path().join("100MiB"))
    }
}

fn without_validators() -> Vec<Fault> {
    vec![Fault::always(Effect::OmitValidators)]
}

fn checksum(seed: u64) -> String {
    format!("sha-256={}", expected(seed, 100 * MIB))
}

#[test]
fn a_new_url_for_the_same_content_goes_on_where_the_old_one_ended() {
    let download = Move::begin(Vec::new(), 3, &[]);
    let ran = download.go_on(Vec::new(), 3, &[]).expect(0);
    assert!(ran.number("resumed_bytes") >= 19 * MIB, "{ran:?}");
    assert_eq!(download.sha256(), expected(3, 100 * MIB));

    // Nothing but the digest says so, and that is enough.
    let checksum = checksum(3);
    let more = ["--checksum", &checksum];
    let download = Move::begin(without_validators(), 3, &more);
    let ran = download.go_on(without_validators(), 3, &more).expect(0);
    assert!(ran.number("resumed_bytes") >= 19 * MIB, "{ran:?}");
    assert_eq!(download.sha256(), expected(3, 100 * MIB));
}

#[test]
fn a_new_url_for_other_content_starts_over() {
    let download = Move::begin(Vec::new(), 3, &[]);
    let ran = download.go_on(Vec::new(), 4, &[]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
    assert_eq!(download.sha256(), expected(4, 100 * MIB));
}

#[test]
fn a_server_that_stops_sending_validators_is_not_believed() {
    let download = Move::begin(Vec::new(), 3, &[]);
    let ran = download.go_on(without_validators(), 4, &[]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
    assert_eq!(download.sha256(), expected(4, 100 * MIB));
    assert!(ran.stdout.contains("restarting"), "{ran:?}");
}

#[test]
fn bytes_that_only_the_checksum_could_tell_apart_are_fetched_again_once() {
    let checksum = checksum(4);
    let more = ["--checksum", &checksum];
    let download = Move::begin(without_validators(), 3, &more);
    let ran = download.go_on(without_validators(), 4, &more).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
    assert_eq!(ran.last_json()["verified"], "digest");
    assert_eq!(download.sha256(), expected(4, 100 * MIB));

    let download = Move::begin(without_validators(), 3, &more);
    download.go_on(without_validators(), 5, &more).expect(6);
    assert!(!download.into.path().join("100MiB").exists());
}

#[test]
fn the_first_requests_do_not_wait_for_the_verification() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    killed(&site, &url, into.path(), "100MiB");
    let before = site.requests().len();
    // At least 20 MiB are read back, 128 KiB at a time, by the one thread that does.
    let read = Duration::from_millis(50);
    let verification = 20 * 8 * read;
    let inject = format!("inject=pread64:delay_enter={}", read.as_micros());
    let mut command = strace::command(&["trace=pread64", &inject]);
    command
        .args(["get", "--json", "-x", "4", "-d"])
        .arg(into.path())
        .arg(&url);
    let start = Instant::now();
    let running = program::start_command(command);
    wait::until("a reply to end", || {
        (site.requests().len() > before).then_some(())
    });
    assert!(start.elapsed() < verification, "{:?}", start.elapsed());
    running.finish().expect(0);
    assert!(start.elapsed() >= verification, "nothing was slowed down");
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
}
