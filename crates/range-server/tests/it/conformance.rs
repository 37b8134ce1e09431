//! RFC 9110 over the wire: what the pure decision decides has to arrive, with the right fields.

use range_server::synthetic::{MAX_SIZE, Seed};
use range_server::{Config, Ending};

use crate::site::{Site, content, content_of};

const FILE: &str = "/synthetic/1000";

fn site() -> Site {
    Site::start(Config::default())
}

#[test]
fn satisfiable_ranges_are_partial() {
    let site = site();
    for (range, start, end) in [
        ("bytes=0-499", 0, 500),
        ("bytes=0-", 0, 1000),
        ("bytes=0-0", 0, 1),
        ("bytes=990-2000", 990, 1000),
        ("bytes=-500", 500, 1000),
        ("bytes=-1000", 0, 1000),
        ("bytes=-5000", 0, 1000),
        ("Bytes=0-1", 0, 2),
        ("bytes=0-99999999999999999999", 0, 1000),
        ("bytes=0-18446744073709551615", 0, 1000),
        ("bytes=2000-,0-9", 0, 10),
        ("bytes=0-99,50-149", 0, 150),
        ("bytes=0-1, 5-6", 0, 7),
        ("bytes=0-1,,5-6,", 0, 7),
        ("bytes=100-,0-99", 0, 1000),
    ] {
        let answer = site.get(FILE, &[&format!("Range: {range}")]);
        assert_eq!(answer.status, 206, "{range}");
        assert!(
            answer.is_complete && answer.content == content(start, end),
            "{range}"
        );
        let content_range = format!("bytes {start}-{}/1000", end - 1);
        assert_eq!(
            answer.header("content-range"),
            Some(content_range.as_str()),
            "{range}"
        );
        assert_eq!(
            answer.header("content-length"),
            Some((end - start).to_string().as_str())
        );
        assert_eq!(answer.header("accept-ranges"), Some("bytes"));
        assert_eq!(
            answer.header("content-type"),
            Some("application/octet-stream")
        );
    }
}

#[test]
fn ranges_that_are_not_heeded_give_the_whole() {
    let site = site();
    let killer = format!("Range: bytes={}", "0-,".repeat(1000));
    for fields in [
        &[] as &[&str],
        &["Range: items=0-1"],
        &["Range: bytes=5-2"],
        &["Range: bytes=abc"],
        &["Range: bytes=0-399,500-999"],
        &["Range: bytes=0-1", "Range: bytes=2-3"],
        &["Request-Range: bytes=0-1"],
        &[&killer],
    ] {
        let answer = site.get(FILE, fields);
        assert_eq!(answer.status, 200, "{fields:?}");
        assert!(
            answer.is_complete && answer.content == content(0, 1000),
            "{fields:?}"
        );
        assert_eq!(answer.header("content-range"), None, "{fields:?}");
    }
}

#[test]
fn unsatisfiable_ranges_tell_the_length_and_nothing_else() {
    let site = site();
    for range in [
        "bytes=1000-",
        "bytes=-0",
        "bytes=99999999999999999999-",
        "bytes=2000-3000",
    ] {
        let answer = site.get(FILE, &[&format!("Range: {range}")]);
        assert_eq!(answer.status, 416, "{range}");
        assert_eq!(
            answer.header("content-range"),
            Some("bytes */1000"),
            "{range}"
        );
        assert_eq!(answer.header("etag"), None, "{range}");
        assert!(answer.is_complete && answer.content.len() < 100, "{range}");
    }
}

#[test]
fn an_empty_representation_is_whole() {
    let site = site();
    for fields in [&[] as &[&str], &["Range: bytes=0-"], &["Range: bytes=-1"]] {
        let answer = site.get("/synthetic/0", fields);
        assert_eq!(
            (answer.status, answer.header("content-length")),
            (200, Some("0"))
        );
        assert!(answer.is_complete);
    }
}

#[test]
fn head_is_get_without_content_and_without_range() {
    let site = site();
    let get = site.get(FILE, &[]);
    let head = site.request("HEAD", FILE, &["Range: bytes=0-9"]);
    assert_eq!((get.status, head.status), (200, 200));
    for name in [
        "content-length",
        "etag",
        "last-modified",
        "accept-ranges",
        "content-type",
    ] {
        assert!(head.header(name).is_some(), "{name}");
        assert_eq!(head.header(name), get.header(name), "{name}");
    }
    let record = [site.next_record(), site.next_record()]
        .into_iter()
        .next_back()
        .unwrap();
    assert_eq!((record.promised.0, record.ending), (0, Ending::Complete));
}

#[test]
fn if_range_is_heeded_only_when_current() {
    let site = site();
    let whole = site.get(FILE, &[]);
    let (tag, date) = (
        whole.header("etag").unwrap(),
        whole.header("last-modified").unwrap(),
    );
    let later = "Wed, 01 Jan 2020 00:00:01 GMT";
    assert_ne!(date, later);
    for (if_range, status) in [
        (tag.to_owned(), 206),
        (date.to_owned(), 206),
        (format!("W/{tag}"), 200),
        ("\"stale\"".to_owned(), 200),
        (later.to_owned(), 200),
    ] {
        let if_range = format!("If-Range: {if_range}");
        let answer = site.get(FILE, &["Range: bytes=0-9", &if_range]);
        assert_eq!(answer.status, status, "{if_range}");
        assert_eq!(answer.header("etag"), Some(tag), "{if_range}");
        let alone = site.get(FILE, &[&if_range]);
        assert_eq!(
            alone.status, 200,
            "{if_range} without a range means nothing"
        );
    }
}

#[test]
fn preconditions_come_first() {
    let site = site();
    let whole = site.get(FILE, &[]);
    let tag = whole.header("etag").unwrap();
    let date = whole.header("last-modified").unwrap();
    let field = |name: &str, value: &str| format!("{name}: {value}");
    for (fields, status) in [
        (
            [field("If-None-Match", tag), field("Range", "bytes=0-9")],
            304,
        ),
        (
            [
                field("If-None-Match", &format!("\"a\", W/{tag}")),
                field("X", ""),
            ],
            304,
        ),
        (
            [field("If-None-Match", "\"a\""), field("If-None-Match", tag)],
            304,
        ),
        (
            [
                field("If-None-Match", "\"a\""),
                field("If-Modified-Since", date),
            ],
            200,
        ),
        (
            [
                field("If-Modified-Since", date),
                field("Range", "bytes=0-9"),
            ],
            304,
        ),
        (
            [field("If-Match", "\"a\""), field("Range", "bytes=0-9")],
            412,
        ),
        ([field("If-Match", tag), field("Range", "bytes=0-9")], 206),
        ([field("If-Match", "*"), field("Range", "bytes=0-9")], 206),
        (
            [
                field("If-Match", tag),
                field("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
            ],
            200,
        ),
        (
            [
                field("If-Unmodified-Since", "Thu, 01 Jan 1970 00:00:00 GMT"),
                field("X", ""),
            ],
            412,
        ),
    ] {
        let fields: Vec<&str> = fields.iter().map(String::as_str).collect();
        let answer = site.get(FILE, &fields);
        assert_eq!(answer.status, status, "{fields:?}");
        if status == 304 {
            assert_eq!(answer.header("etag"), Some(tag), "{fields:?}");
            assert_eq!(answer.header("content-type"), None, "{fields:?}");
        }
    }
}

#[test]
fn the_largest_file_is_served_to_its_last_byte() {
    let site = site();
    let last = MAX_SIZE.0 - 1;
    let answer = site.get(
        "/synthetic/8EiB?seed=5",
        &[&format!("Range: bytes={}-", last - 9)],
    );
    assert_eq!(answer.status, 206);
    assert_eq!(answer.content, content_of(Seed(5), last - 9, last + 1));
    let head = site.request("HEAD", "/synthetic/8EiB?seed=5", &[]);
    assert_eq!(head.header("content-length"), Some("9223372036854775808"));
}

#[test]
fn a_connection_carries_many_exact_responses() {
    let site = site();
    let mut client = site.connect();
    for start in [0, 300_000, 123] {
        let range = format!("Range: bytes={start}-{}", start + 300_000);
        client.send("GET", "/synthetic/1MB", &[&range]);
        let answer = client.receive(false);
        assert!(
            answer.content == content(start, start + 300_001),
            "from {start}"
        );
        let record = site.next_record();
        assert_eq!(
            (record.connection, record.range()),
            (1, range.strip_prefix("Range: "))
        );
        assert_eq!((record.promised.0, record.sent.0), (300_001, 300_001));
    }
}

#[test]
fn other_methods_are_not_allowed() {
    let site = site();
    for method in ["POST", "PUT", "DELETE", "TRACE", "PATCH"] {
        let answer = site.request(method, FILE, &["Content-Length: 0"]);
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
    }
}

#[test]
fn options_tells_the_methods_and_nothing_else() {
    let site = site();
    for target in [FILE, "/nothing", "*"] {
        let mut client = site.connect();
        for _ in 0..2 {
            client.send("OPTIONS", target, &["If-Match: \"a\"", "Range: bytes=5-"]);
            let answer = client.receive_head();
            assert_eq!(
                (answer.status, answer.header("allow")),
                (204, Some("GET, HEAD, OPTIONS")),
                "{target}"
            );
            assert_eq!(answer.header("content-length"), None);
        }
    }
}

#[test]
fn synthetic_paths_that_mean_nothing_are_missing() {
    let site = site();
    for path in [
        "/synthetic/",
        "/synthetic/x",
        "/synthetic/9EiB",
        "/synthetic/1/2",
        "/synthetic",
        "/",
    ] {
        assert_eq!(site.get(path, &[]).status, 404, "{path}");
    }
}
