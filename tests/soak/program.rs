//! Owns one run of the program: starting it, stopping it, watching its memory, reading what it
//! said. Judges nothing.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::world::Stop;

/// How long a program that was told to stop may take.
const PARTING: Duration = Duration::from_secs(10);

/// How often it is looked at.
const GLANCE: Duration = Duration::from_millis(3);

/// How much progress restores patience.
const STEP: u64 = 16 << 10;

/// Things that are done to a run while it lasts.
pub(crate) struct Plan<'a> {
    pub(crate) stop: Option<(Stop, Duration)>,
    /// Something else that is done once, at some time.
    pub(crate) errands: Vec<(Duration, Box<dyn FnMut() + 'a>)>,
    /// When a run that still goes on is stopped with SIGINT.
    pub(crate) deadline: Duration,
}

/// How a run ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: ExitStatus,
    /// The signal that it got before.
    pub(crate) told: Option<Stop>,
    pub(crate) is_cut_short: bool,
    pub(crate) elapsed: Duration,
    /// The most that its memory was seen to be, in KiB, but for what files back.
    pub(crate) memory: u64,
    pub(crate) events: Vec<Value>,
    pub(crate) stderr: String,
}

impl Ended {
    /// As shells have it.
    pub(crate) fn code(&self) -> i32 {
        let signal = self.status.signal().map(|signal| 128 + signal);
        self.status.code().or(signal).unwrap()
    }

    /// Whether it was gone before it could do anything about a signal, or was killed.
    pub(crate) fn is_mute(&self) -> bool {
        self.status.signal().is_some()
    }

    /// Whether it told of this event.
    pub(crate) fn has(&self, event: &str) -> bool {
        self.events.iter().any(|told| told["event"] == event)
    }

    /// The last event.
    pub(crate) fn last(&self) -> &Value {
        self.events.last().unwrap_or(&Value::Null)
    }

    /// The longest time that passed without a step forward, and the most bytes that were there.
    pub(crate) fn standstill(&self) -> (Duration, u64) {
        let (mut longest, mut since, mut furthest, mut most) = (0.0_f64, 0.0, 0, 0);
        let mut now = 0.0;
        for event in &self.events {
            match event["event"].as_str() {
                Some("progress") => {}
                // It begins anew; how often is limited by the time that a run may take.
                Some("restarting") => {
                    furthest = 0;
                    continue;
                }
                _ => continue,
            }
            now = event["elapsed_s"].as_f64().unwrap();
            let present = event["present_bytes"].as_u64().unwrap();
            let is_waiting = matches!(event["phase"].as_str(), Some("connecting" | "fetching"));
            most = most.max(present);
            if !is_waiting || present >= furthest + STEP || present + STEP < furthest {
                longest = longest.max(now - since);
                (since, furthest) = (now, present);
            }
        }
        longest = longest.max(self.elapsed.as_secs_f64().max(now) - since);
        (Duration::from_secs_f64(longest), most)
    }

    /// Returns its events, for the text of a failure.
    pub(crate) fn told(&self) -> String {
        let quiet = |event: &&Value| event["event"] != "progress";
        let events = self.events.iter().filter(quiet);
        let events: Vec<String> = events.map(Value::to_string).collect();
        let count = events.len();
        let shown = events.iter().enumerate();
        let shown = shown.filter(|(index, _)| *index < 12 || index + 12 >= count);
        let shown: Vec<&str> = shown.map(|(_, event)| event.as_str()).collect();
        let (code, told) = (self.code(), self.told);
        format!(
            "exit {code} after {:.2?}, told {told:?}\n{}\n{}",
            self.elapsed,
            shown.join("\n"),
            self.stderr
        )
    }
}

/// Runs a command to its end. Its output goes to files in `scratch`.
pub(crate) fn run(command: &mut Command, scratch: &Path, mut plan: Plan<'_>) -> Ended {
    let (stdout, stderr) = (scratch.join("out"), scratch.join("err"));
    let mut child = command
        .stdin(Stdio::null())
        .stdout(File::create(&stdout).unwrap())
        .stderr(File::create(&stderr).unwrap())
        .spawn()
        .unwrap();
    let start = Instant::now();
    let (mut told, mut is_cut_short, mut told_at) = (None, false, None::<Instant>);
    let mut memory = 0;
    let status = loop {
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        let elapsed = start.elapsed();
        plan.errands.retain_mut(|(when, errand)| {
            let is_due = elapsed >= *when;
            if is_due {
                errand();
            }
            !is_due
        });
        let stop = plan.stop.filter(|(_, after)| elapsed >= *after);
        let is_late = elapsed >= plan.deadline;
        if told_at.is_none() && (stop.is_some() || is_late) {
            let stop = stop.map_or(Stop::Interrupt, |(stop, _)| stop);
            is_cut_short = is_late;
            (told, told_at) = (Some(stop), Some(Instant::now()));
            tell(&child, stop);
        }
        if told_at.is_some_and(|at| at.elapsed() > PARTING) {
            let threads = threads(child.id());
            child.kill().unwrap();
            child.wait().unwrap();
            let elapsed = start.elapsed();
            let events = std::fs::read_to_string(&stdout).unwrap();
            panic!("HANG: it ignores {told:?} after {elapsed:.1?}\n{events}\n{threads}");
        }
        memory = memory.max(anonymous(child.id()));
        std::thread::sleep(GLANCE);
    };
    let events = std::fs::read_to_string(stdout).unwrap();
    Ended {
        status,
        told,
        is_cut_short,
        elapsed: start.elapsed(),
        memory,
        events: events
            .lines()
            .filter_map(|line| serde_json::from_str(line).ok())
            .collect(),
        stderr: std::fs::read_to_string(stderr).unwrap(),
    }
}

/// Says which signal stands in for one that is ignored from the start of a program on, as shells
/// have it for what a script starts with `&`: until the program listens, nobody would hear it.
pub(crate) fn heard(stop: Stop) -> Stop {
    static IS_IGNORED: LazyLock<bool> = LazyLock::new(|| {
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
        let mask = u64::from_str_radix(mask.unwrap().trim(), 16).unwrap();
        let is_ignored = mask >> (Signal::INT.as_raw() - 1) & 1 == 1;
        if is_ignored {
            eprintln!("soak: SIGINT is ignored here; SIGTERM stands in for it");
        }
        is_ignored
    });
    if stop == Stop::Interrupt && *IS_IGNORED {
        Stop::Terminate
    } else {
        stop
    }
}

/// Tells what the threads of a process wait for: name, state, and place in the kernel.
fn threads(process: u32) -> String {
    let Ok(threads) = std::fs::read_dir(format!("/proc/{process}/task")) else {
        return String::new();
    };
    let lines = threads.flatten().map(|thread| {
        let of = |name: &str| {
            let text = std::fs::read_to_string(thread.path().join(name)).unwrap_or_default();
            text.trim_end().replace('\n', " < ")
        };
        let state = of("stat");
        let state = state.rsplit(')').next().unwrap_or_default();
        let state = state.split_whitespace().next().unwrap_or_default();
        let (name, place, stack) = (of("comm"), of("wchan"), of("stack"));
        format!("{name} {state} {place} {stack}\n")
    });
    lines.collect()
}

fn tell(child: &Child, stop: Stop) {
    let signal = match stop {
        Stop::Interrupt => Signal::INT,
        Stop::Terminate => Signal::TERM,
        Stop::Kill => Signal::KILL,
    };
    // It may have ended just now.
    let _told = kill_process(Pid::from_child(child), signal);
}

/// The memory of a process that no file backs, in KiB; 0 when it is gone, and while it has not the
/// program's name: until then it has the memory of this one, which is large.
pub(crate) fn anonymous(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    if !status.starts_with("Name:\tsheave") {
        return 0;
    }
    let of = |key: &str| -> u64 {
        let line = status.lines().find_map(|line| line.strip_prefix(key));
        let number = line.and_then(|line| line.split_whitespace().next()?.parse().ok());
        number.unwrap_or(0)
    };
    // A mapped file counts as shared memory if the file system is in memory.
    of("RssAnon:")
}

/// Waits for a second run of the same command, and tells how it ended.
pub(crate) fn outlast(mut child: Child, within: Duration) -> Result<String, String> {
    let start = Instant::now();
    let mut is_told = false;
    while child.try_wait().unwrap().is_none() {
        if !is_told && start.elapsed() > within {
            tell(&child, Stop::Interrupt);
            is_told = true;
        }
        if start.elapsed() > within + PARTING {
            child.kill().unwrap();
            child.wait().unwrap();
            return Err("HANG: a second run ignores SIGINT".to_owned());
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr);
    Ok(format!("a second run: {}, {stderr}", ended.status))
}

/// A command as a shell takes it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<String> = words
        .map(|word| {
            let word = word.to_string_lossy();
            if word.contains(['&', '?', ' ']) {
                format!("'{word}'")
            } else {
                word.into_owned()
            }
        })
        .collect();
    words.join(" ")
}
