//! Peers that do not behave, one by one and all at once: their cost is bounded, and somebody who
//! behaves is answered meanwhile.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use range_server::{Config, Content, Directory, Limits, TlsIdentity};

use crate::h2::{Frames, PING};
use crate::site::{Client, Site, content};

/// Bounds every wait; nothing that works comes near it.
const PATIENCE: Duration = Duration::from_secs(30);

fn secure(limits: Limits) -> (Site, String) {
    let identity = TlsIdentity::generate([]).unwrap();
    let trusted = identity.certificate_pem().to_owned();
    let tls = Some(identity);
    let config = Config {
        tls,
        limits,
        ..Config::default()
    };
    (Site::start(config), trusted)
}

fn ping(frames: &mut Frames) -> std::io::Result<()> {
    frames.send(PING, 0, 0, b"12345678")
}

#[test]
fn pings_do_not_keep_a_connection_without_a_stream() {
    let (site, trusted) = secure(Limits {
        header_timeout: Duration::from_millis(300),
        ..Limits::default()
    });
    let mut never_asked = Frames::connect(site.server.address(), &trusted, &[]);
    assert!(never_asked.until_ended(PATIENCE, ping).is_some());
    let mut has_asked = Frames::connect(site.server.address(), &trusted, &[]);
    has_asked.get(1, "/synthetic/1").unwrap();
    let lived = has_asked.until_ended(PATIENCE, ping).unwrap();
    assert!(lived >= Duration::from_millis(250), "{lived:?}");
    assert_eq!(site.next_record().status, 200);
}

/// With a window of 0 there is nothing to send, and so no socket that does not take it.
#[test]
fn pings_do_not_keep_streams_that_nobody_reads() {
    const WINDOW_0: &[u8] = &[0, 4, 0, 0, 0, 0];
    let (site, trusted) = secure(Limits {
        header_timeout: Duration::from_millis(200),
        stall_timeout: Duration::from_millis(400),
        ..Limits::default()
    });
    let mut frames = Frames::connect(site.server.address(), &trusted, WINDOW_0);
    for stream in [1, 3, 5] {
        frames.get(stream, "/synthetic/1GiB").unwrap();
    }
    let lived = frames.until_ended(PATIENCE, ping).unwrap();
    assert!(lived >= Duration::from_millis(300), "{lived:?}");
}

/// A connection whose requests take longer than any timeout, for the server's own reasons.
#[test]
fn a_stream_that_the_server_holds_up_is_no_idle_one() {
    let (site, trusted) = secure(Limits {
        header_timeout: Duration::from_millis(200),
        stall_timeout: Duration::from_millis(200),
        ..Limits::default()
    });
    let mut frames = Frames::connect(site.server.address(), &trusted, &[]);
    frames.get(1, "/synthetic/1?fault=delay:1500ms").unwrap();
    let lived = frames.until_ended(PATIENCE, ping).unwrap();
    assert!(lived >= Duration::from_millis(1500), "{lived:?}");
    assert_eq!(site.next_record().status, 200);
}

/// As many files as there are streams would soon be more than a process may open.
#[test]
fn streams_that_nobody_reads_hold_few_files() {
    const WINDOW_0: &[u8] = &[0, 4, 0, 0, 0, 0];
    const FILES: usize = 90;
    let root = tempfile::tempdir().unwrap();
    for number in 0..FILES {
        std::fs::write(root.path().join(number.to_string()), vec![0; 100_000]).unwrap();
    }
    let identity = TlsIdentity::generate([]).unwrap();
    let trusted = identity.certificate_pem().to_owned();
    let site = Site::start(Config {
        content: Content::Directory(Directory::new(root.path())),
        tls: Some(identity),
        limits: Limits {
            stall_timeout: Duration::from_secs(1),
            ..Limits::default()
        },
        ..Config::default()
    });
    let mut frames = Frames::connect(site.server.address(), &trusted, WINDOW_0);
    for number in 0..FILES {
        let stream = u32::try_from(2 * number + 1).unwrap();
        frames.get(stream, &format!("/{number}")).unwrap();
    }
    let mut most = 0;
    let root = root.path().to_str().unwrap();
    let count = |_: &mut Frames| {
        let open = std::fs::read_dir("/proc/self/fd").unwrap();
        let targets = open.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        let files = targets.filter(|target| target.starts_with(root)).count();
        most = most.max(files);
        Ok(())
    };
    assert!(frames.until_ended(PATIENCE, count).is_some());
    assert!((2..=30).contains(&most), "{most} files");
}

/// Silence, half a head, a connection kept for later, a response that is not read.
fn misbehave(site: &Site, kind: usize) -> Client {
    let mut client = site.connect();
    match kind % 4 {
        0 => {}
        1 => client.stream.write_all(b"GET / HTTP/1.1\r\nHost:").unwrap(),
        2 => {
            client.send("GET", "/synthetic/1", &[]);
            assert_eq!(client.receive(false).status, 200);
        }
        _ => client.send("GET", "/synthetic/8EiB", &[]),
    }
    client
}

#[test]
fn somebody_is_answered_when_others_have_taken_every_place() {
    const PLACES: usize = 24;
    let site = Site::start(Config {
        limits: Limits {
            max_connections: PLACES,
            ..Limits::default()
        },
        ..Config::default()
    });
    let _held: Vec<_> = (0..PLACES).map(|kind| misbehave(&site, kind)).collect();
    let begin = Instant::now();
    for _ in 0..10 {
        assert_eq!(site.get("/synthetic/5", &[]).content, content(0, 5));
    }
    // Half the time of the timeouts would end those.
    assert!(
        begin.elapsed() < Duration::from_secs(15),
        "{:?}",
        begin.elapsed()
    );
}

/// As long as it takes something now and then, nobody is in the way.
#[test]
fn readers_that_take_nothing_make_room_last() {
    const PLACES: usize = 4;
    let site = Site::start(Config {
        limits: Limits {
            max_connections: PLACES,
            ..Limits::default()
        },
        ..Config::default()
    });
    let unread: Vec<_> = (0..PLACES).map(|_| misbehave(&site, 3)).collect();
    let begin = Instant::now();
    assert_eq!(site.get("/synthetic/5", &[]).content, content(0, 5));
    let waited = begin.elapsed();
    assert!(
        (Duration::from_secs(4)..PATIENCE).contains(&waited),
        "{waited:?}"
    );
    drop(unread);
}

#[test]
fn handshakes_that_never_end_are_in_nobodys_way() {
    let (site, trusted) = secure(Limits {
        max_connections: 4,
        ..Limits::default()
    });
    let _silent: Vec<_> = (0..4).map(|_| site.connect()).collect();
    let mut frames = Frames::connect(site.server.address(), &trusted, &[]);
    frames.get(1, "/synthetic/1").unwrap();
    assert_eq!(site.next_record().status, 200);
}

#[test]
fn a_peer_that_takes_nothing_is_reset_and_keeps_no_memory() {
    let site = Site::start(Config {
        limits: Limits {
            stall_timeout: Duration::from_millis(200),
            ..Limits::default()
        },
        ..Config::default()
    });
    let mut client = site.connect();
    client.send("GET", "/synthetic/8EiB", &[]);
    let record = site.next_record();
    assert!(record.sent < record.promised);
    let mut taken = vec![0; 1 << 20];
    let error = loop {
        match client.read(&mut taken) {
            Ok(0) => panic!("the connection ends in order"),
            Ok(_) => {}
            Err(error) => break error.kind(),
        }
    };
    assert_eq!(error, ErrorKind::ConnectionReset);
}

/// A directory whose page is about 10 MB long.
fn large_directory() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let padding = "\u{e4}".repeat(120);
    for number in 0..9000 {
        let name = format!("{number}{padding}");
        std::fs::write(root.path().join(name), "").unwrap();
    }
    std::fs::write(root.path().join("file"), "file").unwrap();
    root
}

#[test]
fn listings_that_nobody_reads_take_no_more_than_their_room() {
    let root = large_directory();
    let site = Site::start(Config {
        content: Content::Directory(Directory::new(root.path())),
        ..Config::default()
    });
    let whole = site.get("/", &[]);
    assert!(whole.is_complete && whole.content.len() > 5 << 20);
    let unread = 5 + (64 << 20) / whole.content.len();
    // One after another: those who wait for the same listing at once share it.
    let ask = |_| {
        let mut client = site.connect();
        client.send("GET", "/", &[]);
        (client.receive_head().status, client)
    };
    let (statuses, unread): (Vec<_>, Vec<_>) = (0..unread).map(ask).unzip();
    assert!(
        statuses.contains(&200) && statuses.contains(&503),
        "{statuses:?}"
    );
    let (listing, head) = (site.get("/", &[]), site.request("HEAD", "/", &[]));
    assert_eq!((listing.status, head.status), (503, 200));
    assert_eq!(site.get("/file", &[]).content, b"file");
    drop(unread);
    let deadline = Instant::now() + PATIENCE;
    while site.get("/", &[]).status != 200 {
        assert!(Instant::now() < deadline, "the room stays taken");
    }
}

/// Making the page is what costs.
#[test]
fn the_head_of_a_listing_is_that_of_the_page_but_for_its_length() {
    let root = tempfile::tempdir().unwrap();
    std::fs::write(root.path().join("file"), "file").unwrap();
    let site = Site::start(Config {
        content: Content::Directory(Directory::new(root.path())),
        ..Config::default()
    });
    for accept in ["Accept: application/json", "Accept: text/html"] {
        let (page, head) = (
            site.get("/", &[accept]),
            site.request("HEAD", "/", &[accept]),
        );
        for name in [
            "content-type",
            "content-security-policy",
            "cache-control",
            "vary",
        ] {
            assert_eq!(page.header(name), head.header(name), "{name}");
            assert!(page.header(name).is_some(), "{name}");
        }
        assert_eq!(head.status, 200);
        assert!(page.header("content-length").is_some());
        assert_eq!(head.header("content-length"), None);
    }
    // The connection is fit for another request.
    let mut client = site.connect();
    client.send("HEAD", "/", &[]);
    assert_eq!(client.receive(true).status, 200);
    client.send("GET", "/file", &[]);
    assert_eq!(client.receive(false).content, b"file");
}

/// The content of a request is nothing that is waited for.
#[test]
fn a_request_whose_content_never_ends_is_answered_and_over() {
    let site = Site::start(Config::default());
    for (method, field) in [
        ("POST", "Content-Length: 1000000"),
        ("POST", "Transfer-Encoding: chunked"),
        ("HEAD", "Content-Length: 1000000"),
        ("OPTIONS", "Content-Length: 1000000"),
        ("GET", "Transfer-Encoding: chunked"),
    ] {
        let mut client = site.connect();
        client.send(method, "/synthetic/5", &[field]);
        let mut answer = Vec::new();
        // A reset after the answer is an end too.
        let _ = client.stream.read_to_end(&mut answer);
        assert!(answer.starts_with(b"HTTP/1.1 "), "{method} {field}");
    }
}
