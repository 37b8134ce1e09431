//! Publishing that is cut off, and files that are there already.

use std::path::Path;
use std::time::{Duration, SystemTime};

use range_core::units::ByteCount;
use range_server::synthetic::{self, Seed};

use crate::support::program::{self, Ran, get};
use crate::support::site::Site;
use crate::support::{files, strace};

const MIB: u64 = 1 << 20;

/// Downloads to `file`, and is killed before the first name is removed: the journal's, or that of
/// the part file where a hard link had to stand in for the rename.
fn killed_before_a_name_goes(url: &str, into: &Path, renames: bool) {
    const KILL: &str = "inject=unlinkat:signal=KILL:when=1";
    const NO_RENAME: &str = "inject=renameat2:error=EINVAL";
    let expressions: &[&str] = if renames {
        &["trace=unlinkat", KILL]
    } else {
        &["trace=unlinkat,renameat2", KILL, NO_RENAME]
    };
    let mut command = strace::command(expressions);
    command.args(["get", url, "-o"]).arg(into.join("file"));
    program::start_command(command).finish();
    let left = files::names(into);
    let expected: &[&str] = if renames {
        &["file", "file.part.journal"]
    } else {
        &["file", "file.part", "file.part.journal"]
    };
    assert_eq!(left, expected);
}

fn get_file(url: &str, into: &Path, more: &[&str]) -> Ran {
    let output = into.join("file");
    let arguments = ["get", url, "--json", "-o", output.to_str().unwrap()];
    program::run(arguments.iter().chain(more))
}

fn sha256(seed: u64) -> String {
    files::hex(&synthetic::sha256(Seed(seed), ByteCount(3 * MIB)))
}

#[test]
fn what_was_published_before_a_kill_is_complete_without_a_request() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB?seed=5");
    for renames in [true, false] {
        let into = files::directory();
        killed_before_a_name_goes(&url, into.path(), renames);
        let ran = get_file(&url, into.path(), &[]).expect(0);
        assert_eq!(ran.number("resumed_bytes"), 3 * MIB);
        assert_eq!(ran.number("requests"), 0);
        assert_eq!(files::names(into.path()), ["file"]);
        assert_eq!(files::sha256(&into.path().join("file")), sha256(5));
    }
}

#[test]
fn what_was_published_from_another_url_is_complete_only_if_it_is_the_same_file() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let killed =
        || killed_before_a_name_goes(&site.url("/synthetic/3MiB?seed=5"), into.path(), true);
    killed();
    // The same path, and another query: another file.
    get_file(&site.url("/synthetic/3MiB?seed=6"), into.path(), &[]).expect(8);
    let digest = format!("sha-256={}", sha256(6));
    let more = ["--checksum", &digest];
    get_file(&site.url("/synthetic/3MiB?seed=6"), into.path(), &more).expect(8);
    assert_eq!(files::sha256(&into.path().join("file")), sha256(5));
    // Another URL for the same file, such as one that was signed anew.
    let ran = get_file(&site.url("/synthetic/3145728?seed=5"), into.path(), &[]).expect(0);
    assert_eq!(ran.number("requests"), 1);
    assert_eq!(ran.number("fetched_bytes"), 0);
    assert_eq!(files::names(into.path()), ["file"]);
}

#[test]
fn a_checksum_that_an_earlier_run_expected_is_no_proof() {
    if !strace::is_installed() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB?seed=5");
    let wrong = format!("sha-256={}", sha256(6));
    let right = format!("sha-256={}", sha256(5));
    // The run that publishes is given no checksum, or the right one; or the file is to be replaced.
    for (second, more) in [
        (&[][..], &[][..]),
        (&["--checksum", &right], &[]),
        (&[], &["--overwrite"]),
    ] {
        let into = files::directory();
        get_file(&url, into.path(), &["--checksum", &wrong]).expect(6);
        killed_publishing(&url, into.path(), second);
        assert_eq!(files::names(into.path()), ["file", "file.part.journal"]);
        let third = [&["--checksum", &wrong][..], more].concat();
        let ran = get_file(&url, into.path(), &third);
        let code = if more.is_empty() { 8 } else { 6 };
        assert_eq!(ran.code, Some(code), "{second:?} {more:?}: {ran:?}");
        assert_eq!(files::sha256(&into.path().join("file")), sha256(5));
        let ran = get_file(&url, into.path(), &["--checksum", &right]).expect(0);
        assert_eq!(ran.last_json()["verified"], "digest");
    }
}

/// Goes on with what is there, and is killed when the file has its name and the journal is to go.
fn killed_publishing(url: &str, into: &Path, more: &[&str]) {
    let mut command = strace::command(&["trace=unlinkat", "inject=unlinkat:signal=KILL:when=1"]);
    command.args(["get", url, "-o"]).arg(into.join("file"));
    command.args(more);
    program::start_command(command).finish();
}

#[test]
fn a_file_that_has_the_checksum_is_complete_already() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/3MiB?seed=5");
    let into = files::directory();
    get_file(&url, into.path(), &[]).expect(0);
    let before = site.requests().len();
    let (right, wrong) = (
        format!("sha-256={}", sha256(5)),
        format!("sha-256={}", sha256(6)),
    );
    let ran = get_file(&url, into.path(), &["--checksum", &right]).expect(0);
    assert_eq!(ran.last_json()["verified"], "digest");
    assert_eq!(ran.number("resumed_bytes"), 3 * MIB);
    get_file(&url, into.path(), &["--checksum", &wrong]).expect(8);
    assert_eq!(
        site.requests().len(),
        before,
        "nothing is asked for in vain"
    );
    assert_eq!(files::names(into.path()), ["file"]);
}

#[test]
fn the_file_has_the_time_of_the_server_if_that_is_wanted() {
    let root = files::directory();
    let original = files::create(&root.path().join("a.bin"), 1, MIB + 1);
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
    let file = std::fs::File::options().write(true).open(original).unwrap();
    file.set_modified(then).unwrap();
    let site = Site::of(root.path(), Vec::new());
    for write in ["mapped", "positioned"] {
        let into = files::directory();
        let modified = || {
            let file = std::fs::metadata(into.path().join("a.bin")).unwrap();
            file.modified().unwrap()
        };
        let url = site.url("/a.bin");
        get(&url, into.path(), &["--write", write]).expect(0);
        assert_ne!(modified(), then);
        let more = ["--write", write, "--overwrite", "--remote-time"];
        get(&url, into.path(), &more).expect(0);
        assert_eq!(modified(), then);
    }
}
