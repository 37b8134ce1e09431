//! Owns the proof that the emulated link is what was asked for, and leaves nothing behind.
use std::path::Path;
use std::process::Command;

/// What `xtask bench link` prints and exits with is its own judgement: within 3 % or not.
#[test]
fn the_emulated_link_is_within_three_percent_of_what_was_asked() {
    if !rustix::process::geteuid().is_root() || !Path::new("/dev/net/tun").exists() {
        eprintln!("SKIPPED: only root can make namespaces, and only with /dev/net/tun devices");
        return;
    }
    let child = Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(["bench", "link"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let names = format!("sheave-bench-{}-", child.id());
    let output = child.wait_with_output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}");
    for what in ["round trip", "rate", "loss"] {
        assert!(table.contains(what), "{table}");
    }
    let left = Command::new("ip").args(["netns", "list"]).output().unwrap();
    let left = String::from_utf8_lossy(&left.stdout);
    assert!(!left.contains(&names), "{left}");
}
