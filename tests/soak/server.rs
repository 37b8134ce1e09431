//! Owns `sheave serve` as a process of its own, and what it uses. Asserts nothing.

use std::fmt;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// A running server. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) base_url: String,
    /// The certificate to trust, of an https server.
    pub(crate) authority: Option<PathBuf>,
}

/// What a server uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    descriptors: usize,
    /// Resident memory, in KiB.
    memory: u64,
}

impl std::ops::Add for Use {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            descriptors: self.descriptors + other.descriptors,
            memory: self.memory + other.memory,
        }
    }
}

impl Server {
    pub(crate) fn start(program: &Path, is_secure: bool) -> Self {
        let mut command = Command::new(program);
        command.args(["serve", "--quiet", "--bind", "127.0.0.1:0"]);
        if is_secure {
            command.arg("--tls");
        }
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base_url = lines.next().unwrap().unwrap();
        let authority = is_secure.then(|| PathBuf::from(lines.next().unwrap().unwrap()));
        Self {
            child,
            base_url,
            authority,
        }
    }

    pub(crate) fn used(&self) -> Use {
        let process = PathBuf::from(format!("/proc/{}", self.child.id()));
        let descriptors = std::fs::read_dir(process.join("fd")).unwrap().count();
        let status = std::fs::read_to_string(process.join("status")).unwrap();
        let memory = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:"))
            .and_then(|line| line.split_whitespace().next()?.parse().ok())
            .unwrap();
        Use {
            descriptors,
            memory,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // SIGTERM lets it remove the certificate it wrote.
        let id = rustix::process::Pid::from_child(&self.child);
        let _told = rustix::process::kill_process(id, rustix::process::Signal::TERM);
        let _reaped = self.child.wait();
    }
}

/// Descriptors a server may keep: what it opens once, for good.
const DESCRIPTORS: usize = 4;

impl Use {
    /// More descriptors than a server without peers has.
    pub(crate) fn is_busier_than(self, fresh: Self) -> bool {
        self.descriptors > fresh.descriptors + DESCRIPTORS
    }
}

/// What a server used before its first peer, once it was warm, and at the end.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Growth {
    pub(crate) fresh: Use,
    pub(crate) warm: Use,
    pub(crate) end: Use,
}

impl Growth {
    /// Descriptors of peers that are gone, or more memory than an allocator keeps back.
    pub(crate) fn is_too_much(&self) -> bool {
        const MEMORY: u64 = 32 << 10;
        self.end.is_busier_than(self.fresh) || self.end.memory > 2 * self.warm.memory + MEMORY
    }
}

impl fmt::Display for Growth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { fresh, warm, end } = self;
        write!(
            f,
            "{} descriptors, {} among peers, then {}; {} KiB, {} when warm, then {}",
            fresh.descriptors,
            warm.descriptors,
            end.descriptors,
            fresh.memory,
            warm.memory,
            end.memory
        )
    }
}
