//! The program under strace, which makes its system calls fail, wait or kill.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::program;

/// Returns whether strace is there; says loudly that it is not.
pub(crate) fn is_installed() -> bool {
    needs::program("strace").is_some()
}

/// The program, to be given its arguments, with what each expression of `-e` says.
pub(crate) fn command(expressions: &[&str]) -> Command {
    command_for(&[], expressions)
}

/// As [`command`], for calls with one of `paths` only, if there are any.
pub(crate) fn command_for(paths: &[PathBuf], expressions: &[&str]) -> Command {
    command_into(Path::new("/dev/null"), paths, expressions)
}

/// As [`command`], as a process that gets the program's signals, with a line for each call in a
/// file.
pub(crate) fn command_for_signals(trace: &Path, expressions: &[&str]) -> Command {
    let traced = command_into(trace, &[], expressions);
    let mut command = Command::new(traced.get_program());
    command.arg("--daemonize").args(traced.get_args());
    command
}

/// As [`command_for`], with a line for each call in a file.
pub(crate) fn command_into(trace: &Path, paths: &[PathBuf], expressions: &[&str]) -> Command {
    let mut command = Command::new("strace");
    command.args(["-f", "-qq", "-o"]).arg(trace);
    for path in paths {
        command.arg("-P").arg(path);
    }
    for expression in expressions {
        command.args(["-e", expression]);
    }
    command.arg(program::path());
    command
}
