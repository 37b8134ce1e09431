//! The words for people while a download waits, when it is stopped, and after several.

use std::process::Command;

use rustix::process::Signal;

use crate::support::cut_off::{reaches, slow};
use crate::support::program::{self, get};
use crate::support::site::Site;
use crate::support::versioned::faults;
use crate::support::{files, wait};

const MIB: u64 = 1 << 20;

#[test]
fn a_failure_is_told_once_for_each_cause_and_not_for_each_try() {
    let site = Site::synthetic(faults(&["status:503,requests=1..=2"]));
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let url = site.url("/synthetic/100KiB");
    let ran = program::run(["get", "-v", "-d", directory, &url]).expect(0);
    assert_eq!(ran.stderr.matches("trying again in").count(), 1, "{ran:?}");
    assert!(ran.stderr.contains("(2 of 3)"), "{ran:?}");
}

#[test]
fn while_nothing_arrives_it_is_told_what_is_waited_for() {
    let site = Site::synthetic(faults(&["status:503,retry-after=8,requests=1"]));
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let url = site.url("/synthetic/100KiB");
    let ran = program::run(["get", "-d", directory, &url]).expect(0);
    let line = ran
        .stderr
        .lines()
        .find(|line| line.contains("next try in "));
    let line = line.unwrap_or_else(|| panic!("nothing is told: {ran:?}"));
    assert!(
        line.contains(" s (2 of 3): the server answered 503"),
        "{line}"
    );
}

#[test]
fn who_stops_a_download_is_told_how_much_is_kept() {
    let site = Site::synthetic(vec![slow()]);
    let into = files::directory();
    let url = site.url("/synthetic/400MiB");
    let mut running = program::start_get(&url, into.path(), &["-x", "4"]);
    assert!(reaches(&mut running, into.path(), "400MiB", 20 * MIB));
    running.signal(Signal::INT);
    let ran = running.finish().expect(130);
    let kept = ran.number("kept_bytes");
    assert!(kept >= 20 * MIB, "{ran:?}");
    let says = " of 400 MiB kept: run the same command again to resume";
    assert!(ran.stderr.contains(says), "{ran:?}");
    let ran = get(&url, into.path(), &[]).expect(0);
    let resuming = ran
        .stdout
        .lines()
        .find(|line| line.contains("\"resuming\""));
    let claimed = format!("\"claimed_bytes\":{kept},");
    assert!(resuming.unwrap().contains(&claimed), "{ran:?}");
}

#[test]
fn a_part_of_nothing_is_not_said_to_be_resumed() {
    let site = Site::synthetic(faults(&["stall:0,requests=1..=40"]));
    let into = files::directory();
    let url = site.url("/synthetic/40MiB");
    let running = program::start_get(&url, into.path(), &[]);
    let journal = into.path().join("40MiB.part.journal");
    wait::until("a part file", || journal.exists().then_some(()));
    running.kill();
    site.clear_faults();
    let directory = into.path().to_str().unwrap();
    let ran = program::run(["get", "-v", "-d", directory, &url]).expect(0);
    assert!(!ran.stderr.contains("resuming"), "{ran:?}");
}

#[test]
fn several_files_end_with_a_line_that_counts_them() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    std::fs::write(into.path().join("3MiB"), "mine").unwrap();
    let urls = ["/synthetic/1MiB", "/no-such-file", "/synthetic/3MiB"].map(|path| site.url(path));
    let run = |options: &[&str]| {
        let arguments = ["get", "-d", directory].into_iter();
        let arguments = arguments.chain(options.iter().copied());
        program::run(arguments.chain(urls.iter().map(|url| &**url)))
    };
    let ran = run(&[]).expect(4);
    let last = ran.stderr.lines().last().unwrap();
    assert!(
        last.starts_with("3 files: 1 downloaded (1.00 MiB in "),
        "{ran:?}"
    );
    assert!(last.ends_with(", 2 failed: no-such-file, 3MiB"), "{ran:?}");
    let ran = run(&["--exists", "skip"]).expect(4);
    let last = ran.stderr.lines().last().unwrap();
    assert_eq!(last, "3 files: 2 skipped, 1 failed: no-such-file");
    // One file is not several, and programs count for themselves.
    let ran = program::run(["get", "--overwrite", "-d", directory, &urls[0]]).expect(0);
    assert!(!ran.stderr.contains("files: "), "{ran:?}");
    assert!(!run(&["--json"]).stderr.contains("files: "));
}

/// Returns the output on a terminal of 80 columns, with these variables.
fn on_a_terminal(variables: &[(&str, &str)]) -> Option<String> {
    needs::program("script")?;
    let site = Site::synthetic(faults(&["rate:4MiB"]));
    let into = files::directory();
    let run = format!(
        "stty columns 80; exec {} get -x 1 -d {} {}",
        program::path().display(),
        into.path().display(),
        site.url("/synthetic/3MiB?name=x")
    );
    let mut command = Command::new("script");
    command.args(["--quiet", "--return", "--command", &run, "/dev/null"]);
    command
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TERM", "xterm");
    command.envs(variables.iter().copied());
    Some(program::start_command(command).finish().expect(0).stdout)
}

#[test]
fn a_terminal_gets_what_its_environment_asks_for() {
    const GREEN: &str = "\u{1b}[32m";
    for (variables, has_line, has_colour, has_blocks) in [
        (&[("LANG", "C.UTF-8")][..], true, true, true),
        (&[("LANG", "C")], true, true, false),
        (&[("NO_COLOR", "1")], true, false, true),
        (&[("CLICOLOR", "0")], true, false, true),
        (&[("CLICOLOR", "1"), ("CI", "false")], true, true, true),
        (&[("CI", "true")], false, false, false),
        (&[("TERM", "dumb")], false, false, false),
    ] {
        let Some(shown) = on_a_terminal(variables) else {
            return;
        };
        let has = |text: &str| shown.contains(text);
        assert_eq!(has("\u{1b}["), has_line, "{variables:?}: {shown:?}");
        assert_eq!(has(GREEN), has_colour, "{variables:?}: {shown:?}");
        assert_eq!(has("█") || has("░"), has_blocks, "{variables:?}: {shown:?}");
        if has_line {
            let places = [
                shown.find("3MiB  "),
                shown.find("%  "),
                shown.find("MiB/s  "),
            ];
            assert!(places.is_sorted() && places[0].is_some(), "{shown:?}");
        }
    }
}

/// A part without a whole block is nothing that another run could continue with.
#[test]
fn nothing_is_left_where_nothing_was_fetched() {
    let site = Site::synthetic(faults(&["stall:0"]));
    let url = site.url("/synthetic/40MiB");
    let into = files::directory();
    let running = program::start_get(&url, into.path(), &[]);
    let journal = into.path().join("40MiB.part.journal");
    wait::until("a part file", || journal.exists().then_some(()));
    running.signal(Signal::INT);
    let stopped = running.finish().expect(130);
    assert!(stopped.stderr.contains("nothing was kept"), "{stopped:?}");
    let more = ["--max-tries", "2", "--first-byte-timeout", "300ms"];
    let failed = program::start_get(&url, into.path(), &more)
        .finish()
        .expect(3);
    for ran in [stopped, failed] {
        assert!(!ran.stderr.contains("to resume"), "{ran:?}");
        assert!(!ran.stderr.contains("starts over"), "{ran:?}");
        assert_eq!(ran.last_json()["resumable"], false, "{ran:?}");
    }
    assert_eq!(files::names(into.path()), [""; 0]);
}

/// Nothing that the server gives joins other bytes to those of a stream that broke.
#[test]
fn nobody_is_told_to_continue_what_cannot_be_continued() {
    let cut = "cut:1048576";
    for (with, says) in [
        (
            &["no-validators", "ignore-range", cut][..],
            "the same command starts over: the server gives nothing by which",
        ),
        (
            &["ignore-range", cut],
            "the server has not served ranges: unless it does then, the same command starts over",
        ),
        (&["ignore-range", "content-length:chunked", cut], ""),
    ] {
        let site = Site::synthetic(faults(with));
        let into = files::directory();
        let directory = into.path().to_str().unwrap();
        let url = site.url("/synthetic/3MiB");
        let ran = program::run(["get", "--max-tries", "2", "-d", directory, &url]).expect(3);
        assert!(ran.stderr.contains(says), "{with:?}: {ran:?}");
        assert!(!ran.stderr.contains("run the same"), "{with:?}: {ran:?}");
        assert!(!ran.stderr.contains("to resume"), "{with:?}: {ran:?}");
    }
}

#[test]
fn the_tries_are_as_many_as_was_told_and_counted_as_they_were_made() {
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let nobody = format!("http://127.0.0.1:{}/f", wait::free_port());
    let run = |url: &str, more: &[&str]| {
        program::run([&["get", "-v", "-d", directory, url], more].concat()).expect(3)
    };
    for (more, tries) in [(&["--max-tries", "4"][..], 4), (&[], 3)] {
        let ran = run(&nobody, more);
        let says = format!("; given up after {tries} failed requests in ");
        assert!(ran.stderr.contains(&says), "{ran:?}");
        assert!(ran.stderr.contains(&format!("(2 of {tries})")), "{ran:?}");

        let site = Site::synthetic(faults(&["status:503"]));
        let ran = run(&site.url("/synthetic/1MiB"), more);
        let made = tries + 1;
        let says =
            format!("; given up after {made} failed requests, the last one without a range,");
        assert!(ran.stderr.contains(&says), "{ran:?}");
        assert!(ran.stderr.contains("(127.0.0.1)"), "{ran:?}");
        assert_eq!(site.requests().len(), made);
    }
    let site = Site::synthetic(faults(&["stall"]));
    let more = ["--max-tries", "2", "--first-byte-timeout", "300ms"];
    run(&site.url("/synthetic/1MiB"), &more);
    let ranged = site.requests();
    let ranged = ranged
        .iter()
        .filter(|asked| asked.header("range").is_some());
    assert_eq!(ranged.count(), 2);
}
