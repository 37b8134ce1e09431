//! Files that are there already: what makes them known, and what `--exists` does about them.

mod changed;
mod continued;

use std::fs::File;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, SystemTime};

use crate::support::program::{self, Ran};
use crate::support::site::Site;
use crate::support::versioned::faults;
use crate::support::{files, strace};

const MIB: u64 = 1 << 20;

/// Downloads to `file` in a directory.
fn get(url: &str, into: &Path, more: &[&str]) -> Ran {
    let output = into.join("file");
    let arguments = ["get", url, "--json", "-o", output.to_str().unwrap()];
    program::run(arguments.iter().chain(more))
}

/// A site, a directory with a file of it, and the file's URL.
struct Published {
    site: Site,
    into: tempfile::TempDir,
    url: String,
}

impl Published {
    /// Downloads `path` from a site that has these faults.
    fn new(path: &str, with: &[&str]) -> Self {
        let site = Site::synthetic(faults(with));
        let (url, into) = (site.url(path), files::directory());
        get(&url, into.path(), &["-x", "1"]).expect(0);
        Self { site, into, url }
    }

    fn again(&self, more: &[&str]) -> Ran {
        get(&self.url, self.into.path(), more)
    }

    fn file(&self) -> std::path::PathBuf {
        self.into.path().join("file")
    }

    /// Does something that must leave the file as it is, and nothing beside it.
    fn unchanged<T>(&self, act: impl FnOnce() -> T) -> T {
        let before = files::sha256(&self.file());
        let done = act();
        assert_eq!(files::sha256(&self.file()), before);
        assert_eq!(files::names(self.into.path()), ["file"]);
        done
    }
}

/// Reports whether files here carry attributes; says loudly if not.
fn are_known() -> bool {
    let into = files::directory();
    let path = into.path().join("file");
    File::create(&path).unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    let set = rustix::fs::setxattr(&path, "user.sheave.test", b"x", flags);
    set.inspect_err(|error| needs::unmet("extended attributes", error))
        .is_ok()
}

#[test]
fn the_same_command_twice_is_complete_after_one_request() {
    if !are_known() {
        return;
    }
    for (query, verified) in [
        ("", "validator"),
        ("?etag=none&last-modified=1000000000", "validator"),
        ("?etag=weak&last-modified=none", "none"),
    ] {
        let published = Published::new(&format!("/synthetic/3MiB{query}"), &[]);
        for more in [
            &[][..],
            &["--no-clobber"],
            &["--exists", "verify"],
            &["--no-resume"],
        ] {
            let ran = published.unchanged(|| published.again(more)).expect(0);
            let done = ran.last_json();
            assert_eq!(done["completion"], "already_complete", "{query}: {done}");
            assert_eq!(done["verified"], verified, "{query}: {done}");
            let (requests, fetched) = (ran.number("requests"), ran.number("fetched_bytes"));
            assert_eq!((requests, fetched), (1, 0), "{query}");
            assert_eq!(ran.number("bytes"), 3 * MIB);
        }
    }
}

#[test]
fn of_several_urls_only_those_that_are_missing_are_downloaded() {
    if !are_known() {
        return;
    }
    let site = Site::synthetic(Vec::new());
    let into = files::directory();
    let directory = into.path().to_str().unwrap();
    let urls: Vec<String> = (1..=6)
        .map(|number| site.url(&format!("/synthetic/{number}MiB")))
        .collect();
    let run = |urls: &[String]| {
        let options = ["get", "-d", directory].map(str::to_owned);
        program::run(options.iter().chain(urls)).expect(0)
    };
    run(&urls[..3]);
    let ran = run(&urls);
    let told = |text: &str| ran.stderr.matches(text).count();
    assert_eq!(told("already complete ("), 3, "{ran:?}");
    assert_eq!(told(": downloading"), 3, "{ran:?}");
    assert_eq!(files::names(into.path()).len(), 6);
}

/// All empty files are alike, so that neither a record nor a validator is needed.
#[test]
fn an_empty_file_is_complete_when_the_server_has_one() {
    for query in [
        "",
        "?etag=none&last-modified=none",
        "?etag=weak&last-modified=none",
    ] {
        let published = Published::new(&format!("/synthetic/0{query}"), &[]);
        let ran = published.unchanged(|| published.again(&[])).expect(0);
        assert_eq!(ran.last_json()["completion"], "already_complete", "{query}");
        // Whoever made it.
        std::fs::remove_file(published.file()).unwrap();
        File::create(published.file()).unwrap();
        published.unchanged(|| published.again(&[])).expect(0);
        let full = published.site.url("/synthetic/1MiB");
        published
            .unchanged(|| get(&full, published.into.path(), &[]))
            .expect(8);
    }
}

#[test]
fn a_part_file_beside_a_complete_file_is_told_of_and_left() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    let into = files::directory();
    get(&url, into.path(), &[]).expect(0);
    std::fs::write(into.path().join("file.part"), "mine").unwrap();
    let digest = files::sha256(&into.path().join("file"));
    let checksum = format!("sha-256={digest}");
    let output = into.path().join("file");
    let arguments = [
        "get",
        &url,
        "--checksum",
        &checksum,
        "-o",
        output.to_str().unwrap(),
    ];
    let ran = program::run(arguments).expect(0);
    assert!(
        ran.stderr.contains("file.part beside it is left as it is"),
        "{ran:?}"
    );
    let ran = get(&url, into.path(), &["--checksum", &checksum]).expect(0);
    let left = ran.last_json()["part_left"].as_str().unwrap().to_owned();
    assert!(left.ends_with("file.part"), "{left}");
    assert_eq!(files::names(into.path()), ["file", "file.part"]);
}

#[test]
fn another_version_on_the_server_is_told_of() {
    if !are_known() {
        return;
    }
    let published = Published::new("/synthetic/1MiB", &[]);
    published.site.set_version(1);
    let ran = published.unchanged(|| published.again(&[])).expect(8);
    assert!(
        ran.stderr
            .contains("the server has another version of it; --overwrite"),
        "{ran:?}"
    );
    published.again(&["--overwrite"]).expect(0);
    let ran = published.unchanged(|| published.again(&[])).expect(0);
    assert_eq!(ran.last_json()["completion"], "already_complete");
}

#[test]
fn a_server_that_cannot_be_asked_proves_nothing() {
    if !are_known() {
        return;
    }
    for (fault, code) in [
        ("status:404,requests=2..", 4),
        ("status:503,requests=2..", 3),
        ("stall,requests=2..", 3),
        ("status:304,requests=2..", 3),
        ("status:200,body=html,requests=2..", 3),
    ] {
        let published = Published::new("/synthetic/100KiB", &[fault]);
        let more = ["--max-tries", "1", "--first-byte-timeout", "500ms"];
        let ran = published.unchanged(|| published.again(&more)).expect(code);
        let says = "the file exists, and could not be compared with the server's: ";
        assert!(ran.stderr.contains(says), "{fault}: {ran:?}");
    }
    // One failure is no answer.
    let published = Published::new("/synthetic/100KiB", &["status:503,requests=2"]);
    let ran = published.unchanged(|| published.again(&[])).expect(0);
    assert_eq!((ran.number("requests"), ran.number("retries")), (2, 1));
}

#[test]
fn a_file_in_a_coding_is_known_in_it() {
    if !are_known() {
        return;
    }
    let published = Published::new("/synthetic/1MiB", &["gzip"]);
    let ran = published.unchanged(|| published.again(&[])).expect(0);
    let done = ran.last_json();
    assert_eq!(done["completion"], "already_complete");
    assert_eq!(done["content_coding"], "gzip");
}

#[test]
fn each_answer_to_a_file_that_exists_does_what_it_says() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    for (mode, code, names) in [
        ("error", 8, &["file"][..]),
        ("skip", 0, &["file"]),
        ("verify", 8, &["file"]),
        ("overwrite", 0, &["file"]),
        ("rename", 0, &["file", "file.1", "file.2"]),
    ] {
        let into = files::directory();
        let file = into.path().join("file");
        std::fs::write(&file, "mine").unwrap();
        let before = site.requests().len();
        let ran = get(&url, into.path(), &["--exists", mode]).expect(code);
        get(&url, into.path(), &["--exists", mode]).expect(code);
        assert_eq!(files::names(into.path()), names, "{mode}");
        let is_mine = std::fs::read(&file).unwrap() == b"mine";
        assert_eq!(is_mine, mode != "overwrite", "{mode}");
        let was_asked = site.requests().len() > before;
        assert_eq!(was_asked, matches!(mode, "overwrite" | "rename"), "{mode}");
        if mode == "skip" {
            assert_eq!(ran.last_json()["completion"], "skipped");
            assert_eq!(ran.number("bytes"), 4);
        }
        if mode == "rename" {
            let path = ran.last_json()["path"].as_str().unwrap().to_owned();
            assert!(path.ends_with("/file.1"), "{path}");
        }
    }
}

#[test]
fn a_checksum_decides_even_where_files_are_skipped() {
    let into = files::directory();
    std::fs::write(into.path().join("file"), "mine").unwrap();
    let mine = files::sha256(&into.path().join("file"));
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    let zeros = "0".repeat(64);
    for (mode, digest, code) in [
        ("skip", &mine, 0),
        ("verify", &mine, 0),
        ("error", &mine, 8),
        ("skip", &zeros, 8),
        ("verify", &zeros, 8),
    ] {
        let checksum = format!("sha-256={digest}");
        let more = ["--exists", mode, "--checksum", &checksum];
        let ran = get(&url, into.path(), &more).expect(code);
        let says = format!("the file exists and has sha-256={mine}, where sha-256={zeros}");
        assert_eq!(ran.stderr.contains(&says), *digest == zeros, "{ran:?}");
    }
    assert!(site.requests().is_empty());
}

#[test]
fn what_is_no_file_is_never_replaced_and_no_option_is_named_that_would() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    for mode in ["error", "skip", "verify", "overwrite"] {
        let into = files::directory();
        let path = into.path().join("file");
        std::os::unix::net::UnixListener::bind(&path).unwrap();
        let ran = get(&url, into.path(), &["--exists", mode]).expect(8);
        let says =
            "a device, a pipe or a socket has this name, and only files are written; -o - writes";
        assert!(ran.stderr.contains(says), "{ran:?}");
        assert!(!ran.stderr.contains("--overwrite"), "{ran:?}");

        let into = files::directory();
        std::fs::create_dir(into.path().join("1MiB")).unwrap();
        let ran = program::get(&url, into.path(), &["--exists", mode]).expect(8);
        let says = "a directory has this name; -o NAME";
        assert!(ran.stderr.contains(says), "{ran:?}");

        let into = files::directory();
        let (real, path) = (into.path().join("real"), into.path().join("file"));
        std::fs::write(&real, "mine").unwrap();
        std::os::unix::fs::symlink("real", &path).unwrap();
        let code = if mode == "overwrite" { 0 } else { 8 };
        get(&url, into.path(), &["--exists", mode]).expect(code);
        assert_eq!(std::fs::read(&real).unwrap(), b"mine", "{mode}");
    }
    assert!(
        site.requests()
            .iter()
            .all(|request| request.path.contains("1MiB"))
    );
}

#[test]
fn a_download_under_a_new_name_goes_on_under_it() {
    let site = Site::synthetic(faults(&["cut:512KiB,requests=1"]));
    let into = files::directory();
    std::fs::write(into.path().join("file"), "mine").unwrap();
    let url = site.url("/synthetic/3MiB");
    let more = ["--exists", "rename", "-x", "1", "--max-tries", "1"];
    get(&url, into.path(), &more).expect(3);
    assert_eq!(
        files::names(into.path()),
        ["file", "file.1.part", "file.1.part.journal"]
    );
    let ran = get(&url, into.path(), &more).expect(0);
    assert!(ran.number("resumed_bytes") > 0, "{ran:?}");
    assert_eq!(files::names(into.path()), ["file", "file.1"]);
}

#[test]
fn a_file_system_that_keeps_no_attributes_takes_the_file_all_the_same() {
    if !strace::is_installed() {
        return;
    }
    for errno in ["EOPNOTSUPP", "ENOSPC", "EPERM", "E2BIG", "ENOSYS"] {
        let site = Site::synthetic(Vec::new());
        let into = files::directory();
        let url = site.url("/synthetic/1MiB");
        let inject = format!("inject=fsetxattr:error={errno}");
        let mut command = strace::command(&["trace=fsetxattr", &inject]);
        command
            .args(["get", &url, "-o"])
            .arg(into.path().join("file"));
        program::start_command(command).finish().expect(0);
        assert_eq!(files::names(into.path()), ["file"]);
        get(&url, into.path(), &[]).expect(8);
    }
}

#[test]
fn the_record_of_a_file_tells_nobody_where_it_is_from() {
    let published = Published::new("/synthetic/1MiB?id=hush", &[]);
    let mut record = [0; 4096];
    let read = rustix::fs::getxattr(published.file(), "user.sheave.published", &mut record[..]);
    match read {
        Ok(length) => {
            let text = String::from_utf8_lossy(&record[..length]);
            let host = published.site.url("").replace("http://", "");
            for hidden in ["hush", "synthetic", &host] {
                assert!(!text.contains(hidden), "{text}");
            }
        }
        Err(error) => needs::unmet("extended attributes", error),
    }
}
