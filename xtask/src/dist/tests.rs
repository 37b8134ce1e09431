//! The texts of packages, and packages of a program that is none.

use std::path::{Path, PathBuf};

use super::place::{create, write};
use super::*;

fn package(target: &str, program: PathBuf) -> Package<'_> {
    Package {
        target,
        version: "1.2.3",
        time: "1000000000",
        program,
    }
}

#[test]
fn a_static_program_needs_no_other_package() {
    let control = |target| deb::control(&package(target, PathBuf::new()));
    let musl = control("aarch64-unknown-linux-musl");
    assert!(musl.contains("\nArchitecture: arm64\n"), "{musl}");
    assert!(!musl.contains("Depends:"), "{musl}");
    let gnu = control("x86_64-unknown-linux-gnu");
    assert!(gnu.contains("\nArchitecture: amd64\n"), "{gnu}");
    assert!(gnu.contains("\nDepends: libc6"), "{gnu}");
    // Paragraphs end at an empty line, and each line of a description is indented.
    let (_, description) = musl.split_once("\nDescription: ").unwrap();
    assert!(
        description
            .lines()
            .skip(1)
            .all(|line| line.starts_with(' ')),
        "{musl}"
    );
}

/// A script takes the place of the program, and answers what a speaker is asked.
#[test]
fn packages_made_twice_are_the_same_and_have_all_there_is() {
    let place = workspace::root().join("target/dist-test");
    begin_empty(&place).unwrap();
    let program = place.join("program");
    let script = "#!/bin/sh\ncase $1 in man) echo .TH >\"$2/sheave.1\";; *) echo \"$2\";; esac\n";
    write(&program, script).unwrap();
    shell("chmod 755 \"$1\"", &[program.to_str().unwrap()]).unwrap();
    let made = |name: &str| {
        let into = place.join(name);
        create(&into).unwrap();
        let package = package("x86_64-unknown-linux-musl", program.clone());
        let tree = Tree::gather(&into.join("work"), &package, &program, "licences").unwrap();
        let archive = archive(&tree, &package, &into).unwrap();
        (archive, deb::make(&tree, &package, &into).unwrap())
    };
    let (first, again) = (made("first"), made("again"));
    let content = |file: &Path| std::fs::read(file).unwrap();
    assert!(content(&first.0) == content(&again.0));
    assert!(content(&first.1) == content(&again.1));
    let listed = |program: &str, arguments: &[&str]| {
        let listed = workspace::output_of(program, arguments).unwrap();
        String::from_utf8(listed).unwrap()
    };
    let archive = listed("tar", &["-tzf", first.0.to_str().unwrap()]);
    for name in [
        "sheave",
        "LICENSE-MIT",
        "man/sheave.1",
        "completions/_sheave",
    ] {
        let entry = format!("sheave-1.2.3-x86_64-unknown-linux-musl/{name}\n");
        assert!(archive.contains(&entry), "{name} in {archive}");
    }
    let deb = listed("dpkg-deb", &["--contents", first.1.to_str().unwrap()]);
    for name in [
        "./usr/bin/sheave",
        "./usr/share/man/man1/sheave.1.gz",
        "./usr/share/doc/sheave/copyright",
        "./usr/share/fish/vendor_completions.d/sheave.fish",
    ] {
        assert!(deb.contains(&format!("{name}\n")), "{name} in {deb}");
    }
    assert!(
        deb.lines().all(|line| line.contains(" root/root ")),
        "{deb}"
    );
    remove(&place).unwrap();
}
