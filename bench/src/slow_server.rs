//! Owns a server that is slow in a way of its own: a cap on each connection, a penalty for too
//! many, one connection that crawls. Serves files rightly otherwise; knows no client.
//!
//! The faults of `range-server` could do the same, and are not used on purpose: what the product is
//! measured with is not the product, so that no fault of ours speeds both up. It also has to listen
//! in the network of the thread that starts it, which a runtime with threads of its own leaves.
use std::fs::File;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::ops::Range;
use std::os::fd::AsFd;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::failure::Failure;

/// The interval at which each connection is given its share.
const TICK: Duration = Duration::from_millis(10);
/// A connection that was kept from sending catches up on so many ticks, and no more.
const CATCH_UP: u32 = 4;
/// The interval at which the end is looked for.
const GLANCE: Timespec = Timespec {
    tv_sec: 0,
    tv_nsec: 50_000_000,
};
/// No client is silent for longer between requests.
const SILENCE: Duration = Duration::from_mins(1);
/// No head is longer.
const LONGEST_HEAD: usize = 16 << 10;
/// The prefix of a file's name that spares its download the slowness.
const STEADY: &str = "/steady";

/// In what way the server is slow. Rates are bytes of content in a second.
#[derive(Clone, Copy, Debug)]
pub(super) enum Slowness {
    /// Every connection has this much and no more.
    Capped { each: u64 },
    /// So many connections share the whole evenly. More of them share half of it.
    Halving { whole: u64, above: u64 },
    /// As capped, and one connection in so many has a hundredth of it.
    Crawling { each: u64, one_in: u64 },
}

impl Slowness {
    /// Returns what a connection has: its number, from 0 and counted anew when none is left, and
    /// how many there are.
    fn rate(self, number: u64, connections: u64, steady: bool) -> u64 {
        match self {
            Self::Halving { whole, above } if steady || connections <= above => {
                whole / connections.max(above)
            }
            Self::Halving { whole, .. } => whole / 2 / connections,
            // Not the first, which a client without any judgement has only.
            Self::Crawling { each, one_in } if !steady && number % one_in == one_in / 2 => {
                each / 100
            }
            Self::Capped { each } | Self::Crawling { each, .. } => each,
        }
    }
}

/// The server, running. Stopped when dropped.
pub(super) struct SlowServer {
    pub(super) port: u16,
    shared: Arc<Shared>,
    listener: Option<JoinHandle<()>>,
}

struct Shared {
    slowness: Slowness,
    root: PathBuf,
    connections: AtomicU64,
    next: AtomicU64,
    ended: AtomicBool,
}

impl SlowServer {
    /// Listens in the network of the calling thread, on a free port.
    pub(super) fn start(
        address: Ipv4Addr,
        root: PathBuf,
        slowness: Slowness,
    ) -> Result<Self, Failure> {
        let listen = || {
            let listener = TcpListener::bind((address, 0))?;
            listener.set_nonblocking(true)?;
            let port = listener.local_addr()?.port();
            io::Result::Ok((listener, port))
        };
        let (listener, port) = listen().map_err(Failure::io("listen"))?;
        let shared = Arc::new(Shared {
            slowness,
            root,
            connections: AtomicU64::new(0),
            next: AtomicU64::new(0),
            ended: AtomicBool::new(false),
        });
        let of_listener = Arc::clone(&shared);
        Ok(Self {
            port,
            shared,
            listener: Some(thread::spawn(move || accept(&listener, &of_listener))),
        })
    }

    /// The path under which a file is served without slowness.
    pub(super) fn steady(name: &str) -> String {
        format!("{}/{name}", &STEADY[1..])
    }
}

impl Drop for SlowServer {
    fn drop(&mut self) {
        self.shared.ended.store(true, Ordering::Relaxed);
        if let Some(listener) = self.listener.take() {
            let _ended = listener.join();
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    while !shared.ended.load(Ordering::Relaxed) {
        let mut ready = [PollFd::from_borrowed_fd(listener.as_fd(), PollFlags::IN)];
        let _waited = poll(&mut ready, Some(&GLANCE));
        while let Ok((stream, _)) = listener.accept() {
            let shared = Arc::clone(shared);
            thread::spawn(move || {
                if shared.connections.fetch_add(1, Ordering::Relaxed) == 0 {
                    shared.next.store(0, Ordering::Relaxed);
                }
                let number = shared.next.fetch_add(1, Ordering::Relaxed);
                // A client may leave whenever it wants to.
                let _left = serve(&stream, number, &shared);
                shared.connections.fetch_sub(1, Ordering::Relaxed);
            });
        }
    }
}

/// Answers requests until the client leaves.
fn serve(stream: &TcpStream, number: u64, shared: &Shared) -> io::Result<()> {
    stream.set_nonblocking(false)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    let mut reader = BufReader::new(stream);
    while let Some(head) = read_head(&mut reader)? {
        let Some(request) = Request::parse(&head) else {
            return answer(
                stream,
                "400 Bad Request",
                &[("Content-Length", "0".to_owned())],
            );
        };
        let Some((file, length)) = open(shared, request.name) else {
            answer(
                stream,
                "404 Not Found",
                &[("Content-Length", "0".to_owned())],
            )?;
            continue;
        };
        let range = request.span.map(|(start, end)| start..end.min(length));
        let whole = 0..length;
        let (status, part) = match &range {
            Some(part) if part.start < part.end => ("206 Partial Content", part),
            Some(_) => {
                let fields = [("Content-Range", format!("bytes */{length}"))];
                return answer(stream, "416 Range Not Satisfiable", &fields);
            }
            None => ("200 OK", &whole),
        };
        let mut fields = vec![
            ("Content-Length", (part.end - part.start).to_string()),
            ("Accept-Ranges", "bytes".to_owned()),
            ("ETag", format!("\"{length}\"")),
        ];
        if range.is_some() {
            let (first, last) = (part.start, part.end - 1);
            fields.push(("Content-Range", format!("bytes {first}-{last}/{length}")));
        }
        answer(stream, status, &fields)?;
        if request.has_content {
            let rate = || {
                let connections = shared.connections.load(Ordering::Relaxed);
                shared.slowness.rate(number, connections, request.steady)
            };
            send(stream, &file, part.clone(), rate, &shared.ended)?;
        }
    }
    Ok(())
}

/// Sends a part of a file at a rate that may change with every tick.
fn send(
    mut stream: &TcpStream,
    file: &File,
    part: Range<u64>,
    rate: impl Fn() -> u64,
    ended: &AtomicBool,
) -> io::Result<()> {
    let mut buffer = Vec::new();
    let mut at = part.start;
    let mut before = Instant::now();
    while at < part.end && !ended.load(Ordering::Relaxed) {
        thread::sleep(TICK);
        let passed = before.elapsed();
        before += passed;
        let passed = passed.min(TICK * CATCH_UP);
        let share = u128::from(rate()) * passed.as_micros() / 1_000_000;
        let share = u64::try_from(share).unwrap_or(u64::MAX).max(1);
        let length = share.min(part.end - at);
        buffer.resize(usize::try_from(length).map_err(io::Error::other)?, 0);
        file.read_exact_at(&mut buffer, at)?;
        stream.write_all(&buffer)?;
        at += length;
    }
    Ok(())
}

fn answer(mut stream: &TcpStream, status: &str, fields: &[(&str, String)]) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {status}\r\n");
    for (name, value) in fields {
        head.extend([name, ": ", value, "\r\n"]);
    }
    head.push_str("\r\n");
    stream.write_all(head.as_bytes())
}

/// `None` where the client has left.
fn read_head(reader: &mut impl BufRead) -> io::Result<Option<String>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() > LONGEST_HEAD || reader.read_until(b'\n', &mut head)? == 0 {
            return Ok(None);
        }
    }
    Ok(Some(String::from_utf8_lossy(&head).into_owned()))
}

/// A request to a server of the harness.
#[derive(Debug, Eq, PartialEq)]
struct Request<'a> {
    has_content: bool,
    name: &'a str,
    steady: bool,
    /// Of the range, if there is one: the first byte, and the one after the last.
    span: Option<(u64, u64)>,
}

impl<'a> Request<'a> {
    fn parse(head: &'a str) -> Option<Self> {
        let mut lines = head.lines();
        let mut words = lines.next()?.split(' ');
        let (method, path) = (words.next()?, words.next()?);
        let spared = path.strip_prefix(STEADY);
        let span = lines.find_map(|line| {
            let (name, value) = line.split_once(':')?;
            let is_range = name.eq_ignore_ascii_case("range");
            is_range.then(|| value.trim().strip_prefix("bytes=").and_then(bounds))?
        });
        Some(Self {
            has_content: method != "HEAD",
            name: spared.unwrap_or(path).strip_prefix('/')?,
            steady: spared.is_some(),
            span,
        })
    }
}

/// `FIRST-LAST` or `FIRST-`.
fn bounds(text: &str) -> Option<(u64, u64)> {
    let (first, last) = text.split_once('-')?;
    let end = if last.is_empty() {
        u64::MAX
    } else {
        last.parse::<u64>().ok()?.checked_add(1)?
    };
    Some((first.parse().ok()?, end))
}

/// A file that lies directly in the root.
fn open(shared: &Shared, name: &str) -> Option<(File, u64)> {
    if name.contains(['/', '\\']) || name.starts_with('.') {
        return None;
    }
    let file = File::open(shared.root.join(name)).ok()?;
    let length = file.metadata().ok()?.len();
    Some((file, length))
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::time::Instant;

    use super::super::http;
    use super::{Ipv4Addr, Request, SlowServer, Slowness};

    #[test]
    fn a_request_has_a_name_a_range_and_perhaps_an_exception() {
        let head = "GET /steady/file HTTP/1.1\r\nHost: h\r\nrange: bytes=7-9\r\n\r\n";
        let expected = Request {
            has_content: true,
            name: "file",
            steady: true,
            span: Some((7, 10)),
        };
        assert_eq!(Request::parse(head), Some(expected));
        let head = Request::parse("HEAD /file HTTP/1.1\r\nRange: bytes=5-\r\n\r\n").unwrap();
        assert_eq!((head.has_content, head.span), (false, Some((5, u64::MAX))));
        assert_eq!(Request::parse("nonsense"), None);
    }

    #[test]
    fn each_slowness_is_slow_in_its_way() {
        let halving = Slowness::Halving {
            whole: 80,
            above: 8,
        };
        assert_eq!(halving.rate(0, 8, false), 10);
        assert_eq!(halving.rate(0, 10, false), 4);
        assert_eq!(halving.rate(0, 10, true), 8);
        let crawling = Slowness::Crawling {
            each: 100,
            one_in: 8,
        };
        let crawlers = (0..16).filter(|&number| crawling.rate(number, 16, false) == 1);
        assert_eq!(crawlers.collect::<Vec<_>>(), [4, 12]);
        assert!((0..16).all(|number| crawling.rate(number, 16, true) == 100));
        assert_eq!(Slowness::Capped { each: 7 }.rate(3, 32, false), 7);
    }

    #[test]
    fn a_part_is_served_no_faster_than_the_slowness_allows() {
        let directory =
            std::env::temp_dir().join(format!("sheave-slow-server-{}", std::process::id()));
        std::fs::create_dir_all(&directory).unwrap();
        let content: Vec<u8> = (0..=255).cycle().take(200_000).collect();
        std::fs::write(directory.join("file"), &content).unwrap();
        let slowness = Slowness::Capped { each: 400_000 };
        let server = SlowServer::start(Ipv4Addr::LOCALHOST, directory.clone(), slowness).unwrap();
        let url = format!("http://127.0.0.1:{}/file", server.port);
        let start = Instant::now();
        let mut part = Vec::new();
        let mut answer = http::get(&url, &(1_000..101_000)).unwrap();
        answer.read_to_end(&mut part).unwrap();
        assert_eq!(part, content[1_000..101_000]);
        assert!(start.elapsed().as_secs_f64() > 0.2, "{:?}", start.elapsed());
        std::fs::remove_dir_all(&directory).unwrap();
    }
}
