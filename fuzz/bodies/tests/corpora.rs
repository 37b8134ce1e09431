//! Every input that a fuzzer found worth keeping, run again without a fuzzer.
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed unwrap is a failed test; tests read their own files"
)]

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

use fuzz_bodies::targets;

fn corpora() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../corpus")
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = std::fs::read_dir(directory).unwrap();
    let names = entries.map(|entry| entry.unwrap().file_name());
    names.map(|name| name.into_string().unwrap()).collect()
}

#[test]
fn every_target_has_a_corpus_and_every_corpus_a_target() {
    let targets = targets::ALL.iter().map(|(name, _)| (*name).to_owned());
    assert_eq!(targets.collect::<BTreeSet<_>>(), names(&corpora()));
}

#[test]
fn what_must_hold_holds_of_every_input_kept() {
    let mut found = Vec::new();
    for (name, run) in targets::ALL {
        let corpus = corpora().join(name);
        let inputs = names(&corpus);
        assert!(!inputs.is_empty(), "{name}");
        for input in inputs {
            let path = corpus.join(&input);
            let bytes = std::fs::read(&path).unwrap();
            if catch_unwind(|| run(&bytes)).is_err() {
                found.push(path);
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}
