//! Owns what is undone when a benchmark ends, however it ends: a second process knows of every
//! server, contender and setting, and outlives a killed harness by the moment it takes to undo
//! them. Knows not what they are for.
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::failure::Failure;

/// The guardian, as seen from the harness. What is left when the last clone of its pipe closes,
/// which a kill does too, is undone.
pub(super) struct Guardian {
    child: Child,
    pipe: Option<Arc<Pipe>>,
}

struct Pipe {
    input: Mutex<ChildStdin>,
    next: AtomicU64,
}

/// Something that is to be undone. Forgotten when dropped: by then it has been undone properly.
pub(super) struct Undo {
    number: u64,
    pipe: Arc<Pipe>,
}

impl Guardian {
    pub(super) fn start() -> Result<Self, Failure> {
        // By this name of the program the process is called `exe`: who ends every process that is
        // called as the harness is does not end what undoes its settings.
        let mut child = Command::new("/proc/self/exe")
            .arg("--guardian")
            // An interrupt from the keyboard goes to the harness and not to the guardian.
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .spawn()
            .map_err(Failure::io("start the guardian"))?;
        let input = child.stdin.take().expect("standard input is piped");
        Ok(Self {
            child,
            pipe: Some(Arc::new(Pipe {
                input: Mutex::new(input),
                next: AtomicU64::new(0),
            })),
        })
    }

    /// Has the shell run this line when the harness is gone, unless the answer is dropped before.
    pub(super) fn undo_by(&self, line: &str) -> Undo {
        let pipe = Arc::clone(self.pipe.as_ref().expect("the pipe lasts as long as this"));
        let number = pipe.next.fetch_add(1, Ordering::Relaxed);
        pipe.say(&format!("{number} {line}\n"));
        Undo { number, pipe }
    }

    /// Has a process ended when the harness is gone.
    pub(super) fn kill(&self, signal: &str, child: &Child) -> Undo {
        self.undo_by(&format!("kill -{signal} {}", child.id()))
    }
}

impl Drop for Guardian {
    fn drop(&mut self) {
        self.pipe = None;
        let _reaped = self.child.wait();
    }
}

impl Pipe {
    /// A guardian that somebody else has killed is no reason to stop measuring.
    fn say(&self, line: &str) {
        let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
        let _said = input.write_all(line.as_bytes());
    }
}

impl Drop for Undo {
    fn drop(&mut self) {
        self.pipe.say(&format!("{}\n", self.number));
    }
}

/// Is the guardian: listens until nobody is left who could say anything, then undoes what is left,
/// the last first.
pub(super) fn guard() {
    let left = left_by(io::stdin().lock().lines().map_while(Result::ok));
    for line in left {
        let _undone = Command::new("sh").args(["-c", &line]).status();
    }
}

/// Returns what was said and not taken back, the last first.
fn left_by(said: impl Iterator<Item = String>) -> Vec<String> {
    let mut left = BTreeMap::new();
    for line in said {
        let (number, command) = line.split_once(' ').unwrap_or((&line, ""));
        match number.parse::<u64>() {
            Err(_) => {}
            Ok(number) if command.is_empty() => {
                left.remove(&number);
            }
            Ok(number) => {
                left.insert(number, command.to_owned());
            }
        }
    }
    left.into_values().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::left_by;

    #[test]
    fn what_is_not_taken_back_is_undone_the_last_first() {
        let said = ["0 first", "1 second", "2 third one", "1", "nonsense"];
        let left = left_by(said.iter().map(ToString::to_string));
        assert_eq!(left, ["third one", "first"]);
        assert!(left_by(std::iter::empty()).is_empty());
    }
}
