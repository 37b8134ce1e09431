//! Owns running one program to its end and what that cost: time, CPU, memory. Knows not what the
//! program is for.
use std::fmt::{self, Display, Formatter};
use std::fs;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use wait4::Wait4;

/// The interval at which memory is looked at. A peak that lasts for less may be missed.
const SAMPLING: Duration = Duration::from_millis(3);
/// A program that takes longer is killed, and has failed, where nothing else is said.
pub(super) const LONGEST: Duration = Duration::from_mins(15);

/// A program and its arguments.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Line(pub(super) Vec<String>);

impl Line {
    /// Split at spaces: an argument with one is pushed afterwards.
    pub(super) fn of(words: &str) -> Self {
        Self(words.split_whitespace().map(str::to_owned).collect())
    }

    pub(super) fn and(self, argument: impl Into<String>) -> Self {
        self.and_all([argument])
    }

    pub(super) fn and_all(mut self, arguments: impl IntoIterator<Item: Into<String>>) -> Self {
        self.0.extend(arguments.into_iter().map(Into::into));
        self
    }
}

impl Display for Line {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let quoted = self.0.iter().map(|argument| {
            if argument.is_empty() || argument.contains([' ', '"']) {
                format!("'{argument}'")
            } else {
                argument.clone()
            }
        });
        formatter.write_str(&quoted.collect::<Vec<_>>().join(" "))
    }
}

/// The time and the memory that one run of one program took.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Cost {
    pub(super) elapsed: Duration,
    /// User and system together, of the program and the children it waited for.
    pub(super) cpu: Duration,
    pub(super) memory: Memory,
}

impl Cost {
    /// Returns what two programs took, one after the other.
    pub(super) fn then(self, next: Self) -> Self {
        Self {
            elapsed: self.elapsed + next.elapsed,
            cpu: self.cpu + next.cpu,
            memory: self.memory.greatest(next.memory),
        }
    }
}

/// Peaks, in KiB; zero of a program that ended before it was looked at.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(super) struct Memory {
    /// With the pages of files that are mapped.
    pub(super) resident: u64,
    /// Without them: what the system cannot take back.
    pub(super) anonymous: u64,
}

impl Memory {
    fn greatest(self, other: Self) -> Self {
        Self {
            resident: self.resident.max(other.resident),
            anonymous: self.anonymous.max(other.anonymous),
        }
    }
}

/// Runs a program to its end; what it prints is of no interest unless it fails. What `guard`
/// answers is kept until then.
pub(super) fn run<G>(
    line: &Line,
    at_most: Duration,
    guard: impl FnOnce(&Child) -> G,
) -> Result<Cost, String> {
    let (program, arguments) = line.0.split_first().ok_or("an empty command line")?;
    let mut complaints = tempfile().map_err(|error| error.to_string())?;
    let sink = complaints.try_clone().map_err(|error| error.to_string())?;
    let start = Instant::now();
    let child = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(sink)
        .spawn()
        .map_err(|error| error.to_string())?;
    let _guard = guard(&child);
    let id = Pid::from_child(&child);
    let (used, memory) = thread::scope(|scope| {
        let (ended, running) = mpsc::channel::<()>();
        let sampler = scope.spawn(move || sample(id, start + at_most, &running));
        let used = child.wait4().map(|used| (used, start.elapsed()));
        drop(ended);
        (used, sampler.join().expect("sampling does not panic"))
    });
    let (used, elapsed) = used.map_err(|error| error.to_string())?;
    if elapsed > at_most {
        return Err(format!("took longer than {} s", at_most.as_secs()));
    }
    explain(used.status, &mut complaints)?;
    Ok(Cost {
        elapsed,
        cpu: used.rusage.utime + used.rusage.stime,
        memory,
    })
}

fn explain(status: ExitStatus, complaints: &mut fs::File) -> Result<(), String> {
    use std::io::{Read, Seek, SeekFrom};

    if status.success() {
        return Ok(());
    }
    let mut text = String::new();
    let read = complaints.seek(SeekFrom::Start(0));
    let _read = read.and_then(|_| complaints.read_to_string(&mut text));
    let last = text.lines().rev().find(|line| !line.trim().is_empty());
    Err(format!("{status}: {}", last.unwrap_or("no message").trim()))
}

/// A file without a name: a pipe that nobody reads would stop a talkative program.
fn tempfile() -> rustix::io::Result<fs::File> {
    use rustix::fs::{MemfdFlags, memfd_create};

    memfd_create("complaints", MemfdFlags::CLOEXEC).map(fs::File::from)
}

/// Looks at a program's memory until it ends, and ends it when it takes too long.
fn sample(id: Pid, end: Instant, running: &mpsc::Receiver<()>) -> Memory {
    let status = format!("/proc/{}/status", id.as_raw_nonzero());
    let mut peak = Memory::default();
    loop {
        if let Ok(text) = fs::read_to_string(&status) {
            peak = peak.greatest(memory(&text));
        }
        if Instant::now() > end {
            let _ended = kill_process(id, Signal::KILL);
        }
        match running.recv_timeout(SAMPLING) {
            Err(RecvTimeoutError::Timeout) => {}
            Ok(()) | Err(RecvTimeoutError::Disconnected) => return peak,
        }
    }
}

/// From the lines of `/proc/PID/status`. The resident peak is kept by the kernel, the anonymous
/// amount is a moment's.
fn memory(status: &str) -> Memory {
    let field = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name));
        let number = line.and_then(|rest| rest.split_whitespace().next());
        number.and_then(|number| number.parse().ok()).unwrap_or(0)
    };
    Memory {
        resident: field("VmHWM:"),
        anonymous: field("RssAnon:"),
    }
}

#[cfg(test)]
mod tests {
    use super::{Duration, LONGEST, Line, Memory, memory, run};

    #[test]
    fn memory_is_read_by_name() {
        let status = "Name:\tx\nVmHWM:\t   13056 kB\nVmRSS:\t  12000 kB\nRssAnon:\t     512 kB\n";
        let expected = Memory {
            resident: 13_056,
            anonymous: 512,
        };
        assert_eq!(memory(status), expected);
        assert_eq!(memory("Name:\tzombie\n"), Memory::default());
    }

    #[test]
    fn a_failure_says_what_the_program_said_last() {
        let line = Line::of("sh -c").and("echo first >&2; echo last >&2; exit 3");
        assert_eq!(
            run(&line, LONGEST, |_| ()).unwrap_err(),
            "exit status: 3: last"
        );
        let long = run(&Line::of("sleep 30"), Duration::from_millis(20), |_| ());
        assert_eq!(long.unwrap_err(), "took longer than 0 s");
        assert!(run(&Line::of("true"), LONGEST, |_| ()).is_ok());
        assert!(run(&Line::of("no-such-program-anywhere"), LONGEST, |_| ()).is_err());
    }

    #[test]
    fn a_line_is_printed_as_it_would_be_typed() {
        let line = Line::of("lftp -c").and("pget x");
        assert_eq!(line.to_string(), "lftp -c 'pget x'");
    }
}
