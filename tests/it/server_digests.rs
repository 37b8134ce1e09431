//! Digests that servers claim in the fields of their replies: right, wrong, and of something else.

use std::io::Write;
use std::net::TcpStream;

use base64::Engine as _;
use sha2::{Digest, Sha256};

use crate::support::program::{self, Ran};
use crate::support::{files, raw};

const LENGTH: usize = 1 << 20;
const SEED: u64 = 3;

fn content() -> Vec<u8> {
    files::bytes(SEED, LENGTH)
}

fn base64(bytes: &[u8]) -> String {
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn sha256(bytes: &[u8]) -> String {
    base64(&Sha256::digest(bytes))
}

/// Replies with the part that is asked for, and these fields.
fn reply(
    head: &str,
    stream: &mut TcpStream,
    fields: impl Fn(&[u8]) -> String,
) -> std::io::Result<()> {
    let all = content();
    let (status, place, body) = match raw::range(head, LENGTH) {
        Some((first, last)) => {
            let place = format!("content-range: bytes {first}-{last}/{LENGTH}\r\n");
            ("206 Partial Content", place, &all[first..=last])
        }
        None => ("200 OK", String::new(), &all[..]),
    };
    let fields = fields(body);
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\netag: \"1\"\r\n{place}{fields}\r\n"
    )?;
    stream.write_all(body)
}

fn serve(fields: impl Fn(&[u8]) -> String + Send + Sync + 'static) -> String {
    raw::serve_at("127.0.0.1", move |head, stream| {
        reply(head, stream, &fields)
    })
}

fn get(url: &str, more: &[&str]) -> (Ran, tempfile::TempDir) {
    let into = files::directory();
    let ran = program::get(&format!("{url}/f"), into.path(), more);
    (ran, into)
}

#[test]
fn a_claim_is_compared_with_the_file() {
    let right = sha256(&content());
    let wrong = sha256(b"");
    let hex = files::hex(&Sha256::digest(content()));
    for (field, value, verified) in [
        ("repr-digest", format!("sha-256=:{right}:"), "server-digest"),
        ("x-checksum-sha256", hex.clone(), "server-digest"),
        (
            "docker-content-digest",
            format!("sha256:{hex}"),
            "server-digest",
        ),
        ("repr-digest", format!("sha-256=:{wrong}:"), ""),
        ("x-checksum-sha256", "0".repeat(64), ""),
        // An entity tag is never a digest, and nor is what nobody can read.
        ("x-etag", "0".repeat(32), "validator"),
        ("repr-digest", "sha-256=nonsense".to_owned(), "validator"),
    ] {
        let line = format!("{field}: {value}\r\n");
        let url = serve(move |_| line.clone());
        let (ran, into) = get(&url, &[]);
        if verified.is_empty() {
            let ran = ran.expect(6);
            assert!(
                ran.stderr.contains("the server says that it has"),
                "{field}: {ran:?}"
            );
            assert!(ran.stderr.contains("--no-server-digest"), "{ran:?}");
            assert_eq!(files::names(into.path()), ["f.part", "f.part.journal"]);
            let (ran, _) = get(&url, &["--no-server-digest"]);
            assert_eq!(ran.expect(0).last_json()["verified"], "validator");
            // The user's own word goes before the server's.
            let (ran, _) = get(&url, &["--checksum", &hex]);
            assert_eq!(ran.expect(0).last_json()["verified"], "digest");
        } else {
            let end = ran.expect(0).last_json();
            assert_eq!(end["verified"], verified, "{field}: {end}");
            let from = end["digest_from"].as_str();
            assert_eq!(
                from,
                (verified == "server-digest").then_some("server"),
                "{end}"
            );
        }
    }
}

/// `Digest` is of the file by its RFC, and of the part by what some servers make of it.
#[test]
fn what_may_be_of_a_part_alone_is_not_believed() {
    let of_part = serve(|body| format!("digest: SHA-256={}\r\n", sha256(body)));
    let (ran, _) = get(&of_part, &[]);
    assert_eq!(ran.expect(0).last_json()["verified"], "validator");
    // Of the whole file in one reply it is believed.
    let whole = sha256(&content());
    let in_one = raw::serve_at("127.0.0.1", move |_, stream| {
        reply("", stream, |_| format!("digest: SHA-256={whole}\r\n"))
    });
    let (ran, _) = get(&in_one, &[]);
    assert_eq!(ran.expect(0).last_json()["verified"], "server-digest");
}

#[test]
fn replies_that_contradict_each_other_claim_nothing() {
    let url = serve(|body| format!("repr-digest: sha-256=:{}:\r\n", sha256(body)));
    let (ran, _) = get(&url, &["-x", "4"]);
    ran.expect(0);
}

/// A redirect says what the file is; whoever it leads to need not.
#[test]
fn a_redirect_claims_as_well() {
    for (digest, code) in [(sha256(&content()), 0), (sha256(b""), 6)] {
        let target = serve(|_| String::new());
        let url = raw::serve_at("127.0.0.1", move |_, stream| {
            write!(
                stream,
                "HTTP/1.1 302 Found\r\nlocation: {target}/f\r\ndigest: SHA-256={digest}\r\n\
                 content-length: 0\r\n\r\n"
            )
        });
        let (ran, _) = get(&url, &[]);
        let ran = ran.expect(code);
        if code == 0 {
            assert_eq!(ran.last_json()["verified"], "server-digest", "{ran:?}");
        }
    }
}
