//! The program, built once, run with arguments, watched and stopped.

use std::ffi::OsStr;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::thread::JoinHandle;
use std::time::Instant;

use serde_json::Value;

use super::wait;

/// The release build of the program. Debug builds are too slow for gigabytes.
pub(crate) fn path() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args([
                "build",
                "--release",
                "--package",
                "sheave",
                "--message-format=json",
            ])
            .stderr(Stdio::inherit())
            .output()
            .unwrap();
        assert!(output.status.success(), "the program does not build");
        let lines = String::from_utf8(output.stdout).unwrap();
        lines
            .lines()
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .filter(|message| message["target"]["name"] == "sheave")
            .find_map(|message| message["executable"].as_str().map(PathBuf::from))
            .expect("cargo names the executable")
    })
}

/// A run that is over.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    /// The last line of `--json` output.
    pub(crate) fn last_json(&self) -> Value {
        let line = self
            .stdout
            .lines()
            .last()
            .unwrap_or_else(|| panic!("no output: {self:?}"));
        serde_json::from_str(line).unwrap()
    }

    pub(crate) fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        self
    }

    /// A number of the last JSON line.
    pub(crate) fn number(&self, field: &str) -> u64 {
        self.last_json()[field]
            .as_u64()
            .unwrap_or_else(|| panic!("no {field}: {self:?}"))
    }
}

/// A run under way. Killed when dropped.
#[derive(Debug)]
pub(crate) struct Running {
    child: Child,
    stdout: Option<JoinHandle<String>>,
    stderr: Option<JoinHandle<String>>,
}

/// Runs the program to its end.
pub(crate) fn run<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Ran {
    start(arguments).finish()
}

/// `sheave get URL --json` into a directory.
pub(crate) fn get(url: &str, directory: &Path, more: &[&str]) -> Ran {
    start_get(url, directory, more).finish()
}

pub(crate) fn start_get(url: &str, directory: &Path, more: &[&str]) -> Running {
    let directory = directory.to_str().unwrap();
    start(["get", url, "--json", "-d", directory].iter().chain(more))
}

pub(crate) fn start<I: IntoIterator<Item: AsRef<OsStr>>>(arguments: I) -> Running {
    // The tests' parent may have switched signals off for all its children, as `nohup` does.
    let mut command = Command::new("env");
    command.arg("--default-signal=HUP,INT,TERM");
    command.arg(path()).args(arguments);
    start_command(command)
}

pub(crate) fn start_command(mut command: Command) -> Running {
    // A proxy of whoever runs the tests has no part in them.
    for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
        if !command.get_envs().any(|(set, _)| set == name) {
            command.env_remove(name);
        }
        command.env_remove(name.to_uppercase());
    }
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let (stdout, stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    Running {
        child,
        stdout: Some(std::thread::spawn(move || read(stdout))),
        stderr: Some(std::thread::spawn(move || read(stderr))),
    }
}

fn read(mut pipe: impl Read) -> String {
    let mut bytes = Vec::new();
    pipe.read_to_end(&mut bytes).unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

impl Running {
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn has_ended(&mut self) -> bool {
        self.child.try_wait().unwrap().is_some()
    }

    /// `kill -9`.
    pub(crate) fn kill(mut self) -> Ran {
        self.child.kill().unwrap();
        self.finish()
    }

    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// As [`signal`](Self::signal), if it has not ended.
    pub(crate) fn try_signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.child);
        let _delivered = rustix::process::kill_process(id, signal);
    }

    /// Waits for the end.
    pub(crate) fn finish(mut self) -> Ran {
        let status = wait::until("the program", || self.child.try_wait().unwrap());
        Ran {
            code: status.code(),
            stdout: self.stdout.take().unwrap().join().unwrap(),
            stderr: self.stderr.take().unwrap().join().unwrap(),
        }
    }

    /// Waits for the end and tells the most memory that was not backed by the file, in bytes.
    pub(crate) fn finish_watching_anonymous_memory(mut self) -> (Ran, u64) {
        let started = Instant::now();
        let status_file = format!("/proc/{}/status", self.id());
        let mut most = 0;
        while !self.has_ended() {
            let status = std::fs::read_to_string(&status_file).unwrap_or_default();
            let line = status
                .lines()
                .find_map(|line| line.strip_prefix("RssAnon:"));
            let kibibytes = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
            most = most.max(kibibytes.unwrap_or(0u64) << 10);
            assert!(started.elapsed() < wait::DEADLINE, "the program hangs");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        (self.finish(), most)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
