//! Owns how the program is started, killed and read. Asserts nothing about what it did.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::case::Kill;

/// No run takes longer: a hang is a failure with a name.
const DEADLINE: Duration = Duration::from_mins(2);

/// The outcome of a run.
#[derive(Debug)]
pub(crate) enum Ended {
    Killed,
    Exited {
        code: i32,
        /// The last line of `--json`.
        last: Value,
        stderr: String,
    },
}

/// Runs the program with its output going to files in `scratch`, and kills it when it is time.
pub(crate) fn run(
    program: &Path,
    arguments: &[String],
    scratch: &Path,
    kill: Option<Kill>,
) -> Ended {
    let (stdout, stderr) = (scratch.join("stdout"), scratch.join("stderr"));
    let mut command = Command::new(program);
    command
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(File::create(&stdout).unwrap())
        .stderr(File::create(&stderr).unwrap());
    if let Some(Kill::At(point, times)) = kill {
        command.env("SHEAVE_FAILPOINT", format!("{point:?}:{times}"));
    }
    let start = Instant::now();
    let mut child = command.spawn().unwrap();
    let kill_after = match kill {
        Some(Kill::After(time)) => time,
        Some(Kill::At(..)) | None => DEADLINE,
    };
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        if start.elapsed() >= kill_after {
            child.kill().unwrap();
            let status = child.wait().unwrap();
            assert!(start.elapsed() < DEADLINE, "the program hangs");
            break status;
        }
        std::thread::sleep(Duration::from_micros(200));
    };
    ended(status, &stdout, &stderr)
}

fn ended(status: ExitStatus, stdout: &Path, stderr: &Path) -> Ended {
    const KILL: i32 = 9;
    let stderr = std::fs::read_to_string(stderr).unwrap();
    if status.signal() == Some(KILL) {
        return Ended::Killed;
    }
    let stdout = std::fs::read_to_string(stdout).unwrap();
    let last = stdout
        .lines()
        .last()
        .and_then(|line| serde_json::from_str(line).ok());
    Ended::Exited {
        code: status
            .code()
            .unwrap_or_else(|| panic!("{status}: {stderr}")),
        last: last.unwrap_or_default(),
        stderr,
    }
}
