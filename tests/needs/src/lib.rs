//! Owns what becomes of a test that does not get what it needs of the machine: it is no success
//! that nobody hears of. Each lack is told on the terminal, past what the test runner keeps to
//! itself, and added to a file from which `cargo xtask ci` names it at its end. Knows no test.
#![forbid(unsafe_code)]
#![expect(
    clippy::disallowed_methods,
    reason = "looks for programs, and is told by the environment where its list is"
)]

use std::fmt::Display;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Where the list is, if one is wanted: a file to which a line is added for each lack.
const LIST: &str = "SHEAVE_UNMET";
/// Where administrators' programs are, which not everybody's search path has.
const FOR_ADMINISTRATORS: [&str; 2] = ["/usr/sbin", "/usr/local/sbin"];

/// Where a program is, by its name or its whole path. `None` where there is none, which is told.
pub fn program(name: &str) -> Option<PathBuf> {
    let found = find(name);
    if found.is_none() {
        unmet(name, "not installed");
    }
    found
}

/// Tells of something that a test needs and that this machine does not have or does not let it do.
///
/// # Panics
///
/// When the list that was asked for cannot be written.
pub fn unmet(what: &str, why: impl Display) {
    let thread = std::thread::current();
    let test = thread.name().unwrap_or_default();
    let line = format!("{what}\t{test}\t{why}").replace(['\n', '\r'], " ");
    // The handle and not the macro: what that prints is shown of failed tests only.
    let _closed = writeln!(io::stderr(), "SKIPPED {test}: {what}: {why}");
    if let Some(path) = std::env::var_os(LIST) {
        let added = add(Path::new(&path), &line);
        added.expect("the list of what tests did not get can be written");
    }
}

fn find(name: &str) -> Option<PathBuf> {
    if name.contains('/') {
        return Some(PathBuf::from(name)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(FOR_ADMINISTRATORS.map(PathBuf::from));
    directories
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// One write for a line, so that lines of several processes do not mix.
fn add(list: &Path, line: &str) -> io::Result<()> {
    let mut list = OpenOptions::new().append(true).create(true).open(list)?;
    list.write_all(format!("{line}\n").as_bytes())
}

#[cfg(test)]
mod tests {
    use super::{add, find};

    #[test]
    fn programs_are_found_by_name_and_by_path() {
        let shell = find("sh").expect("every system has one");
        assert!(shell.is_absolute());
        assert_eq!(find(&shell.display().to_string()), Some(shell));
        assert_eq!(find("no-such-program-anywhere"), None);
        assert_eq!(find("/no/such/program"), None);
    }

    #[test]
    fn lines_are_added_one_below_the_other() {
        let directory = tempfile::tempdir().expect("there is room for a directory");
        let list = directory.path().join("list");
        for line in ["one", "two"] {
            add(&list, line).expect("the directory is ours");
        }
        let text = std::fs::read_to_string(&list).expect("it was written");
        assert_eq!(text, "one\ntwo\n");
    }
}
