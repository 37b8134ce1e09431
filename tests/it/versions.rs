//! Replies of another version: what was fetched is given up only for a newer version that is
//! complete, and a single reply proves nothing.

use std::io::Write;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use range_core::units::ByteCount;
use range_server::synthetic;

use crate::support::cut_off::{reaches, recorded};
use crate::support::site::Site;
use crate::support::versioned::{Download, LENGTH, MIB, SEED, answer, answer_with, sha256};
use crate::support::{files, program, raw, wait};

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
        "cut:4MiB,requests=1..=1",
        "version:1,requests=2..",
        "no-validators,requests=2..",
    ];
    let ran = download.run(&faults, &[]).expect(0);
    assert_eq!(ran.last_json()["verified"], "none", "{ran:?}");
    download.check(1);
}

/// The server says that it changed, although in a tag that proves no byte: what came before is not
/// joined with what comes now.
#[test]
fn a_weak_tag_that_differs_is_a_change() {
    static REQUESTS: AtomicU32 = AtomicU32::new(0);
    let base = raw::serve(|head, stream| {
        // Nobody gets all of the older version.
        if REQUESTS.fetch_add(1, Ordering::Relaxed) <= 2 {
            return answer_with(head, stream, "ETag: W/\"0\"\r\n", 1 << 20);
        }
        answer(head, stream, "ETag: W/\"1\"\r\n")
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
        // Those that are served bring no more than a part of it.
        let served = format!("cut:2MiB,requests=..={first}");
        let ran = download.run(&["version:1", "rate:4MiB", &refusal, &served], &more);
        assert!(ran.code != Some(0), "{first}: {ran:?}");
        let names = download.names();
        let has = |name: &str| names.iter().any(|found| found == name);
        assert!(has("f.part") && has("f.part.journal"), "{first}: {names:?}");
        download.check_kept(5 * MIB, &[]);
    }
}

/// The length was a mistake of the server, or the file was replaced by a much shorter one: of what
/// is here, nothing could be lost.
#[test]
fn a_file_of_which_no_byte_came_is_begun_anew() {
    let silent = raw::serve(|_head, stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: 25165824\r\n\r\n"
        )?;
        // The body never begins; the client is killed.
        std::io::copy(stream, &mut std::io::sink()).map(drop)
    });
    let site = Site::synthetic(Vec::new());
    let shorter = site.url("/synthetic/5000?seed=11");
    let sha256 = files::hex(&synthetic::sha256(SEED, ByteCount(5000)));
    let digest = format!("sha-256={sha256}");
    let checked = ["--checksum", digest.as_str()];
    for more in [&checked[..], &[]] {
        let download = Download::new();
        let mut command = std::process::Command::new(program::path());
        command.args(download.arguments_for(&format!("{silent}/x"), more));
        let running = program::start_command(command);
        wait::until("the journal", || {
            let journal = std::fs::metadata(download.path("f.part.journal")).ok()?;
            (journal.len() > 0).then_some(())
        });
        running.kill();
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        let ran = program::run(download.arguments_for(&shorter, more)).expect(0);
        assert!(!ran.stdout.contains("resuming"), "{ran:?}");
        assert_eq!(download.names(), ["f"]);
        assert_eq!(files::sha256(&download.path("f")), sha256);
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

/// The coded bytes of a download that was complete but for its digest.
fn coded(head: &str, stream: &mut std::net::TcpStream) -> std::io::Result<()> {
    answer(head, stream, "Content-Encoding: br\r\nETag: \"a\"\r\n")
}

#[test]
fn a_coded_file_says_why_it_is_begun_anew_and_only_where_it_is() {
    let url = format!("{}/x", raw::serve(coded));
    let download = Download::new();
    let mut command = std::process::Command::new(program::path());
    command.args(download.arguments_for(&url, &["--limit-rate", "4MiB"]));
    let running = program::start_command(command);
    wait::until("bytes", || {
        let part = std::fs::metadata(download.path("f.part")).ok()?;
        (part.blocks() * 512 > 2 * MIB).then_some(())
    });
    let ran = running.kill();
    assert!(!ran.stdout.contains("restarting"), "{ran:?}");
    let ran = program::run(download.arguments_for(&url, &[])).expect(0);
    assert!(ran.stdout.contains("content coding"), "{ran:?}");
    assert_eq!(ran.stdout.matches("restarting").count(), 1, "{ran:?}");
    download.check(0);
}

#[test]
fn a_coded_file_that_is_damaged_is_fetched_again() {
    const WRONG: &str = "sha-256=0000000000000000000000000000000000000000000000000000000000000000";
    let url = format!("{}/x", raw::serve(coded));
    let right = format!("sha-256={}", sha256(0));
    for damaged in [None, Some(0), Some(LENGTH / 2), Some(LENGTH - 1)] {
        let download = Download::new();
        let run =
            |checksum: &str| program::run(download.arguments_for(&url, &["--checksum", checksum]));
        run(WRONG).expect(6);
        assert_eq!(download.names(), ["f.part", "f.part.journal"]);
        if let Some(at) = damaged {
            let part = std::fs::File::options()
                .write(true)
                .open(download.path("f.part"));
            part.unwrap()
                .write_at(b"?????", at.min(LENGTH - 5))
                .unwrap();
        }
        let ran = run(&right).expect(0);
        assert_eq!(ran.last_json()["content_coding"], "br", "{ran:?}");
        assert_eq!(ran.last_json()["verified"], "digest", "{ran:?}");
        let is_kept = ran.number("fetched_bytes") == 0;
        assert_eq!(is_kept, damaged.is_none(), "{ran:?}");
        download.check(0);
    }
}

/// Answers a few requests for ranges, and later ones with something else. Tells when the whole file
/// was asked for. The tag of that is `whole`.
fn soon_unreliable(mistake: &'static str, whole: &'static str) -> (String, Arc<AtomicBool>) {
    let (requests, is_whole) = (AtomicU32::new(0), Arc::new(AtomicBool::new(false)));
    let seen = Arc::clone(&is_whole);
    let base = raw::serve_at("127.0.0.1", move |head, stream| {
        if !head.contains("range:") {
            seen.store(true, Ordering::SeqCst);
            return answer(head, stream, &format!("ETag: {whole}\r\n"));
        }
        if requests.fetch_add(1, Ordering::SeqCst) < 6 {
            return answer_with(head, stream, "ETag: \"a\"\r\n", 1 << 20);
        }
        write!(stream, "HTTP/1.1 {mistake}\r\nETag: \"a\"\r\n\r\n")?;
        Err(std::io::ErrorKind::ConnectionAborted.into())
    });
    (format!("{base}/x"), is_whole)
}

const MISTAKES: [&str; 2] = [
    "200 OK\r\nContent-Length: 25165824",
    "206 Partial Content\r\nContent-Length: 100",
];

/// The stream that takes over is of the very version whose parts are here: it is written over them.
#[test]
fn a_part_of_the_same_version_is_no_older_version() {
    for mistake in MISTAKES {
        let (url, is_whole) = soon_unreliable(mistake, "\"a\"");
        let download = Download::new();
        let mut command = std::process::Command::new(program::path());
        command.args(download.arguments_for(&url, &["--limit-rate", "4MiB"]));
        let mut running = program::start_command(command);
        let before = wait::until("the stream that takes over", || {
            assert!(!running.has_ended(), "{mistake}: it ended");
            let recorded = recorded(download.into.path(), "f");
            is_whole.load(Ordering::SeqCst).then_some(recorded)
        });
        wait::until("bytes of it", || {
            (recorded(download.into.path(), "f") > before).then_some(())
        });
        let ran = running.kill();
        assert_eq!(download.names(), ["f.part", "f.part.journal"], "{ran:?}");
        // The bytes that had come by ranges are kept, although the stream has not got so far.
        let (url, _) = soon_unreliable(mistake, "\"a\"");
        let ran = program::run(download.arguments_for(&url, &[])).expect(0);
        let resumed = ran
            .stdout
            .lines()
            .find(|line| line.contains("\"resuming\""));
        let resumed: serde_json::Value = serde_json::from_str(resumed.unwrap()).unwrap();
        assert!(resumed["claimed_bytes"].as_u64() >= Some(before), "{ran:?}");
        download.check(0);
    }
}

/// It was another version when the stream began: the parts wait until that is complete.
#[test]
fn a_stream_of_another_version_is_not_written_over_the_parts() {
    for mistake in MISTAKES {
        let (url, is_whole) = soon_unreliable(mistake, "\"b\"");
        let download = Download::new();
        let mut command = std::process::Command::new(program::path());
        command.args(download.arguments_for(&url, &["--limit-rate", "4MiB"]));
        let mut running = program::start_command(command);
        wait::until("the older version to be set aside", || {
            assert!(!running.has_ended(), "{mistake}: it ended");
            let is_begun = recorded(download.into.path(), "f") > 0;
            let is_aside = download.path("f.old-version.part.journal").exists();
            (is_whole.load(Ordering::SeqCst) && is_begun && is_aside).then_some(())
        });
        running.finish().expect(0);
        download.check(0);
    }
}

/// The claims of replies that did not all agree are known as such, however many runs later.
#[test]
fn what_only_a_checksum_joined_is_not_continued_without_one() {
    static TAG: AtomicU32 = AtomicU32::new(0);
    let base = raw::serve(|head, stream| {
        let tag = TAG.load(Ordering::SeqCst);
        answer(head, stream, &format!("ETag: \"{tag}\"\r\n"))
    });
    let url = format!("{base}/x");
    let checksum = format!("sha-256={}", sha256(0));
    let with = ["--checksum", &*checksum, "--limit-rate", "6MiB"];
    for runs in [2, 3] {
        let download = Download::new();
        for run in 0..runs {
            TAG.store(run, Ordering::SeqCst);
            let mut command = std::process::Command::new(program::path());
            command.args(download.arguments_for(&url, &with));
            let mut running = program::start_command(command);
            let bytes = u64::from(run + 1) * 5 * MIB;
            assert!(reaches(&mut running, download.into.path(), "f", bytes));
            running.kill();
        }
        // The tag of the first run, by which alone nothing could be told.
        TAG.store(0, Ordering::SeqCst);
        let ran = program::run(download.arguments_for(&url, &[])).expect(0);
        assert_eq!(ran.number("resumed_bytes"), 0, "{ran:?}");
        assert!(ran.stdout.contains("restarting"), "{ran:?}");
        download.check(0);
    }
}

/// Replies that bring a little less than they were asked for have no error of their own.
#[test]
fn every_cause_of_a_retry_is_told_in_words() {
    let base = raw::serve(|head, stream| {
        let length = usize::try_from(LENGTH).unwrap();
        let (first, _) = raw::range(head, length).unwrap_or((0, 0));
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Length: 1\r\nETag: \"a\"\r\n\
             Content-Range: bytes {first}-{first}/{length}\r\n\r\nx"
        )
    });
    let download = Download::new();
    let url = format!("{base}/x");
    let ran = program::run(download.arguments_for(&url, &["--max-tries", "3"])).expect(3);
    let retrying = ran
        .stdout
        .lines()
        .filter(|line| line.contains("\"retrying\""));
    let mut count = 0;
    for line in retrying {
        let line: serde_json::Value = serde_json::from_str(line).unwrap();
        let cause = line["cause"].as_str().unwrap();
        assert!(cause.contains(' '), "{cause:?}");
        count += 1;
    }
    assert!(count > 0, "{ran:?}");
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
