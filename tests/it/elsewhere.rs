//! The one line that a build for another system gets first.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::files;

/// Lets the compiler take a file by itself, without the libraries of its target, which are not
/// here.
const ALONE: &str = "#![feature(no_core, rustc_attrs)]\n#![no_core]\n#![allow(internal_features)]\n\
    #[rustc_builtin_macro]\nmacro_rules! compile_error { ($text:expr) => {}; }\n";

/// Returns what the compiler says of the file for a target.
fn compiled(file: &Path, target: &str) -> String {
    let into = files::directory();
    let alone = into.path().join("alone.rs");
    let text = fs::read_to_string(file).unwrap();
    // An attribute of the file cannot follow items.
    let text = text.replace("//!", "//");
    fs::write(&alone, format!("{ALONE}{text}")).unwrap();
    let rustc = std::env::var_os("RUSTC").unwrap_or("rustc".into());
    let mut rustc = Command::new(rustc);
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata"]);
    rustc
        .args(["--target", target, "--out-dir"])
        .arg(into.path());
    // Only a compiler that allows its own features takes a file without the core library.
    let ended = rustc.env("RUSTC_BOOTSTRAP", "1").arg(&alone).output();
    String::from_utf8(ended.unwrap().stderr).unwrap()
}

#[test]
fn other_systems_are_refused_in_one_clear_line() {
    for name in ["range-store", "range-server"] {
        let crates = Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates");
        let file = crates.join(name).join("src/system.rs");
        let refusal = format!("error: {name} runs on Linux only");
        for target in [
            "aarch64-apple-darwin",
            "x86_64-pc-windows-gnu",
            "x86_64-unknown-freebsd",
        ] {
            let said = compiled(&file, target);
            assert!(said.contains(&refusal), "{target}: {said}");
        }
        let said = compiled(&file, "aarch64-unknown-linux-musl");
        assert!(!said.contains(&refusal), "{said}");
    }
}
