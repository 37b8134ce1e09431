//! Messages in place of the file: a page, an error or nothing at all is not a newer version, and
//! costs a try.

use std::io::Write;

use crate::support::versioned::{Download, MIB, sha256};
use crate::support::{program, raw};

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
        // A stream that delivered would bring the file.
        let faults = ["rate:8MiB", "cut:2MiB,requests=1..=7", &fault];
        let ran = download.run(&faults, &more).expect(3);
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
    // A stream that delivered would bring the file.
    let faults = [
        "rate:8MiB",
        "cut:4MiB,requests=1..=3",
        "status:200,body=json,requests=4..",
    ];
    download.run(&faults, &more).expect(3);
    assert_eq!(std::fs::read(download.path("f")).unwrap(), b"before");
}

/// A page with the status, the range and the tag of the part that was asked for.
#[test]
fn a_part_of_another_media_type_is_not_written() {
    let download = Download::new();
    let more = ["--max-tries", "2"];
    // The first reply, which would have all of the file, breaks off.
    let faults = ["cut:4MiB,requests=1", "error-page,requests=2.."];
    let ran = download.run(&faults, &more).expect(3);
    assert!(ran.stderr.contains("a page of HTML"), "{ran:?}");
    download.check_kept(0, &more);
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
