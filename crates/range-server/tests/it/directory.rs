//! The served directory over the wire: what is served, what is not, and what changes meanwhile.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use range_server::{BindError, Config, Content, Directory, Ending, Server};
use tempfile::TempDir;

use crate::site::Site;

pub(crate) fn site(root: &Path) -> Site {
    Site::start(Config {
        content: Content::Directory(Directory::new(root)),
        ..Config::default()
    })
}

/// A directory `root` with one of everything, next to a secret.
pub(crate) fn laid_out() -> TempDir {
    let outer = tempfile::tempdir().unwrap();
    let root = outer.path().join("root");
    fs::create_dir_all(root.join("dir")).unwrap();
    fs::create_dir_all(root.join(".git")).unwrap();
    fs::create_dir_all(outer.path().join("root-private")).unwrap();
    for (name, content) in [
        ("secret", "secret"),
        ("root-private/secret", "secret"),
        ("root/plain.txt", "0123456789"),
        ("root/dir/a b%c.bin", "inner"),
        ("root/.git/config", "secret"),
        ("root/.env", "secret"),
    ] {
        fs::write(outer.path().join(name), content).unwrap();
    }
    symlink("../secret", root.join("out")).unwrap();
    symlink("..", root.join("up")).unwrap();
    symlink("/proc/self/root", root.join("magic")).unwrap();
    symlink("plain.txt", root.join("alias")).unwrap();
    let fifo = rustix_fifo(&root.join("fifo"));
    assert!(fifo, "mkfifo works");
    outer
}

fn rustix_fifo(path: &Path) -> bool {
    std::process::Command::new("mkfifo")
        .arg(path)
        .status()
        .is_ok_and(|status| status.success())
}

pub(crate) fn set_age(path: &Path, age: Duration) {
    let file = File::options().write(true).open(path).unwrap();
    file.set_modified(SystemTime::now() - age).unwrap();
}

#[test]
fn files_are_served_by_range() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let whole = site.get("/plain.txt", &[]);
    assert_eq!(
        (whole.status, whole.content.as_slice()),
        (200, b"0123456789".as_slice())
    );
    assert_eq!(
        whole.header("content-type"),
        Some("text/plain; charset=utf-8")
    );
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
    let policy = whole.header("cross-origin-resource-policy");
    assert_eq!(policy, Some("same-origin"));
    let part = site.get("/plain.txt?query=ignored", &["Range: bytes=2-4"]);
    assert_eq!(
        (part.status, part.content.as_slice()),
        (206, b"234".as_slice())
    );
    assert_eq!(part.header("content-range"), Some("bytes 2-4/10"));
    let escaped = site.get("/dir/a%20b%25c.bin", &[]);
    assert_eq!(
        (escaped.status, escaped.content.as_slice()),
        (200, b"inner".as_slice())
    );
    assert_eq!(site.get("/synthetic/3", &[]).status, 200);
}

#[test]
fn nothing_else_is_reachable() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let corpus = include_str!("../../../../tests/corpora/traversal.txt");
    let is_target = |line: &&str| line.starts_with('/');
    assert!(corpus.lines().filter(is_target).count() > 80);
    let (inside, outside) = corpus.split_once("# From here on: 404.").unwrap();
    for path in inside.lines().filter(is_target) {
        assert_eq!(site.get(path, &[]).status, 200, "{path}");
    }
    for path in outside.lines().filter(is_target) {
        let answer = site.get(path, &[]);
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            !answer.content.windows(6).any(|window| window == b"secret"),
            "{path}"
        );
    }
    let long = format!("/{}", "a".repeat(300));
    assert_eq!(site.get(&long, &[]).status, 404);
}

#[test]
fn hidden_files_and_links_are_served_where_allowed() {
    let outer = laid_out();
    let directory = Directory {
        allow_hidden: true,
        allow_symlinks: true,
        ..Directory::new(outer.path().join("root"))
    };
    let site = Site::start(Config {
        content: Content::Directory(directory),
        ..Config::default()
    });
    assert_eq!(site.get("/.git/config", &[]).status, 200);
    assert_eq!(site.get("/alias", &[]).content, b"0123456789");
    for path in ["/out", "/up/secret", "/magic/etc/passwd", "/../secret"] {
        assert_eq!(site.get(path, &[]).status, 404, "{path}");
    }
}

#[test]
fn validators_tell_versions_apart_and_no_more_than_that() {
    let outer = laid_out();
    let path = outer.path().join("root/plain.txt");
    let site = site(&outer.path().join("root"));
    let tag = || {
        site.get("/plain.txt", &[])
            .header("etag")
            .unwrap()
            .to_owned()
    };

    set_age(&path, Duration::ZERO);
    assert!(tag().starts_with("W/\""), "a second change could go unseen");
    set_age(&path, Duration::from_mins(1));
    let settled = tag();
    assert!(settled.starts_with('"'), "{settled}");
    assert_eq!(tag(), settled);
    fs::write(&path, "9876543210").unwrap();
    set_age(&path, Duration::from_secs(59));
    assert_ne!(tag(), settled);

    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_hours(1))
        .unwrap();
    let future = site.get("/plain.txt", &[]);
    assert_eq!(future.header("last-modified"), future.header("date"));
    let ahead = tag();
    assert!(
        ahead.starts_with('"'),
        "a change would set the time to now: {ahead}"
    );
    assert_eq!(tag(), ahead);
    fs::write(&path, "9876543210").unwrap();
    assert_ne!(tag(), ahead);
}

/// Longer than all socket buffers on the way, so that most of it is unsent when a client pauses.
const LONG: u64 = 256 << 20;

/// Starts to fetch a long file, lets `change` happen to it, and returns how the response ended.
fn change_while_sent(change: impl FnOnce(&Path)) -> (bool, Ending) {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("long");
    File::create(&path).unwrap().set_len(LONG).unwrap();
    set_age(&path, Duration::from_mins(1));
    let site = site(root.path());
    let mut client = site.connect();
    client.send("GET", "/long", &["Connection: close"]);
    let mut received = 1024;
    client.stream.read_exact(&mut [0; 1024]).unwrap();
    change(&path);
    let mut chunk = vec![0; 1 << 20];
    while let Ok(count @ 1..) = client.read(&mut chunk) {
        received += u64::try_from(count).unwrap();
    }
    let ending = site.next_record().ending;
    assert_eq!(
        site.get("/synthetic/1", &[]).status,
        200,
        "the server lives on"
    );
    (received >= LONG, ending)
}

#[test]
fn a_file_that_shrinks_while_it_is_sent_aborts_the_connection() {
    let shrink = |path: &Path| {
        File::options()
            .write(true)
            .open(path)
            .unwrap()
            .set_len(4096)
            .unwrap();
    };
    assert_eq!(change_while_sent(shrink), (false, Ending::Failed));
}

#[test]
fn a_file_that_is_rewritten_while_it_is_sent_aborts_the_connection() {
    let rewrite = |path: &Path| set_age(path, Duration::ZERO);
    assert_eq!(change_while_sent(rewrite), (false, Ending::Failed));
}

#[test]
fn a_file_that_grows_while_it_is_sent_is_sent_as_announced() {
    let grow = |path: &Path| {
        let file = File::options().write(true).open(path).unwrap();
        file.set_len(LONG + 4096).unwrap();
    };
    assert_eq!(change_while_sent(grow), (true, Ending::Complete));
}

/// Not when all of it has gone over the wire.
#[test]
fn a_change_is_noticed_early() {
    let root = tempfile::tempdir().unwrap();
    let path = root.path().join("long");
    File::create(&path).unwrap().set_len(LONG).unwrap();
    set_age(&path, Duration::from_mins(1));
    let site = site(root.path());
    let mut client = site.connect();
    client.send("GET", "/long", &["Connection: close"]);
    client.stream.read_exact(&mut [0; 1024]).unwrap();
    set_age(&path, Duration::ZERO);
    let _ = client.stream.read_to_end(&mut Vec::new());
    let record = site.next_record();
    assert_eq!(record.ending, Ending::Failed);
    assert!(record.why.unwrap().contains("changed"));
    assert!(record.sent.0 < LONG / 2, "{}", record.sent.0);
}

#[test]
fn a_file_that_is_replaced_or_removed_while_it_is_sent_is_sent_to_its_end() {
    assert_eq!(
        change_while_sent(|path| fs::remove_file(path).unwrap()),
        (true, Ending::Complete)
    );
}

#[test]
fn a_directory_that_is_not_there_cannot_be_served() {
    let root = tempfile::tempdir().unwrap();
    let missing = root.path().join("missing");
    let content = Content::Directory(Directory::new(&missing));
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let config = Config {
        content,
        ..Config::default()
    };
    let bound = runtime.block_on(Server::bind("127.0.0.1:0", config));
    assert!(matches!(bound, Err(BindError::Root { root, .. }) if root == missing));
}

#[test]
fn an_index_stands_for_its_directory() {
    let outer = laid_out();
    let root = outer.path().join("root");
    fs::write(root.join("dir/index.html"), "<p>index").unwrap();
    fs::create_dir_all(root.join("odd/index.html")).unwrap();
    fs::create_dir(root.join("linked")).unwrap();
    symlink("../../secret", root.join("linked/index.html")).unwrap();
    let site = site(&root);
    let index = site.get("/dir/", &["Range: bytes=3-"]);
    assert_eq!(
        (index.status, index.content.as_slice()),
        (206, b"index".as_slice())
    );
    assert_eq!(
        index.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    assert_eq!(site.get("/dir/index.html", &[]).content, b"<p>index");
    let moved = site.get("/dir?a=b", &[]);
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some("./dir/?a=b"))
    );
    for path in ["/odd/", "/linked/"] {
        let listing = site.get(path, &[]);
        assert_eq!(listing.status, 200, "{path}");
        let page = String::from_utf8(listing.content).unwrap();
        assert!(page.starts_with("<!doctype html>"), "{path}: {page}");
    }
}
