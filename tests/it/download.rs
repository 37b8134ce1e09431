//! Downloads that go well: every size and every kind of server ends in an identical file.

use std::path::Path;

use range_server::{ContentLength, Effect, Fault};
use serde_json::Value;

use crate::support::nginx::Nginx;
use crate::support::program::{self, Ran};
use crate::support::python::Python;
use crate::support::site::Site;
use crate::support::{files, program::get};

const BLOCK: u64 = 1 << 18;
const GIB: u64 = 1 << 30;

/// Around every edge: nothing, one byte, one block, several segments.
const LENGTHS: [u64; 8] = [
    0,
    1,
    BLOCK - 1,
    BLOCK,
    BLOCK + 1,
    8 * BLOCK,
    33 * BLOCK + 17,
    100 * BLOCK,
];

fn check_identical(ran: &Ran, output: &Path, original: &Path) {
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(files::sha256(output), files::sha256(original));
    let left_behind = files::names(output.parent().unwrap());
    assert_eq!(left_behind, [output.file_name().unwrap().to_str().unwrap()]);
    let length = std::fs::metadata(original).unwrap().len();
    assert_eq!(ran.number("bytes"), length);
    assert_eq!(ran.number("fetched_bytes"), length);
}

/// Fetches a file of every length from a server.
fn check_lengths(root: &Path, url: impl Fn(&str) -> String, more: &[&str]) {
    for length in LENGTHS {
        let name = format!("{length}.bin");
        let original = files::create(&root.join(&name), length, length);
        let into = files::directory();
        let ran = get(&url(&name), into.path(), more);
        check_identical(&ran, &into.path().join(&name), &original);
    }
}

#[test]
fn every_length_from_our_own_server() {
    let root = files::directory();
    let site = Site::of(root.path(), Vec::new());
    check_lengths(
        root.path(),
        |name| site.url(&format!("/{name}")),
        &["-x", "8"],
    );
}

#[test]
fn every_length_with_positioned_writes_and_one_connection() {
    let root = files::directory();
    let site = Site::of(root.path(), Vec::new());
    let more = ["-x", "1", "--write", "positioned"];
    check_lengths(root.path(), |name| site.url(&format!("/{name}")), &more);
}

#[test]
fn every_length_from_nginx_with_and_without_tls() {
    let root = files::directory();
    let Some(nginx) = Nginx::start(root.path()) else {
        return;
    };
    check_lengths(root.path(), |name| nginx.url(name), &["-x", "8"]);
    let certificate = nginx.certificate();
    let more = ["-x", "8", "--cacert", certificate.to_str().unwrap()];
    check_lengths(root.path(), |name| nginx.tls_url(name), &more);
}

#[test]
fn every_length_from_a_server_without_ranges() {
    let root = files::directory();
    let Some(python) = Python::start(root.path()) else {
        return;
    };
    check_lengths(root.path(), |name| python.url(name), &["-x", "8"]);
}

#[test]
fn every_length_without_a_stated_length() {
    let root = files::directory();
    let chunked = [
        Effect::ContentLength(ContentLength::Chunked),
        Effect::IgnoreRange,
    ]
    .map(Fault::always);
    let site = Site::of(root.path(), chunked.into());
    check_lengths(
        root.path(),
        |name| site.url(&format!("/{name}")),
        &["-x", "8"],
    );
}

#[test]
fn a_large_file_comes_over_several_connections_in_little_memory() {
    let root = files::directory();
    let original = files::create(&root.path().join("large.bin"), 1, 2 * GIB);
    let Some(nginx) = Nginx::start(root.path()) else {
        return;
    };
    let certificate = nginx.certificate();
    let tls = ["-x", "8", "--cacert", certificate.to_str().unwrap()];
    for (url, more) in [
        (nginx.url("large.bin"), &tls[..2]),
        (nginx.tls_url("large.bin"), &tls[..]),
    ] {
        let into = files::directory();
        let running = program::start_get(&url, into.path(), more);
        let (ran, anonymous) = running.finish_watching_anonymous_memory();
        check_identical(&ran, &into.path().join("large.bin"), &original);
        assert!(
            anonymous < 64 << 20,
            "{anonymous} bytes of anonymous memory"
        );
        assert_eq!(ran.number("connections_peak"), 8);
        assert_eq!(ran.last_json()["verified"], "validator");
    }
}

#[test]
fn the_first_request_asks_for_everything_and_its_body_is_used() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let ran = get(&site.url("/synthetic/3MiB"), into.path(), &["-x", "1"]).expect(0);
    let requests = site.requests();
    assert_eq!(requests.len(), 1, "no probe, no HEAD: {requests:?}");
    assert_eq!(requests[0].range(), Some("bytes=0-"));
    assert_eq!(requests[0].header("accept-encoding"), Some("identity"));
    assert_eq!(ran.number("requests"), 1);
}

#[test]
fn no_byte_is_asked_for_twice() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    get(&site.url("/synthetic/200MiB"), into.path(), &["-x", "6"]).expect(0);
    let asked = |record: &range_server::RequestRecord| {
        let (start, end) = record.range()?.strip_prefix("bytes=")?.split_once('-')?;
        Some((start.parse::<u64>().ok()?, end.parse::<u64>().ok()?))
    };
    let mut ranges: Vec<_> = site.requests().iter().filter_map(asked).collect();
    ranges.sort_unstable();
    // Requests that were shortened by a split overlap the thief's; none starts where another did.
    assert!(
        ranges.windows(2).all(|pair| pair[0].0 < pair[1].0),
        "{ranges:?}"
    );
}

#[test]
fn an_expected_checksum_is_checked_and_reported() {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 3, 50 * BLOCK + 1);
    let site = Site::of(root.path(), Vec::new());
    let digest = files::sha256(&original);
    let checksum = format!("sha-256={digest}");
    let into = files::directory();
    let ran = get(&site.url("/a.bin"), into.path(), &["--checksum", &checksum]).expect(0);
    assert_eq!(ran.last_json()["verified"], "digest");
    assert_eq!(ran.last_json()["sha256"], Value::from(digest));
}

#[test]
fn a_wrong_checksum_publishes_nothing_and_the_right_one_then_needs_no_download() {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 3, 20 * BLOCK);
    set_old(&original);
    let site = Site::of(root.path(), Vec::new());
    let into = files::directory();
    let wrong = format!("sha-256={}", "00".repeat(32));
    let ran = get(&site.url("/a.bin"), into.path(), &["--checksum", &wrong]).expect(6);
    assert_eq!(ran.last_json()["event"], "error");
    assert_eq!(
        files::names(into.path()),
        ["a.bin.part", "a.bin.part.journal"]
    );

    let right = format!("sha-256={}", files::sha256(&original));
    let ran = get(&site.url("/a.bin"), into.path(), &["--checksum", &right]).expect(0);
    assert_eq!(
        (ran.number("fetched_bytes"), ran.number("resumed_bytes")),
        (0, 20 * BLOCK)
    );
    assert_eq!(files::names(into.path()), ["a.bin"]);
}

#[test]
fn redirects_are_followed_and_headers_stay_at_their_origin() {
    let elsewhere = Site::synthetic(Vec::new());
    let to = elsewhere.url("/synthetic/9MiB").parse().unwrap();
    let site = Site::synthetic(vec![Fault::always(Effect::RedirectTo(to)).at("/file.bin")]);
    let into = files::directory();
    let secret = ["--header", "X-Api-Key: secret"];
    get(&site.url("/file.bin"), into.path(), &secret).expect(0);
    assert_eq!(
        files::names(into.path()),
        ["file.bin"],
        "named after the original URL"
    );
    assert_eq!(site.requests()[0].header("x-api-key"), Some("secret"));
    assert!(
        elsewhere
            .requests()
            .iter()
            .all(|request| request.header("x-api-key").is_none())
    );
}

/// Makes a file old enough for its validators to be strong.
pub(crate) fn set_old(path: &Path) {
    let file = std::fs::File::options().write(true).open(path).unwrap();
    let hour = std::time::Duration::from_hours(1);
    file.set_modified(std::time::SystemTime::now() - hour)
        .unwrap();
}

/// As "copy as cURL" of a browser has them, of a file that it knows in part.
#[test]
fn headers_about_bytes_and_versions_are_the_downloads_own() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let url = site.url("/synthetic/20MiB?seed=3");
    let copied = [
        "Range: bytes=0-",
        "If-Range: \"old\"",
        "If-None-Match: \"1400000-3-v0\", *",
        "If-Match: \"old\"",
        "If-Modified-Since: Fri, 01 Jan 2100 00:00:00 GMT",
        "If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT",
        "Accept-Encoding: gzip, deflate, br, zstd",
        "Content-Length: 5",
        "Transfer-Encoding: chunked",
        "Expect: 100-continue",
        "X-Other: stays",
    ];
    let more: Vec<_> = copied.iter().flat_map(|header| ["-H", header]).collect();
    let ran = get(&url, into.path(), &more).expect(0);
    assert_eq!(ran.last_json()["verified"], "validator", "{ran:?}");
    assert!(ran.number("connections_peak") > 1, "{ran:?}");
    for request in site.requests() {
        for name in [
            "if-none-match",
            "if-modified-since",
            "content-length",
            "expect",
        ] {
            assert!(!request.headers.contains_key(name), "{request:?}");
        }
        assert_eq!(request.headers["x-other"], "stays");
        assert_eq!(request.headers["accept-encoding"], "identity");
    }
}
