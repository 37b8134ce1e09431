//! `sheave check-server` against our own server, where nothing is found, and against others, whose
//! deviations are the table in `docs/servers.md`.

use std::collections::BTreeMap;
use std::fs::FileTimes;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use serde_json::Value;
use tempfile::TempDir;

use crate::support::nginx::Nginx;
use crate::support::peers::Peer;
use crate::support::python::Python;
use crate::support::serving::Serving;
use crate::support::{files, program};

pub(crate) const FILE: &str = "checked.bin";

/// A directory with one file, old enough for every validator to be strong.
pub(crate) fn root() -> TempDir {
    let root = files::directory();
    // Servers that drop their privileges have to reach it.
    let everyone = std::os::unix::fs::PermissionsExt::from_mode(0o755);
    std::fs::set_permissions(root.path(), everyone).unwrap();
    let path = root.path().join(FILE);
    std::fs::write(&path, files::bytes(7, 20_000)).unwrap();
    let old = SystemTime::UNIX_EPOCH + Duration::from_hours(400_000);
    let file = std::fs::File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(old)).unwrap();
    root
}

/// The exit code and the object that is written.
pub(crate) fn check(url: &str, more: &[&str]) -> (Option<i32>, Value) {
    let output = Command::new(program::path())
        .args(["check-server", "--json", url])
        .args(more)
        .output()
        .unwrap();
    let report = serde_json::from_slice(&output.stdout).unwrap_or(Value::Null);
    (output.status.code(), report)
}

/// Returns what was found, as `name: what`.
fn findings(report: &Value) -> Vec<String> {
    let name = |row: &Value| row["name"].as_str().unwrap().to_owned();
    let rows = report["rows"].as_array().unwrap().iter();
    let of_rows = rows.map(|row| (name(row), &row["findings"]));
    let plain = std::iter::once(("plain".to_owned(), &report["plain"]));
    let each = plain.chain(of_rows).flat_map(|(name, findings)| {
        let findings = findings.as_array().unwrap().iter();
        findings.map(move |finding| format!("{name}: {}", finding["what"].as_str().unwrap()))
    });
    each.collect()
}

/// The cell of one row, as `docs/servers.md` has it.
fn cell(row: &Value) -> String {
    let findings = row["findings"].as_array().unwrap();
    let status = row["status"]
        .as_u64()
        .map_or("no reply".to_owned(), |status| status.to_string());
    if row["asked"] == false {
        "–".to_owned()
    } else if findings.iter().any(|finding| finding["level"] == "MUST") {
        format!("**{status}**")
    } else if !findings.is_empty() {
        format!("*{status}*")
    } else {
        status
    }
}

#[test]
fn nothing_is_found_in_our_own_server() {
    let root = root();
    for options in [&[][..], &["--tls"]] {
        let mut serving = Serving::start(root.path(), options);
        let trust = options.contains(&"--tls").then(|| serving.next_line());
        let trust = trust.as_deref().map(|file| ["--cacert", file]);
        let more = trust.as_ref().map_or(&[][..], |both| &both[..]);
        let (exit, report) = check(&serving.url(&format!("/{FILE}")), more);
        assert_eq!(exit, Some(0), "{options:?}");
        assert_eq!(findings(&report), Vec::<String>::new(), "{options:?}");
        let rows = report["rows"].as_array().unwrap();
        assert!(rows.len() > 50);
        for row in rows {
            assert_eq!(row["asked"], true, "{row}");
            assert_eq!(row["status"], row["preferred"], "{row}");
        }
    }
}

#[test]
fn what_cannot_be_checked_has_its_exit_code() {
    let root = root();
    std::fs::write(root.path().join("short"), b"short").unwrap();
    let serving = Serving::start(root.path(), &[]);
    assert_eq!(check(&serving.url("/missing"), &[]).0, Some(4));
    assert_eq!(check(&serving.url("/short"), &[]).0, Some(4));
    assert_eq!(check("http://127.0.0.1:1/x", &[]).0, Some(3));
    assert_eq!(
        check("https://127.0.0.1:1/x", &[]).0,
        Some(2),
        "nobody is trusted"
    );
    assert_eq!(check("ftp://127.0.0.1/x", &[]).0, Some(2));
}

/// The table in the documentation, by row: the cells of each server.
fn documented() -> (Vec<String>, BTreeMap<String, Vec<String>>) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/servers.md");
    let text = std::fs::read_to_string(path).unwrap();
    let compared = text.split("\n## ").next().unwrap();
    let mut rows = compared
        .lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| {
            let cells = line
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().to_owned());
            cells.collect::<Vec<_>>()
        });
    let head = rows.next().unwrap();
    (head, rows.map(|row| (row[0].clone(), row)).collect())
}

/// Compares a server's column with the documentation, if the version is the documented one.
fn compare(name: &str, url: &str) {
    let (exit, report) = check(url, &[]);
    assert_eq!(exit, Some(9), "{name} is not without a finding");
    let (head, table) = documented();
    let column = head.iter().position(|cell| cell == name).unwrap();
    let server = report["server"].as_str().unwrap_or("no name");
    let documented = &table["`Server`"][column];
    if server != documented {
        needs::unmet(
            documented,
            format!("{name} is {server}, and docs/servers.md is of another"),
        );
        return;
    }
    let rows = report["rows"].as_array().unwrap();
    for row in rows {
        let of_row = &table[row["name"].as_str().unwrap()];
        assert_eq!(of_row[column], cell(row), "{name}, {row}");
    }
    assert_eq!(table.len(), rows.len() + 1, "rows that are not asked");
}

#[test]
fn the_comparison_in_the_documentation_is_what_is_found() {
    let root = root();
    if let Some(server) = Nginx::start(root.path()) {
        compare("nginx", &server.url(FILE));
    }
    if let Some(server) = Python::start(root.path()) {
        compare("Python", &server.url(FILE));
    }
    for (name, server) in [
        ("Apache", Peer::apache(root.path())),
        ("lighttpd", Peer::lighttpd(root.path())),
        ("Caddy", Peer::caddy(root.path())),
    ] {
        if let Some(server) = server {
            compare(name, &server.url(FILE));
        }
    }
}
