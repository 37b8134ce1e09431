//! `sheave serve` among strangers: what a URL, a name and a log may cost, as its user sets it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::{files, program};

/// A server with its two outputs. Killed when dropped.
struct Stranger(Child);

impl Stranger {
    fn start(bind: &str, root: &Path, options: &[&str]) -> (Self, u16) {
        let mut child = Command::new(program::path())
            .args(["serve", "--bind", bind])
            .args(options)
            .arg(root)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut url = String::new();
        let mut lines = BufReader::new(child.stdout.take().unwrap());
        lines.read_line(&mut url).unwrap();
        let (_, port) = url.trim_end().rsplit_once(':').unwrap();
        (Self(child), port.parse().unwrap())
    }

    /// Returns what it has said on standard error, once it has ended.
    fn said(mut self) -> String {
        self.0.kill().unwrap();
        let mut said = String::new();
        let mut stderr = self.0.stderr.take().unwrap();
        stderr.read_to_string(&mut said).unwrap();
        said
    }
}

impl Drop for Stranger {
    fn drop(&mut self) {
        let _killed = self.0.kill();
        let _reaped = self.0.wait();
    }
}

/// The answer to a request with this `Host`, head and content.
fn ask(port: u16, host: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer
}

fn status(answer: &str) -> &str {
    answer.split(' ').nth(1).unwrap()
}

fn laid_out() -> tempfile::TempDir {
    let root = files::directory();
    std::fs::write(root.path().join("file"), "right").unwrap();
    root
}

#[test]
fn urls_ask_for_faults_of_what_is_made_up_on_loopback_and_of_the_rest_by_leave() {
    const FILE: &str = "/file?fault=status:418";
    const MADE_UP: &str = "/synthetic/5?fault=status:418";
    let root = laid_out();
    for (bind, options, of_file, of_made_up) in [
        ("127.0.0.1:0", &["-q"][..], "403", "418"),
        ("127.0.0.1:0", &["-q", "--faults"], "418", "418"),
        ("0.0.0.0:0", &["-q"], "403", "403"),
        ("0.0.0.0:0", &["-q", "--faults"], "418", "418"),
    ] {
        let (server, port) = Stranger::start(bind, root.path(), options);
        let answers = [FILE, MADE_UP].map(|path| ask(port, "localhost", path));
        let statuses = [status(&answers[0]), status(&answers[1])];
        assert_eq!(statuses, [of_file, of_made_up], "{bind} {options:?}");
        for answer in answers {
            assert_eq!(answer.contains("--faults"), status(&answer) == "403");
        }
        let warns = server.said().contains("have it answer wrongly");
        let is_open = bind.starts_with("0.") && options.contains(&"--faults");
        assert_eq!(warns, is_open, "{bind} {options:?}");
    }
}

#[test]
fn hosts_are_answered_by_name_and_a_refusal_says_how() {
    let root = laid_out();
    let (_server, port) = Stranger::start("127.0.0.1:0", root.path(), &["-q"]);
    for host in ["localhost", "app.localhost", "127.0.0.1:1"] {
        assert_eq!(status(&ask(port, host, "/file")), "200", "{host}");
    }
    let refused = ask(port, "files.example", "/file");
    assert_eq!(status(&refused), "421");
    assert!(refused.contains("\"files.example\"") && refused.contains("--host"));

    let named = [
        "-q",
        "--host",
        "files.example",
        "--host",
        "*.mirror.example",
    ];
    let (_named, port) = Stranger::start("0.0.0.0:0", root.path(), &named);
    for (host, expected) in [
        ("files.example", "200"),
        ("a.mirror.example:80", "200"),
        ("192.0.2.7", "200"),
        ("box", "200"),
        ("evil.example", "421"),
    ] {
        assert_eq!(status(&ask(port, host, "/file")), expected, "{host}");
    }
}

/// Peers that say nothing hold every descriptor there may be, long before they hold every place.
#[test]
fn somebody_is_answered_when_descriptors_run_out() {
    let root = laid_out();
    let mut child = Command::new("sh")
        .args([
            "-c",
            "ulimit -n 24; exec \"$0\" serve --quiet --bind 127.0.0.1:0 \"$1\"",
        ])
        .arg(program::path())
        .arg(root.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut url = String::new();
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut url).unwrap();
    let server = Stranger(child);
    let port = url.trim_end().rsplit_once(':').unwrap().1.parse().unwrap();
    let silent = [(); 60].map(|()| TcpStream::connect(("127.0.0.1", port)).unwrap());
    let begin = Instant::now();
    let answer = ask(port, "localhost", "/synthetic/0");
    let took = begin.elapsed();
    assert_eq!(status(&answer), "200");
    // Those who are silent may stay for 30 s where nobody waits.
    assert!(took < Duration::from_secs(20), "{took:?}");
    drop(silent);
    assert!(server.said().contains("24 open files are allowed"));
}

/// Nobody reads standard error, and each request is as long as one may be.
#[test]
fn a_log_that_nobody_reads_takes_bounded_memory() {
    const REQUESTS: usize = 6000;
    const MOST: u64 = 48 << 20;
    let root = laid_out();
    let (server, port) = Stranger::start("127.0.0.1:0", root.path(), &[]);
    let mut stream = TcpStream::connect(("127.0.0.1", port)).unwrap();
    let padding = "a".repeat(16_000);
    let request = format!("GET /nothing?{padding} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut answers = stream.try_clone().unwrap();
    let reading = std::thread::spawn(move || {
        let mut line = Vec::new();
        let mut lines = BufReader::new(&mut answers);
        let mut heads = 0;
        while heads < REQUESTS {
            line.clear();
            assert!(lines.read_until(b'\n', &mut line).unwrap() > 0);
            heads += usize::from(line.starts_with(b"HTTP/1.1 404"));
        }
    });
    for _ in 0..REQUESTS {
        stream.write_all(request.as_bytes()).unwrap();
    }
    reading.join().unwrap();
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.0.id())).unwrap();
    let resident = status
        .lines()
        .find_map(|line| line.strip_prefix("RssAnon:"));
    let resident = resident.unwrap().trim().trim_end_matches(" kB");
    let resident = resident.parse::<u64>().unwrap() << 10;
    assert!(
        resident < MOST,
        "{resident} bytes after {REQUESTS} requests"
    );
}
