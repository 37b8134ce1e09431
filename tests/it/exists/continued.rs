//! Files that another program has begun, and that are gone on from: the result is the server's
//! file, whatever was there, and what was there is lost only where all of it is in the result.

use std::ops::Range;

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};

use super::*;
use crate::support::{cases, wait};

const LENGTH: usize = 24 << 20;
const PATH: &str = "/synthetic/25165824?seed=3";

fn content(seed: u64) -> Vec<u8> {
    let mut bytes = vec![0; LENGTH];
    synthetic::fill(Seed(seed), 0, &mut bytes);
    bytes
}

fn digest() -> String {
    files::hex(&synthetic::sha256(Seed(3), ByteCount(LENGTH as u64)))
}

fn blank(mut bytes: Vec<u8>, range: Range<usize>) -> Vec<u8> {
    bytes[range].fill(0);
    bytes
}

/// A file that was there, as it was and as it may be afterwards.
struct Case {
    what: &'static str,
    there: Vec<u8>,
    /// The most bytes that have to be fetched, if it is of use; it is kept beside the file if not.
    most: Option<usize>,
}

impl std::fmt::Debug for Case {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.what)
    }
}

fn cases() -> Vec<Case> {
    let case = |what, there, most| Case { what, there, most };
    let good = || content(3);
    let prefix = |length: usize| good()[..length].to_vec();
    let mixed = [&content(4)[..LENGTH / 2], &good()[LENGTH / 2..]].concat();
    vec![
        case("a beginning", prefix(18 << 20), Some(12 << 20)),
        case(
            "a beginning with a crooked end",
            prefix(17_777_777),
            Some(12 << 20),
        ),
        case("all of it", good(), Some(6 << 20)),
        case("a gap", blank(good(), 7_000_001..9_000_003), Some(12 << 20)),
        case(
            "gaps, as axel leaves them",
            blank(blank(good(), 4_000_000..6_000_000), 16_000_000..20_000_000),
            Some(18 << 20),
        ),
        case("nothing but holes", vec![0; LENGTH], None),
        case("nothing", Vec::new(), None),
        case("a few bytes", b"precious".to_vec(), None),
        case(
            "a beginning of another file",
            content(4)[..18 << 20].to_vec(),
            None,
        ),
        case("another file of the same length", content(5), None),
        case("another file in its first half", mixed, None),
        case("a longer file", [good(), vec![b'x']].concat(), None),
    ]
}

#[test]
fn whatever_was_there_the_result_is_the_servers_file() {
    let (all, digest) = (cases(), digest());
    let checksum = ["--checksum", &format!("sha-256={digest}")];
    let crossed = all
        .iter()
        .flat_map(|case| [(case, &[][..]), (case, &checksum[..])]);
    cases::check_all(3, crossed, |(case, more)| {
        let (site, into) = (Site::synthetic(Vec::new()), files::directory());
        let file = into.path().join("file");
        std::fs::write(&file, &case.there).unwrap();
        let more = [&["-c", "-x", "4"][..], more].concat();
        let ran = get(&site.url(PATH), into.path(), &more).expect(0);
        assert_eq!(files::sha256(&file), digest, "{}", case.what);
        let names = files::names(into.path());
        let Some(most) = case.most else {
            assert_eq!(names, ["file", "file.old"], "{}", case.what);
            let kept = std::fs::read(into.path().join("file.old")).unwrap();
            assert!(kept == case.there, "{}", case.what);
            return;
        };
        assert_eq!(names, ["file"], "{}", case.what);
        let fetched = ran.number("fetched_bytes");
        assert!(fetched <= most as u64, "{}: {fetched}", case.what);
        let evidence = if more.len() > 3 { "digest" } else { "sampled" };
        assert_eq!(ran.last_json()["verified"], evidence, "{}", case.what);
    });
}

#[test]
fn a_difference_that_samples_miss_is_found_by_a_checksum() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let mut there = content(3);
    there[5_600_000] ^= 1;
    std::fs::write(into.path().join("file"), &there).unwrap();
    let digest = digest();
    let checksum = format!("sha-256={digest}");
    get(
        &site.url(PATH),
        into.path(),
        &["-c", "--checksum", &checksum],
    )
    .expect(0);
    assert_eq!(files::sha256(&into.path().join("file")), digest);
    assert!(std::fs::read(into.path().join("file.old")).unwrap() == there);
}

#[test]
fn where_nothing_joins_it_to_the_file_it_is_kept_beside() {
    for fault in ["no-validators", "ignore-range", "gzip"] {
        let (site, into) = (Site::synthetic(faults(&[fault])), files::directory());
        let there = content(3)[..LENGTH / 2].to_vec();
        std::fs::write(into.path().join("file"), &there).unwrap();
        get(&site.url(PATH), into.path(), &["-c"]).expect(0);
        assert_eq!(files::names(into.path()), ["file", "file.old"], "{fault}");
        let kept = std::fs::read(into.path().join("file.old")).unwrap();
        assert!(kept == there, "{fault}");
    }
}

#[test]
fn a_run_that_is_killed_on_the_way_is_gone_on_from() {
    let site = Site::synthetic(faults(&["rate:4MiB"]));
    for seed in [3, 4] {
        let into = files::directory();
        let there = content(seed)[..LENGTH / 2].to_vec();
        std::fs::write(into.path().join("file"), &there).unwrap();
        let output = into.path().join("file");
        let url = site.url(PATH);
        let arguments = ["get", &url, "-c", "--json", "-o", output.to_str().unwrap()];
        let running = program::start(arguments);
        wait::until("more than was there", || {
            let recorded = crate::support::cut_off::recorded(into.path(), "file");
            (recorded > LENGTH as u64 * 6 / 10).then_some(())
        });
        running.kill();
        assert!(std::fs::read(&output).unwrap() == there, "untouched so far");
        let ran = get(&url, into.path(), &["-c"]).expect(0);
        assert!(ran.number("resumed_bytes") > 0, "{ran:?}");
        assert_eq!(files::sha256(&output), digest());
        let is_kept = into.path().join("file.old").exists();
        assert_eq!(is_kept, seed != 3, "{seed}");
    }
}

#[test]
fn without_the_option_it_is_left_alone() {
    let (site, into) = (Site::synthetic(Vec::new()), files::directory());
    std::fs::write(into.path().join("file"), b"precious").unwrap();
    for more in [
        &[][..],
        &["-c", "--exists", "error"],
        &["--exists", "verify"],
    ] {
        get(&site.url(PATH), into.path(), more).expect(8);
        assert_eq!(files::names(into.path()), ["file"]);
    }
}

/// Each program is killed in the middle, and its file is gone on from.
#[test]
fn what_other_programs_leave_is_gone_on_from() {
    let site = Site::synthetic(faults(&["rate:6MiB"]));
    let url = site.url(PATH);
    let programs: [(&str, &[&str]); 6] = [
        ("curl", &["-s", "-o", "file"]),
        ("wget", &["-q", "-O", "file"]),
        (
            "aria2c",
            &["-q", "-x4", "-k1M", "-o", "file", "--file-allocation=none"],
        ),
        (
            "aria2c",
            &[
                "-q",
                "-x4",
                "-k1M",
                "-o",
                "file",
                "--file-allocation=prealloc",
            ],
        ),
        ("axel", &["-q", "-n", "4", "-o", "file"]),
        ("wget2", &["-q", "-O", "file"]),
    ];
    for (name, arguments) in programs {
        for milliseconds in [700, 1900] {
            let into = files::directory();
            let mut command = Command::new(name);
            command.args(arguments).arg(&url).current_dir(into.path());
            let mut begun = match command.spawn() {
                Ok(begun) => begun,
                Err(missing) => {
                    needs::unmet(name, missing.to_string());
                    break;
                }
            };
            std::thread::sleep(Duration::from_millis(milliseconds));
            begun.kill().unwrap();
            begun.wait().unwrap();
            get(&url, into.path(), &["-c"]).expect(0);
            let case = format!("{name} after {milliseconds} ms");
            assert_eq!(files::sha256(&into.path().join("file")), digest(), "{case}");
        }
    }
}
