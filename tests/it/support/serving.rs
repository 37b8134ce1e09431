//! `sheave serve` as a process of its own, and curl to ask it.

use std::io::{BufRead, BufReader, Lines};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal};

use super::{program, wait};

/// A running `sheave serve`. Killed when dropped.
pub(crate) struct Serving {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    base_url: String,
}

impl Serving {
    /// Serves a directory on a free port of loopback, and shows no requests.
    pub(crate) fn start(root: &Path, options: &[&str]) -> Self {
        let mut child = Command::new(program::path())
            .args(["serve", "--quiet"])
            .args(options)
            .args((!options.contains(&"--bind")).then_some("--bind=127.0.0.1:0"))
            .arg(root)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let base_url = lines.next().unwrap().unwrap();
        Self {
            child,
            lines,
            base_url,
        }
    }

    /// Returns what follows the base URL on standard output: with `--tls`, where the certificate
    /// is.
    pub(crate) fn next_line(&mut self) -> String {
        self.lines.next().unwrap().unwrap()
    }

    /// The URL of a path, which starts with a slash.
    pub(crate) fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base_url)
    }

    /// Address and port.
    pub(crate) fn address(&self) -> &str {
        self.base_url.split_once("://").unwrap().1
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Asks it to stop, and waits until it has.
    pub(crate) fn stop(&mut self, signal: Signal) -> ExitStatus {
        self.signal(signal);
        wait::until("stopping", || self.child.try_wait().unwrap())
    }

    /// Asks it to stop again and again, until it has.
    pub(crate) fn stop_at_once(&mut self, signal: Signal) -> ExitStatus {
        wait::until("stopping", || {
            self.signal(signal);
            self.child.try_wait().unwrap()
        })
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Runs curl, or says loudly that it cannot.
pub(crate) fn curl(arguments: &[&str]) -> Option<Output> {
    let output = Command::new(needs::program("curl")?)
        .args(["-sS", "--max-time", "60"])
        .args(arguments)
        .output();
    Some(output.unwrap())
}
