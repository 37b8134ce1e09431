//! Owns a server that is right but for one thing: our own, whose replies pass through a function
//! of the test. Asserts nothing.

use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use range_server::{Config, Content, Directory};
use tempfile::TempDir;

use crate::site::Site;

/// The length of the file.
pub(super) const LENGTH: usize = 2000;

/// A request.
pub(super) struct Question {
    pub(super) method: String,
    head: String,
    /// The number of requests before it, of all connections.
    pub(super) number: usize,
}

impl Question {
    /// The value of a field, in lower case as names are.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines();
        lines.find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.field(name).is_some()
    }
}

/// A reply, as it goes over the wire: fields in lower case.
#[derive(Clone, Debug, Default)]
pub(super) struct Altered {
    pub(super) status: u16,
    pub(super) fields: Vec<(String, String)>,
    pub(super) content: Vec<u8>,
    /// Bytes after the content.
    pub(super) surplus: Vec<u8>,
    /// The connection is closed after it.
    pub(super) closes: bool,
    /// Nothing is sent at all, and the connection closed.
    pub(super) is_dropped: bool,
    /// The server is no more.
    pub(super) dies: bool,
}

impl Altered {
    pub(super) fn set(&mut self, name: &str, value: &str) {
        self.remove(name);
        self.fields.push((name.to_owned(), value.to_owned()));
    }

    pub(super) fn remove(&mut self, name: &str) {
        self.fields.retain(|(own, _)| own != name);
    }

    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Becomes a reply with other content, and with its length.
    pub(super) fn become_status(&mut self, status: u16, content: &[u8]) {
        self.status = status;
        self.content = content.to_vec();
        self.set("content-length", &content.len().to_string());
        self.remove("content-range");
    }
}

/// Does one thing wrong, or none.
pub(super) type Alter = fn(&Question, &mut Altered);

/// Our server behind what alters its replies.
pub(super) struct Site2000 {
    _root: TempDir,
    site: Site,
    pub(super) url: String,
}

/// The file.
pub(super) fn file() -> Vec<u8> {
    let byte = |at: usize| u8::try_from((at * 7 + at / 256) % 251).unwrap();
    (0..LENGTH).map(byte).collect()
}

fn lay_out(root: &Path, name: &str, content: &[u8]) {
    let path = root.join(name);
    std::fs::write(&path, content).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_hours(480_000);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_modified(old).unwrap();
}

impl Site2000 {
    pub(super) fn start(alter: Alter) -> Self {
        let root = tempfile::tempdir().unwrap();
        lay_out(root.path(), "f.txt", &file());
        lay_out(root.path(), "f.txt.gz", "coded".repeat(100).as_bytes());
        let directory = Directory {
            precompressed: true,
            ..Directory::new(root.path())
        };
        let site = Site::start(Config {
            content: Content::Directory(directory),
            ..Config::default()
        });
        let origin = site.server.address();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/f.txt", listener.local_addr().unwrap());
        let number = Arc::new(AtomicUsize::new(0));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let number = Arc::clone(&number);
                if number.load(Ordering::SeqCst) == usize::MAX {
                    break;
                }
                let waker = listener.local_addr().unwrap();
                std::thread::spawn(move || {
                    let talk = Talk {
                        origin,
                        number,
                        alter,
                    };
                    // A client that goes away is no failure of the test.
                    if talk.converse(stream).is_err() {
                        let _woken = TcpStream::connect(waker);
                    }
                });
            }
        });
        Self {
            _root: root,
            site,
            url,
        }
    }

    pub(super) fn run<T>(&self, future: impl Future<Output = T>) -> T {
        self.site.runtime.block_on(future)
    }
}

struct Talk {
    origin: std::net::SocketAddr,
    number: Arc<AtomicUsize>,
    alter: Alter,
}

impl Talk {
    fn converse(&self, mut stream: TcpStream) -> std::io::Result<()> {
        loop {
            let mut head = Vec::new();
            let mut byte = [0];
            while !head.ends_with(b"\r\n\r\n") {
                if stream.read(&mut byte)? == 0 {
                    return Ok(());
                }
                head.push(byte[0]);
            }
            let head = String::from_utf8(head).unwrap();
            let number = self.number.fetch_add(1, Ordering::SeqCst);
            let question = Question {
                method: head.split(' ').next().unwrap().to_owned(),
                head: lower(&head),
                number,
            };
            let mut reply = self.reply(&head)?;
            (self.alter)(&question, &mut reply);
            if reply.dies {
                // Whoever listens for connections has to hear of it before this one is closed.
                self.number.store(usize::MAX, Ordering::SeqCst);
                let waker = TcpStream::connect(stream.local_addr()?)?;
                let mut closed = waker;
                let _until_closed = closed.read(&mut byte);
                return Ok(());
            }
            if reply.is_dropped {
                return Ok(());
            }
            stream.write_all(&written(&question, &reply))?;
            if reply.closes {
                return Ok(());
            }
        }
    }

    /// The reply of our own server.
    fn reply(&self, head: &str) -> std::io::Result<Altered> {
        let mut stream = TcpStream::connect(self.origin)?;
        let host = head
            .lines()
            .find(|line| line.starts_with("Host: "))
            .unwrap();
        let own = format!("Host: {}\r\nConnection: close", self.origin);
        stream.write_all(head.replacen(host, &own, 1).as_bytes())?;
        let mut all = Vec::new();
        stream.read_to_end(&mut all)?;
        let end = all.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let text = String::from_utf8_lossy(&all[..end]).into_owned();
        let mut lines = text.lines();
        let status = lines.next().unwrap()[9..12].parse().unwrap();
        let fields = lines.map(|line| {
            let (name, value) = line.split_once(": ").unwrap();
            (name.to_ascii_lowercase(), value.to_owned())
        });
        let mut reply = Altered {
            status,
            fields: fields.collect(),
            content: all[end + 4..].to_vec(),
            ..Altered::default()
        };
        reply.remove("connection");
        Ok(reply)
    }
}

/// Names of fields in lower case, values as they are.
fn lower(head: &str) -> String {
    let lines = head.lines().map(|line| match line.split_once(": ") {
        Some((name, value)) => format!("{}: {value}\n", name.to_ascii_lowercase()),
        None => format!("{line}\n"),
    });
    lines.collect()
}

fn written(question: &Question, reply: &Altered) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {} X\r\n", reply.status);
    for (name, value) in &reply.fields {
        // Writing to a String cannot fail.
        let _ = write!(text, "{name}: {value}\r\n");
    }
    text.push_str("\r\n");
    let is_head = question.method == "HEAD";
    let content = if is_head {
        &[]
    } else {
        reply.content.as_slice()
    };
    [text.as_bytes(), content, &reply.surplus].concat()
}
