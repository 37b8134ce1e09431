//! The examples of the libraries, run: each is a program for one of their main uses.

use std::path::PathBuf;
use std::process::Command;

use range_core::units::BytesPerSecond;
use range_server::Config;
use serde_json::Value;

use crate::support::files;
use crate::support::site::Site;

const MIB: u64 = 1 << 20;

/// Where an example is, as `cargo test` has built it.
fn example(name: &str) -> PathBuf {
    let output = Command::new(env!("CARGO"))
        .args(["build", "--workspace", "--example", name])
        .arg("--message-format=json")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let lines = String::from_utf8(output.stdout).unwrap();
    lines
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .expect("cargo names the executable")
}

/// Runs an example of the accelerator over 20 MiB that take a second and a half.
fn downloads(name: &str) -> String {
    let site = Site::start(Config {
        rate: Some(BytesPerSecond(14 * MIB)),
        ..Config::default()
    });
    let into = files::directory();
    let mut command = Command::new(example(name));
    command.arg(site.url("/synthetic/20MiB?seed=3"));
    let said = said(command.arg(into.path().join("file")));
    let length = std::fs::metadata(into.path().join("file")).unwrap().len();
    assert_eq!(length, 20 * MIB);
    assert!(!into.path().join("file.part").exists());
    said
}

fn said(command: &mut Command) -> String {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_download_with_progress() {
    let said = downloads("progress");
    assert!(said.contains(" of 20971520 bytes at "), "{said}");
    assert!(said.contains(", Fetching\n"), "{said}");
    assert!(said.ends_with("20971520 bytes, EntityTag\n"), "{said}");
}

#[test]
fn a_download_that_is_stopped_and_continued() {
    let said = downloads("resume");
    assert!(said.contains("are here from an earlier run"), "{said}");
    assert!(said.ends_with(" of them resumed\n"), "{said}");
}

#[test]
fn a_test_with_a_faulty_server() {
    let said = said(&mut Command::new(example("faulty")));
    assert!(said.contains("asked for bytes=300000-"), "{said}");
    assert!(said.ends_with("all 1048576 bytes are there\n"), "{said}");
}

/// One for each kind of fault.
#[test]
fn a_server_with_faults_of_each_kind() {
    for (name, last) in [
        ("slow", "request 3 took "),
        ("framing", "announced 1000 bytes, sent 1010"),
        ("ranges", "asked for 100 bytes, got all 1000"),
        ("changed", "the third differs in 1 byte, and says nothing"),
        ("refused", "answered 206"),
        ("outage", "answered, then away, then answered again"),
    ] {
        let said = said(&mut Command::new(example(name)));
        let line = said.lines().last().unwrap();
        assert!(line.starts_with(last), "{name}: {said}");
    }
}
