//! Coded forms of a file, and digests of what is sent.

use std::fs::{self, File};
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use range_server::{Config, Content, Directory};
use sha2::{Digest, Sha256, Sha512};
use tempfile::TempDir;

use crate::site::{Answer, Site, content};

fn write(path: &Path, bytes: &[u8], age: u64) {
    fs::write(path, bytes).unwrap();
    let file = File::options().write(true).open(path).unwrap();
    let modified = SystemTime::now() - Duration::from_secs(age);
    file.set_modified(modified).unwrap();
}

/// A file with a coded form for gzip and Brotli, one that is outdated for Zstandard.
fn laid_out() -> TempDir {
    let root = tempfile::tempdir().unwrap();
    write(&root.path().join("a.txt"), b"as it is", 100);
    write(&root.path().join("a.txt.gz"), b"gzipped", 100);
    write(&root.path().join("a.txt.br"), b"brotli!", 50);
    write(&root.path().join("a.txt.zst"), b"outdated", 200);
    write(&root.path().join("b.txt"), b"alone", 100);
    symlink("a.txt.gz", root.path().join("b.txt.gz")).unwrap();
    root
}

fn site(root: &Path, precompressed: bool) -> Site {
    Site::start(Config {
        content: Content::Directory(Directory {
            precompressed,
            ..Directory::new(root)
        }),
        ..Config::default()
    })
}

#[test]
fn coded_forms_go_to_who_accepts_them() {
    let root = laid_out();
    let site = site(root.path(), true);
    let get =
        |path: &str, accepted: &str| site.get(path, &[&format!("Accept-Encoding: {accepted}")]);
    let mut tags = Vec::new();
    for (accepted, expected, coding) in [
        ("gzip", "gzipped", Some("gzip")),
        ("gzip, deflate, br, zstd", "brotli!", Some("br")),
        ("zstd", "as it is", None),
        ("identity;q=1, *;q=0", "as it is", None),
        ("gzip;q=0", "as it is", None),
    ] {
        let answer = get("/a.txt", accepted);
        assert_eq!(answer.content, expected.as_bytes(), "{accepted}");
        assert_eq!(answer.header("content-encoding"), coding, "{accepted}");
        let media_type = answer.header("content-type");
        assert_eq!(media_type, Some("text/plain; charset=utf-8"));
        assert_eq!(answer.header("vary"), Some("accept-encoding"), "{accepted}");
        tags.push(answer.header("etag").unwrap().to_owned());
    }
    assert!(tags[0] != tags[1] && tags[1] != tags[2] && tags[0] != tags[2]);
    assert_eq!(tags[2], tags[3], "one form has one tag");
    let range = site.get("/a.txt", &["Accept-Encoding: gzip", "Range: bytes=1-3"]);
    assert_eq!((range.status, &range.content[..]), (206, &b"zip"[..]));
    assert_eq!(range.header("content-range"), Some("bytes 1-3/7"));
    let if_none_match = format!("If-None-Match: {}", tags[0]);
    let known = site.get("/a.txt", &["Accept-Encoding: gzip", &if_none_match]);
    assert_eq!(known.status, 304);
    assert_eq!(known.header("vary"), Some("accept-encoding"));
    assert_eq!(site.get("/a.txt", &[&if_none_match]).status, 200);
    let alone = get("/b.txt", "gzip");
    assert_eq!(
        (&alone.content[..], alone.header("vary")),
        (&b"alone"[..], None)
    );
    let itself = get("/a.txt.gz", "gzip");
    assert_eq!(itself.header("content-encoding"), None);
}

#[test]
fn coded_forms_are_files_like_others_unless_told() {
    let root = laid_out();
    let site = site(root.path(), false);
    let answer = site.get("/a.txt", &["Accept-Encoding: gzip, br"]);
    assert_eq!(answer.content, b"as it is");
    assert_eq!(answer.header("vary"), None);
}

fn sha_256(bytes: &[u8]) -> String {
    format!("sha-256=:{}:", STANDARD.encode(Sha256::digest(bytes)))
}

fn digests(answer: &Answer) -> (Option<&str>, Option<&str>) {
    (
        answer.header("repr-digest"),
        answer.header("content-digest"),
    )
}

#[test]
fn digests_are_of_the_representation_and_of_what_is_sent() {
    let site = Site::start(Config::default());
    let path = "/synthetic/1MB";
    let whole = sha_256(&content(0, 1_000_000));
    let part = sha_256(&content(10, 20));
    let repr = "Want-Repr-Digest: sha-256=5";
    let message = "Want-Content-Digest: sha-512=0, sha-256=1";
    for (method, fields, expected) in [
        ("GET", &[][..], (None, None)),
        ("GET", &[repr], (Some(&*whole), None)),
        ("GET", &[repr, message], (Some(&*whole), Some(&*whole))),
        (
            "GET",
            &[repr, message, "Range: bytes=10-19"],
            (Some(&*whole), Some(&*part)),
        ),
        ("GET", &[message, "Range: bytes=0-9,500-509"], (None, None)),
        ("GET", &[repr, "Range: bytes=2000000-"], (None, None)),
        ("HEAD", &[repr, message], (Some(&*whole), None)),
        ("GET", &["Want-Repr-Digest: md5=10"], (None, None)),
    ] {
        let answer = site.request(method, path, fields);
        assert_eq!(digests(&answer), expected, "{method} {fields:?}");
    }
    let answer = site.get(path, &["Want-Repr-Digest: sha-256=1, sha-512=2"]);
    let sha_512 = STANDARD.encode(Sha512::digest(content(0, 1_000_000)));
    assert_eq!(
        answer.header("repr-digest"),
        Some(&*format!("sha-512=:{sha_512}:"))
    );
}

#[test]
fn a_file_is_hashed_once_for_as_long_as_it_is_the_same() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("a");
    let site = site(root.path(), false);
    let digest = || {
        let answer = site.get("/a", &["Want-Repr-Digest: sha-256=1"]);
        answer.header("repr-digest").map(str::to_owned)
    };
    write(&path, b"one", 100);
    let modified = fs::metadata(&path).unwrap().modified().unwrap();
    assert_eq!(digest(), Some(sha_256(b"one")));
    // What nobody can notice shows that nothing was read again.
    fs::write(&path, b"two").unwrap();
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(modified).unwrap();
    assert_eq!(digest(), Some(sha_256(b"one")));
    write(&path, b"two", 50);
    assert_eq!(digest(), Some(sha_256(b"two")));
    // Too young for its time to tell: hashed each time.
    fs::write(&path, b"six").unwrap();
    assert_eq!(digest(), Some(sha_256(b"six")));
    fs::write(&path, b"ten").unwrap();
    assert_eq!(digest(), Some(sha_256(b"ten")));
}
