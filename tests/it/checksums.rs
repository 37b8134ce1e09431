//! Downloads of which a checksum decides: what it joins, what it refuses, and what is left where
//! there is none.

use sha2::{Digest, Sha256};

use crate::support::cut_off::reaches;
use crate::support::program;
use crate::support::site::Site;
use crate::support::versioned::{Download, MIB, SEED, faults, sha256};

#[test]
fn a_complete_part_is_published_only_if_the_file_is_still_this_one() {
    let wrong = format!("sha-256={}", "0".repeat(64));
    let complete = || {
        let download = Download::new();
        let ran = download.run(&[], &["--checksum", &wrong]).expect(6);
        let says = "the same command with the right --checksum saves it, and with --no-resume";
        assert!(ran.stderr.contains(says), "{ran:?}");
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        download
    };
    let download = complete();
    let ran = download.run(&["version:1"], &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "validator", "{ran:?}");
    download.check(1);

    let download = complete();
    let ran = download.run(&[], &[]).expect(0);
    assert!(ran.number("requests") >= 1, "{ran:?}");
    assert!(ran.number("fetched_bytes") <= MIB, "{ran:?}");
    download.check(0);

    let download = complete();
    let right = format!("sha-256={}", sha256(0));
    let ran = download.run(&[], &["--checksum", &right]).expect(0);
    assert_eq!(ran.number("requests"), 0, "{ran:?}");
    download.check(0);
}

#[test]
fn with_a_checksum_another_servers_tag_refuses_nothing() {
    let checksum = format!("sha-256={}", sha256(0));
    let more = ["--checksum", &checksum];
    for other in [
        "etag:other",
        "etag:none",
        "no-validators",
        "etag:per-connection",
    ] {
        let download = Download::interrupted(&more);
        let ran = download.run(&[other], &more).expect(0);
        assert!(ran.number("resumed_bytes") >= 5 * MIB, "{other}: {ran:?}");
        assert_eq!(ran.last_json()["verified"], "digest");
        download.check(0);
    }
}

/// A stranger who can have a part file and a journal written here, as an archive can or a name in
/// a URL, knows length and validator of a public file: they must not become a part of it.
#[test]
fn a_part_that_was_made_for_something_else_is_not_continued() {
    use std::os::unix::fs::PermissionsExt;
    let checksum = format!("sha-256={}", sha256(0));
    let planted = |mode| {
        let (left, download) = (Download::interrupted(&[]), Download::new());
        for name in ["f.part", "f.part.journal"] {
            std::fs::copy(left.path(name), download.path(name)).unwrap();
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(download.path(name), permissions).unwrap();
        }
        download
    };
    // From another origin, whatever the permissions.
    for mode in [0o600, 0o644] {
        let download = planted(mode);
        let ran = download.run(&[], &[]).expect(8);
        assert!(ran.stderr.contains("checksum"), "{ran:?}");
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        let ran = download.run(&[], &["--checksum", &checksum]).expect(0);
        assert!(ran.number("resumed_bytes") >= 5 * MIB, "{ran:?}");
        download.check(0);
    }
    let download = planted(0o644);
    download.run(&[], &["--no-resume"]).expect(0);
    download.check(0);

    // A copy of what a download from there left is as good as that; other permissions are not.
    let site = Site::synthetic(faults(&["rate:2MiB"]));
    for (mode, code) in [(0o600, 0), (0o644, 8)] {
        let (left, download) = (Download::new(), Download::new());
        let mut command = std::process::Command::new(program::path());
        command.args(left.arguments(&site, &[]));
        let mut running = program::start_command(command);
        assert!(reaches(&mut running, left.into.path(), "f", 4 * MIB));
        running.kill();
        for name in ["f.part", "f.part.journal"] {
            std::fs::copy(left.path(name), download.path(name)).unwrap();
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(download.path(name), permissions).unwrap();
        }
        let ran = program::run(download.arguments(&site, &[]));
        assert_eq!(ran.code, Some(code), "{ran:?}");
    }
}

#[test]
fn a_complete_file_of_another_digest_makes_way_for_the_older_version() {
    let checksum = format!("sha-256={}", sha256(0));
    let more = ["--checksum", &checksum];
    let download = Download::interrupted(&more);
    // Another file, and complete, as a deployment that is taken back has it.
    let ran = download.run(&["version:1", "length:8MiB"], &more).expect(6);
    assert!(ran.stderr.contains("checksum"), "{ran:?}");
    download.check_kept(5 * MIB, &more);
}

/// Bytes that only a checksum joins are not continued without one: the validator that the first
/// server gave is not that of the bytes that came from the second.
#[test]
fn what_a_checksum_joined_is_not_said_to_have_a_validator() {
    let checksum = format!("sha-256={}", sha256(0));
    let more = ["--checksum", &checksum];
    let download = Download::interrupted(&more);
    // Another version from another server, as far as it comes.
    let site = Site::synthetic(faults(&["version:1", "rate:2MiB"]));
    let mut command = std::process::Command::new(program::path());
    command.args(download.arguments(&site, &more));
    let mut running = program::start_command(command);
    assert!(reaches(&mut running, download.into.path(), "f", 10 * MIB));
    running.kill();
    let ran = download.run(&[], &[]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
    download.check(0);
}

/// A reply of two versions in one run is not what the checksum is of: it is fetched once more, of
/// one version.
#[test]
fn a_mix_that_the_checksum_finds_is_fetched_again_of_one_version() {
    let checksum = format!("sha-256={}", sha256(1));
    let download = Download::interrupted(&["--checksum", &checksum]);
    let ran = download
        .run(&["version:1"], &["--checksum", &checksum])
        .expect(0);
    assert_eq!(ran.last_json()["verified"], "digest");
    download.check(1);
}

/// Each algorithm, under the names of the tools that make such checksums.
#[test]
fn every_algorithm_decides() {
    let download = Download::new();
    let seed = SEED.0;
    let site = Site::synthetic(Vec::new());
    let url = site.url(&format!("/synthetic/3?seed={seed}"));
    program::run(download.arguments_for(&url, &[])).expect(0);
    let bytes = std::fs::read(download.path("f")).unwrap();
    let tools = [
        ("sha384sum", "sha384", "digest"),
        ("sha224sum", "SHA2-224", "digest"),
        ("b2sum", "blake2b", "digest"),
        ("sha1sum", "sha-1", "weak-digest"),
        ("md5sum", "MD5", "weak-digest"),
    ];
    for (tool, name, level) in tools {
        let made = std::process::Command::new(tool)
            .arg(download.path("f"))
            .output();
        let made = String::from_utf8(made.unwrap().stdout).unwrap();
        let digest = made.split(' ').next().unwrap();
        let checksum = format!("{name}:{digest}");
        let again = Download::new();
        let arguments = again.arguments_for(&url, &["--checksum", &checksum]);
        let ran = program::run(arguments).expect(0);
        assert_eq!(ran.last_json()["verified"], level, "{ran:?}");
        assert_eq!(std::fs::read(again.path("f")).unwrap(), bytes);
        let behind = format!("{url}#{}={digest}", name.replace("SHA2-", "sha"));
        let ran = program::run(again.arguments_for(&behind, &[])).expect(0);
        assert_eq!(ran.last_json()["completion"], "already_complete", "{ran:?}");
        let wrong = digest.replace(|c| c != '0', "0");
        let other = Download::new();
        let checksum = format!("{name}={wrong}");
        program::run(other.arguments_for(&url, &["--checksum", &checksum])).expect(6);
        assert_eq!(other.names(), ["f.part", "f.part.journal"]);
    }
}

/// A message that was taken for the file in an earlier run is no measure of what comes afterwards.
#[test]
fn after_a_message_that_is_disproven_any_file_is_taken() {
    let checksum = format!(
        "sha-256={}",
        crate::support::files::hex(&Sha256::digest([]))
    );
    let more = ["--checksum", &*checksum];
    let into = crate::support::files::directory();
    let path = "/synthetic/0?id=1";
    let site = Site::synthetic(faults(&["status:200,body=json,requests=1"]));
    let url = site.url(path);
    program::get(&url, into.path(), &more).expect(6);
    let ran = program::get(&url, into.path(), &more).expect(0);
    assert_eq!(ran.number("bytes"), 0, "{ran:?}");
    assert_eq!(ran.number("retries"), 0, "{ran:?}");
}
