//! Owns the proof that the emulated link is what was asked for, and leaves nothing behind.
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Measurements of time do not go on beside each other.
static ALONE: Mutex<()> = Mutex::new(());

/// The output and the exit code of `sheave-bench link` are its own judgement: within 3 % or not.
#[test]
fn the_emulated_link_is_within_three_percent_of_what_was_asked() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(child) = start() else { return };
    let names = names(&child);
    let output = child.wait_with_output().unwrap();
    let table = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{table}");
    for what in ["round trip", "rate", "loss"] {
        assert!(table.contains(what), "{table}");
    }
    assert!(!namespaces().contains(&names), "{names}");
}

#[test]
fn a_killed_benchmark_leaves_no_namespace() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(mut child) = start() else { return };
    let names = names(&child);
    wait_until(|| namespaces().contains(&names));
    child.kill().unwrap();
    child.wait().unwrap();
    wait_until(|| !namespaces().contains(&names));
}

/// `None`, loudly, where links cannot be emulated.
fn start() -> Option<Child> {
    let probe = format!("sheave-probe-{}", std::process::id());
    needs::program("ip")?;
    let ip = |verb: &str| Command::new("ip").args(["netns", verb, &probe]).output();
    let may = ip("add").is_ok_and(|output| output.status.success());
    if !may || !Path::new("/dev/net/tun").exists() {
        needs::unmet(
            "an emulated link",
            "it takes `ip netns add` and /dev/net/tun",
        );
        return None;
    }
    ip("del").unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_sheave-bench"))
        .arg("link")
        .stdout(Stdio::piped())
        .spawn();
    Some(child.unwrap())
}

/// Returns what the names of a benchmark's namespaces begin with.
fn names(child: &Child) -> String {
    format!("sheave-bench-{}-", child.id())
}

fn namespaces() -> String {
    let listed = Command::new("ip").args(["netns", "list"]).output().unwrap();
    String::from_utf8_lossy(&listed.stdout).into_owned()
}

/// The kernel tells nobody of either.
fn wait_until(condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited too long");
        thread::sleep(Duration::from_millis(20));
    }
}
