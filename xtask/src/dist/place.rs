//! Owns the writing of files and directories, and lines of the shell, with errors that say where.
//! Knows no package.

use std::path::Path;

use crate::workspace::{self, Failure};

/// Runs a line of the shell, with `$1` and so on.
pub(super) fn shell(line: &str, arguments: &[&str]) -> Result<(), Failure> {
    let strict = format!("set -eu; {line}");
    let mut command = workspace::command("bash", &["-o", "pipefail", "-c", &strict, "dist"]);
    command.args(arguments);
    workspace::run(command, line)
}

pub(super) fn begin_empty(directory: &Path) -> Result<(), Failure> {
    remove(directory)?;
    create(directory)
}

pub(super) fn remove(directory: &Path) -> Result<(), Failure> {
    if directory.exists() {
        std::fs::remove_dir_all(directory).map_err(unwritten(directory))?;
    }
    Ok(())
}

pub(super) fn create(directory: &Path) -> Result<(), Failure> {
    std::fs::create_dir_all(directory).map_err(unwritten(directory))
}

pub(super) fn write(file: &Path, content: impl AsRef<[u8]>) -> Result<(), Failure> {
    std::fs::write(file, content).map_err(unwritten(file))
}

pub(super) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    std::fs::copy(from, to).map_err(unwritten(to))?;
    Ok(())
}

fn unwritten(path: &Path) -> impl FnOnce(std::io::Error) -> Failure {
    let path = path.display().to_string();
    move |source| Failure::Write { path, source }
}
