//! `sheave serve` as others use it: curl and our own client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use crate::support::serving::{Serving, curl};
use crate::support::{files, program};

#[test]
fn the_first_line_is_the_base_url_and_curl_gets_ranges() {
    let root = files::directory();
    let bytes = files::bytes(1, 10_000);
    std::fs::write(root.path().join("a.bin"), &bytes).unwrap();
    let serving = Serving::start(root.path(), &[]);
    let url = serving.url("/a.bin");
    for (range, expected) in [
        ("0-0", &bytes[..1]),
        ("100-199", &bytes[100..200]),
        ("9000-20000", &bytes[9000..]),
        ("-500", &bytes[9500..]),
        ("-20000", &bytes[..]),
    ] {
        let Some(output) = curl(&["-r", range, &url]) else {
            return;
        };
        assert!(output.status.success());
        assert_eq!(output.stdout, expected, "{range}");
    }
    let Some(head) = curl(&["-I", "-r", "0-9", &url]) else {
        return;
    };
    let head = String::from_utf8(head.stdout).unwrap().to_ascii_lowercase();
    assert!(
        head.starts_with("http/1.1 200"),
        "HEAD ignores ranges: {head}"
    );
    for field in [
        "content-length: 10000",
        "accept-ranges: bytes",
        "etag: ",
        "last-modified: ",
    ] {
        assert!(head.contains(field), "{field} is missing in {head}");
    }
    let Some(past) = curl(&["-i", "-r", "10000-", &url]) else {
        return;
    };
    let past = String::from_utf8_lossy(&past.stdout).to_ascii_lowercase();
    assert!(past.starts_with("http/1.1 416"), "{past}");
    assert!(past.contains("content-range: bytes */10000"), "{past}");
}

#[test]
fn synthetic_content_of_any_size_is_served_without_a_disk() {
    let root = files::directory();
    let serving = Serving::start(root.path(), &[]);
    let url = serving.url("/synthetic/8EiB?seed=3");
    let Some(output) = curl(&["-r", "9000000000000000000-9000000000000000099", &url]) else {
        return;
    };
    let mut expected = [0; 100];
    let seed = range_server::synthetic::Seed(3);
    range_server::synthetic::fill(seed, 9_000_000_000_000_000_000, &mut expected);
    assert_eq!(output.stdout, expected);
}

#[test]
fn it_stops_on_a_signal() {
    for signal in [Signal::INT, Signal::TERM] {
        let root = files::directory();
        let mut serving = Serving::start(root.path(), &[]);
        let status = serving.stop(signal);
        assert_eq!(status.code(), Some(0), "{signal:?}");
    }
}

#[test]
fn a_signal_after_the_first_ends_it_though_a_response_is_under_way() {
    let root = files::directory();
    let mut serving = Serving::start(root.path(), &[]);
    let mut client = TcpStream::connect(serving.address()).unwrap();
    let request = "GET /synthetic/1GiB HTTP/1.1\r\nHost: localhost\r\n\r\n";
    client.write_all(request.as_bytes()).unwrap();
    // The response has begun, and nobody reads the rest of it.
    client.read_exact(&mut [0]).unwrap();
    let begun = Instant::now();
    let status = serving.stop_at_once(Signal::TERM);
    assert_eq!(status.code(), Some(143));
    let patience = Duration::from_secs(5);
    assert!(begun.elapsed() < patience, "{:?}", begun.elapsed());
}

#[test]
fn our_own_client_gets_a_file_from_it() {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 2, 70 << 20);
    let serving = Serving::start(root.path(), &[]);
    let into = files::directory();
    program::get(&serving.url("/a.bin"), into.path(), &["-x", "8"]).expect(0);
    assert_eq!(
        files::sha256(&into.path().join("a.bin")),
        files::sha256(&original)
    );
}

#[test]
fn several_ranges_and_a_generated_certificate_work_for_curl_and_our_own_client() {
    let root = files::directory();
    let bytes = files::bytes(1, 10_000);
    std::fs::write(root.path().join("a.bin"), &bytes).unwrap();
    let mut serving = Serving::start(root.path(), &["--tls"]);
    let certificate = serving.next_line();
    let url = serving.url("/a.bin");
    assert!(url.starts_with("https://"), "{url}");

    let into = files::directory();
    program::get(&url, into.path(), &["--cacert", &certificate]).expect(0);
    assert_eq!(std::fs::read(into.path().join("a.bin")).unwrap(), bytes);

    let ranges = ["--cacert", &certificate, "-r", "0-9,5000-5009", &url];
    let Some(output) = curl(&ranges) else { return };
    assert!(output.status.success(), "{output:?}");
    for part in [&bytes[..10], &bytes[5000..5010]] {
        assert!(output.stdout.windows(10).any(|window| window == part));
    }
    let shown = String::from_utf8_lossy(&output.stdout).to_ascii_lowercase();
    for field in [
        "content-range: bytes 0-9/10000",
        "content-range: bytes 5000-5009/10000",
    ] {
        assert!(shown.contains(field), "{field} is missing in {shown}");
    }
}
