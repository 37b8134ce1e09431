//! Owns `sheave serve` as a process of its own, what it serves and what it uses. Judges nothing.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use crate::wire::Target;

/// The content of `/file`.
pub(crate) const CONTENT: &str = "right";

/// A name in `/few/`.
pub(crate) const FEW: &str = "one-of-few";

/// Names in `/many/`.
const MANY: u32 = 9000;

/// A running server whose log nobody reads. Killed when dropped.
pub(crate) struct Server {
    child: Child,
    url: String,
    trusted: Option<String>,
    _root: TempDir,
}

/// The resources that a server uses.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Use {
    pub(crate) descriptors: usize,
    /// Memory that no file backs, in MiB.
    pub(crate) memory: f64,
}

impl Server {
    pub(crate) fn start(program: &Path, is_secure: bool) -> Self {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("file"), CONTENT).unwrap();
        for (directory, count) in [("few", 0), ("many", MANY)] {
            let directory = root.path().join(directory);
            std::fs::create_dir(&directory).unwrap();
            std::fs::write(directory.join(FEW), "").unwrap();
            for number in 0..count {
                std::fs::write(directory.join(format!("one of many, number {number}")), "")
                    .unwrap();
            }
        }
        let mut command = Command::new(program);
        command.args(["serve", "--faults", "--bind", "127.0.0.1:0"]);
        if is_secure {
            command.arg("--tls");
        }
        let mut child = command
            .arg(root.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = lines.next().unwrap().unwrap();
        let certificate = is_secure.then(|| lines.next().unwrap().unwrap());
        let trusted = certificate.map(|path| std::fs::read_to_string(path).unwrap());
        Self {
            child,
            url,
            trusted,
            _root: root,
        }
    }

    /// The address that it listens at, for clients that rest this long.
    pub(crate) fn target(&self, rest: Duration) -> Target {
        let (_, address) = self.url.split_once("://").unwrap();
        Target::new(address.parse().unwrap(), self.trusted.clone(), rest)
    }

    pub(crate) fn used(&self) -> Use {
        let process = format!("/proc/{}", self.child.id());
        let status = std::fs::read_to_string(format!("{process}/status")).unwrap();
        let line = status
            .lines()
            .find_map(|line| line.strip_prefix("RssAnon:"));
        let kib = line.unwrap().trim().trim_end_matches(" kB");
        Use {
            descriptors: std::fs::read_dir(format!("{process}/fd")).unwrap().count(),
            memory: kib.parse::<f64>().unwrap() / 1024.0,
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
