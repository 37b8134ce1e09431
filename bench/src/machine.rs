//! Owns what has to be said of the machine and of the programs on it for a time to mean anything.
use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::checkout;

/// Where a program is on the search path, or where administrators' programs are.
pub(super) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let directories = env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    directories
        .map(|directory| directory.join(program))
        .find(|candidate| candidate.is_file())
}

/// The load of the machine before the harness did anything: beside other work, times mean little.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load(f64);

impl Load {
    /// More than this is said beside the table.
    const QUIET: f64 = 0.5;

    /// The average of the last minute.
    pub(super) fn now() -> Self {
        let text = fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let first = text.split(' ').next().unwrap_or_default();
        Self(first.parse().unwrap_or_default())
    }

    /// Returns what has to be said of it, if anything.
    pub(super) fn warning(self) -> Option<String> {
        let Self(load) = self;
        (load > Self::QUIET).then(|| {
            format!(
                "**The machine was busy: its load average was {load} at the start.** Only ratios \
                 can be meant."
            )
        })
    }
}

/// Processor, memory, kernel, load and the versions of what is measured and of the server it is
/// measured with, one line each.
pub(super) fn description(program: &Path, disk: &Path, Load(load): Load) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let model = value_of(&read("/proc/cpuinfo"), "model name").unwrap_or_default();
    let memory = value_of(&read("/proc/meminfo"), "MemTotal").unwrap_or_default();
    let disk = disk.display().to_string();
    let commit = ["describe", "--always", "--dirty"];
    let commit = checkout::command("git", &commit);
    vec![
        format!("date: {}", first_line("date", &["-u", "+%F"])),
        format!("processor: {cores} × {model}"),
        format!("memory: {memory}"),
        format!("kernel: {}", read("/proc/sys/kernel/osrelease").trim()),
        format!(
            "file system: {}",
            first_line("stat", &["-f", "-c", "%T", &disk])
        ),
        format!("load at the start: {load}"),
        format!("commit: {}", first_line_of(commit)),
        first_line_of(version_of(program)),
        first_line("nginx", &["-v"]),
    ]
}

fn version_of(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.arg("--version");
    command
}

fn first_line(program: &str, arguments: &[&str]) -> String {
    let mut command = Command::new(find(program).unwrap_or_else(|| program.into()));
    command.args(arguments);
    first_line_of(command)
}

/// Returns the first line that a program prints, on either stream.
pub(super) fn first_line_of(mut command: Command) -> String {
    let Ok(output) = command.output() else {
        return format!("{}: cannot be run", command.get_program().display());
    };
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    said.lines().next().unwrap_or_default().trim().to_owned()
}

/// The value on the first line `NAME : VALUE`.
fn value_of(text: &str, name: &str) -> Option<String> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        (key.trim() == name).then(|| value.trim().to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::{Load, find, value_of};

    #[test]
    fn only_a_busy_machine_is_worth_a_warning() {
        assert_eq!(Load(0.5).warning(), None);
        let warning = Load(1.25).warning().unwrap();
        assert!(
            warning.contains("busy") && warning.contains("1.25"),
            "{warning}"
        );
    }

    #[test]
    fn a_value_is_found_by_its_whole_name() {
        let text = "model\t\t: 1\nmodel name\t: Some CPU\nmodel name\t: Other\n";
        assert_eq!(value_of(text, "model name").as_deref(), Some("Some CPU"));
        assert_eq!(value_of(text, "absent"), None);
    }

    #[test]
    fn a_program_is_found_or_not() {
        assert!(find("sh").is_some());
        assert!(find("no-such-program-anywhere").is_none());
    }
}
