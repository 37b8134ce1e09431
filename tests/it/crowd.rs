//! Many peers that do little: idle, slow, or never reading. What they cost is counted from outside.

use std::fs::File;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use rustix::net::sockopt::set_socket_recv_buffer_size;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::support::serving::Serving;
use crate::support::{files, wait};

/// Descriptors that may still be open, or already closed, for a peer that has just gone.
const SLACK: usize = 4;

/// A server whose costs are counted.
struct Counted(Serving);

impl Counted {
    /// Serves a sparse gigabyte as `/big`.
    fn start(root: &Path, options: &[&str]) -> Self {
        let big = File::create(root.join("big")).unwrap();
        big.set_len(1 << 30).unwrap();
        Self(Serving::start(root, options))
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.0.address()).unwrap();
        stream.set_read_timeout(Some(wait::DEADLINE)).unwrap();
        stream
    }

    fn ask(&self, stream: &mut TcpStream, path: &str) {
        let host = self.0.address();
        write!(stream, "GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
    }

    fn answers(&self) {
        let mut stream = self.connect();
        self.ask(&mut stream, "/synthetic/1");
        let mut status = [0; 12];
        stream.read_exact(&mut status).unwrap();
        assert_eq!(&status, b"HTTP/1.1 200");
    }

    /// Resident memory in bytes.
    fn memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.0.id())).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"))
            .unwrap();
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kib << 10
    }

    fn descriptors(&self) -> usize {
        std::fs::read_dir(format!("/proc/{}/fd", self.0.id()))
            .unwrap()
            .count()
    }

    fn wait_for_descriptors(&self, what: &str, is_right: impl Fn(usize) -> bool) {
        wait::until(what, || is_right(self.descriptors()).then_some(()));
    }
}

/// Returns whether this process, and those it starts, may have so many descriptors.
fn make_room(wanted: u64) -> bool {
    let limit = getrlimit(Resource::Nofile);
    let may = limit.maximum.is_none_or(|maximum| maximum >= wanted);
    if may {
        let current = limit.current.map(|current| current.max(wanted));
        setrlimit(Resource::Nofile, Rlimit { current, ..limit }).unwrap();
    } else {
        needs::unmet(&format!("{wanted} descriptors"), "no more are allowed");
    }
    may
}

#[test]
fn five_thousand_idle_and_slow_connections_cost_little_and_nothing_afterwards() {
    const CROWD: usize = 5000;
    if !make_room(6000) {
        return;
    }
    let root = files::directory();
    let serving = Counted::start(
        root.path(),
        &[
            "--max-connections",
            "6000",
            "--header-timeout",
            "10m",
            "--stall-timeout",
            "10m",
        ],
    );
    serving.answers();
    let (memory, descriptors) = (serving.memory(), serving.descriptors());
    let mut crowd = Vec::new();
    for index in 0..CROWD {
        let mut stream = serving.connect();
        if index % 2 == 1 {
            stream.write_all(b"GET /big HTTP/1.1\r\nHost: loc").unwrap();
        }
        crowd.push(stream);
    }
    serving.wait_for_descriptors("accepting", |count| count + SLACK >= descriptors + CROWD);
    serving.answers();
    let each = serving.memory().saturating_sub(memory) / u64::try_from(CROWD).unwrap();
    assert!(each < 40 << 10, "{each} bytes for each");
    drop(crowd);
    serving.wait_for_descriptors("leaving nothing", |count| count <= descriptors + SLACK);
}

#[test]
fn peers_that_never_read_cost_little() {
    const CROWD: usize = 300;
    let root = files::directory();
    let serving = Counted::start(root.path(), &["--stall-timeout", "10m"]);
    serving.answers();
    let (memory, descriptors) = (serving.memory(), serving.descriptors());
    let crowd: Vec<TcpStream> = (0..CROWD)
        .map(|index| {
            let mut stream = serving.connect();
            let path = if index % 2 == 1 {
                "/big"
            } else {
                "/synthetic/8EiB"
            };
            serving.ask(&mut stream, path);
            // The first byte of the answer, and no more.
            stream.read_exact(&mut [0]).unwrap();
            stream
        })
        .collect();
    // Every second one has a file open.
    serving.wait_for_descriptors("serving all", |count| {
        count + SLACK >= descriptors + CROWD + CROWD / 2
    });
    let deadline = std::time::Instant::now() + Duration::from_secs(1);
    let mut grown = 0;
    while std::time::Instant::now() < deadline {
        grown = grown.max(serving.memory().saturating_sub(memory));
    }
    assert!(grown < 64 << 20, "{grown} bytes for {CROWD}");
    serving.answers();
    drop(crowd);
    serving.wait_for_descriptors("leaving nothing", |count| count <= descriptors + SLACK);
}

#[test]
fn a_thousand_peers_that_read_cost_no_more_the_longer_they_do() {
    const CROWD: usize = 1000;
    /// The bytes each reads in a round: more than all buffers on its way hold.
    const PIECE: usize = 256 << 10;
    if !make_room(3000) {
        return;
    }
    let root = files::directory();
    let serving = Counted::start(root.path(), &["--max-connections", "1100"]);
    serving.answers();
    let before = serving.memory();
    let mut crowd: Vec<TcpStream> = (0..CROWD)
        .map(|index| {
            let mut stream = serving.connect();
            // The bytes that the system would buffer for a thousand are minutes of work for a
            // server that was compiled for debugging.
            set_socket_recv_buffer_size(&stream, PIECE / 4).unwrap();
            let path = ["/synthetic/8EiB", "/big"][index % 2];
            serving.ask(&mut stream, path);
            stream
        })
        .collect();
    let mut piece = vec![0; PIECE];
    let mut round = || {
        for stream in &mut crowd {
            stream.read_exact(&mut piece).unwrap();
        }
        serving.memory().saturating_sub(before)
    };
    let (first, second, third) = (round(), round(), round());
    let each = first / u64::try_from(CROWD).unwrap();
    assert!(each < 80 << 10, "{each} bytes for each");
    let later = second.max(third).saturating_sub(first);
    assert!(later < 8 << 20, "{later} bytes more after {first}");
    serving.answers();
}
