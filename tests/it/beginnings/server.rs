//! A server that answers in one manner and holds back what a test tells it to: no byte of the file
//! beyond a place, no head, or nothing but the end of every connection. Asserts nothing.

use std::io::{Error, ErrorKind, Result, Write};
use std::net::TcpStream;
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use super::ways::{Framing, Leads, Manner, Ranges};
use crate::support::{files, raw, wait};

/// How much is sent at once.
const PIECE: u64 = 16 << 10;

/// Of what is served.
const SEED: u64 = 23;

/// Where the server stops.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hold {
    /// Nowhere.
    Nothing,
    /// Before the head of every reply.
    Heads,
    /// Before this byte of the file, in every reply that gets there.
    From(u64),
    /// Every connection is reset, open or new.
    Connections,
}

/// Bytes that were asked for; the end is that of the file where none was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Asked {
    pub(super) first: u64,
    pub(super) end: u64,
}

#[derive(Debug)]
struct State {
    hold: Hold,
    /// Counts changes of `hold`: a reply that began before one is never finished.
    period: u32,
    /// How many replies are held up in this period.
    held: usize,
    /// The number of the program's run, which its requests have in their User-Agent: those of an
    /// earlier run may be read after its end.
    run: u32,
    asked: Vec<Asked>,
}

#[derive(Debug)]
struct Shared {
    manner: Manner,
    content: Vec<u8>,
    state: Mutex<State>,
    changed: Condvar,
    /// The base URL of the other host.
    other: Mutex<String>,
}

/// A running server; it runs until the process ends.
#[derive(Debug)]
pub(super) struct Server {
    shared: Arc<Shared>,
    base: String,
}

impl Server {
    pub(super) fn start(manner: Manner) -> Self {
        let length = usize::try_from(manner.length).unwrap();
        let shared = Arc::new(Shared {
            manner,
            content: files::bytes(SEED, length),
            state: Mutex::new(State {
                hold: Hold::Nothing,
                period: 0,
                held: 0,
                run: 0,
                asked: Vec::new(),
            }),
            changed: Condvar::new(),
            other: Mutex::default(),
        });
        let at = |address: &str| {
            let shared = Arc::clone(&shared);
            raw::serve_at(address, move |head, stream| shared.answer(head, stream))
        };
        let base = at("127.0.0.1");
        if manner.leads == Leads::ToAnotherHost {
            *shared.other.lock().unwrap() = at("127.0.0.2");
        }
        Self { shared, base }
    }

    pub(super) fn url(&self, name: &str) -> String {
        match self.shared.manner.leads {
            Leads::ToTheFile => format!("{}/{name}", self.base),
            Leads::Elsewhere | Leads::ToAnotherHost => format!("{}/go/{name}", self.base),
        }
    }

    pub(super) fn content(&self) -> &[u8] {
        &self.shared.content
    }

    /// From here on it holds back this, and what it held is never sent.
    pub(super) fn hold(&self, hold: Hold) {
        let mut state = self.shared.state.lock().unwrap();
        state.hold = hold;
        state.period += 1;
        state.held = 0;
        state.asked.clear();
        self.shared.changed.notify_all();
    }

    /// Returns the User-Agent of the next run, whose requests alone are told from here on.
    pub(super) fn next_run(&self) -> String {
        let mut state = self.shared.state.lock().unwrap();
        state.run += 1;
        state.asked.clear();
        user_agent(state.run)
    }

    /// How many replies are held up.
    pub(super) fn held(&self) -> usize {
        self.shared.state.lock().unwrap().held
    }

    /// The requests of this run since the last change of what is held, redirects aside.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.state.lock().unwrap().asked.clone()
    }
}

fn user_agent(run: u32) -> String {
    format!("run-{run}")
}

impl Shared {
    fn answer(&self, head: &str, stream: &mut TcpStream) -> Result<()> {
        let period = self.state.lock().unwrap().period;
        let path = head.split(' ').nth(1).unwrap_or_default();
        if let Some(name) = path.strip_prefix("/go/") {
            self.pass(period, None)
                .or_else(|held| reset(stream, held))?;
            let other = self.other.lock().unwrap().clone();
            return write!(
                stream,
                "HTTP/1.1 302 Found\r\nLocation: {other}/{name}\r\nContent-Length: 0\r\n\r\n"
            );
        }
        let asked = range(head, self.manner.length);
        self.note(
            head,
            asked.unwrap_or(Asked {
                first: 0,
                end: self.manner.length,
            }),
        );
        self.pass(period, None)
            .or_else(|held| reset(stream, held))?;
        let ends = self.reply(asked, period, stream);
        ends.or_else(|held| reset(stream, held))
    }

    fn note(&self, head: &str, asked: Asked) {
        let mut state = self.state.lock().unwrap();
        let agent = user_agent(state.run);
        let of_this_run = head.lines().filter_map(|line| line.split_once(": "));
        let mut of_this_run = of_this_run.filter(|(name, value)| {
            name.eq_ignore_ascii_case("user-agent") && value.trim() == agent
        });
        if of_this_run.next().is_some() {
            state.asked.push(asked);
        }
    }

    fn reply(&self, asked: Option<Asked>, period: u32, stream: &mut TcpStream) -> Result<()> {
        let Manner {
            length,
            ranges,
            framing,
            ..
        } = self.manner;
        let part = match (ranges, asked) {
            (Ranges::Refused, Some(_)) => {
                return stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n");
            }
            // No bytes are no range.
            (Ranges::Ignored, _) | (_, None) => None,
            (_, Some(_)) if length == 0 => None,
            (Ranges::Capped(most), Some(Asked { first, end })) => Some(Asked {
                first,
                end: end.min(first + most),
            }),
            (Ranges::Served | Ranges::OfUnknownLength, asked) => asked,
        };
        let sent = part.unwrap_or(Asked {
            first: 0,
            end: length,
        });
        let mut head = Vec::new();
        match part {
            Some(Asked { first, end }) => {
                let last = end - 1;
                write!(
                    head,
                    "HTTP/1.1 206 Partial Content\r\nContent-Range: bytes {first}-{last}/"
                )?;
                if ranges == Ranges::OfUnknownLength {
                    write!(head, "*\r\n")?;
                } else {
                    write!(head, "{length}\r\n")?;
                }
            }
            None => write!(head, "HTTP/1.1 {}\r\n", self.manner.status)?,
        }
        if let Some(coding) = self.manner.coding {
            write!(head, "Content-Encoding: {coding}\r\n")?;
        }
        match framing {
            Framing::Length => write!(head, "Content-Length: {}\r\n", sent.end - sent.first)?,
            Framing::Chunked => write!(head, "Transfer-Encoding: chunked\r\n")?,
            Framing::UntilClose => write!(head, "Connection: close\r\n")?,
        }
        write!(head, "{}\r\n", self.manner.fields)?;
        stream.write_all(&head)?;
        self.body(sent, period, stream)
    }

    fn body(&self, sent: Asked, period: u32, stream: &mut TcpStream) -> Result<()> {
        let mut at = sent.first;
        loop {
            let end = self.pass(period, Some(at))?.min(sent.end).min(at + PIECE);
            if at >= sent.end {
                break;
            }
            let piece = &self.content[usize::try_from(at).unwrap()..usize::try_from(end).unwrap()];
            if self.manner.framing == Framing::Chunked {
                write!(stream, "{:x}\r\n", piece.len())?;
                stream.write_all(piece)?;
                stream.write_all(b"\r\n")?;
            } else {
                stream.write_all(piece)?;
            }
            at = end;
        }
        match self.manner.framing {
            Framing::Length => Ok(()),
            Framing::Chunked => stream.write_all(b"0\r\n\r\n"),
            Framing::UntilClose => stream.shutdown(std::net::Shutdown::Write),
        }
    }

    /// Waits until a head, or the byte at an offset, may be sent. Returns where the next stop is.
    fn pass(&self, period: u32, at: Option<u64>) -> Result<u64> {
        let mut state = self.state.lock().unwrap();
        let stop = match (state.hold, at) {
            _ if state.period != period => return Err(ErrorKind::ConnectionAborted.into()),
            (Hold::Connections, _) => return Err(ErrorKind::ConnectionAborted.into()),
            (Hold::Heads, None) => 0,
            (Hold::From(place), Some(at)) if at < place => return Ok(place),
            (Hold::From(place), Some(_)) => place,
            _ => return Ok(u64::MAX),
        };
        state.held += 1;
        let waited = self
            .changed
            .wait_timeout_while(state, wait::DEADLINE, |state| state.period == period);
        drop(waited.unwrap());
        Err(Error::other(format!("held at {stop}")))
    }
}

/// Ends a connection without order, so that nobody can take it for the end of the body.
fn reset<T>(stream: &TcpStream, held: Error) -> Result<T> {
    let linger = Some(Duration::ZERO);
    rustix::net::sockopt::set_socket_linger(stream, linger).map_err(Error::from)?;
    Err(held)
}

fn range(head: &str, length: u64) -> Option<Asked> {
    let all = usize::try_from(length).unwrap();
    let (first, last) = raw::range(head, all.max(1))?;
    let end = (last as u64 + 1).min(length);
    Some(Asked {
        first: (first as u64).min(length),
        end,
    })
}
