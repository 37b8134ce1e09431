//! `sheave demo`: the whole story with nothing else installed.

use crate::support::{files, program};

#[test]
fn it_fetches_interrupts_resumes_and_verifies() {
    let scratch = files::directory();
    let directory = scratch.path().to_str().unwrap();
    let ran = program::run(["demo", "--size", "256MiB", "--dir", directory]).expect(0);
    let said = (ran.stdout.clone() + &ran.stderr).to_lowercase();
    for word in ["interrupt", "resume", "sha-256"] {
        assert!(said.contains(word), "{word} is missing in {ran:?}");
    }
    for line in ran.stdout.lines() {
        let columns = line.chars().count();
        assert!(columns <= 80, "{columns} columns: {line}");
    }
    assert_eq!(
        files::names(scratch.path()),
        [""; 0],
        "it cleans up after itself"
    );
}
