//! Every fault, as a client meets it, and that nothing else goes wrong beside it.

use std::num::NonZeroU64;
use std::time::{Duration, Instant};

use http::StatusCode;
use range_core::units::{ByteCount, BytesPerSecond};
use range_server::synthetic::Seed;
use range_server::{
    Config, Content, ContentLength, Directory, Effect, Ending, Fault, Limits, Position, StatusBody,
    Stop, Version,
};

use crate::site::{Site, content, content_of};

const FILE: &str = "/synthetic/1000";

fn site(faults: impl IntoIterator<Item = Fault>) -> Site {
    Site::start(Config {
        faults: faults.into_iter().collect(),
        ..Config::default()
    })
}

#[test]
fn ranges_can_be_ignored() {
    let site = site([Fault::on(2..=2, Effect::IgnoreRange)]);
    let statuses = [1, 2, 3].map(|_| site.get(FILE, &["Range: bytes=0-9"]).status);
    assert_eq!(statuses, [206, 200, 206]);
}

#[test]
fn the_length_can_be_withheld() {
    let site = site([Fault::always(Effect::ContentLength(ContentLength::Chunked))]);
    for (fields, expected) in [
        (&[] as &[&str], content(0, 1000)),
        (&["Range: bytes=5-9"], content(5, 10)),
    ] {
        let answer = site.get(FILE, fields);
        assert_eq!(answer.header("content-length"), None);
        assert_eq!(answer.header("transfer-encoding"), Some("chunked"));
        assert!(answer.is_complete && answer.content == expected);
    }
}

#[test]
fn another_generation_has_the_length_and_nothing_else_in_common() {
    let site = site([Fault::on(3.., Effect::Version(Version(2)))]);
    let first = site.get(FILE, &[]);
    site.server.set_version(Version(1));
    let second = site.get(FILE, &[]);
    let third = site.get(FILE, &[]);
    for (answer, version) in [(&first, 0), (&second, 1), (&third, 2)] {
        assert_eq!(answer.header("content-length"), Some("1000"));
        assert_eq!(
            answer.content,
            content_of(Seed(0).of_version(Version(version)), 0, 1000)
        );
    }
    for name in ["etag", "last-modified"] {
        assert_ne!(first.header(name), second.header(name), "{name}");
        assert_ne!(second.header(name), third.header(name), "{name}");
    }
    let stale = format!("If-Range: {}", first.header("etag").unwrap());
    assert_eq!(site.get(FILE, &["Range: bytes=0-9", &stale]).status, 200);
}

#[test]
fn files_have_generations_too() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), [0, 1, 2]).unwrap();
    let content = Content::Directory(Directory::new(root.path()));
    let site = Site::start(Config {
        content,
        ..Config::default()
    });
    let first = site.get("/file", &[]);
    site.server.set_version(Version(3));
    let second = site.get("/file", &[]);
    assert_eq!(
        (first.content.as_slice(), second.content.as_slice()),
        (&[0, 1, 2][..], &[3, 2, 1][..])
    );
    assert_ne!(first.header("etag"), second.header("etag"));
}

#[test]
fn a_cut_comes_after_exactly_so_many_bytes() {
    for bytes in [0, 1, 70_000, 3_000_000] {
        let site = site([Fault::on(
            1..=1,
            Effect::Stop(Stop::Cut, Position::After(ByteCount(bytes))),
        )]);
        let answer = site.get("/synthetic/4MB", &[]);
        assert_eq!(answer.header("content-length"), Some("4000000"));
        assert!(
            !answer.is_complete && answer.content == content(0, bytes),
            "{bytes}"
        );
        let record = site.next_record();
        assert_eq!((record.sent.0, record.ending), (bytes, Ending::Cut));
        assert!(site.get("/synthetic/4MB", &[]).is_complete);
    }
}

#[test]
fn a_cut_at_or_behind_the_end_cuts_nothing() {
    let site = site([Fault::always(Effect::Stop(
        Stop::Cut,
        Position::After(ByteCount(1000)),
    ))]);
    assert!(site.get(FILE, &[]).is_complete);
    assert!(site.get(FILE, &["Range: bytes=500-"]).is_complete);
}

#[test]
fn chunked_content_can_be_cut() {
    let faults = [
        Effect::ContentLength(ContentLength::Chunked),
        Effect::Stop(Stop::Cut, Position::After(ByteCount(700))),
    ];
    let answer = site(faults.map(Fault::always)).get(FILE, &[]);
    assert!(!answer.is_complete && answer.content == content(0, 700));
}

#[test]
fn a_status_can_stand_in_for_the_content() {
    let unavailable = Effect::Status {
        code: StatusCode::SERVICE_UNAVAILABLE,
        retry_after: Some(Duration::from_secs(7).into()),
        body: StatusBody::Text,
    };
    let forbidden = Effect::status(StatusCode::FORBIDDEN);
    let site = site([Fault::on(1..=2, unavailable), Fault::on(3..=3, forbidden)]);
    let answers = [1, 2, 3, 4].map(|_| site.get(FILE, &["Range: bytes=0-9"]));
    assert_eq!(
        answers.each_ref().map(|answer| answer.status),
        [503, 503, 403, 206]
    );
    let waits = answers
        .each_ref()
        .map(|answer| answer.header("retry-after"));
    assert_eq!(waits, [Some("7"), Some("7"), None, None]);
    assert!(answers[0].is_complete && answers[0].header("etag").is_none());
}

#[test]
fn a_status_can_bring_something_else_that_is_not_the_content() {
    for (body, media_type, start) in [
        ("text", Some("text/plain; charset=utf-8"), "200 OK\n"),
        ("json", Some("application/json"), "{\"error\":\""),
        ("xml", Some("application/xml"), "<?xml "),
        (
            "html",
            Some("text/html; charset=utf-8"),
            "<!DOCTYPE html>\n",
        ),
        ("empty", None, ""),
    ] {
        let fault = Fault::parse(&format!("status:200,body={body},requests=2")).unwrap();
        let site = site([fault]);
        assert!(site.get(FILE, &[]).header("etag").is_some());
        let stray = site.get(FILE, &["Range: bytes=5-"]);
        assert_eq!(
            (stray.status, stray.header("content-type")),
            (200, media_type)
        );
        for field in ["etag", "last-modified", "accept-ranges", "content-range"] {
            assert_eq!(stray.header(field), None, "{body}");
        }
        let length = stray.content.len().to_string();
        assert_eq!(stray.header("content-length"), Some(length.as_str()));
        let text = String::from_utf8(stray.content).unwrap();
        assert!(text.starts_with(start) && text.len() < 100, "{text}");
        assert_eq!(text.is_empty(), body == "empty");
    }
}

#[test]
fn a_path_can_lead_to_another() {
    let location = "/synthetic/1000?seed=1".parse().unwrap();
    let site = site([Fault::always(Effect::RedirectTo(location)).at("/old")]);
    let answer = site.get("/old", &["Range: bytes=0-9"]);
    assert_eq!(
        (answer.status, answer.header("location")),
        (302, Some("/synthetic/1000?seed=1"))
    );
    assert_eq!(site.get(FILE, &[]).status, 200);
}

#[test]
fn the_head_can_be_late_even_past_the_stall_timeout() {
    let delay = Duration::from_millis(300);
    let limits = Limits {
        stall_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let faults = vec![Fault::on(1..=1, Effect::DelayHead(delay))];
    let site = Site::start(Config {
        faults,
        limits,
        ..Config::default()
    });
    assert_eq!(site.get(FILE, &[]).content, content(0, 1000));
    assert!(site.next_record().elapsed >= delay);
}

#[test]
fn content_can_be_slow() {
    let site = site([Fault::always(Effect::Rate(BytesPerSecond(2000)))]);
    assert_eq!(site.get(FILE, &[]).content, content(0, 1000));
    // The last of ten chunks starts after nine tenths of the half second.
    let elapsed = site.next_record().elapsed;
    assert!(elapsed >= Duration::from_millis(450), "{elapsed:?}");
}

#[test]
fn content_can_come_in_bursts_out_of_a_bucket_of_the_connection() {
    let bucket = Effect::Bucket {
        rate: BytesPerSecond(2000),
        quantum: NonZeroU64::new(400).unwrap(),
    };
    let limits = Limits {
        stall_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let site = Site::start(Config {
        faults: vec![Fault::always(bucket)],
        limits,
        ..Config::default()
    });
    // Of three quanta: each is 200 ms after the one before it, the first as well.
    let asked = Instant::now();
    assert_eq!(site.get(FILE, &[]).content, content(0, 1000));
    assert!(asked.elapsed() >= Duration::from_millis(600));
    // Another connection begins with an empty bucket of its own.
    let asked = Instant::now();
    assert_eq!(site.get("/synthetic/1", &[]).content, content(0, 1));
    assert!(asked.elapsed() >= Duration::from_millis(200));
}

#[test]
fn all_connections_share_the_rate_of_the_server() {
    let rate = Some(BytesPerSecond(4000));
    let site = Site::start(Config {
        rate,
        ..Config::default()
    });
    let mut clients = [site.connect(), site.connect()];
    for client in &mut clients {
        client.send("GET", FILE, &[]);
    }
    for client in &mut clients {
        assert_eq!(client.receive(false).content, content(0, 1000));
    }
    let slower = site.next_record().elapsed.max(site.next_record().elapsed);
    assert!(slower >= Duration::from_millis(400), "{slower:?}");
}

#[test]
fn a_range_can_start_earlier_than_asked() {
    let site = site([Fault::always(Effect::StartEarlier(ByteCount(100)))]);
    for (asked, start) in [(500, 400), (50, 0)] {
        let answer = site.get(FILE, &[&format!("Range: bytes={asked}-599")]);
        let content_range = format!("bytes {start}-599/1000");
        assert_eq!(answer.header("content-range"), Some(content_range.as_str()));
        assert_eq!(answer.content, content(start, 600));
    }
}

#[test]
fn validators_can_be_withheld() {
    let site = site([Fault::on(2.., Effect::OmitValidators)]);
    let tag = site.get(FILE, &[]).header("etag").unwrap().to_owned();
    let answer = site.get(FILE, &["Range: bytes=0-9"]);
    assert_eq!(
        (
            answer.status,
            answer.header("etag"),
            answer.header("last-modified")
        ),
        (206, None, None)
    );
    let validated = site.get(FILE, &["Range: bytes=0-9", &format!("If-Range: {tag}")]);
    assert_eq!(validated.status, 200);
}
