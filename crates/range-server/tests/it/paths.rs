//! Paths and names over the wire, as programs write them: dot segments, empty segments, a prefix,
//! and a directory that is made anew.

use std::fs;
use std::io::{Read, Write};
use std::net::Shutdown;

use crate::directory::{laid_out, site};
use crate::site::Site;
use range_server::{Config, Login};

#[test]
fn segments_that_name_nothing_are_removed_from_paths() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    for path in [
        "/./plain.txt",
        "//plain.txt",
        "///plain.txt",
        "/dir/../plain.txt",
        "/dir//..//plain.txt",
        "/../plain.txt",
        "/../../../../plain.txt",
        "/%2e/plain.txt",
        "/dir/%2E%2e/plain.txt",
        "/no-such-directory/../plain.txt",
    ] {
        let answer = site.get(path, &[]);
        assert_eq!(
            (answer.status, answer.content.as_slice()),
            (200, b"0123456789".as_slice()),
            "{path}"
        );
        assert_eq!(site.next_record().path, path, "as it was sent");
    }
    let inner = site.get("/dir//a%20b%25c.bin", &[]);
    assert_eq!(inner.content, b"inner");
    assert_eq!(site.get("//synthetic/./3", &[]).status, 200);
    for path in [
        "/",
        "//",
        "/.",
        "/..",
        "/../",
        "/dir/..",
        "/dir/../.",
        "//etc/..",
    ] {
        let listing = site.get(path, &[]);
        assert_eq!(listing.status, 200, "{path}");
        let page = String::from_utf8(listing.content).unwrap();
        assert!(page.contains("<title>Index of /</title>"), "{path}: {page}");
    }
    for path in [
        "/../secret",
        "/dir/../../secret",
        "/..%2fsecret",
        "//etc/passwd",
    ] {
        assert_eq!(site.get(path, &[]).status, 404, "{path}");
    }
}

/// Whatever the path, the way to a directory's slash does not leave the server.
#[test]
fn a_redirection_to_a_directory_is_relative() {
    let outer = laid_out();
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("a:b/c")).unwrap();
    fs::create_dir(root.join("evil.example")).unwrap();
    let site = site(&root);
    for (path, expected) in [
        ("/dir", "./dir/"),
        ("/dir?a=b", "./dir/?a=b"),
        ("/a:b", "./a:b/"),
        ("/a%3ab/c", "./c/"),
        ("//evil.example", "./evil.example/"),
        ("//evil.example?//x", "./evil.example/?//x"),
        ("/dir/..//evil.example", "./evil.example/"),
    ] {
        let answer = site.get(path, &[]);
        let location = answer.header("location");
        assert_eq!((answer.status, location), (307, Some(expected)), "{path}");
    }
}

/// Every link of a page leads to the same thing when the page has another path.
#[test]
fn listings_work_behind_a_prefix() {
    let outer = laid_out();
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("x/y/z")).unwrap();
    fs::write(root.join("x/y/z/f"), "deep").unwrap();
    let site = site(&root);
    let here = url::Url::parse("http://proxy.example/some/prefix/x/y/z/").unwrap();
    let page = String::from_utf8(site.get("/x/y/z/", &[]).content).unwrap();
    let links = page.split("href=\"").skip(1);
    let links = links.filter_map(|rest| Some(rest.split_once('"')?.0));
    let links: Vec<String> = links
        .filter(|link| !link.starts_with("data:"))
        .map(|link| here.join(link).unwrap().path().to_owned())
        .collect();
    let expected = ["", "x/", "x/y/", "x/y/z/f"].map(|path| format!("/some/prefix/{path}"));
    assert_eq!(links, expected);
    let listing = site.get("/x/y/z/", &["Accept: application/json"]);
    let listing: serde_json::Value = serde_json::from_slice(&listing.content).unwrap();
    let file = here.join(listing["entries"][0]["url"].as_str().unwrap());
    assert_eq!(file.unwrap().path(), "/some/prefix/x/y/z/f");
}

#[test]
fn a_directory_that_was_made_anew_is_served() {
    let outer = laid_out();
    let root = outer.path().join("root");
    let site = site(&root);
    assert_eq!(site.get("/plain.txt", &[]).content, b"0123456789");
    site.next_record();
    fs::remove_dir_all(&root).unwrap();
    for path in ["/plain.txt", "/", "/?sort=size"] {
        assert_eq!(
            site.get(path, &[]).status,
            404,
            "{path} is not there, and not empty"
        );
        let why = site.next_record().why;
        assert_eq!(why.as_deref(), Some("the served directory was removed"));
    }
    fs::create_dir(&root).unwrap();
    fs::write(root.join("plain.txt"), "built anew").unwrap();
    assert_eq!(site.get("/plain.txt", &[]).content, b"built anew");

    let next = outer.path().join("next");
    fs::create_dir(&next).unwrap();
    fs::write(next.join("plain.txt"), "put in its place").unwrap();
    fs::rename(&root, outer.path().join("old")).unwrap();
    assert_eq!(site.get("/plain.txt", &[]).content, b"built anew");
    fs::rename(&next, &root).unwrap();
    assert_eq!(site.get("/plain.txt", &[]).content, b"put in its place");
}

#[test]
fn the_record_says_why_nothing_was_served() {
    let outer = laid_out();
    let root = outer.path().join("root");
    let site = site(&root);
    for (path, part) in [
        ("/.env", Some("--allow-hidden")),
        ("/out", Some("--allow-symlinks")),
        ("/fifo", Some("regular file")),
        ("/plain.txt/", Some("no directory")),
        ("/nothing", None),
        ("/plain.txt/x", None),
        ("/%00", None),
    ] {
        let answer = site.get(path, &[]);
        assert_eq!(
            (answer.status, answer.content.as_slice()),
            (404, b"404 Not Found\n".as_slice())
        );
        let why = site.next_record().why;
        match part {
            Some(part) => assert!(
                why.as_ref().is_some_and(|why| why.contains(part)),
                "{path}: {why:?}"
            ),
            None => assert_eq!(why, None, "{path}"),
        }
    }
}

/// As `printf … | nc -N` and many testers do.
#[test]
fn who_has_said_all_is_answered() {
    let outer = laid_out();
    let root = outer.path().join("root");
    fs::write(root.join("large"), vec![7; 8 << 20]).unwrap();
    let site = site(&root);
    for round in 0..20 {
        for (path, length) in [
            ("/plain.txt", 10),
            ("/large", 8 << 20),
            ("/synthetic/100", 100),
            ("/synthetic/100?fault=surplus:1", 101),
            ("/dir/", 1),
        ] {
            let mut client = site.connect();
            client.send("GET", path, &[]);
            client.stream.shutdown(Shutdown::Write).unwrap();
            let mut reply = Vec::new();
            client.stream.read_to_end(&mut reply).unwrap();
            assert!(
                reply.starts_with(b"HTTP/1.1 200 OK\r\n"),
                "{path}, round {round}"
            );
            let end = reply
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
                .unwrap()
                + 4;
            assert!(reply.len() - end >= length, "{path}, round {round}");
        }
    }
}

#[test]
fn requests_that_are_none_get_the_statuses_they_must() {
    let site = Site::start(Config::default());
    let long = format!("/synthetic/1?id={}", "a".repeat(15_000));
    assert_eq!(site.get(&long, &[]).status, 200, "a target that is long");
    for length in [17_000, 40_000, 65_530, 100_000, 1 << 20] {
        let mut client = site.connect();
        let target = format!("/{}", "a".repeat(length));
        let head = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        // The answer may come, and the connection end, before all of it is taken.
        let _ = client.stream.write_all(head.as_bytes());
        assert_eq!(client.receive(false).status, 414, "{length}");
    }
    for (method, status) in [
        ("FROBNICATE", 501),
        ("get", 501),
        ("PROPFIND", 501),
        ("POST", 405),
        ("PUT", 405),
        ("DELETE", 405),
        ("PATCH", 405),
        ("TRACE", 405),
        ("OPTIONS", 204),
    ] {
        assert_eq!(
            site.request(method, "/synthetic/1", &[]).status,
            status,
            "{method}"
        );
    }
    for method in ["GET", "HEAD", "POST"] {
        assert_eq!(site.request(method, "*", &[]).status, 400, "{method} *");
    }
    assert_eq!(site.request("OPTIONS", "*", &[]).status, 204);
    for host in [
        "bad host", "a/b", "a@b", "a:b", "::1", "a:1:2", "", "\u{e9}",
    ] {
        let mut client = site.connect();
        let head = format!("GET /synthetic/1 HTTP/1.1\r\nHost: {host}\r\n\r\n");
        client.stream.write_all(head.as_bytes()).unwrap();
        assert_eq!(client.receive(false).status, 400, "{host:?}");
    }
}

#[test]
fn field_names_are_written_as_most_expect_them() {
    let site = Site::start(Config::default());
    for path in ["/synthetic/10", "/synthetic/10?fault=surplus:1"] {
        let mut client = site.connect();
        client.send("GET", path, &["Range: bytes=0-4", "Connection: close"]);
        let mut reply = Vec::new();
        client.stream.read_to_end(&mut reply).unwrap();
        let reply = String::from_utf8_lossy(&reply);
        for field in [
            "\r\nContent-Length: 5\r\n",
            "\r\nContent-Range: bytes 0-4/10\r\n",
            "\r\nETag: ",
            "\r\nDate: ",
        ] {
            assert!(reply.contains(field), "{field:?} in {reply}");
        }
    }
    let login = Login::parse("me:secret");
    let site = Site::start(Config {
        login,
        ..Config::default()
    });
    let mut client = site.connect();
    client.send("GET", "/synthetic/10", &["Connection: close"]);
    let mut reply = Vec::new();
    client.stream.read_to_end(&mut reply).unwrap();
    let reply = String::from_utf8_lossy(&reply);
    assert!(reply.contains("\r\nWWW-Authenticate: Basic "), "{reply}");
}
