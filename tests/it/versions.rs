//! Replies that are not of the file that was asked for: what was fetched is given up only for a
//! newer version that is complete, and a single reply proves nothing.

use std::io::Write;
use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU32, Ordering};

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};
use range_server::{Fault, Version};

use crate::resume::reaches;
use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::{files, raw, wait};

const MIB: u64 = 1 << 20;
const LENGTH: u64 = 24 * MIB;
const SEED: Seed = Seed(11);

/// The SHA-256 of a version of the file.
fn sha256(version: u8) -> String {
    let seed = SEED.of_version(Version(version));
    files::hex(&synthetic::sha256(seed, ByteCount(LENGTH)))
}

fn faults(texts: &[&str]) -> Vec<Fault> {
    let parse = |text: &&str| Fault::parse(text).unwrap();
    texts.iter().map(parse).collect()
}

/// A download under one name, whatever the server.
struct Download {
    into: tempfile::TempDir,
}

impl Download {
    fn new() -> Self {
        let into = files::directory();
        Self { into }
    }

    /// One that was killed after 6 MiB or more.
    fn interrupted(more: &[&str]) -> Self {
        let download = Self::new();
        let site = Site::synthetic(faults(&["rate:2MiB"]));
        let mut command = std::process::Command::new(program::path());
        command.args(download.arguments(&site, more));
        let mut running = program::start_command(command);
        let directory = download.into.path();
        assert!(reaches(&mut running, directory, "f", 6 * MIB));
        running.kill();
        download
    }

    /// Fetches some of a newer version, and is killed.
    fn interrupt_newer(&self) {
        let site = Site::synthetic(faults(&["version:1", "rate:2MiB"]));
        let mut command = std::process::Command::new(program::path());
        command.args(self.arguments(&site, &[]));
        let mut running = program::start_command(command);
        wait::until("the older version to be set aside", || {
            let is_aside = self.path("f.old-version.part.journal").exists();
            (is_aside && self.path("f.part").exists()).then_some(())
        });
        assert!(reaches(&mut running, self.into.path(), "f", 2 * MIB));
        running.kill();
    }

    fn arguments(&self, site: &Site, more: &[&str]) -> Vec<String> {
        self.arguments_for(
            &site.url(&format!("/synthetic/{LENGTH}?seed={}", SEED.0)),
            more,
        )
    }

    fn arguments_for(&self, url: &str, more: &[&str]) -> Vec<String> {
        let output = self.path("f").display().to_string();
        let arguments = ["get", url, "--json", "-x", "4", "-o", &output];
        arguments
            .iter()
            .chain(more)
            .map(|&text| text.to_owned())
            .collect()
    }

    fn run(&self, texts: &[&str], more: &[&str]) -> Ran {
        let site = Site::synthetic(faults(texts));
        program::run(self.arguments(&site, more))
    }

    fn path(&self, name: &str) -> std::path::PathBuf {
        self.into.path().join(name)
    }

    fn names(&self) -> Vec<String> {
        files::names(self.into.path())
    }

    fn check(&self, version: u8) {
        assert_eq!(self.names(), ["f"]);
        assert_eq!(files::sha256(&self.path("f")), sha256(version));
    }

    /// What is kept is continued: most of it is not fetched again.
    fn check_kept(&self, at_least: u64, more: &[&str]) {
        let ran = self.run(&[], more).expect(0);
        assert!(ran.number("resumed_bytes") >= at_least, "{ran:?}");
        self.check(0);
    }
}

/// filecxx/FileCentipede#463, opendatateam/udata#3331 (JSON with 200), automl/nanoTabPFN#12 and
/// neuromorphs/tonic#337 (a firewall's empty reply): a body of something else, with status 200.
const MESSAGES: [&str; 5] = ["json", "text", "xml", "html", "empty"];

#[test]
fn a_message_in_place_of_the_file_costs_nothing_that_was_fetched() {
    let checksum = format!("sha-256={}", sha256(0));
    for body in MESSAGES {
        for more in [
            &["--max-tries", "2"][..],
            &["--max-tries", "2", "--checksum", &checksum],
        ] {
            let download = Download::interrupted(more);
            let fault = format!("status:200,body={body}");
            let ran = download.run(&[&fault], more).expect(3);
            assert!(ran.stderr.contains("in place of the file"), "{ran:?}");
            assert!(ran.stderr.contains("run the same command again"), "{ran:?}");
            assert_eq!(download.names(), ["f.part", "f.part.journal"], "{body}");
            download.check_kept(5 * MIB, more);
        }
    }
}

#[test]
fn a_message_in_mid_download_is_never_published_as_the_file() {
    for body in MESSAGES {
        let download = Download::new();
        let fault = format!("status:200,body={body},requests=8..");
        let more = ["--max-tries", "4"];
        let ran = download.run(&["rate:8MiB", &fault], &more).expect(3);
        assert!(ran.stderr.contains("in place of the file"), "{ran:?}");
        assert_eq!(download.names(), ["f.part", "f.part.journal"], "{body}");
        download.check_kept(MIB, &more);
    }
}

#[test]
fn a_file_that_was_there_is_not_replaced_by_a_message() {
    let download = Download::new();
    std::fs::write(download.path("f"), "before").unwrap();
    let more = ["--overwrite", "--max-tries", "2"];
    let faults = ["rate:8MiB", "status:200,body=json,requests=4.."];
    download.run(&faults, &more).expect(3);
    assert_eq!(std::fs::read(download.path("f")).unwrap(), b"before");
}

#[test]
fn stray_replies_cost_a_try_each() {
    for stray in [
        "status:200,body=json",
        "status:200,body=empty",
        "version:1",
        "no-validators",
        "media-type:text/html",
        "error-page",
        "etag:weak",
    ] {
        for which in ["every=4", "every=7"] {
            let download = Download::new();
            let fault = format!("{stray},{which},requests=2..");
            let ran = download.run(&["range-cap:512KiB", &fault], &[]).expect(0);
            assert!(!ran.stdout.contains("restarting"), "{stray}: {ran:?}");
            assert_eq!(ran.last_json()["verified"], "validator", "{stray}");
            download.check(0);

            let checksum = format!("sha-256={}", sha256(0));
            let download = Download::new();
            let faults = ["range-cap:512KiB", &fault];
            let ran = download.run(&faults, &["--checksum", &checksum]).expect(0);
            assert!(!ran.stdout.contains("restarting"), "{stray}: {ran:?}");
            download.check(0);
        }
    }
}

/// A page with the status, the range and the tag of the part that was asked for.
#[test]
fn a_part_of_another_media_type_is_not_written() {
    let download = Download::new();
    let more = ["--max-tries", "2"];
    let ran = download.run(&["error-page,requests=2.."], &more).expect(3);
    assert!(ran.stderr.contains("a page of HTML"), "{ran:?}");
    download.check_kept(0, &more);
}

#[test]
fn two_nodes_of_which_one_is_behind_give_one_version() {
    for node in [
        "version:1,every=2",
        "version:1,every=3",
        "no-validators,every=2",
    ] {
        let download = Download::new();
        download.run(&["range-cap:1MiB", node], &[]).expect(0);
        assert_eq!(download.names(), ["f"]);
        let found = files::sha256(&download.path("f"));
        assert!([sha256(0), sha256(1)].contains(&found), "{node}");
    }
}

/// The first reply has a tag and the others, by another node that has another version, have
/// nothing: a tag that only some replies have proves nothing about the others.
#[test]
fn validator_is_said_only_if_every_reply_had_it() {
    let download = Download::new();
    let faults = [
        "rate:16MiB",
        "version:1,requests=2..",
        "no-validators,requests=2..",
    ];
    let ran = download.run(&faults, &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "none", "{ran:?}");
    download.check(1);
}

/// Sends what was asked for of the content of `SEED`, with these fields.
fn answer(head: &str, stream: &mut TcpStream, fields: &str) -> std::io::Result<()> {
    let length = usize::try_from(LENGTH).unwrap();
    let bytes = files::bytes(SEED.0, length);
    let (status, (first, last)) = match raw::range(head, length) {
        Some((first, last)) => (
            format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{length}"),
            (first, last),
        ),
        None => ("200 OK".to_owned(), (0, length - 1)),
    };
    let length = last - first + 1;
    write!(
        stream,
        "HTTP/1.1 {status}\r\nContent-Length: {length}\r\n{fields}\r\n"
    )?;
    stream.write_all(&bytes[first..=last])
}

/// The server says that it changed, although in a tag that proves no byte: what came before is not
/// joined with what comes now.
#[test]
fn a_weak_tag_that_differs_is_a_change() {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let base = raw::serve(|head, stream| {
        let version = u32::from(REQUESTS.fetch_add(1, Ordering::Relaxed) > 2);
        answer(head, stream, &format!("ETag: W/\"{version}\"\r\n"))
    });
    let download = Download::new();
    let ran = program::run(download.arguments_for(&format!("{base}/x"), &[])).expect(0);
    assert!(ran.stdout.contains("restarting"), "{ran:?}");
    assert_eq!(ran.last_json()["verified"], "none", "{ran:?}");
}

#[test]
fn the_older_version_waits_until_the_newer_one_is_complete() {
    let download = Download::interrupted(&[]);
    download.interrupt_newer();
    let both = [
        "f.old-version.part",
        "f.old-version.part.journal",
        "f.part",
        "f.part.journal",
    ];
    assert_eq!(download.names(), both);
    // The server goes back to the version before: nothing of that was lost.
    download.check_kept(5 * MIB, &[]);

    // It stays with the newer one: that is continued, and the older one goes with its completion.
    let download = Download::interrupted(&[]);
    download.interrupt_newer();
    let ran = download.run(&["version:1"], &[]).expect(0);
    assert!(ran.number("resumed_bytes") >= MIB, "{ran:?}");
    download.check(1);
}

#[test]
fn a_newer_version_that_is_refused_leaves_the_older_one_in_its_place() {
    let more = ["--max-tries", "2"];
    // However many requests there are before the refusals, the older one is kept.
    for first in [1, 2, 3, 5, 8] {
        let download = Download::interrupted(&[]);
        let refusal = format!("status:404,requests={first}..");
        let ran = download.run(&["version:1", "rate:4MiB", &refusal], &more);
        assert!(ran.code != Some(0), "{first}: {ran:?}");
        let names = download.names();
        let has = |name: &str| names.iter().any(|found| found == name);
        assert!(has("f.part") && has("f.part.journal"), "{first}: {names:?}");
        download.check_kept(5 * MIB, &[]);
    }
}

#[test]
fn no_resume_removes_what_waited() {
    let download = Download::interrupted(&[]);
    download.interrupt_newer();
    assert_eq!(download.names().len(), 4);
    let ran = download.run(&[], &["--no-resume"]).expect(0);
    assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
    download.check(0);
}

#[test]
fn a_complete_part_is_published_only_if_the_file_is_still_this_one() {
    let wrong = format!("sha-256={}", "0".repeat(64));
    let complete = || {
        let download = Download::new();
        download.run(&[], &["--checksum", &wrong]).expect(6);
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

/// A gateway that gives its messages validators, and the media type of whatever was asked for.
#[test]
fn a_message_with_validators_is_not_taken_for_a_newer_version() {
    let base = raw::serve(|_, stream| {
        let message = "{\"error\":\"quota exceeded, try again later\"}";
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nContent-Type: application/octet-stream\r\n\
             Accept-Ranges: bytes\r\nETag: \"e\"\r\n\r\n{message}",
            message.len()
        )
    });
    let checksum = format!("sha-256={}", sha256(0));
    for more in [&["--max-tries", "2"][..], &["--checksum", &checksum]] {
        let download = Download::interrupted(more);
        let arguments = download.arguments_for(&format!("{base}/x"), more);
        let ran = program::run(arguments).expect(3);
        assert!(ran.stderr.contains("much shorter"), "{ran:?}");
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        download.check_kept(5 * MIB, more);
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

#[test]
fn refusals_in_the_words_of_a_range_cost_tries() {
    for refusal in ["status:416", "status:403", "status:404"] {
        let download = Download::new();
        let refusal = format!("{refusal},elapsed=300ms..1s");
        let ran = download.run(&["rate:6MiB", &refusal], &[]).expect(0);
        assert!(!ran.stdout.contains("restarting"), "{ran:?}");
        download.check(0);
    }
}

/// What only a checksum joins is not continued without one: the validator that the first server
/// gave is not that of the bytes that came from the second.
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

/// versity/versitygw#2398, rustfs/rustfs#2009: a coding that belongs to the stored object, so that
/// parts of it have it too.
#[test]
fn a_coded_file_is_begun_anew_by_the_same_command() {
    let base = raw::serve(|head, stream| {
        answer(
            head,
            stream,
            "Content-Encoding: aws-chunked\r\nETag: \"a\"\r\n",
        )
    });
    let download = Download::new();
    let url = format!("{base}/x");
    let mut command = std::process::Command::new(program::path());
    command.args(download.arguments_for(&url, &["--limit-rate", "4MiB"]));
    let mut running = program::start_command(command);
    wait::until("bytes", || {
        let part = std::fs::metadata(download.path("f.part")).ok()?;
        assert!(!running.has_ended(), "it ended too soon");
        (part.blocks() * 512 > 2 * MIB).then_some(())
    });
    running.kill();
    let ran = program::run(download.arguments_for(&url, &[])).expect(0);
    assert_eq!(ran.last_json()["content_coding"], "aws-chunked", "{ran:?}");
    download.check(0);
}

/// A server without ranges that breaks off and then answers with a message.
#[test]
fn a_plain_stream_that_is_asked_for_again_may_not_become_a_message() {
    for body in MESSAGES {
        let download = Download::new();
        let message = format!("status:200,body={body},requests=2..");
        let faults = ["ignore-range", "cut:4MiB", &message];
        let ran = download.run(&faults, &["--max-tries", "2"]).expect(3);
        assert!(
            ran.stderr.contains("in place of the file"),
            "{body}: {ran:?}"
        );
        assert!(!download.path("f").exists());
    }
}

#[test]
fn parts_that_come_as_200_are_judged_by_their_content_range() {
    let base = raw::serve(|head, stream| {
        let length = usize::try_from(LENGTH).unwrap();
        let bytes = files::bytes(SEED.0, length);
        let (first, last) = raw::range(head, length).unwrap_or((0, length - 1));
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\
             Content-Range: bytes {first}-{last}/{length}\r\nETag: \"a\"\r\n\r\n",
            last - first + 1
        )?;
        stream.write_all(&bytes[first..=last])
    });
    let download = Download::new();
    let ran = program::run(download.arguments_for(&format!("{base}/x"), &[])).expect(0);
    assert!(ran.number("requests") > 1, "{ran:?}");
    assert_eq!(ran.last_json()["verified"], "validator");
    download.check(0);
}
