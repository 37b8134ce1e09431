//! Owns a server that serves ranges until it is told to refuse them, and a program that meets it.

use std::io::{ErrorKind, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::support::program::{self, Ran};
use crate::support::{files, raw};

pub(super) const LENGTH: usize = 1 << 20;

pub(super) fn body() -> Vec<u8> {
    files::bytes(9, LENGTH)
}

pub(super) type Done = std::io::Result<()>;

/// The answer of a server to a request for a range.
pub(super) type Refusal = fn(&mut TcpStream) -> Done;

pub(super) fn gone() -> Done {
    Err(ErrorKind::ConnectionAborted.into())
}

pub(super) fn all(stream: &mut TcpStream, head: &str, bytes: &[u8]) -> Done {
    let length = bytes.len();
    write!(
        stream,
        "HTTP/1.1 {head}\r\nETag: \"one\"\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(bytes)
}

/// A part as it should be, for at most so many bytes; then the connection breaks.
pub(super) fn part(head: &str, stream: &mut TcpStream, most: usize) -> Done {
    let body = body();
    let (first, last) = raw::range(head, LENGTH).unwrap();
    let range = format!("206 Partial Content\r\nContent-Range: bytes {first}-{last}/{LENGTH}");
    let length = last + 1 - first;
    write!(
        stream,
        "HTTP/1.1 {range}\r\nETag: \"one\"\r\nContent-Length: {length}\r\n\r\n"
    )?;
    stream.write_all(&body[first..][..length.min(most)])?;
    if length > most { gone() } else { Ok(()) }
}

/// A server that serves ranges rightly, but not to the end, until it is told to refuse them.
pub(super) struct Server {
    pub(super) url: String,
    pub(super) refuses: Arc<AtomicBool>,
    pub(super) plain: Arc<AtomicUsize>,
    pub(super) ranged: Arc<AtomicUsize>,
}

impl Server {
    pub(super) fn start<R, P>(refuse: R, give: P) -> Self
    where
        R: Fn(usize, &str, &mut TcpStream) -> Done + Send + Sync + 'static,
        P: Fn(&mut TcpStream) -> Done + Send + Sync + 'static,
    {
        let refuses = Arc::new(AtomicBool::new(false));
        let [plain, ranged] = [0, 0].map(|_| Arc::new(AtomicUsize::new(0)));
        let (does, to_all, to_some) = (refuses.clone(), plain.clone(), ranged.clone());
        let base = raw::serve_at("127.0.0.1", move |head, stream| {
            if !does.load(Ordering::SeqCst) {
                return part(head, stream, (600 << 10) + 1);
            }
            if head.contains("range: ") {
                return refuse(to_some.fetch_add(1, Ordering::SeqCst), head, stream);
            }
            assert!(!head.contains("if-"), "{head}");
            to_all.fetch_add(1, Ordering::SeqCst);
            give(stream)
        });
        Self {
            url: format!("{base}/f"),
            refuses,
            plain,
            ranged,
        }
    }

    pub(super) fn refusing(refuse: Refusal) -> Self {
        Self::start(
            move |_, _, stream| refuse(stream),
            |stream| all(stream, "200 OK", &body()),
        )
    }

    pub(super) fn get(&self, into: &Path, more: &[&str]) -> Ran {
        let mut command = Command::new(program::path());
        command.args(["get", &self.url, "--json", "-o"]);
        command.arg(into.join("f")).args(more);
        program::start_command(command).finish()
    }

    /// Leaves a part of the file, and refuses from here on.
    pub(super) fn interrupted(&self, into: &Path) {
        let ran = self.get(into, &["--max-tries", "1", "-x", "1"]).expect(3);
        assert_eq!(ran.last_json()["resumable"], true, "{ran:?}");
        self.refuses.store(true, Ordering::SeqCst);
    }

    /// The whole file arrives, fresh and with a part of it here.
    pub(super) fn arrives(&self, more: &[&str], what: &str) {
        for is_resumed in [false, true] {
            let into = files::directory();
            if is_resumed {
                self.refuses.store(false, Ordering::SeqCst);
                self.interrupted(into.path());
            }
            self.refuses.store(true, Ordering::SeqCst);
            self.plain.store(0, Ordering::SeqCst);
            let ran = self.get(into.path(), more);
            let found = std::fs::read(into.path().join("f")).unwrap_or_default();
            assert!(
                ran.code == Some(0),
                "{what}, resumed: {is_resumed}: {ran:?}"
            );
            assert!(found == body(), "{what}, resumed: {is_resumed}: {ran:?}");
            assert_eq!(files::names(into.path()), ["f"], "{what}");
            assert_eq!(self.plain.load(Ordering::SeqCst), 1, "{what}: {ran:?}");
        }
    }
}
