//! Faults in the bytes on the connection, seen by a client that interprets nothing.

use std::io::{ErrorKind, Write};
use std::net::Shutdown;
use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use http::HeaderValue;
use range_core::units::ByteCount;
use range_server::{Config, ContentLength, Effect, Ending, Fault, Position, RequestRecord, Stop};

use crate::site::{Client, Site, content};

pub(crate) const FILE: &str = "/synthetic/1000";

fn site(faults: impl IntoIterator<Item = Effect>) -> Site {
    Site::start(Config {
        faults: faults.into_iter().map(Fault::always).collect(),
        ..Config::default()
    })
}

/// Everything a connection brings, and how it ended.
pub(crate) struct Heard {
    pub(crate) head: String,
    after: Vec<u8>,
    pub(crate) is_reset: bool,
}

/// Reads a connection to its end.
pub(crate) fn hear(client: &mut Client) -> Heard {
    let (mut bytes, mut is_reset) = (Vec::new(), false);
    let mut chunk = vec![0; 64 << 10];
    loop {
        match client.read(&mut chunk) {
            Ok(0) => break,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => {
                is_reset = true;
                break;
            }
            Err(error) => panic!("the connection neither goes on nor ends: {error}"),
        }
    }
    let end = bytes.windows(4).position(|window| window == b"\r\n\r\n");
    let end = end.map_or(bytes.len(), |at| at + 4);
    let after = bytes.split_off(end);
    let head = String::from_utf8(bytes).unwrap();
    Heard {
        head,
        after,
        is_reset,
    }
}

/// Asks once, on a connection that is to be closed, and hears everything.
fn ask(site: &Site, path: &str) -> Heard {
    let mut client = site.connect();
    client.send("GET", path, &["Connection: close"]);
    hear(&mut client)
}

fn after(stop: Stop, bytes: u64) -> Effect {
    Effect::Stop(stop, Position::After(ByteCount(bytes)))
}

#[test]
fn a_reset_comes_after_exactly_so_many_bytes_however_slowly_they_are_read() {
    for bytes in [0, 1, 70_000, 3_000_001] {
        let site = site([after(Stop::Reset, bytes)]);
        let mut client = site.connect();
        client.send("GET", "/synthetic/4MB", &[]);
        // By now the server has filled every buffer there is between the two.
        let record: Option<RequestRecord> = (bytes < 100_000).then(|| site.next_record());
        let heard = hear(&mut client);
        assert!(heard.is_reset, "{bytes}");
        assert!(
            heard.after == content(0, bytes),
            "{bytes}: {}",
            heard.after.len()
        );
        let record = record.unwrap_or_else(|| site.next_record());
        assert_eq!((record.sent.0, record.ending), (bytes, Ending::Cut));
        assert_eq!(record.faults, ["reset"]);
    }
}

#[test]
fn sending_stops_at_an_offset_of_the_representation() {
    let site = site([Effect::Stop(Stop::Close, Position::Offset(600))]);
    let heard = |range: &str| {
        let mut client = site.connect();
        client.send("GET", FILE, &[range, "Connection: close"]);
        hear(&mut client).after
    };
    assert_eq!(heard("Range: bytes=500-999"), content(500, 600));
    assert_eq!(heard("Range: bytes=500-599"), content(500, 600));
    assert_eq!(heard("Range: bytes=601-"), content(601, 1000));
    assert!(heard("Range: bytes=600-").is_empty());
    assert_eq!(heard("Accept: */*"), content(0, 600));
}

#[test]
fn a_connection_can_end_without_a_word() {
    for stop in [Stop::Close, Stop::Cut, Stop::Reset] {
        let site = site([Effect::Stop(stop, Position::BeforeHead)]);
        let heard = ask(&site, FILE);
        assert_eq!(
            (heard.head.as_str(), heard.is_reset),
            ("", stop == Stop::Reset)
        );
        assert_eq!(site.next_record().ending, Ending::Cut);
    }
}

#[test]
fn a_stall_outlasts_the_stall_timeout_and_ends_with_its_peer() {
    let limits = range_server::Limits {
        stall_timeout: Duration::from_millis(50),
        ..range_server::Limits::default()
    };
    for (position, heard) in [
        (Position::After(ByteCount(300)), content(0, 300)),
        (Position::BeforeHead, Vec::new()),
    ] {
        let faults = vec![Fault::always(Effect::Stop(Stop::Stall, position))];
        let site = Site::start(Config {
            faults,
            limits,
            ..Config::default()
        });
        let mut client = site.connect();
        client.send("GET", FILE, &[]);
        if position != Position::BeforeHead {
            assert_eq!(client.receive_head().status, 200);
            assert_eq!(client.receive_exactly(300), heard);
        }
        client
            .stream
            .set_read_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let silence = client.read(&mut [0]).unwrap_err();
        assert!(matches!(
            silence.kind(),
            ErrorKind::WouldBlock | ErrorKind::TimedOut
        ));
        client.stream.shutdown(Shutdown::Write).unwrap();
        client
            .stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        assert!(client.is_ended());
    }
}

#[test]
fn a_stall_ends_with_the_server() {
    let site = site([Effect::Stop(Stop::Stall, Position::BeforeHead)]);
    let mut client = site.connect();
    client.send("GET", FILE, &[]);
    assert_eq!(site.next_record().ending, Ending::Cut);
    let Site {
        server, runtime, ..
    } = site;
    let stop = async { tokio::time::timeout(Duration::from_secs(20), server.stop()).await };
    assert!(runtime.block_on(stop).is_ok());
    assert!(client.is_ended());
}

#[test]
fn a_head_can_come_byte_by_byte() {
    let pause = Duration::from_millis(1);
    let site = site([Effect::DripHead(pause)]);
    let mut client = site.connect();
    for _ in 0..2 {
        client.send("GET", FILE, &[]);
        let answer = client.receive(false);
        assert!(answer.is_complete && answer.content == content(0, 1000));
        let elapsed = site.next_record().elapsed;
        assert!(elapsed >= 150 * pause, "{elapsed:?}");
    }
}

#[test]
fn content_can_begin_later_than_its_head() {
    // A minute is longer than any test waits, so the head has come by itself.
    let site = site([Effect::FirstByte(Duration::from_mins(1))]);
    let mut client = site.connect();
    client.send("GET", FILE, &[]);
    assert_eq!(client.receive_head().status, 200);
    drop(client);
    assert_eq!(site.next_record().sent, ByteCount(0));
}

#[test]
fn content_that_begins_late_outlasts_the_stall_timeout_and_comes_whole() {
    let delay = Duration::from_millis(300);
    let limits = range_server::Limits {
        stall_timeout: Duration::from_millis(100),
        ..range_server::Limits::default()
    };
    for effects in [
        vec![Effect::FirstByte(delay)],
        vec![
            Effect::FirstByte(delay),
            Effect::Surplus(ByteCount(0)),
            Effect::Http10,
        ],
        vec![
            Effect::FirstByte(delay),
            Effect::ContentLength(ContentLength::Chunked),
        ],
    ] {
        let faults = effects.into_iter().map(Fault::always).collect();
        let site = Site::start(Config {
            faults,
            limits,
            ..Config::default()
        });
        let asked = Instant::now();
        let mut client = site.connect();
        client.send("GET", "/synthetic/4MB", &["Range: bytes=7-"]);
        let answer = client.receive(false);
        assert!(asked.elapsed() >= delay);
        assert!(answer.is_complete && answer.content == content(7, 4_000_000));
        assert!(site.next_record().elapsed >= delay);
    }
}

#[test]
fn surplus_bytes_are_left_over_on_a_connection_that_lives() {
    let site = site([Effect::Surplus(ByteCount(5000))]);
    let mut client = site.connect();
    client.send("GET", FILE, &[]);
    assert_eq!(client.receive(false).content, content(0, 1000));
    assert_eq!(client.receive_exactly(5000), [b'!'; 5000]);
    client.send("GET", FILE, &["Connection: close"]);
    assert_eq!(client.receive(false).content, content(0, 1000));
    assert_eq!(client.receive_exactly(5000), [b'!'; 5000]);
    assert!(client.is_ended());
}

#[test]
fn content_can_be_framed_in_every_wrong_way() {
    let framed = |framing| ask(&site([Effect::ContentLength(framing)]), FILE);
    let count = |heard: &Heard, field: &str| heard.head.matches(field).count();
    let until_close = framed(ContentLength::UntilClose);
    assert_eq!(count(&until_close, "Content-Length"), 0);
    assert_eq!(count(&until_close, "Transfer-Encoding"), 0);
    assert_eq!(until_close.after, content(0, 1000));
    let twice = framed(ContentLength::Twice);
    assert!(
        twice
            .head
            .contains("Content-Length: 1000\r\nContent-Length: 1001\r\n")
    );
    let beside = framed(ContentLength::BesideChunked);
    assert!(
        beside
            .head
            .contains("Content-Length: 1000\r\nTransfer-Encoding: chunked\r\n")
    );
    let chunked = [b"3e8\r\n", content(0, 1000).as_slice(), b"\r\n0\r\n\r\n"].concat();
    assert_eq!(beside.after, chunked);
    for text in [
        "-1",
        "9223372036854775807",
        "99999999999999999999",
        "1000, 1000",
        "ten",
        "999",
    ] {
        let stated = framed(ContentLength::Stated(HeaderValue::from_static(text)));
        assert!(
            stated.head.contains(&format!("Content-Length: {text}\r\n")),
            "{}",
            stated.head
        );
        assert_eq!(
            (count(&stated, "Content-Length"), stated.after),
            (1, content(0, 1000))
        );
    }
}

#[test]
fn an_older_version_is_spoken_and_the_connection_closed() {
    let site = site([
        Effect::Http10,
        Effect::ContentLength(ContentLength::Chunked),
    ]);
    let mut client = site.connect();
    client.send("GET", FILE, &[]);
    let heard = hear(&mut client);
    assert!(
        heard.head.starts_with("HTTP/1.0 200 OK\r\n"),
        "{}",
        heard.head
    );
    assert!(!heard.head.contains("chunked") && heard.after == content(0, 1000));
}

#[test]
fn interim_responses_come_before_the_response() {
    let site = site([Effect::Interim(NonZeroU32::new(100).unwrap())]);
    let mut client = site.connect();
    for _ in 0..2 {
        client.send("GET", FILE, &[]);
        for _ in 0..100 {
            assert_eq!(client.receive_head().status, 103);
        }
        assert_eq!(client.receive(false).content, content(0, 1000));
    }
}

#[test]
fn a_head_need_not_end() {
    let site = site([Effect::EndlessHead]);
    let mut client = site.connect();
    client.send("GET", FILE, &[]);
    let head = client.receive_exactly(10 << 20);
    assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert!(!head.windows(4).any(|window| window == b"\r\n\r\n"));
    drop(client);
    assert_eq!(site.next_record().ending, Ending::Interrupted);
}

#[test]
fn requests_without_content_get_none() {
    for effect in [
        Effect::ContentLength(ContentLength::Chunked),
        Effect::ContentLength(ContentLength::UntilClose),
        Effect::DripHead(Duration::from_millis(1)),
        Effect::Http10,
        Effect::Gzip,
    ] {
        let site = site([effect.clone()]);
        let mut client = site.connect();
        client.send("HEAD", FILE, &["Connection: close"]);
        let heard = hear(&mut client);
        assert!(
            heard.head.contains(" 200 OK\r\n") && heard.after.is_empty(),
            "{effect:?}"
        );
    }
}

#[test]
fn a_request_that_was_sent_before_the_answer_is_not_answered_in_its_place() {
    let site = site([Effect::Surplus(ByteCount(1))]);
    let mut client = site.connect();
    let request = format!("GET {FILE} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client
        .stream
        .write_all(request.repeat(2).as_bytes())
        .unwrap();
    let heard = hear(&mut client);
    assert_eq!(heard.after, [content(0, 1000).as_slice(), b"!"].concat());
}
