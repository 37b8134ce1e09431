//! Owns `sheave serve` as a process of its own, what it uses, and its log. Asserts nothing.

use std::collections::BTreeMap;
use std::fmt;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::program;

/// A date in 2020.
const LONG_AGO: Duration = Duration::from_secs(1_600_000_000);

/// A running server. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    pub(crate) base_url: String,
    /// The certificate to trust, of an https server.
    pub(crate) authority: Option<PathBuf>,
    directory: TempDir,
    log: PathBuf,
    _scratch: TempDir,
}

/// The resources that a server uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    descriptors: usize,
    /// Memory that no file backs, in KiB.
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
    /// Starts one whose files are beside the program, on a disk.
    pub(crate) fn start(program: &Path, is_secure: bool) -> Self {
        let beside = program.parent().unwrap();
        let directory = tempfile::tempdir_in(beside).unwrap();
        let scratch = tempfile::tempdir_in(beside).unwrap();
        let log = scratch.path().join("log");
        let mut command = Command::new(program);
        command.args(["serve", "--quiet", "--faults", "--bind", "127.0.0.1:0"]);
        command.arg("--log-json").arg(&log);
        if is_secure {
            command.arg("--tls");
        }
        let mut child = command
            .arg(directory.path())
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
            base_url: base_url.trim_end_matches('/').to_owned(),
            authority,
            directory,
            log,
            _scratch: scratch,
        }
    }

    /// Puts a file in the place of what has the name, in one step. An old one is so many minutes
    /// younger than the first.
    pub(crate) fn publish(&self, name: &str, bytes: &[u8], age: Option<u64>) {
        let new = self.directory.path().join("new");
        std::fs::write(&new, bytes).unwrap();
        if let Some(minutes) = age {
            let date = SystemTime::UNIX_EPOCH + LONG_AGO + Duration::from_mins(minutes);
            let file = File::options().write(true).open(&new).unwrap();
            file.set_modified(date).unwrap();
        }
        std::fs::rename(new, self.directory.path().join(name)).unwrap();
    }

    pub(crate) fn withdraw(&self, name: &str) {
        std::fs::remove_file(self.directory.path().join(name)).unwrap();
    }

    /// Forgets the requests there were.
    pub(crate) fn clear_log(&self) {
        File::create(&self.log).unwrap();
    }

    /// Returns how many requests there were since the log was cleared, and how often each effect
    /// was met.
    pub(crate) fn log(&self) -> (u64, BTreeMap<String, u64>) {
        let mut met = BTreeMap::new();
        let log = std::fs::read_to_string(&self.log).unwrap();
        for line in log.lines() {
            let record: Value = serde_json::from_str(line).unwrap_or_default();
            for name in record["faults"].as_array().into_iter().flatten() {
                let name = name.as_str().unwrap_or_default();
                *met.entry(name.to_owned()).or_insert(0) += 1;
            }
        }
        (log.lines().count() as u64, met)
    }

    pub(crate) fn used(&self) -> Use {
        let process = self.child.id();
        let descriptors = std::fs::read_dir(format!("/proc/{process}/fd"));
        Use {
            descriptors: descriptors.unwrap().count(),
            memory: program::anonymous(process),
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

/// The use of a server before its first peer, once it was warm, and at the end.
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
