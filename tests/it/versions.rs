//! Replies of another version: what was fetched is given up only for a newer version that is
//! complete, and a single reply proves nothing.

use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::{AtomicU32, Ordering};

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
