//! Owns the test harness: a server with its records, and a raw blocking HTTP/1.1 client.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use range_server::synthetic::{self, Seed};
use range_server::{Config, RequestRecord, Server};
use tokio::runtime::Runtime;

/// Bounds every wait in these tests; nothing that works comes near it.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running server, and what it reports.
pub(crate) struct Site {
    pub(crate) server: Server,
    pub(crate) runtime: Runtime,
    records: Mutex<mpsc::Receiver<RequestRecord>>,
}

impl Site {
    pub(crate) fn start(mut config: Config) -> Self {
        let runtime = Runtime::new().unwrap();
        let (report, records) = mpsc::channel();
        config.on_request = Some(Arc::new(move |record| {
            // The test may be over before the last response is.
            let _ = report.send(record.clone());
        }));
        let server = runtime
            .block_on(Server::bind("127.0.0.1:0", config))
            .unwrap();
        Self {
            server,
            runtime,
            records: Mutex::new(records),
        }
    }

    /// The record of the response that ended next.
    pub(crate) fn next_record(&self) -> RequestRecord {
        self.records
            .lock()
            .unwrap()
            .recv_timeout(PATIENCE)
            .expect("a response ends")
    }

    pub(crate) fn connect(&self) -> Client {
        let stream = TcpStream::connect(self.server.address()).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        Client {
            stream,
            unread: Vec::new(),
        }
    }

    /// Sends one request on a connection of its own.
    pub(crate) fn request(&self, method: &str, path: &str, fields: &[&str]) -> Answer {
        let mut client = self.connect();
        client.send(method, path, fields);
        client.receive(method == "HEAD")
    }

    pub(crate) fn get(&self, path: &str, fields: &[&str]) -> Answer {
        self.request("GET", path, fields)
    }
}

/// A connection to the server.
pub(crate) struct Client {
    pub(crate) stream: TcpStream,
    unread: Vec<u8>,
}

impl Client {
    pub(crate) fn send(&mut self, method: &str, path: &str, fields: &[&str]) {
        let mut head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n");
        for field in fields {
            head.push_str(field);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        self.stream.write_all(head.as_bytes()).unwrap();
    }

    /// Reads a response; `is_head` when it has no content whatever its head says.
    pub(crate) fn receive(&mut self, is_head: bool) -> Answer {
        let mut answer = self.receive_head();
        let has_no_content = is_head || answer.status == 304;
        if has_no_content {
            answer.is_complete = true;
        } else if answer.header("transfer-encoding") == Some("chunked") {
            self.receive_chunks(&mut answer);
        } else if let Some(length) = answer.header("content-length") {
            let length = length.parse().unwrap();
            answer.is_complete = self.fill_to(length);
            let end = length.min(self.unread.len());
            answer.content = self.unread.drain(..end).collect();
        }
        answer
    }

    pub(crate) fn receive_head(&mut self) -> Answer {
        let end = loop {
            if let Some(at) = self
                .unread
                .windows(4)
                .position(|window| window == b"\r\n\r\n")
            {
                break at + 4;
            }
            assert!(self.fill_to(self.unread.len() + 1), "the head is cut off");
        };
        let head = String::from_utf8(self.unread.drain(..end).collect()).unwrap();
        let (first, fields) = head.split_once("\r\n").unwrap();
        let fields = fields.lines().filter_map(|line| line.split_once(": "));
        Answer {
            status: first.split(' ').nth(1).unwrap().parse().unwrap(),
            fields: fields
                .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
                .collect(),
            content: Vec::new(),
            is_complete: false,
        }
    }

    fn receive_chunks(&mut self, answer: &mut Answer) {
        loop {
            let line_end = loop {
                if let Some(at) = self.unread.windows(2).position(|window| window == b"\r\n") {
                    break at;
                }
                if !self.fill_to(self.unread.len() + 1) {
                    return;
                }
            };
            let line: Vec<u8> = self.unread.drain(..line_end + 2).collect();
            let size = std::str::from_utf8(&line[..line_end]).unwrap();
            let size = usize::from_str_radix(size, 16).unwrap();
            let arrived = self.fill_to(size + 2);
            let end = size.min(self.unread.len());
            answer.content.extend(self.unread.drain(..end));
            if !arrived {
                return;
            }
            self.unread.drain(..2);
            if size == 0 {
                answer.is_complete = true;
                return;
            }
        }
    }

    /// Returns what arrives next. A read with a timeout is interrupted when the machine is frozen
    /// and goes on, so it is tried again.
    pub(crate) fn read(&mut self, chunk: &mut [u8]) -> std::io::Result<usize> {
        loop {
            match self.stream.read(chunk) {
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                done => return done,
            }
        }
    }

    /// Reads until `length` bytes are unread. False when the connection ended before.
    fn fill_to(&mut self, length: usize) -> bool {
        let mut chunk = vec![0; 64 << 10];
        while self.unread.len() < length {
            match self.read(&mut chunk) {
                Ok(0) => return false,
                Ok(count) => self.unread.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == std::io::ErrorKind::ConnectionReset => return false,
                Err(error) => panic!("the server neither answers nor ends: {error}"),
            }
        }
        true
    }

    /// The next `length` bytes, whatever they are.
    pub(crate) fn receive_exactly(&mut self, length: usize) -> Vec<u8> {
        assert!(self.fill_to(length), "the connection ends early");
        self.unread.drain(..length).collect()
    }

    /// Whether the server ends the connection without a further byte.
    pub(crate) fn is_ended(&mut self) -> bool {
        !self.fill_to(self.unread.len() + 1)
    }
}

/// A received response.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    fields: Vec<(String, String)>,
    pub(crate) content: Vec<u8>,
    /// Whether the content ended as its framing says.
    pub(crate) is_complete: bool,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let mut values = self.fields.iter().filter(|(field, _)| field == name);
        let value = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} is sent once");
        value
    }
}

/// A slice of the synthetic content of seed 0.
pub(crate) fn content(start: u64, end: u64) -> Vec<u8> {
    content_of(Seed(0), start, end)
}

pub(crate) fn content_of(seed: Seed, start: u64, end: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
    synthetic::fill(seed, start, &mut bytes);
    bytes
}
