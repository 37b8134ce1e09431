//! The memory that a hostile list takes. A test binary of its own: the kernel counts for the
//! process.
#![cfg(target_os = "linux")]
#![forbid(unsafe_code)]
#![expect(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a failed unwrap is a failed test; what the kernel counts is in a file"
)]

use std::fmt::Write as _;

use catalog::{limits, metalink};

const HEAD: &str = "<metalink xmlns='urn:ietf:params:xml:ns:metalink'>";

/// The most memory that this process had, in bytes.
fn peak() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let digits = line.unwrap().trim().strip_suffix(" kB").unwrap();
    digits.parse::<usize>().unwrap() << 10
}

/// A document of `length` bytes or few less, which repeats `content` in files with `each` of them.
fn full(length: usize, content: impl Fn(usize) -> String, each: usize) -> String {
    let mut document = String::with_capacity(length);
    document.push_str(HEAD);
    let mut count = 0;
    for file in 0.. {
        write!(document, "<file name='{file}'>").unwrap();
        for _ in 0..each {
            document.push_str(&content(count));
            count += 1;
            if document.len() + 150 > length {
                document.push_str("</file></metalink>");
                return document;
            }
        }
        document.push_str("</file>");
    }
    document
}

#[test]
fn a_list_takes_less_than_four_times_its_length() {
    let pieces =
        "<pieces type='md5' length='99999'><hash>d41d8cd98f00b204e9800998ecf8427e</hash></pieces>";
    let whole = limits::LIST_BYTES;
    let part = whole / 4;
    for document in [
        full(part, |_| "<hash type='x'/>".to_owned(), 1_000),
        full(part, |_| "<x/>".to_owned(), 60),
        full(part, |_| "&amp;".to_owned(), 1_000_000),
        full(
            part,
            |_| "<signature mediatype='a'>&#65;</signature>".to_owned(),
            1,
        ),
        full(part, |count| format!("<url>http:a{count:x}</url>"), 1),
        full(whole, |count| format!("<url>http:a{count:x}</url>"), 1_000),
        full(whole, |_| pieces.to_owned(), 1),
    ] {
        // The memory of the documents before was given back, and counts for this one.
        let before = peak();
        let outcome = metalink::read(document.as_bytes(), None);
        let taken = peak() - before;
        let told = outcome.as_ref().map(|list| list.entries.len());
        assert!(taken < 4 * document.len(), "{} MiB: {told:?}", taken >> 20);
    }
}
