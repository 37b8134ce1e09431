//! Several ranges in one response, read by a reader of our own and by curl.

use std::num::NonZeroU16;
use std::process::Command;
use std::time::{Duration, Instant};

use range_core::http::ContentRange;
use range_core::units::ByteCount;
use range_server::{
    Config, Content, Directory, Effect, Ending, Fault, InvalidRange, Position, RangePolicy, Stop,
};

use crate::site::{Answer, Site, content};

const FILE: &str = "/synthetic/1MB";

/// A part as it arrived.
struct Part {
    media_type: String,
    start: u64,
    complete_length: Option<u64>,
    content: Vec<u8>,
}

/// Reads parts by the length their `Content-Range` states, so that content which looks like a
/// boundary would not matter. Every byte of the message has to be accounted for.
fn parts(answer: &Answer) -> Vec<Part> {
    let media_type = answer.header("content-type").unwrap();
    let boundary = media_type
        .strip_prefix("multipart/byteranges; boundary=")
        .unwrap();
    let mut rest = answer.content.as_slice();
    let mut parts = Vec::new();
    let mut opening = format!("--{boundary}\r\n");
    loop {
        let Some(after) = rest.strip_prefix(opening.as_bytes()) else {
            assert_eq!(rest, format!("\r\n--{boundary}--\r\n").as_bytes());
            return parts;
        };
        opening = format!("\r\n--{boundary}\r\n");
        let end = after
            .windows(4)
            .position(|window| window == b"\r\n\r\n")
            .unwrap();
        let head = std::str::from_utf8(&after[..end]).unwrap();
        let field = |name: &str| {
            head.lines()
                .find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
                .unwrap_or_else(|| panic!("{name} in {head}"))
        };
        let content_range = ContentRange::parse(field("Content-Range").as_bytes()).unwrap();
        let ContentRange::Satisfied {
            range,
            complete_length,
        } = content_range
        else {
            panic!("{content_range}")
        };
        let length = usize::try_from(range.len()).unwrap();
        let (content, after) = after[end + 4..].split_at(length);
        parts.push(Part {
            media_type: field("Content-Type").to_owned(),
            start: range.start(),
            complete_length,
            content: content.to_vec(),
        });
        rest = after;
    }
}

#[test]
fn far_ranges_arrive_as_parts_in_the_order_asked_for() {
    let site = Site::start(Config::default());
    let range = "Range: bytes=900000-900009, 0-299999,,500000-500000,2000000-";
    let answer = site.get(FILE, &[range]);
    assert_eq!(answer.status, 206);
    assert_eq!(answer.header("content-range"), None);
    assert_eq!(answer.header("accept-ranges"), Some("bytes"));
    assert!(answer.header("etag").is_some() && answer.header("last-modified").is_some());
    assert!(answer.is_complete, "as long as announced");
    let parts = parts(&answer);
    let expected = [(900_000, 900_010), (0, 300_000), (500_000, 500_001)];
    assert_eq!(parts.len(), expected.len());
    for (part, (start, end)) in parts.iter().zip(expected) {
        assert_eq!(part.media_type, "application/octet-stream");
        assert_eq!((part.start, part.complete_length), (start, Some(1_000_000)));
        assert!(part.content == content(start, end), "from {start}");
    }
    let record = site.next_record();
    let recorded: Vec<_> = record
        .parts
        .iter()
        .map(|part| (part.start(), part.end()))
        .collect();
    assert_eq!(recorded, expected);
    assert_eq!(record.ending, Ending::Complete);
    assert_eq!(record.sent, record.promised);
    assert_eq!(
        record.sent,
        ByteCount(u64::try_from(answer.content.len()).unwrap())
    );
}

#[test]
fn a_connection_goes_on_after_parts() {
    let site = Site::start(Config::default());
    let mut client = site.connect();
    for _ in 0..3 {
        client.send("GET", FILE, &["Range: bytes=0-0,1000-1000"]);
        assert_eq!(parts(&client.receive(false)).len(), 2);
    }
    client.send("HEAD", FILE, &["Range: bytes=0-0,1000-1000"]);
    let head = client.receive(true);
    assert_eq!(
        (head.status, head.header("content-length")),
        (200, Some("1000000"))
    );
    let boundaries: Vec<_> = (0..2)
        .map(|_| site.get(FILE, &["Range: bytes=0-0,1000-1000"]))
        .map(|answer| answer.header("content-type").unwrap().to_owned())
        .collect();
    assert_ne!(boundaries[0], boundaries[1], "drawn for each response");
}

#[test]
fn a_current_if_range_keeps_the_type_of_the_message() {
    let site = Site::start(Config::default());
    let tag = site.get(FILE, &[]).header("etag").unwrap().to_owned();
    let range = "Range: bytes=0-0,1000-1000";
    let current = site.get(FILE, &[range, &format!("If-Range: {tag}")]);
    assert_eq!((current.status, parts(&current).len()), (206, 2));
    let stale = site.get(FILE, &[range, "If-Range: \"stale\""]);
    assert_eq!((stale.status, stale.content.len()), (200, 1_000_000));
}

#[test]
fn a_cut_falls_within_a_part_to_the_byte() {
    for cut in [0, 20, 150, 1000, 300_000] {
        let fault = Fault::always(Effect::Stop(Stop::Cut, Position::After(ByteCount(cut))));
        let site = Site::start(Config {
            faults: vec![fault],
            ..Config::default()
        });
        let answer = site.get(FILE, &["Range: bytes=0-899,400000-799999"]);
        assert!(!answer.is_complete);
        assert_eq!(u64::try_from(answer.content.len()).unwrap(), cut);
    }
}

#[test]
fn files_are_read_at_each_part() {
    let root = tempfile::tempdir().unwrap();
    let bytes = content(7, 1_000_007);
    std::fs::write(root.path().join("page.html"), &bytes).unwrap();
    let site = Site::start(Config {
        content: Content::Directory(Directory::new(root.path())),
        ..Config::default()
    });
    let answer = site.get("/page.html", &["Range: bytes=-5,300000-699999,10-19"]);
    let parts = parts(&answer);
    assert_eq!(parts.len(), 3);
    for (part, range) in parts
        .iter()
        .zip([999_995..1_000_000, 300_000..700_000, 10..20])
    {
        assert_eq!(part.media_type, "text/html");
        assert!(part.content == bytes[range.clone()], "{range:?}");
    }
}

#[test]
fn curl_gets_every_part() {
    let site = Site::start(Config::default());
    let url = format!("{}{FILE}", site.server.base_url());
    let arguments = [
        "-sS",
        "--max-time",
        "20",
        "-i",
        "-r",
        "0-9,500000-500019",
        &url,
    ];
    let Some(curl) = needs::program("curl") else {
        return;
    };
    let output = Command::new(curl).args(arguments).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let has = |bytes: &[u8]| {
        output
            .stdout
            .windows(bytes.len())
            .any(|window| window == bytes)
    };
    assert!(has(b"206 Partial Content"));
    assert!(has(b"Content-Range: bytes 0-9/1000000\r\n\r\n"));
    assert!(has(&content(0, 10)) && has(&content(500_000, 500_020)));
}

#[test]
fn thousands_of_ranges_cost_nothing_but_the_file() {
    let site = Site::start(Config::default());
    let field = format!("Range: bytes={}", "0-,".repeat(10_000));
    let mut client = site.connect();
    // The first request pays for starting threads.
    client.send("GET", "/synthetic/1000", &[]);
    assert_eq!(client.receive(false).status, 200);
    let took = (0..5)
        .map(|_| {
            let sent = Instant::now();
            client.send("GET", "/synthetic/1000", &[&field]);
            let answer = client.receive(false);
            assert_eq!((answer.status, answer.content.len()), (200, 1000));
            sent.elapsed()
        })
        .min();
    assert!(took < Some(Duration::from_millis(10)), "{took:?}");
}

#[test]
fn the_policy_is_the_servers_choice() {
    let site = Site::start(Config {
        ranges: RangePolicy {
            max_ranges: NonZeroU16::new(2).unwrap(),
            invalid: InvalidRange::Reject,
        },
        ..Config::default()
    });
    for (range, status) in [
        ("bytes=0-0,1000-1000", 206),
        ("bytes=0-0,1000-1000,2000-2000", 200),
        ("bytes=5-2", 416),
        ("bytes=abc", 416),
        ("items=0-1", 200),
    ] {
        let answer = site.get(FILE, &[&format!("Range: {range}")]);
        assert_eq!(answer.status, status, "{range}");
        let content_range = (status == 416).then_some("bytes */1000000");
        assert_eq!(answer.header("content-range"), content_range, "{range}");
    }
}
