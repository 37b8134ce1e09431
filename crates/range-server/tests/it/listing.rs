//! The listing of a directory over the wire: what is on it, in which order, and in which form.

use std::fs;
use std::time::Duration;

use range_server::{Config, Content, Directory};

use crate::directory::{laid_out, set_age, site};
use crate::site::Site;

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
        html.contains("<a href=\"plain.txt\"><bdi>plain.txt</bdi></a></th>")
            && html.contains("<td class=\"size\">10 B</td>"),
        "{html}"
    );
    assert!(
        html.contains("<a href=\"dir/\"><bdi>dir</bdi>/</a>"),
        "{html}"
    );
    for absent in [".git", ".env", "out", "alias", "fifo", "magic"] {
        assert!(
            !html.contains(&format!("<bdi>{absent}")),
            "{absent} in {html}"
        );
    }
    let html = String::from_utf8(site.get("/dir/", &[]).content).unwrap();
    assert!(html.contains("href=\"a%20b%25c.bin\""), "{html}");
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
        "href=\"http:",
    ] {
        assert!(!page.contains(forbidden), "{forbidden} in {page}");
    }
    let links = page.split("<a href=\"").skip(1);
    let links = links.filter_map(|rest| rest.split_once('"').map(|(link, _)| link));
    let mut found: Vec<usize> = links
        .map(|link| {
            let answer = site.get(&format!("/{link}"), &[]);
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
        assert_eq!(site.get(&format!("/{url}"), &[]).status, 200, "{url}");
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

/// A program that follows links takes a listing once, and finds in it the names of files alone.
#[test]
fn a_listing_links_to_what_is_in_it_and_to_nothing_else() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let page = String::from_utf8(site.get("/", &[]).content).unwrap();
    let links = page.split("<a href=\"").skip(1);
    let links: Vec<_> = links
        .filter_map(|rest| Some(rest.split_once('"')?.0))
        .collect();
    assert_eq!(links, ["dir/", "plain.txt"]);
}

#[test]
fn programs_get_a_listing_they_can_read() {
    let outer = laid_out();
    let site = site(&outer.path().join("root"));
    let listing = site.get("/dir/", &["Accept: application/json"]);
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
        "path": "/dir/",
        "complete": true,
        "entries": [
            { "name": "a b%c.bin", "url": "a%20b%25c.bin", "directory": false, "bytes": 5,
              "modified": null }
        ],
    });
    assert_eq!(parsed, expected);
    let page = site.get("/dir/", &["Accept: text/html,application/json"]);
    assert_eq!(page.header("vary"), Some("accept"));
    assert!(page.content.starts_with(b"<!doctype html>"));
}

/// A page without validators exists all the same (RFC 9110 §13.1.1, §13.1.2).
#[test]
fn a_page_that_is_made_has_preconditions_like_any_other() {
    let outer = laid_out();
    let site = Site::start(Config {
        keep_requests: true,
        content: Content::Directory(Directory::new(outer.path().join("root"))),
        ..Config::default()
    });
    for path in ["/", "/dir/", "/.sheave/requests"] {
        for (field, status) in [
            ("If-None-Match: *", 304),
            ("If-None-Match: \"x\"", 200),
            ("If-Match: *", 200),
            ("If-Match: \"x\"", 412),
            ("If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", 200),
            ("If-Unmodified-Since: Thu, 01 Jan 1970 00:00:00 GMT", 200),
        ] {
            for method in ["GET", "HEAD"] {
                let reply = site.request(method, path, &[field]);
                assert_eq!(reply.status, status, "{method} {path} {field}");
            }
        }
        let whole = site.get(path, &[]);
        let unmodified = site.get(path, &["If-None-Match: *"]);
        for field in ["vary", "cache-control"] {
            assert_eq!(unmodified.header(field), whole.header(field), "{path}");
        }
    }
}
