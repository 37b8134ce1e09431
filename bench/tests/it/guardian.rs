//! Owns the proof that nothing a benchmark started outlives it.
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};

#[test]
fn what_was_started_is_ended_when_the_harness_is_gone() {
    let mut guardian = Command::new(env!("CARGO_BIN_EXE_sheave-bench"))
        .arg("--guardian")
        .stdin(Stdio::piped())
        .spawn()
        .unwrap();
    // Whatever goes wrong here, neither lasts for longer than the test may.
    let sleep = || Command::new("sleep").arg("10").spawn().unwrap();
    let (mut left, mut stopped) = (sleep(), sleep());
    let mut harness = guardian.stdin.take().unwrap();
    writeln!(harness, "0 kill -TERM {}", left.id()).unwrap();
    writeln!(harness, "1 kill -TERM {}", stopped.id()).unwrap();
    writeln!(harness, "1").unwrap();
    drop(harness);
    assert!(guardian.wait().unwrap().success());
    assert_eq!(left.wait().unwrap().signal(), Some(15));
    assert!(stopped.try_wait().unwrap().is_none(), "it was taken back");
    stopped.kill().unwrap();
    stopped.wait().unwrap();
}
