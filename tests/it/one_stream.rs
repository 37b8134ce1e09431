//! Links that work once: a reply that brings the file is kept until another request
//! was accepted, so that what one stream can fetch is fetched by as many connections as were asked
//! for. Knows the program's contract, not its insides.

use std::fmt::Debug;
use std::io::{Error, ErrorKind, Result, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::support::program::{self, Ran};
use crate::support::{cases, files, raw, wait};

const MIB: u64 = 1 << 20;
const LENGTH: u64 = 24 * MIB;
const SEED: u64 = 29;
const PIECE: usize = 64 << 10;

/// The number of cases that run at once. Their times are judged, so there are few.
const AT_ONCE: usize = 3;

/// A machine that is busy makes a run late, so the fastest of so many counts.
const RUNS: usize = 3;

/// The fate of a request once the link is used up.
#[derive(Clone, Copy, Debug)]
enum Refusal {
    Status(&'static str),
    /// Something else with status 200.
    Page,
    /// The connection ends without a byte.
    Close,
    /// The request is never answered.
    Silence,
}

const REFUSALS: [Refusal; 8] = [
    Refusal::Status("404 Not Found"),
    Refusal::Status("403 Forbidden"),
    Refusal::Status("410 Gone"),
    Refusal::Status("429 Too Many Requests"),
    Refusal::Status("503 Service Unavailable"),
    Refusal::Page,
    Refusal::Close,
    Refusal::Silence,
];

/// A link, and how it is asked for.
#[derive(Clone, Copy, Debug)]
struct Case {
    refusal: Refusal,
    /// The number of requests that are answered.
    works: usize,
    /// Bytes a second on each connection; `None` is as fast as it goes.
    rate: Option<u64>,
    connections: u16,
    named_by_reply: bool,
}

struct Link {
    case: Case,
    content: Vec<u8>,
    asked: Mutex<Vec<Instant>>,
}

impl Link {
    fn answer(&self, head: &str, stream: &mut TcpStream) -> Result<()> {
        let number = {
            let mut asked = self.asked.lock().unwrap();
            asked.push(Instant::now());
            asked.len()
        };
        if number > self.case.works {
            return self.case.refusal.answer(stream);
        }
        let (first, last) = raw::range(head, self.content.len()).unwrap();
        write!(
            stream,
            "HTTP/1.1 206 Partial Content\r\nContent-Length: {}\r\n\
             Content-Range: bytes {first}-{last}/{LENGTH}\r\nETag: \"a\"\r\n\
             Content-Type: application/octet-stream\r\n\
             Content-Disposition: attachment; filename=suggested.bin\r\n\r\n",
            last - first + 1,
        )?;
        let begun = Instant::now();
        let mut sent = 0;
        for piece in self.content[first..=last].chunks(PIECE) {
            stream.write_all(piece)?;
            sent += piece.len() as u64;
            if let Some(rate) = self.case.rate {
                let due = Duration::from_millis(sent * 1000 / rate);
                std::thread::sleep(due.saturating_sub(begun.elapsed()));
            }
        }
        Ok(())
    }

    /// The most requests in any second.
    fn most_in_a_second(&self) -> usize {
        let asked = self.asked.lock().unwrap();
        let within = |from: &Instant| {
            let later = asked.iter().skip_while(|at| *at < from);
            later
                .take_while(|at| at.duration_since(*from) < Duration::from_secs(1))
                .count()
        };
        asked.iter().map(within).max().unwrap_or(0)
    }
}

impl Refusal {
    fn answer(self, stream: &mut TcpStream) -> Result<()> {
        match self {
            Self::Status(status) => write!(
                stream,
                "HTTP/1.1 {status}\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nused\n"
            ),
            Self::Page => stream.write_all(
                b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 13\r\n\r\n\
                  <p>Gone.</p>\n",
            ),
            Self::Close => Err(Error::from(ErrorKind::ConnectionAborted)),
            Self::Silence => {
                std::thread::sleep(wait::DEADLINE);
                Err(Error::from(ErrorKind::TimedOut))
            }
        }
    }
}

impl Case {
    /// The time one stream alone would take, a share of it, and the cost of a start.
    fn allowed(&self) -> Duration {
        let alone = self.rate.map_or(Duration::ZERO, |rate| {
            Duration::from_millis(LENGTH * 1000 / rate)
        });
        alone.mul_f64(1.3) + Duration::from_secs(2)
    }

    fn check(&self) {
        let mut times = Vec::new();
        for _ in 0..RUNS {
            let (took, ran) = self.run();
            if took <= self.allowed() {
                return;
            }
            times.push((took, ran));
        }
        panic!("{:?} are allowed, and it took {times:#?}", self.allowed());
    }

    fn run(&self) -> (Duration, Ran) {
        let link = Arc::new(Link {
            case: *self,
            content: files::bytes(SEED, usize::try_from(LENGTH).unwrap()),
            asked: Mutex::default(),
        });
        let answering = Arc::clone(&link);
        let base = raw::serve_at("127.0.0.1", move |head, stream| {
            answering.answer(head, stream)
        });
        let into = files::directory();
        let connections = self.connections.to_string();
        let mut more = vec!["-x", &connections, "--no-sync"];
        let mut name = "link.bin";
        if self.named_by_reply {
            more.push("--content-disposition");
            name = "suggested.bin";
        }
        let begun = Instant::now();
        let mut running = program::start_get(&format!("{base}/link.bin"), into.path(), &more);
        while !running.has_ended() {
            let took = begun.elapsed();
            assert!(took < self.allowed() * 2, "it goes on after {took:?}");
            std::thread::sleep(Duration::from_millis(2));
        }
        let took = begun.elapsed();
        let ran = running.finish();
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(files::names(into.path()), [name], "{ran:?}");
        let found = std::fs::read(into.path().join(name)).unwrap();
        assert!(found == link.content, "WRONG FILE: {ran:?}");
        // All connections may be tried at once, and each once more.
        let most = link.most_in_a_second();
        let bound = 2 * usize::from(self.connections) + 6;
        assert!(most <= bound, "{most} requests in a second: {ran:?}");
        (took, ran)
    }
}

#[test]
fn what_a_link_that_works_once_gives_is_enough() {
    const RATES: [Option<u64>; 2] = [None, Some(12 * MIB)];
    let mut cases = Vec::new();
    for (r, &refusal) in REFUSALS.iter().enumerate() {
        let case = |works, rate, connections| Case {
            refusal,
            works,
            rate,
            connections,
            named_by_reply: false,
        };
        cases.extend(RATES.map(|rate| case(1, rate, 8)));
        for (c, connections) in [2, 4, 16, 32].into_iter().enumerate() {
            let rate = RATES[(r + c / 2) % 2];
            cases.push(case(1, rate, connections));
        }
    }
    check_all(cases);
}

#[test]
fn the_name_is_taken_from_the_reply_that_is_used() {
    let cases = REFUSALS.map(|refusal| Case {
        refusal,
        works: 1,
        rate: Some(12 * MIB),
        connections: 8,
        named_by_reply: true,
    });
    check_all(cases.to_vec());
}

fn check_all(cases: Vec<Case>) {
    cases::check_all(AT_ONCE, cases.into_iter(), Case::check);
}
