//! Names that servers suggest, from a corpus of hostile ones, and what becomes of them on the disk.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;

use crate::support::cut_off::BLOCK;
use crate::support::files;
use crate::support::program::{get, run};
use crate::support::site::Site;

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
