//! Owns the directory in which everything is prepared, downloaded and thrown away: one below the
//! target directory, so that the disk measured is the one that builds. Knows no contender.
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::checkout;
use super::failure::Failure;
use super::guardian::Guardian;

/// Emptied when opened and when dropped; nobody else has it meanwhile.
pub(super) struct WorkDirectory {
    root: PathBuf,
    _lock: File,
    guardian: Guardian,
}

impl WorkDirectory {
    pub(super) fn open() -> Result<Self, Failure> {
        let root = target_directory()?.join("bench");
        fs::create_dir_all(&root).map_err(Failure::io("create the working directory"))?;
        let lock = File::create(root.join("lock")).map_err(Failure::io("create the lock"))?;
        lock.try_lock().map_err(|_| Failure::Busy)?;
        let workdir = Self {
            root,
            _lock: lock,
            guardian: Guardian::start()?,
        };
        for directory in [workdir.source(), workdir.output(), workdir.configuration()] {
            // An interrupted benchmark leaves its files behind.
            let _absent = fs::remove_dir_all(&directory);
            fs::create_dir_all(&directory).map_err(Failure::io("create a directory"))?;
        }
        Ok(workdir)
    }

    /// Returns the guardian, which ends what was started here if this process is killed.
    pub(super) fn guardian(&self) -> &Guardian {
        &self.guardian
    }

    /// Returns what servers serve.
    pub(super) fn source(&self) -> PathBuf {
        self.root.join("source")
    }

    /// Where contenders write.
    pub(super) fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    /// Where servers have their own files.
    pub(super) fn configuration(&self) -> PathBuf {
        self.root.join("configuration")
    }

    /// The program as it was when the benchmark began, whatever is built meanwhile.
    pub(super) fn program(&self) -> PathBuf {
        self.root.join("sheave")
    }

    /// Deletes what a contender left.
    pub(super) fn clear_output(&self) -> Result<(), Failure> {
        let output = self.output();
        fs::remove_dir_all(&output).map_err(Failure::io("delete what was downloaded"))?;
        fs::create_dir(&output).map_err(Failure::io("create the output directory"))
    }
}

impl Drop for WorkDirectory {
    fn drop(&mut self) {
        let _left = fs::remove_dir_all(&self.root);
    }
}

fn target_directory() -> Result<PathBuf, Failure> {
    let metadata = stdout_of(checkout::command(
        "cargo",
        &["metadata", "--no-deps", "--format-version", "1"],
    ))?;
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap_or_default();
    match metadata["target_directory"].as_str() {
        Some(directory) => Ok(Path::new(directory).to_owned()),
        None => Err(Failure::Command {
            command: "cargo metadata".to_owned(),
            complaint: "no target_directory".to_owned(),
        }),
    }
}

/// Returns what a program prints; a failure holds what it complained of.
pub(super) fn stdout_of(mut command: Command) -> Result<String, Failure> {
    let program = command.get_program().to_string_lossy().into_owned();
    let failure = |complaint| Failure::Command {
        command: program,
        complaint,
    };
    match command.output() {
        Ok(output) if output.status.success() => {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        }
        Ok(output) => {
            let complaint = String::from_utf8_lossy(&output.stderr);
            Err(failure(format!("{}: {}", output.status, complaint.trim())))
        }
        Err(source) => Err(failure(source.to_string())),
    }
}
