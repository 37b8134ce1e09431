//! Documents that the program writes, as it reads them itself, and as others do.

use std::path::Path;
use std::process::Command;

use crate::support::files;
use crate::support::program;
use crate::support::site::Site;

const SIZE: u64 = 5_000_001;

struct Scene {
    root: tempfile::TempDir,
    into: tempfile::TempDir,
    site: Site,
    list: String,
}

impl Scene {
    /// A document about two files, which a site has.
    fn new() -> Self {
        let root = files::directory();
        for (seed, name) in [(1, "a b.iso"), (2, "c.iso")] {
            files::create(&root.path().join(name), seed, SIZE);
        }
        std::fs::write(root.path().join("empty"), "").unwrap();
        let site = Site::of(root.path(), Vec::new());
        let into = files::directory();
        let list = into.path().join("l.meta4").display().to_string();
        let path = |name: &str| root.path().join(name).display().to_string();
        let url = site.url("/");
        let all = [path("a b.iso"), path("c.iso"), path("empty")];
        let arguments = ["metalink", "create", "--url", &url, "-o", &list];
        let ran = program::run(arguments.into_iter().chain(all.iter().map(String::as_str)));
        let ran = ran.expect(0);
        assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("", ""));
        Self {
            root,
            into,
            site,
            list,
        }
    }

    fn check(&self, names: &[&str]) {
        for name in names {
            let [saved, served] = [&self.into, &self.root].map(|at| at.path().join(name));
            assert_eq!(files::sha256(&saved), files::sha256(&served), "{name}");
        }
    }
}

#[test]
fn a_document_is_read_back() {
    let scene = Scene::new();
    let into = scene.into.path().to_str().unwrap();
    let ran = program::run(["get", "--json", "-d", into, &scene.list]).expect(0);
    scene.check(&["a b.iso", "c.iso", "empty"]);
    assert_eq!(
        ran.stdout.matches(r#""verified":"digest""#).count(),
        3,
        "{ran:?}"
    );
    assert_eq!(
        ran.stdout.matches(r#""pieces":"sha-256""#).count(),
        2,
        "{ran:?}"
    );
    assert!(!scene.site.requests().is_empty());
}

#[test]
fn mistakes_write_nothing() {
    let scene = Scene::new();
    let file = scene.root.path().join("c.iso").display().to_string();
    let before = std::fs::read(&scene.list).unwrap();
    for (arguments, code, told) in [
        (
            &["-o", &scene.list, "--url", "https://h/x", &file][..],
            8,
            "exists",
        ),
        (&["--url", "https://h/x", &file, &file], 2, "no directory"),
        (&["--url", "https://h/x/", &file, &file], 2, "two files"),
        (&["--url", "https://h/x", "/missing"], 7, "could not read"),
        (&["--url", "https://h/x", "/"], 2, "cannot be listed"),
        (&[&file], 2, "--url"),
        (
            &["--piece-length", "1KiB", "--url", "https://h/x", &file],
            2,
            "16 KiB",
        ),
    ] {
        let ran = program::run(["metalink", "create"].iter().chain(arguments)).expect(code);
        assert!(ran.stderr.contains(told), "{arguments:?}: {ran:?}");
        assert_eq!(ran.stdout, "");
    }
    assert_eq!(std::fs::read(&scene.list).unwrap(), before);
}

#[test]
fn aria2_downloads_what_a_document_lists() {
    let Some(aria2) = needs::program("aria2c") else {
        return;
    };
    let scene = Scene::new();
    let output = Command::new(aria2)
        .args([
            "--no-conf",
            "--check-integrity=true",
            "--console-log-level=warn",
            "-d",
        ])
        .arg(scene.into.path())
        .args(["-M", &scene.list])
        .env("no_proxy", "*")
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    scene.check(&["a b.iso", "c.iso"]);
}

/// Prints what pymetalink has understood of a document.
const READ: &str = "import sys, metalink
for file in metalink.parsefile(sys.argv[1]).files:
    print(file.filename, file.size, file.piecelength, len(file.pieces), file.hashlist['sha256'],
        *[place.url for place in file.resources])
";

#[test]
fn pymetalink_understands_a_document() {
    let Some(python) = needs::program("python3") else {
        return;
    };
    let packages = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/peers/python");
    let command = || {
        let mut command = Command::new(&python);
        command.env("PYTHONPATH", &packages);
        command
    };
    let found = command().args(["-c", "import metalink"]).output();
    if !found.unwrap().status.success() {
        needs::unmet(
            "pymetalink",
            "not in target/peers/python, where .ci/run puts it",
        );
        return;
    }
    let scene = Scene::new();
    let output = command().args(["-c", READ, &scene.list]).output().unwrap();
    let digest = |name: &str| files::sha256(&scene.root.path().join(name));
    let expected = format!(
        "a b.iso {SIZE} 262144 20 {} {}\nc.iso {SIZE} 262144 20 {} {}\n",
        digest("a b.iso"),
        scene.site.url("/a%20b.iso"),
        digest("c.iso"),
        scene.site.url("/c.iso"),
    );
    let told = String::from_utf8_lossy(&output.stdout);
    assert!(told.starts_with(&expected), "{told}\n{output:?}");
}
