//! Owns where the checkout is and how its facts are read: processes, files, failures. Knows no
//! rule.
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};

use serde_json::Value;

/// Why a task did not succeed; reads on after "failed to".
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// The program is not installed, or cannot be executed.
    #[error("start `{command}`: {source}")]
    Start { command: String, source: io::Error },
    /// The program ran and was not content.
    #[error("run `{command}`: {status}")]
    Command { command: String, status: ExitStatus },
    /// A built program cannot get the name it is to have.
    #[error("rename {}: {source}", path.display())]
    Rename { path: PathBuf, source: io::Error },
    /// A page cannot be replaced.
    #[error("write {path}: {source}")]
    Write { path: String, source: io::Error },
    /// A file that was listed cannot be read, or is not UTF-8.
    #[error("read {path}: {source}")]
    Read { path: String, source: io::Error },
    /// A module has no file, or a file is no Rust.
    #[error("read the modules of {path}")]
    NoRust { path: String },
    /// `cargo metadata` answered with something that is not JSON.
    #[error("parse what `cargo metadata` says: {source}")]
    Json { source: serde_json::Error },
    /// `cargo metadata` answered with JSON of another shape.
    #[error("find `{field}` in what `cargo metadata` says")]
    Shape { field: &'static str },
    /// CI has promised a program, and it is not there.
    #[error("find {programs}, which .ci/run installs")]
    Unmet { programs: String },
    /// Rules are broken; each breach has its own line above.
    #[error("pass {rules}: {count} breach(es)")]
    Breaches { rules: &'static str, count: usize },
}

/// The directory of the workspace's manifest, wherever the command is run from.
pub(crate) fn root() -> &'static Path {
    let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
    xtask
        .parent()
        .expect("the xtask package is a directory of the workspace")
}

/// Returns whether this is CI, where nothing is missing that `.ci/run` installs.
pub(crate) fn is_ci() -> bool {
    std::env::var_os("CI").is_some_and(|value| value == "true")
}

/// A command line that runs in the workspace's root.
pub(crate) fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command with the terminal as it is. `line` is how it is told of.
pub(crate) fn run(mut command: Command, line: &str) -> Result<(), Failure> {
    let status = command.status().map_err(|source| Failure::Start {
        command: line.to_owned(),
        source,
    })?;
    if status.success() {
        Ok(())
    } else {
        Err(Failure::Command {
            command: line.to_owned(),
            status,
        })
    }
}

/// Returns what a program prints; what it complains of goes to the terminal.
pub(crate) fn output_of(program: &str, arguments: &[&str]) -> Result<Vec<u8>, Failure> {
    let line = || [&[program], arguments].concat().join(" ");
    let output = command(program, arguments)
        .stderr(std::process::Stdio::inherit())
        .output()
        .map_err(|source| Failure::Start {
            command: line(),
            source,
        })?;
    if output.status.success() {
        Ok(output.stdout)
    } else {
        Err(Failure::Command {
            command: line(),
            status: output.status,
        })
    }
}

/// Builds the program as users get it, and returns where it is.
pub(crate) fn product() -> Result<PathBuf, Failure> {
    built("build --release -p sheave", "sheave")
}

/// Builds an example as `cargo test` does, with what it builds, and returns where it is.
pub(crate) fn example(name: &str) -> Result<PathBuf, Failure> {
    built(&format!("build --workspace --example {name}"), name)
}

/// Runs a `cargo build ...`, and returns where the executable of a name is.
pub(crate) fn built(line: &str, name: &str) -> Result<PathBuf, Failure> {
    let mut arguments: Vec<&str> = line.split(' ').collect();
    arguments.extend(["--message-format", "json"]);
    let messages = output_of("cargo", &arguments)?;
    String::from_utf8_lossy(&messages)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .ok_or(Failure::Shape {
            field: "executable",
        })
}

/// Returns what cargo says of the workspace and of all it depends on.
pub(crate) fn metadata() -> Result<Value, Failure> {
    let said = output_of("cargo", &["metadata", "--locked", "--format-version", "1"])?;
    serde_json::from_slice(&said).map_err(|source| Failure::Json { source })
}

/// The text of a file, by its path from the root.
pub(crate) fn text_of(path: &str) -> Result<String, Failure> {
    std::fs::read_to_string(root().join(path)).map_err(|source| Failure::Read {
        path: path.to_owned(),
        source,
    })
}

/// Replaces the text of a file, by its path from the root.
pub(crate) fn write(path: &str, text: &str) -> Result<(), Failure> {
    std::fs::write(root().join(path), text).map_err(|source| Failure::Write {
        path: path.to_owned(),
        source,
    })
}

/// Path, from the root, and text of every Rust file that git tracks or would offer to track.
pub(crate) fn rust_files() -> Result<Vec<(String, String)>, Failure> {
    let listed = output_of(
        "git",
        &[
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
            "--",
            "*.rs",
        ],
    )?;
    let mut paths: Vec<String> = listed
        .split(|&byte| byte == 0)
        .filter(|path| !path.is_empty())
        .map(|path| String::from_utf8_lossy(path).into_owned())
        .collect();
    paths.sort_unstable();
    paths.dedup();
    let mut files = Vec::with_capacity(paths.len());
    for path in paths {
        match std::fs::read_to_string(root().join(&path)) {
            Ok(text) => files.push((path, text)),
            // A file that is deleted but not yet staged is still listed.
            Err(source) if source.kind() == io::ErrorKind::NotFound => {}
            Err(source) => return Err(Failure::Read { path, source }),
        }
    }
    Ok(files)
}
