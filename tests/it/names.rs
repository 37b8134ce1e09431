//! Names that servers suggest, from a corpus of hostile ones, and what becomes of them on the disk.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::cut_off::BLOCK;
use crate::support::program::{self, get, run};
use crate::support::site::Site;
use crate::support::{cut_off, files, raw, wait};

const CONTENT: &str = "content";

/// Serves one small file to everybody, with this value of `Content-Disposition`.
fn serve(disposition: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/of-the-url", listener.local_addr().unwrap());
    let length = CONTENT.len();
    let reply = format!(
        "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\nConnection: close\r\n\
         Content-Disposition: {disposition}\r\n\r\n{CONTENT}"
    );
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap_or(0) == 1 {
                head.push(byte[0]);
            }
            // A client that has seen enough goes away.
            let _sent = stream.write_all(reply.as_bytes());
        }
    });
    url
}

/// Up to the longest that a file system takes, which leaves no room for the names beside it.
#[test]
fn a_name_may_be_as_long_as_the_file_system_takes_it() {
    let site = Site::synthetic(vec![cut_off::slow()]);
    let url = site.url("/synthetic/6MiB");
    for length in [242, 243, 250, 255] {
        let into = files::directory();
        let name = "n".repeat(length);
        let output = into
            .path()
            .join(&name)
            .into_os_string()
            .into_string()
            .unwrap();
        let get = ["get", "--json", "-o", &output, &url];
        let mut running = program::start(get.iter().chain(&["--limit-rate", "2MiB"]));
        let stem = wait::until("a part file", || {
            let mut names = files::names(into.path()).into_iter();
            names.find_map(|name| Some(name.strip_suffix(".part")?.to_owned()))
        });
        assert!(cut_off::reaches(&mut running, into.path(), &stem, 1 << 20));
        running.kill();
        let part = into.path().join(format!("{stem}.part"));
        run(["inspect", "--verify", part.to_str().unwrap()]).expect(0);
        let ran = run(get).expect(0);
        assert!(ran.number("resumed_bytes") >= 1 << 20, "{ran:?}");
        assert_eq!(files::names(into.path()), [name]);
    }
    let into = files::directory();
    let output = into.path().join("n".repeat(256));
    let ran = run(["get", "-q", "-o", output.to_str().unwrap(), &url]).expect(2);
    assert!(ran.stderr.contains("over the limit of 255 B"), "{ran:?}");
}

#[test]
fn suggested_names_are_made_harmless() {
    let corpus = include_str!("../corpora/content_disposition.txt");
    let lines = corpus
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with("# "));
    let mut count = 0;
    for line in lines {
        let (disposition, name) = line.split_once('\t').expect("a tab");
        let name = if name == "-" { "of-the-url" } else { name };
        let into = files::directory();
        let ran = get(&serve(disposition), into.path(), &["--content-disposition"]).expect(0);
        assert_eq!(files::names(into.path()), [name], "{disposition}");
        assert!(
            !ran.stderr.contains('\u{1b}') && !ran.stdout.contains('\u{1b}'),
            "{ran:?}"
        );
        let file = into.path().join(name);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0, "{name} is executable");
        assert_eq!(std::fs::read_to_string(file).unwrap(), CONTENT);
        count += 1;
    }
    assert!(count > 25, "{count} lines");
}

#[test]
fn a_suggestion_nobody_asked_for_and_one_whose_name_is_taken_change_nothing() {
    let url = serve("attachment; filename=suggested");
    let into = files::directory();
    get(&url, into.path(), &[]).expect(0);
    assert_eq!(files::names(into.path()), ["of-the-url"]);
    std::fs::write(into.path().join("suggested"), "mine").unwrap();
    let ran = get(&url, into.path(), &["--content-disposition"]).expect(8);
    assert!(ran.stderr.contains("suggested"), "{ran:?}");
    assert_eq!(
        std::fs::read(into.path().join("suggested")).unwrap(),
        b"mine"
    );
    run(["get", "--content-disposition", "-o", "x", &url]).expect(2);
}

#[test]
fn the_name_is_that_of_the_reply_that_is_used() {
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let url = site.url("/synthetic/50000?name=suggested");
    let ran = get(&url, into.path(), &["--content-disposition"]).expect(0);
    assert_eq!(files::names(into.path()), ["suggested"]);
    assert_eq!(ran.number("requests"), 1, "{ran:?}");
    assert_eq!(ran.number("wasted_bytes"), 0, "{ran:?}");
}

/// The request for the name is the first one of the download, and is tried again like it.
#[test]
fn a_server_that_is_busy_is_asked_for_the_name_again() {
    const BUSY: &str = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\n\r\n";
    const CUT: &str = "HTTP/1.1 200 OK\r\nContent-Le";
    const WITHOUT_A_PLACE: &str = "HTTP/1.1 206 Partial Content\r\nContent-Length: 0\r\n\r\n";
    const NO_RANGE: &str = "HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n";
    for (refusal, ranges_only) in [
        (BUSY, false),
        (CUT, false),
        (WITHOUT_A_PLACE, true),
        (NO_RANGE, true),
    ] {
        let requests = AtomicU32::new(0);
        let base = raw::serve_at("127.0.0.1", move |head, stream| {
            let number = requests.fetch_add(1, Ordering::SeqCst);
            let is_refused = if ranges_only {
                head.contains("range:")
            } else {
                number < 2
            };
            if is_refused {
                stream.write_all(refusal.as_bytes())?;
                return Err(std::io::ErrorKind::ConnectionAborted.into());
            }
            let length = CONTENT.len();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\
                 Content-Disposition: attachment; filename=suggested\r\n\r\n{CONTENT}"
            );
            stream.write_all(head.as_bytes())
        });
        let into = files::directory();
        let url = format!("{base}/of-the-url");
        let ran = get(&url, into.path(), &["--content-disposition"]).expect(0);
        assert_eq!(
            files::names(into.path()),
            ["suggested"],
            "{refusal}: {ran:?}"
        );
        assert!(
            ranges_only || ran.number("retries") >= 2,
            "{refusal}: {ran:?}"
        );
        assert!(!ran.stdout.contains("restarting"), "{refusal}: {ran:?}");
    }
}

#[test]
fn a_name_that_cannot_be_had_is_an_error_like_any_other() {
    // The last one asks as a browser does.
    for (status, more, code, requests) in [
        ("404 Not Found", &[][..], 4, 1 + 1),
        ("503 Service Unavailable", &["--max-tries", "3"], 3, 3 + 1),
    ] {
        let count = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&count);
        let base = raw::serve_at("127.0.0.1", move |_, stream| {
            counted.fetch_add(1, Ordering::SeqCst);
            write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n")
        });
        let into = files::directory();
        let more = [&["--content-disposition"], more].concat();
        let ran = get(&format!("{base}/x"), into.path(), &more).expect(code);
        assert!(ran.stderr.contains(&status[..3]), "{ran:?}");
        assert!(count.load(Ordering::SeqCst) <= requests, "{ran:?}");
        assert_eq!(files::names(into.path()), [""; 0]);
    }
}

#[test]
fn what_is_there_under_the_name_is_resumed() {
    const LENGTH: u64 = 8 << 20;
    const WRONG: &str = "sha-256=0000000000000000000000000000000000000000000000000000000000000000";
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let url = site.url(&format!("/synthetic/{LENGTH}?name=suggested"));
    let named = ["--content-disposition"];
    let wrong = [&named[..], &["--checksum", WRONG]].concat();
    get(&url, into.path(), &wrong).expect(6);
    assert_eq!(
        files::names(into.path()),
        ["suggested.part", "suggested.part.journal"]
    );
    let ran = get(&url, into.path(), &named).expect(0);
    assert_eq!(files::names(into.path()), ["suggested"]);
    assert!(ran.number("fetched_bytes") <= BLOCK, "{ran:?}");
}
