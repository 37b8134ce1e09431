//! HTTP/2 as curl and nghttp see it: agreed on in the handshake, with the same answers.

use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, SystemTime};

use range_core::units::BytesPerSecond;
use range_server::{Config, Content, Directory, Ending, Limits};

use crate::site::{Site, content};
use crate::tls::{curl, site};

/// A client that reads over HTTP/2 as the bytes come; `None` where it is not installed.
fn reader(trusted: &Path, url: &str) -> Option<Child> {
    let reader = Command::new(needs::program("curl")?)
        .args(["-sS", "-N", "--max-time", "20", "--http2", "--cacert"])
        .arg(trusted)
        .arg(url)
        .stdout(Stdio::piped())
        .spawn();
    Some(reader.unwrap())
}

#[test]
fn the_answers_are_those_of_http_1() {
    let (site, trusted) = site(Config::default());
    let trusted = ["--cacert", trusted.path().to_str().unwrap()];
    for (arguments, expected, status) in [
        (&["-r", "5-300004"][..], content(5, 300_005), 206),
        (&[], content(0, 1_000_000), 200),
        (
            &["-r", "2000000-"],
            b"416 Range Not Satisfiable\n".to_vec(),
            416,
        ),
        (
            &["-H", "Host: evil.example"],
            b"this server does not answer for the host \"evil.example\": it answers for localhost \
              and loopback addresses, and for hosts it was told of with --host\n"
                .to_vec(),
            421,
        ),
    ] {
        for (protocol, version) in [
            ("--http2", http::Version::HTTP_2),
            ("--http1.1", http::Version::HTTP_11),
        ] {
            let arguments = [&trusted[..], arguments, &[protocol]].concat();
            let Some(output) = curl(&site, "/synthetic/1MB", &arguments) else {
                return;
            };
            assert!(output.status.success(), "{output:?}");
            assert!(output.stdout == expected, "{arguments:?}");
            let record = site.next_record();
            assert_eq!((record.status.as_u16(), record.protocol), (status, version));
            assert_eq!(record.ending, Ending::Complete);
        }
    }
}

fn nghttp(site: &Site, arguments: &[&str]) -> Option<Output> {
    let output = Command::new(needs::program("nghttp")?)
        .args(["--timeout=20"])
        .args(arguments)
        .arg(format!("{}/synthetic/1MB", site.server.base_url()))
        .output();
    Some(output.unwrap())
}

#[test]
fn many_streams_share_a_connection() {
    let (site, _trusted) = site(Config::default());
    let arguments = ["-n", "-s", "-m", "30", "-H", "range: bytes=7-200006"];
    let Some(output) = nghttp(&site, &arguments) else {
        return;
    };
    assert!(output.status.success(), "{output:?}");
    for _ in 0..30 {
        let record = site.next_record();
        assert_eq!(
            (record.connection, record.protocol),
            (1, http::Version::HTTP_2)
        );
        assert_eq!((record.status.as_u16(), record.sent.0), (206, 200_000));
        assert_eq!(record.ending, Ending::Complete);
    }
    let single = nghttp(&site, &["-H", "range: bytes=7-200006"]).unwrap();
    assert!(single.stdout == content(7, 200_007));
}

#[test]
fn a_graceful_stop_lets_streams_end() {
    let (site, trusted) = site(Config {
        rate_per_connection: Some(BytesPerSecond(2_000_000)),
        limits: Limits {
            drain_timeout: Duration::from_secs(20),
            ..Limits::default()
        },
        ..Config::default()
    });
    let url = format!("{}/synthetic/1MB", site.server.base_url());
    let Some(mut reader) = reader(trusted.path(), &url) else {
        return;
    };
    let mut stdout = reader.stdout.take().unwrap();
    let mut received = vec![0; 1];
    std::io::Read::read_exact(&mut stdout, &mut received).unwrap();
    let rest = std::thread::spawn(move || {
        std::io::Read::read_to_end(&mut stdout, &mut received).unwrap();
        received
    });
    let Site {
        server, runtime, ..
    } = site;
    runtime.block_on(server.stop());
    assert!(rest.join().unwrap() == content(0, 1_000_000));
    assert!(reader.wait().unwrap().success());
}

/// The stream is reset; a short one would look whole to who does not count.
#[test]
fn a_file_that_changes_while_it_is_sent_resets_its_stream() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("file");
    let file = std::fs::File::create_new(&path).unwrap();
    file.set_len(4_000_000).unwrap();
    file.set_modified(SystemTime::now() - Duration::from_mins(1))
        .unwrap();
    let (site, trusted) = site(Config {
        content: Content::Directory(Directory::new(root.path())),
        rate_per_connection: Some(BytesPerSecond(4_000_000)),
        ..Config::default()
    });
    let url = format!("{}/file", site.server.base_url());
    let Some(mut reader) = reader(trusted.path(), &url) else {
        return;
    };
    let mut stdout = reader.stdout.take().unwrap();
    std::io::Read::read_exact(&mut stdout, &mut [0; 1]).unwrap();
    file.write_all_at(b"changed", 0).unwrap();
    std::io::copy(&mut stdout, &mut std::io::sink()).unwrap();
    // curl's word for a stream that was not closed cleanly.
    assert_eq!(reader.wait().unwrap().code(), Some(92));
    assert_eq!(site.next_record().ending, Ending::Failed);
}

#[test]
fn content_can_be_late_and_the_server_away() {
    let (site, trusted) = site(Config::default());
    let trusted = ["--http2", "--cacert", trusted.path().to_str().unwrap()];
    let late = "/synthetic/1000?fault=first-byte:300ms";
    let Some(output) = curl(&site, late, &trusted) else {
        return;
    };
    assert!(output.stdout == content(0, 1000), "{output:?}");
    let record = site.next_record();
    assert!(record.elapsed >= Duration::from_millis(300));
    assert_eq!(record.protocol, http::Version::HTTP_2);
    let output = curl(&site, "/synthetic/1000?fault=outage:20s", &trusted).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    let record = site.next_record();
    assert_eq!(
        (record.ending, record.faults),
        (Ending::Cut, vec!["outage"])
    );
}
