//! Things that testers ask a server for: pages of other origins, fields of their own, a login, no
//! ranges, and the requests it had.

use std::fs;
use std::time::{Duration, Instant};

use http::header::{HeaderName, HeaderValue, SERVER};
use range_server::{Config, Cors, Effect, Fault, Login, StatusBody};
use serde_json::Value;

use crate::directory::site as directory;
use crate::site::{Site, content};

const PREFLIGHT: [&str; 3] = [
    "Origin: http://app.example",
    "Access-Control-Request-Method: GET",
    "Access-Control-Request-Headers: range,if-range",
];

#[test]
fn pages_of_other_origins_read_what_they_may() {
    let site = Site::start(Config {
        cors: Some(Cors::Any),
        ..Config::default()
    });
    let fields = ["Origin: http://app.example", "Range: bytes=0-4"];
    for (path, status) in [
        ("/synthetic/10", 206),
        ("/nothing", 404),
        ("/synthetic/10?fault=status:503", 503),
        ("/synthetic/10?fault=surplus:1", 206),
    ] {
        let answer = site.get(path, &fields);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
        let exposed = answer.header("access-control-expose-headers").unwrap();
        for name in ["Content-Range", "ETag", "Accept-Ranges", "Content-Length"] {
            assert!(exposed.contains(name), "{exposed}");
        }
        let policy = answer.header("cross-origin-resource-policy");
        assert_eq!(policy, Some("cross-origin"), "{path}");
    }
    let permitted = site.request("OPTIONS", "/synthetic/10", &PREFLIGHT);
    assert_eq!(permitted.status, 204);
    let header = |name| permitted.header(name);
    assert_eq!(
        header("access-control-allow-headers"),
        Some("range,if-range")
    );
    assert_eq!(
        header("access-control-allow-methods"),
        Some("GET, HEAD, OPTIONS")
    );
    let plain = Site::start(Config::default());
    let answer = plain.get("/synthetic/10", &fields);
    assert_eq!(answer.header("access-control-allow-origin"), None);
}

#[test]
fn pages_of_named_origins_alone_may_read() {
    let site = Site::start(Config {
        cors: Some(Cors::Origins(vec!["http://app.example".to_owned()])),
        ..Config::default()
    });
    let permitted = |origin: &str| {
        let answer = site.get("/synthetic/1", &[&format!("Origin: {origin}")]);
        assert_eq!(answer.header("vary"), Some("origin"));
        let credentials = answer.header("access-control-allow-credentials").is_some();
        let origin = answer.header("access-control-allow-origin");
        (origin.map(ToOwned::to_owned), credentials)
    };
    let own = "http://app.example".to_owned();
    assert_eq!(permitted("http://app.example"), (Some(own), true));
    assert_eq!(permitted("http://evil.example"), (None, false));
    assert_eq!(permitted("https://app.example"), (None, false));
}

#[test]
fn every_answer_has_the_fields_that_were_asked_for() {
    let name = HeaderName::from_static("x-test");
    let fields = [
        (name.clone(), HeaderValue::from_static("1")),
        (name, HeaderValue::from_static("2")),
        (SERVER, HeaderValue::from_static("mine")),
    ];
    let mut headers = http::HeaderMap::new();
    for (name, value) in fields {
        headers.append(name, value);
    }
    let site = Site::start(Config {
        headers,
        ..Config::default()
    });
    for path in ["/synthetic/1", "/nothing", "/synthetic/1?fault=surplus:1"] {
        let answer = site.get(path, &[]);
        assert_eq!(answer.header("server"), Some("mine"), "{path}");
        let record = site.next_record();
        let sent: Vec<_> = record.response_headers.get_all("x-test").iter().collect();
        assert_eq!(sent, ["1", "2"], "{path}");
    }
}

#[test]
fn who_brings_the_password_is_let_in() {
    let root = tempfile::tempdir().unwrap();
    fs::write(root.path().join("secret"), "secret").unwrap();
    let site = Site::start(Config {
        content: range_server::Content::Directory(range_server::Directory::new(root.path())),
        login: Login::parse("Aladdin:open sesame"),
        cors: Some(Cors::Any),
        keep_requests: true,
        ..Config::default()
    });
    let right = "Authorization: Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==";
    for path in ["/secret", "/", "/nothing", "/.sheave/requests"] {
        for fields in [
            &[][..],
            &["Authorization: Basic QWxhZGRpbjo="],
            &["Authorization: Bearer x"],
        ] {
            let answer = site.get(path, fields);
            let challenge = answer.header("www-authenticate").unwrap();
            assert!(challenge.starts_with("Basic realm="), "{challenge}");
            assert_eq!(
                (answer.status, answer.content.as_slice()),
                (401, b"401 Unauthorized\n".as_slice())
            );
        }
        assert_ne!(site.get(path, &[right]).status, 401, "{path}");
    }
    assert_eq!(site.get("/secret", &[right]).content, b"secret");
    assert_eq!(site.request("OPTIONS", "/secret", &PREFLIGHT).status, 204);
}

#[test]
fn a_server_without_ranges_sends_the_whole() {
    let site = Site::start(Config {
        no_ranges: true,
        ..Config::default()
    });
    for range in ["bytes=0-4", "bytes=99-", "bytes=0-1,5-6"] {
        let answer = site.get("/synthetic/10", &[&format!("Range: {range}")]);
        assert_eq!((answer.status, answer.content), (200, content(0, 10)));
    }
    let answer = site.get("/synthetic/10", &[]);
    assert_eq!(answer.header("accept-ranges"), None);
    let tag = answer.header("etag").unwrap();
    let again = site.get("/synthetic/10", &[&format!("If-None-Match: {tag}")]);
    assert_eq!(again.status, 304);
}

#[test]
fn a_status_has_the_fields_that_it_must_have() {
    for (code, name) in [
        (401, "www-authenticate"),
        (405, "allow"),
        (407, "proxy-authenticate"),
        (426, "upgrade"),
    ] {
        for body in [StatusBody::Text, StatusBody::Empty, StatusBody::Json] {
            let effect = Effect::Status {
                code: http::StatusCode::from_u16(code).unwrap(),
                retry_after: None,
                body,
            };
            let site = Site::start(Config {
                faults: vec![Fault::always(effect)],
                ..Config::default()
            });
            let answer = site.get("/synthetic/1", &[]);
            assert_eq!(answer.status, code);
            assert!(answer.header(name).is_some(), "{code} without {name}");
        }
    }
}

#[test]
fn the_requests_there_were_are_told_to_whoever_asks() {
    let site = Site::start(Config {
        keep_requests: true,
        ..Config::default()
    });
    let kept = || -> Value {
        let answer = site.get("/.sheave/requests", &[]);
        assert_eq!(
            (answer.status, answer.header("content-type")),
            (200, Some("application/json"))
        );
        serde_json::from_slice(&answer.content).unwrap()
    };
    assert_eq!(kept()["requests"], serde_json::json!([]));
    site.get(
        "/synthetic/10?id=b",
        &[
            "Range: bytes=2-3",
            "User-Agent: a/1",
            "Authorization: Basic c2VjcmV0",
        ],
    );
    site.request("HEAD", "/nothing", &["Cookie: a=secret", "X-A: \u{202e}"]);
    let told = kept();
    let requests = told["requests"].as_array().unwrap();
    assert_eq!(requests.len(), 2, "{told}");
    let first = &requests[0];
    assert_eq!(first["path"], "/synthetic/10?id=b");
    assert_eq!(
        (&first["request"], &first["status"]),
        (&Value::from(1), &Value::from(206))
    );
    assert_eq!(first["headers"]["user-agent"], "a/1");
    assert_eq!(first["headers"]["authorization"], "Basic ***");
    assert_eq!(first["headers"]["host"], "localhost");
    assert_eq!(first["content_range"], "bytes 2-3/10");
    assert_eq!(requests[1]["headers"]["cookie"], "***");
    assert_eq!(requests[1]["headers"]["x-a"], "\u{202e}");
    let raw = String::from_utf8(site.get("/.sheave/requests", &[]).content).unwrap();
    assert!(raw.is_ascii() && !raw.contains("secret"), "{raw}");
    assert_eq!(site.request("DELETE", "/.sheave/requests", &[]).status, 204);
    assert_eq!(kept()["requests"], serde_json::json!([]));
    let plain = Site::start(Config::default());
    assert_eq!(plain.get("/.sheave/requests", &[]).status, 404);
}

/// Each page is a copy of up to 8 MiB, which costs its peer a few bytes to ask for.
#[test]
fn pages_of_requests_that_nobody_reads_are_few() {
    let site = Site::start(Config {
        keep_requests: true,
        ..Config::default()
    });
    let padding = format!("X: {}", "a".repeat(20_000));
    let mut client = site.connect();
    for _ in 0..400 {
        client.send("GET", "/synthetic/1", &[&padding]);
        assert_eq!(client.receive(false).status, 200);
    }
    let ask = |_| {
        let mut client = site.connect();
        client.send("GET", "/.sheave/requests", &[]);
        (client.receive_head().status, client)
    };
    let (statuses, unread): (Vec<_>, Vec<_>) = (0..12).map(ask).unzip();
    let refused = statuses.iter().filter(|status| **status == 503).count();
    assert_eq!(refused, 4, "{statuses:?}");
    let head = site.request("HEAD", "/.sheave/requests", &[]);
    assert_eq!((head.status, head.header("content-length")), (200, None));
    drop(unread);
    let deadline = Instant::now() + Duration::from_secs(30);
    let whole = loop {
        let answer = site.get("/.sheave/requests", &[]);
        if answer.status == 200 {
            break answer;
        }
        assert!(Instant::now() < deadline, "the room stays taken");
    };
    let told: Value = serde_json::from_slice(&whole.content).unwrap();
    let forgotten = usize::try_from(told["forgotten"].as_u64().unwrap()).unwrap();
    assert_eq!(told["requests"].as_array().unwrap().len(), 400 - forgotten);
    client.send("DELETE", "/.sheave/requests", &[]);
    assert_eq!(client.receive(false).status, 204);
}

#[test]
fn a_listing_of_many_names_is_whole() {
    let root = tempfile::tempdir().unwrap();
    for index in 0..12_000 {
        fs::File::create(root.path().join(format!("f{index:05}"))).unwrap();
    }
    let site = directory(root.path());
    let page = String::from_utf8(site.get("/", &[]).content).unwrap();
    assert_eq!(page.matches("<a href=\"f").count(), 12_000);
    assert!(page.contains("<caption>12000 files</caption>"));
    let json = site.get("/", &["Accept: application/json"]);
    let listing: Value = serde_json::from_slice(&json.content).unwrap();
    assert_eq!(listing["entries"].as_array().unwrap().len(), 12_000);
    assert_eq!(listing["complete"], true);
}
