//! The process among others: signals, closed streams, few descriptors, a clock that is wrong, a
//! directory that is not writable or goes away.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rustix::process::Signal;

use crate::support::cut_off::{expected, killed, ran_resumes, reaches, slow};
use crate::support::files;
use crate::support::program::{self, Ran, get};
use crate::support::site::Site;

const MIB: u64 = 1 << 20;

/// Each signal that means "stop", and what the program then ends with.
const SIGNALS: [(Signal, i32); 3] = [(Signal::INT, 130), (Signal::TERM, 143), (Signal::HUP, 130)];

#[test]
fn the_first_signal_saves_and_says_how_to_go_on() {
    for (signal, code) in SIGNALS {
        let site = Site::synthetic(vec![slow()]);
        let into = files::directory();
        let url = site.url("/synthetic/400MiB");
        let mut running = program::start_get(&url, into.path(), &["-x", "4"]);
        assert!(reaches(&mut running, into.path(), "400MiB", 20 * MIB));
        let told = std::time::Instant::now();
        running.signal(signal);
        let ran = running.finish().expect(code);
        assert!(
            told.elapsed() < Duration::from_secs(2),
            "{:?}",
            told.elapsed()
        );
        assert!(ran.stderr.contains("same command"), "{ran:?}");
        assert_eq!(ran.last_json()["kind"], "cancelled");
        assert_eq!(ran.last_json()["resumable"], true);
        assert_eq!(
            files::names(into.path()),
            ["400MiB.part", "400MiB.part.journal"]
        );
        let kept = ran_resumes(&url, into.path(), "400MiB");
        assert!(kept >= 20 * MIB, "only {kept} bytes were kept");
    }
}

#[test]
fn a_signal_that_comes_twice_at_once_is_one() {
    for (signal, code) in SIGNALS {
        let site = Site::synthetic(vec![slow()]);
        let into = files::directory();
        let url = site.url("/synthetic/400MiB");
        let mut running = program::start_get(&url, into.path(), &["-x", "4"]);
        assert!(reaches(&mut running, into.path(), "400MiB", 20 * MIB));
        running.signal(signal);
        // As `timeout` sends it. It may have ended between the two.
        running.try_signal(signal);
        let ran = running.finish().expect(code);
        let says = " of 400 MiB kept: run the same command again to resume";
        assert!(ran.stderr.contains(says), "{ran:?}");
        let kept = ran_resumes(&url, into.path(), "400MiB");
        assert!(kept >= 20 * MIB, "only {kept} bytes were kept");
    }
}

#[test]
fn a_signal_that_nohup_switched_off_stays_off() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/100MiB?seed=3");
    let mut command = Command::new("nohup");
    command
        .arg(program::path())
        .args(["get", &url, "-d"])
        .arg(into.path());
    let mut running = program::start_command(command);
    assert!(reaches(&mut running, into.path(), "100MiB", 10 * MIB));
    running.signal(Signal::HUP);
    running.finish().expect(0);
    assert_eq!(
        files::sha256(&into.path().join("100MiB")),
        expected(3, 100 * MIB)
    );
}

/// Closes what this process has inherited and passes on: a limit of descriptors counts it too.
const CLOSE: &str =
    r#"for fd in /proc/self/fd/*; do fd=${fd##*/}; ((fd < 3)) || eval "exec $fd>&-"; done;"#;

/// `get` as a shell runs it, with `before` in front and `after` behind.
fn in_shell(before: &str, after: &str, url: &str, into: &Path) -> Ran {
    let script = format!(r#"{CLOSE} {before} exec "$0" get "$1" -d "$2" {after}"#);
    // Not every shell can close a descriptor of two digits.
    let mut command = Command::new("bash");
    command
        .args(["-c", &script])
        .arg(program::path())
        .arg(url)
        .arg(into);
    program::start_command(command).finish()
}

#[test]
fn closed_streams_keep_no_download_from_its_end_and_get_into_no_file() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/20MiB?seed=3");
    for streams in ["2>&-", ">&- --json", "<&- >&- 2>&-", "<&- >&- 2>&- -v"] {
        let into = files::directory();
        in_shell("", streams, &url, into.path()).expect(0);
        let digest = files::sha256(&into.path().join("20MiB"));
        assert_eq!(digest, expected(3, 20 * MIB), "{streams}");
    }
}

#[test]
fn a_reader_that_has_left_ends_no_download() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/60MiB?seed=3");
    let mut child = Command::new(program::path())
        .args(["get", &url, "--json", "-v", "-d"])
        .arg(into.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop((child.stdout.take(), child.stderr.take()));
    let status = crate::support::wait::until("the program", || child.try_wait().unwrap());
    assert_eq!(status.code(), Some(0));
    assert_eq!(
        files::sha256(&into.path().join("60MiB")),
        expected(3, 60 * MIB)
    );
}

#[test]
fn few_descriptors_are_enough_or_an_error_that_loses_nothing() {
    let site = Site::synthetic(vec![slow()]);
    let url = site.url("/synthetic/100MiB?seed=3");
    for (limit, connections) in [(32, 8), (32, 64)] {
        let into = files::directory();
        let before = format!("ulimit -n {limit};");
        let ran = in_shell(&before, &format!("-x {connections}"), &url, into.path()).expect(0);
        assert!(!ran.stderr.contains("panicked"), "{ran:?}");
        let digest = files::sha256(&into.path().join("100MiB"));
        assert_eq!(digest, expected(3, 100 * MIB), "{connections}");
    }
    // Not even enough to start: one line, and no file.
    let into = files::directory();
    let ran = in_shell("ulimit -n 8;", "", &url, into.path());
    assert!(matches!(ran.code, Some(1 | 3 | 7)), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
}

#[test]
fn a_clock_that_is_a_year_off_changes_nothing() {
    if needs::program("faketime").is_none() {
        return;
    }
    for shift in ["+1y", "-1y"] {
        let site = Site::synthetic(vec![slow()]);
        let into = files::directory();
        let url = site.url("/synthetic/100MiB?seed=3");
        killed(&site, &url, into.path(), "100MiB");
        let mut command = Command::new("faketime");
        command.args(["-f", shift]).arg(program::path());
        command.args(["get", &url, "--json", "-d"]).arg(into.path());
        let ran = program::start_command(command).finish().expect(0);
        assert!(ran.number("resumed_bytes") >= 19 * MIB, "{shift}: {ran:?}");
        assert_eq!(
            files::sha256(&into.path().join("100MiB")),
            expected(3, 100 * MIB)
        );
    }
}

#[test]
fn a_directory_that_goes_away_meanwhile_is_one_line() {
    let site = Site::synthetic(vec![slow()]);
    let parent = files::directory();
    let into = parent.path().join("into");
    let url = site.url("/synthetic/100MiB?seed=3");
    std::fs::create_dir(&into).unwrap();
    let mut running = program::start_get(&url, &into, &["-x", "8"]);
    assert!(reaches(&mut running, &into, "100MiB", 20 * MIB));
    std::fs::remove_dir_all(&into).unwrap();
    let ran = running.finish();
    assert!(matches!(ran.code, Some(7 | 8)), "{ran:?}");
    assert_eq!(
        ran.stderr
            .lines()
            .last()
            .unwrap()
            .matches("sheave:")
            .count(),
        1
    );
    assert!(!ran.stderr.contains("panicked"), "{ran:?}");
    std::fs::create_dir(&into).unwrap();
    get(&url, &into, &["-x", "8"]).expect(0);
    assert_eq!(files::sha256(&into.join("100MiB")), expected(3, 100 * MIB));
}

#[test]
fn a_directory_that_moves_takes_its_download_along() {
    let site = Site::synthetic(vec![slow()]);
    let parent = files::directory();
    let (old, new) = (parent.path().join("old"), parent.path().join("new"));
    let url = site.url("/synthetic/100MiB?seed=3");
    std::fs::create_dir(&old).unwrap();
    let mut running = program::start_get(&url, &old, &["-x", "8"]);
    assert!(reaches(&mut running, &old, "100MiB", 20 * MIB));
    std::fs::rename(&old, &new).unwrap();
    running.finish().expect(0);
    assert_eq!(files::names(&new), ["100MiB"]);
    assert_eq!(files::sha256(&new.join("100MiB")), expected(3, 100 * MIB));
}
