//! Owns what a package is called, and what it is of. Makes nothing.

use std::path::PathBuf;

/// One package: its program, and what it is called.
pub(super) struct Package<'a> {
    pub(super) target: &'a str,
    pub(super) version: &'a str,
    /// The time of the last commit, in seconds: that of every file, so that packages made twice are
    /// the same.
    pub(super) time: &'a str,
    pub(super) program: PathBuf,
}

impl Package<'_> {
    /// The name without an extension.
    pub(super) fn name(&self) -> String {
        format!("sheave-{}-{}", self.version, self.target)
    }

    /// The name that Debian has for its processor.
    pub(super) fn architecture(&self) -> &str {
        match self.target.split('-').next() {
            Some("x86_64") => "amd64",
            Some("aarch64") => "arm64",
            Some(other) => other,
            None => self.target,
        }
    }
}
