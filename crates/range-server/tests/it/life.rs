//! The life of a server: stopping, timeouts, limits, and peers that do not behave.

use std::io::{ErrorKind, Read, Write};
use std::time::Duration;

use range_core::units::BytesPerSecond;
use range_server::{Config, Ending, Limits};

use crate::site::{Client, Site, content};

fn with_limits(limits: Limits) -> Site {
    Site::start(Config {
        limits,
        ..Config::default()
    })
}

fn send_raw(client: &mut Client, text: &str) {
    client.stream.write_all(text.as_bytes()).unwrap();
}

#[test]
fn a_graceful_stop_lets_responses_end_and_closes_idle_connections() {
    let rate_per_connection = Some(BytesPerSecond(20_000));
    let site = Site::start(Config {
        rate_per_connection,
        ..Config::default()
    });
    let address = site.server.address();
    let (mut idle, mut busy) = (site.connect(), site.connect());
    idle.send("GET", "/synthetic/1", &[]);
    assert_eq!(idle.receive(false).status, 200);
    busy.send("GET", "/synthetic/10000", &[]);
    assert_eq!(busy.receive_head().status, 200);
    let reader = std::thread::spawn(move || {
        let mut bytes = Vec::new();
        busy.stream.read_to_end(&mut bytes).map(|_| bytes)
    });
    let Site {
        server, runtime, ..
    } = site;
    runtime.block_on(server.stop());
    let tail = reader.join().unwrap().unwrap();
    assert!(content(0, 10_000).ends_with(&tail) && !tail.is_empty());
    assert!(idle.is_ended());
    assert!(std::net::TcpStream::connect(address).is_err());
}

#[test]
fn a_stop_does_not_wait_longer_than_told() {
    let site = Site::start(Config {
        limits: Limits {
            drain_timeout: Duration::from_millis(50),
            ..Limits::default()
        },
        rate_per_connection: Some(BytesPerSecond(1)),
        ..Config::default()
    });
    let mut client = site.connect();
    client.send("GET", "/synthetic/1GiB", &[]);
    assert_eq!(client.receive_head().status, 200);
    let Site {
        server, runtime, ..
    } = site;
    let stop = async { tokio::time::timeout(Duration::from_secs(20), server.stop()).await };
    assert!(
        runtime.block_on(stop).is_ok(),
        "a gigabyte at 1 B/s would take decades"
    );
    assert!(
        client
            .stream
            .read_to_end(&mut Vec::new())
            .is_ok_and(|count| count < 100)
    );
}

#[test]
fn dropping_a_server_ends_its_connections() {
    let site = Site::start(Config::default());
    let mut client = site.connect();
    client.send("GET", "/synthetic/1", &[]);
    assert_eq!(client.receive(false).status, 200);
    let Site {
        server, runtime, ..
    } = site;
    drop(server);
    assert!(client.is_ended());
    drop(runtime);
}

#[test]
fn a_peer_that_sends_no_head_is_dropped() {
    let limits = Limits {
        header_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let site = with_limits(limits);
    assert!(site.connect().is_ended(), "silent from the start");
    let mut partial = site.connect();
    send_raw(&mut partial, "GET /synthetic/1 HTTP/1.1\r\nHost:");
    assert!(partial.is_ended(), "silent within the head");
    let mut idle = site.connect();
    idle.send("GET", "/synthetic/1", &[]);
    assert_eq!(idle.receive(false).status, 200);
    assert!(idle.is_ended(), "silent after a response");
}

#[test]
fn a_peer_that_does_not_read_is_dropped() {
    let limits = Limits {
        stall_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let site = with_limits(limits);
    let mut client = site.connect();
    client.send("GET", "/synthetic/8EiB", &[]);
    let record = site.next_record();
    assert_eq!(record.ending, Ending::Interrupted);
    assert!(record.sent < record.promised);
    drop(client);
}

/// Sending meanwhile is no excuse.
#[test]
fn a_peer_that_sends_but_does_not_read_is_dropped() {
    let limits = Limits {
        stall_timeout: Duration::from_millis(300),
        ..Limits::default()
    };
    let site = with_limits(limits);
    let mut client = site.connect();
    client.send("GET", "/synthetic/8EiB", &[]);
    let mut sender = client.stream.try_clone().unwrap();
    // Paced by the system: the socket takes no more than its buffer until the server reads.
    let sending = std::thread::spawn(move || while sender.write_all(b"GET ").is_ok() {});
    let record = site.next_record();
    assert_eq!(record.ending, Ending::Interrupted);
    drop(client);
    sending.join().unwrap();
}

#[test]
fn an_address_has_only_so_many_connections() {
    let site = with_limits(Limits {
        max_connections_per_address: Some(1),
        ..Limits::default()
    });
    let mut first = site.connect();
    first.send("GET", "/synthetic/1", &[]);
    assert_eq!(first.receive(false).status, 200);
    assert!(site.connect().is_ended(), "the second is closed unheard");
    first.send("GET", "/synthetic/2", &[]);
    assert_eq!(first.receive(false).content, content(0, 2));
    drop(first);
    // The place is free once the server has noticed.
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    loop {
        let mut next = site.connect();
        let sent = next
            .stream
            .write_all(b"GET /synthetic/1 HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let mut status = [0; 12];
        if sent.is_ok() && next.stream.read_exact(&mut status).is_ok() {
            assert_eq!(&status, b"HTTP/1.1 200");
            break;
        }
        assert!(
            std::time::Instant::now() < deadline,
            "the place stays taken"
        );
    }
}

#[test]
fn a_peer_that_leaves_is_recorded() {
    let site = Site::start(Config::default());
    let mut client = site.connect();
    client.send(
        "GET",
        "/synthetic/8EiB",
        &["Range: bytes=5-", "Authorization: secret"],
    );
    assert_eq!(client.receive_head().status, 206);
    drop(client);
    let record = site.next_record();
    assert_eq!((record.number, record.connection), (1, 1));
    assert_eq!(record.protocol, http::Version::HTTP_11);
    let stamp = record.time_stamp();
    assert!(stamp.len() == 24 && stamp.ends_with('Z'), "{stamp}");
    assert!(record.response_header("etag").is_some());
    assert_eq!(
        (record.path.as_str(), record.range()),
        ("/synthetic/8EiB", Some("bytes=5-"))
    );
    assert_eq!(record.header("authorization"), Some("secret"));
    let content_range = record.content_range.unwrap().to_string();
    assert_eq!(
        content_range,
        "bytes 5-9223372036854775807/9223372036854775808"
    );
    assert_eq!(record.ending, Ending::Interrupted);
}

#[test]
fn connections_past_the_limit_wait_for_their_turn() {
    let site = Site::start(Config {
        limits: Limits {
            max_connections: 1,
            ..Limits::default()
        },
        rate_per_connection: Some(BytesPerSecond(1000)),
        ..Config::default()
    });
    let mut first = site.connect();
    first.send("GET", "/synthetic/1MiB", &[]);
    assert_eq!(first.receive_head().status, 200);
    let mut second = site.connect();
    second.send("GET", "/synthetic/2", &[]);
    second
        .stream
        .set_read_timeout(Some(Duration::from_secs(1)))
        .unwrap();
    let early = second.read(&mut [0]).unwrap_err().kind();
    assert!(
        matches!(early, ErrorKind::WouldBlock | ErrorKind::TimedOut),
        "{early}"
    );
    drop(first);
    second
        .stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    assert_eq!(second.receive(false).content, content(0, 2));
}

#[test]
fn requests_for_other_hosts_are_misdirected() {
    let site = Site::start(Config::default());
    let port = site.server.address().port();
    for (head, status) in [
        (
            "GET /synthetic/1 HTTP/1.1\r\nHost: evil.example".to_owned(),
            421,
        ),
        (
            format!("GET /synthetic/1 HTTP/1.1\r\nHost: evil.example:{port}"),
            421,
        ),
        (
            "GET http://evil.example/synthetic/1 HTTP/1.1\r\nHost: localhost".to_owned(),
            421,
        ),
        (
            format!("GET /synthetic/1 HTTP/1.1\r\nHost: 127.0.0.1:{port}"),
            200,
        ),
        (
            format!("GET /synthetic/1 HTTP/1.1\r\nHost: app.localhost:{port}"),
            200,
        ),
        (
            format!("GET http://localhost:{port}/synthetic/1 HTTP/1.1\r\nHost: x"),
            200,
        ),
        (
            "GET /synthetic/1 HTTP/1.1\r\nHost: localhost\r\nHost: localhost".to_owned(),
            400,
        ),
        ("GET /synthetic/1 HTTP/1.1\r\nAccept: */*".to_owned(), 400),
        ("GET /synthetic/1 HTTP/1.0\r\nAccept: */*".to_owned(), 200),
    ] {
        let mut client = site.connect();
        send_raw(&mut client, &format!("{head}\r\n\r\n"));
        let answer = client.receive(false);
        assert_eq!(answer.status, status, "{head}");
        assert_eq!(answer.header("access-control-allow-origin"), None);
        let why = String::from_utf8_lossy(&answer.content);
        assert_eq!(why.contains("--host"), status == 421, "{why}");
    }
}

#[test]
fn a_resource_of_https_is_not_served_over_http() {
    let site = Site::start(Config::default());
    for (scheme, status) in [("http", 200), ("HTTP", 200), ("https", 421), ("ftp", 421)] {
        let mut client = site.connect();
        let request = format!("GET {scheme}://localhost/synthetic/1 HTTP/1.1\r\nHost: x\r\n\r\n");
        send_raw(&mut client, &request);
        assert_eq!(client.receive(false).status, status, "{scheme}");
    }
}

#[test]
fn what_is_not_http_1_is_refused() {
    let site = Site::start(Config::default());
    for text in [
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\x00\x01\x00\x01\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
    ] {
        let mut client = site.connect();
        send_raw(&mut client, text);
        let mut reply = String::new();
        // A reset instead of an answer is a refusal too.
        let _ = client.stream.read_to_string(&mut reply);
        assert!(!reply.contains("200 OK"), "{text:?}: {reply}");
    }
    let mut client = site.connect();
    let field = format!("X-Long: {}", "x".repeat(64 << 10));
    client.send("GET", "/synthetic/1", &[&field]);
    assert_eq!(client.receive(false).status, 431);
    assert_eq!(site.get("/synthetic/1", &[]).status, 200);
}
