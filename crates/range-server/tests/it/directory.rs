//! The served directory over the wire: what is served, what is not, and what changes meanwhile.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use range_server::{BindError, Config, Content, Directory, Ending, Server};
use tempfile::TempDir;

use crate::site::Site;

fn site(root: &Path) -> Site {
    Site::start(Config {
        content: Content::Directory(Directory::new(root)),
        ..Config::default()
    })
}

/// A directory `root` with one of everything, next to a secret.
fn laid_out() -> TempDir {
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

fn set_age(path: &Path, age: Duration) {
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
    assert_eq!(whole.header("content-type"), Some("text/plain"));
    assert_eq!(whole.header("x-content-type-options"), Some("nosniff"));
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
    for path in corpus.lines().filter(is_target) {
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
fn a_directory_is_listed_without_what_is_not_served() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let page = site.get("/", &[]);
    assert_eq!(page.status, 200);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'sha256-"));
    assert!(!policy.contains("unsafe"), "{policy}");
    assert_eq!(page.header("x-content-type-options"), Some("nosniff"));
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let html = String::from_utf8(page.content).unwrap();
    assert!(
        html.contains("<a href=\"/plain.txt\"><bdi>plain.txt</bdi></a></th>")
            && html.contains("<td class=\"size\">10 B</td>"),
        "{html}"
    );
    assert!(
        html.contains("<a href=\"/dir/\"><bdi>dir</bdi>/</a>"),
        "{html}"
    );
    for absent in [".git", ".env", "out", "alias", "fifo", "magic"] {
        assert!(
            !html.contains(&format!("<bdi>{absent}")),
            "{absent} in {html}"
        );
    }
    for path in ["/dir", "/dir/"] {
        let html = String::from_utf8(site.get(path, &[]).content).unwrap();
        assert!(html.contains("href=\"/dir/a%20b%25c.bin\""), "{html}");
    }
}

/// Names as bytes, each legal in a directory and each a trap for a page, a header or a log.
const HOSTILE: [&[u8]; 28] = [
    b"<script>alert(1)",
    b"\"><img src=x onerror=alert(1)>",
    b"'onmouseover='alert(1)",
    b"<!--<bdi><table>",
    b"&lt;b&gt;&amp;",
    b"{{7*7}}${7*7}",
    b"javascript:alert(1)",
    b"http:%2f%2fevil.example",
    b"a?b#c",
    b"100%",
    b"%2e%2e%2fsecret",
    b"%00",
    b"+ +",
    b";a=b",
    b"..a",
    b"a..",
    b"...",
    b"-rf",
    b" lead and trail ",
    b"tab\tand\nline\r\nSet-Cookie: a=b",
    b"\x1b]0;title\x07\x1b[2J",
    b"back\\slash",
    b"\xff\xfe not UTF-8 \xc0\xaf",
    "gpj.\u{202e}exe".as_bytes(),
    "zero\u{200b}width\u{feff}".as_bytes(),
    "e\u{301} and \u{e9}".as_bytes(),
    "CON".as_bytes(),
    &[b'a'; 255],
];

#[test]
fn files_of_hostile_names_are_listed_harmlessly_and_found_by_their_links() {
    use std::os::unix::ffi::OsStrExt;
    let root = tempfile::tempdir().unwrap();
    for (index, name) in HOSTILE.iter().enumerate() {
        let name = std::ffi::OsStr::from_bytes(name);
        fs::write(root.path().join(name), index.to_string()).unwrap();
    }
    let site = Site::start(Config {
        content: Content::Directory(Directory {
            allow_hidden: true,
            ..Directory::new(root.path())
        }),
        ..Config::default()
    });
    let page = String::from_utf8(site.get("/", &[]).content).unwrap();
    for forbidden in [
        "<script",
        "<img",
        "\u{1b}",
        "\r",
        "'on",
        "href=\"javascript:",
        "href=\"http",
    ] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
    let links = page.split("<a href=\"").skip(1);
    let links = links.filter_map(|rest| rest.split_once('"').map(|(link, _)| link));
    let mut found: Vec<usize> = links
        .filter(|link| link.starts_with('/') && !link.contains('?') && link.len() > 1)
        .map(|link| {
            let answer = site.get(link, &[]);
            assert_eq!(answer.status, 200, "{link}");
            String::from_utf8(answer.content).unwrap().parse().unwrap()
        })
        .collect();
    found.sort_unstable();
    assert!(found.into_iter().eq(0..HOSTILE.len()));

    let json = site.get("/", &["Accept: application/json"]);
    let listing: serde_json::Value = serde_json::from_slice(&json.content).unwrap();
    let entries = listing["entries"].as_array().unwrap();
    assert_eq!(entries.len(), HOSTILE.len());
    for entry in entries {
        let url = entry["url"].as_str().unwrap();
        assert_eq!(site.get(url, &[]).status, 200, "{url}");
    }
}

#[test]
fn a_listing_is_sorted_as_the_url_asks() {
    let root = tempfile::tempdir().unwrap();
    for (name, length, age) in [("a", 3, 100), ("b", 1, 300), ("c", 2, 200)] {
        let path = root.path().join(name);
        fs::write(&path, vec![0; length]).unwrap();
        set_age(&path, Duration::from_secs(age));
    }
    fs::create_dir(root.path().join("z")).unwrap();
    let site = site(root.path());
    for (query, expected) in [
        ("", "zabc"),
        ("?sort=name&order=descending", "zcba"),
        ("?sort=size&order=ascending", "zbca"),
        ("?sort=size&order=descending", "zacb"),
        ("?sort=modified&order=ascending", "zbca"),
        ("?sort=%3Cscript%3E&order=%22", "zabc"),
    ] {
        let page = site.get(&format!("/{query}"), &[]);
        let html = String::from_utf8(page.content).unwrap();
        let shown: String = html
            .split("<bdi>")
            .skip(1)
            .filter_map(|rest| rest.chars().next())
            .collect();
        assert_eq!(shown, expected, "{query}");
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
    assert!(future.header("etag").unwrap().starts_with("W/\""));
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
    assert_eq!(index.header("content-type"), Some("text/html"));
    assert_eq!(site.get("/dir/index.html", &[]).content, b"<p>index");
    let moved = site.get("/dir?a=b", &[]);
    assert_eq!(
        (moved.status, moved.header("location")),
        (307, Some("/dir/?a=b"))
    );
    for path in ["/odd/", "/linked/"] {
        let listing = site.get(path, &[]);
        assert_eq!(listing.status, 200, "{path}");
        let page = String::from_utf8(listing.content).unwrap();
        assert!(page.starts_with("<!doctype html>"), "{path}: {page}");
    }
}

#[test]
fn programs_get_a_listing_they_can_read() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let listing = site.get("/dir", &["Accept: application/json"]);
    assert_eq!(listing.header("content-type"), Some("application/json"));
    assert_eq!(listing.header("vary"), Some("accept"));
    let mut parsed: serde_json::Value = serde_json::from_slice(&listing.content).unwrap();
    let modified = parsed["entries"][0]["modified"].take();
    assert!(
        modified
            .as_str()
            .is_some_and(|stamp| stamp.len() == 20 && stamp.ends_with('Z')),
        "{modified}"
    );
    let expected = serde_json::json!({
        "url": "/dir/",
        "complete": true,
        "entries": [
            { "name": "a b%c.bin", "url": "/dir/a%20b%25c.bin", "directory": false, "bytes": 5,
              "modified": null }
        ],
    });
    assert_eq!(parsed, expected);
    let page = site.get("/dir", &["Accept: text/html,application/json"]);
    assert_eq!(page.header("vary"), Some("accept"));
    assert!(page.content.starts_with(b"<!doctype html>"));
}
