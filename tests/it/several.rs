//! Downloads of one file from several places, good and bad ones.

use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::versioned::{Download, LENGTH, MIB, SEED, faults, sha256};

fn url(site: &Site) -> String {
    site.url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0))
}

/// Downloads from the first site, with the others as its mirrors.
fn from(download: &Download, sites: &[Site], more: &[&str]) -> Ran {
    let urls: Vec<String> = sites.iter().map(url).collect();
    let mut arguments = download.arguments_for(&urls[0], more);
    for mirror in &urls[1..] {
        arguments.extend(["--mirror".to_owned(), mirror.clone()]);
    }
    program::run(arguments)
}

fn checksum() -> String {
    format!("sha-256={}", sha256(0))
}

/// The ways in which a source can be of no use. Rates make each of them give something.
const BAD: &[&[&str]] = &[
    &["status:404"],
    &["status:503"],
    &["error-page"],
    &["length:8MiB", "rate:4MiB"],
    &["version:1", "rate:4MiB"],
    &["version:1", "no-validators", "rate:4MiB"],
    &["corrupt:100", "rate:4MiB"],
    &["ignore-range", "rate:4MiB"],
    &["misplace:1000", "rate:4MiB"],
    &["cut:1MiB", "rate:4MiB"],
    &["stall:1MiB", "rate:4MiB"],
    &["reset:0"],
];

#[test]
fn every_source_gives_a_part() {
    let download = Download::new();
    let sites = [(); 3].map(|()| Site::synthetic(faults(&["rate:4MiB"])));
    let ran = from(&download, &sites, &["--checksum", &checksum()]).expect(0);
    assert_eq!(ran.last_json()["verified"], "digest");
    for site in &sites {
        let parts = site.requests().into_iter();
        let parts = parts.filter(|record| record.status.as_u16() == 206);
        assert!(parts.count() > 0, "a source was not asked: {ran:?}");
    }
    download.check(0);
}

/// Without a checksum only the length joins several sources: nothing more is claimed.
#[test]
fn without_a_checksum_nothing_is_proven() {
    let download = Download::new();
    let other = Site::synthetic(faults(&["etag:other", "rate:4MiB"]));
    let sites = [Site::synthetic(faults(&["rate:4MiB"])), other];
    let ran = from(&download, &sites, &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "none", "{ran:?}");
    download.check(0);
}

#[test]
fn a_mirror_of_no_use_costs_nothing_but_time() {
    for bad in BAD {
        let download = Download::new();
        let sites = [
            Site::synthetic(faults(&["rate:4MiB"])),
            Site::synthetic(faults(bad)),
        ];
        let more = ["--checksum", &checksum(), "--stall-timeout", "2s"];
        let ran = from(&download, &sites, &more);
        assert_eq!(ran.code, Some(0), "{bad:?}: {ran:?}");
        assert_eq!(ran.last_json()["verified"], "digest", "{bad:?}");
        download.check(0);
    }
}

#[test]
fn one_good_mirror_is_enough() {
    for bad in BAD {
        let download = Download::new();
        let sites = [
            Site::synthetic(faults(bad)),
            Site::synthetic(faults(&["rate:8MiB"])),
        ];
        let more = ["--checksum", &checksum(), "--stall-timeout", "2s"];
        let ran = from(&download, &sites, &more);
        assert_eq!(ran.code, Some(0), "{bad:?}: {ran:?}");
        download.check(0);
    }
}

#[test]
fn among_all_kinds_of_bad_mirrors_one_good_one_is_enough() {
    let download = Download::new();
    let bad = BAD.iter().map(|bad| Site::synthetic(faults(bad)));
    let mut sites: Vec<Site> = bad.collect();
    sites.push(Site::synthetic(faults(&["rate:8MiB"])));
    let more = ["--checksum", &checksum(), "--stall-timeout", "2s"];
    from(&download, &sites, &more).expect(0);
    download.check(0);
}

#[test]
fn where_no_source_has_the_checksum_nothing_is_saved() {
    let download = Download::new();
    let sites = [1, 2].map(|version| Site::synthetic(faults(&[&format!("version:{version}")])));
    let ran = from(&download, &sites, &["--checksum", &checksum()]).expect(6);
    assert!(ran.stderr.contains("checksum"), "{ran:?}");
    assert_eq!(download.names(), ["f.part", "f.part.journal"]);
}

/// A mirror that is of no use is named in one line.
#[test]
fn a_mirror_that_is_dropped_is_told() {
    let download = Download::new();
    let sites = [
        Site::synthetic(faults(&["rate:4MiB"])),
        Site::synthetic(faults(&["status:404"])),
    ];
    let ran = from(&download, &sites, &[]).expect(0);
    let told = ran
        .stdout
        .lines()
        .filter(|line| line.contains("source_dropped"));
    let told: Vec<_> = told.collect();
    assert_eq!(told.len(), 1, "{ran:?}");
    assert!(told[0].contains("404"), "{told:?}");
    assert_eq!(ran.last_json()["verified"], "validator");
    download.check(0);
}

/// Bytes of several sources that no validator joins are continued with the same command.
#[test]
fn the_same_command_continues() {
    let download = Download::new();
    let slow = || Site::synthetic(faults(&["rate:2MiB"]));
    let sites = [
        slow(),
        Site::synthetic(faults(&["etag:other", "rate:2MiB"])),
    ];
    let urls = sites.each_ref().map(url);
    let mirror = ["--mirror", &urls[1]];
    let mut command = std::process::Command::new(program::path());
    command.args(download.arguments_for(&urls[0], &mirror));
    let mut running = program::start_command(command);
    let directory = download.into.path();
    assert!(crate::support::cut_off::reaches(
        &mut running,
        directory,
        "f",
        8 * MIB
    ));
    running.kill();
    let ran = program::run(download.arguments_for(&urls[0], &mirror)).expect(0);
    assert!(ran.number("resumed_bytes") >= 6 * MIB, "{ran:?}");
    assert_eq!(ran.last_json()["verified"], "none", "{ran:?}");
    download.check(0);
}

/// A login that the user gave for the URL is not for its mirrors.
#[test]
fn secrets_stay_at_the_url() {
    let download = Download::new();
    let sites = [(); 2].map(|()| Site::synthetic(faults(&["rate:4MiB"])));
    let more = [
        "--header",
        "X-Token: t0k",
        "--header",
        "Accept-Language: de",
    ];
    from(&download, &sites, &more).expect(0);
    for (at, site) in sites.iter().enumerate() {
        for record in site.requests() {
            let has = |name| record.headers.contains_key(name);
            assert_eq!(has("x-token"), at == 0);
            assert!(has("accept-language"));
        }
    }
}
