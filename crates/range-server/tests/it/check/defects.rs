//! Owns the things that a server can do wrong, one by one, each with the rule it is found by.
//! Asserts nothing.

use super::altered::{Alter, Altered, LENGTH, Question, file};

fn is_ranged(question: &Question) -> bool {
    question.has("range")
}

pub(super) fn is_part(reply: &Altered) -> bool {
    reply.status == 206 && reply.field("content-range").is_some()
}

/// First and last position of a part, and the length it tells.
pub(super) fn content_range(reply: &Altered) -> (usize, usize, usize) {
    let field = reply
        .field("content-range")
        .unwrap()
        .strip_prefix("bytes ")
        .unwrap();
    let (range, total) = field.split_once('/').unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (
        first.parse().unwrap(),
        last.parse().unwrap(),
        total.parse().unwrap(),
    )
}

/// Each thing wrong, the level and the rule it is found by.
pub(super) const DEFECTS: &[(&str, &str, Alter)] = &[
    (
        "MUST fields-of-206",
        "a part without what caches need",
        |_, reply| {
            if reply.status == 206 {
                reply.remove("vary");
            }
        },
    ),
    (
        "MUST metadata-of-206",
        "a part without its type",
        |_, reply| {
            if is_part(reply) {
                reply.remove("content-type");
            }
        },
    ),
    (
        "MUST metadata-of-206",
        "a part of another type",
        |_, reply| {
            if is_part(reply) {
                reply.set("content-type", "text/html");
            }
        },
    ),
    (
        "MUST metadata-of-206",
        "a part with a coding",
        |_, reply| {
            if is_part(reply) {
                reply.set("content-encoding", "gzip");
            }
        },
    ),
    (
        "MUST metadata-of-206",
        "a part without its date",
        |_, reply| {
            if reply.status == 206 {
                reply.remove("last-modified");
            }
        },
    ),
    (
        "MUST fields-of-206",
        "a part without its tag",
        |_, reply| {
            if reply.status == 206 {
                reply.remove("etag");
            }
        },
    ),
    (
        "MUST fields-of-304",
        "a 304 without what caches need",
        |_, reply| {
            if reply.status == 304 {
                reply.remove("vary");
            }
        },
    ),
    (
        "MUST length-of-304",
        "a 304 with a length of its own",
        |_, reply| {
            if reply.status == 304 {
                reply.set("content-length", "0");
            }
        },
    ),
    ("MUST single-part", "surplus after a part", |_, reply| {
        if is_part(reply) {
            reply.surplus = file();
        }
    }),
    (
        "MUST single-part",
        "surplus after a part, and the end",
        |_, reply| {
            if is_part(reply) {
                reply.surplus = file();
                reply.closes = true;
            }
        },
    ),
    (
        "MUST grammar",
        "surplus after the whole",
        |question, reply| {
            if !is_ranged(question) && reply.status == 200 && question.method == "GET" {
                reply.surplus = b"more".to_vec();
            }
        },
    ),
    ("MUST grammar", "content after a 304", |_, reply| {
        if reply.status == 304 {
            reply.surplus = b"more".to_vec();
        }
    }),
    (
        "MUST content-of-head",
        "content after HEAD",
        |question, reply| {
            if question.method == "HEAD" {
                reply.surplus = file();
            }
        },
    ),
    (
        "MUST strong-tag",
        "one strong tag with a coding and without",
        |question, reply| {
            if question.field("accept-encoding") == Some("gzip") && reply.status == 200 {
                reply.become_status(200, b"coded");
                reply.set("content-encoding", "gzip");
                reply.set("etag", "\"one\"");
            } else if reply.field("etag").is_some() && !is_conditional(question) {
                reply.set("etag", "\"one\"");
            }
        },
    ),
    (
        "SHOULD fields-of-head",
        "HEAD with another tag",
        |question, reply| {
            if question.method == "HEAD" && reply.status == 200 {
                reply.set("etag", "\"other\"");
            }
        },
    ),
    (
        "MUST length-of-head",
        "HEAD with another length",
        |question, reply| {
            if question.method == "HEAD" {
                reply.set("content-length", "0");
            }
        },
    ),
    ("MUST get-and-head", "no HEAD", |question, reply| {
        if question.method == "HEAD" {
            reply.become_status(405, b"");
        }
    }),
    ("MUST single-part", "another complete length", |_, reply| {
        if is_part(reply) {
            let (first, last, _) = content_range(reply);
            reply.set(
                "content-range",
                &format!("bytes {first}-{last}/{}", LENGTH + 1),
            );
        }
    }),
    (
        "SHOULD complete-length",
        "no complete length",
        |_, reply| {
            if is_part(reply) {
                let (first, last, _) = content_range(reply);
                reply.set("content-range", &format!("bytes {first}-{last}/*"));
            }
        },
    ),
    ("SHOULD partial", "the last byte left out", |_, reply| {
        if is_part(reply) && reply.content.len() > 1 {
            let (first, last, total) = content_range(reply);
            reply.content.pop();
            let length = reply.content.len().to_string();
            reply.set("content-length", &length);
            reply.set(
                "content-range",
                &format!("bytes {first}-{}/{total}", last - 1),
            );
        }
    }),
    (
        "MUST single-part",
        "a byte less than it says",
        |_, reply| {
            if is_part(reply) && reply.content.len() > 1 {
                reply.content.pop();
                let length = reply.content.len().to_string();
                reply.set("content-length", &length);
            }
        },
    ),
    (
        "MUST single-part",
        "closed before the end of a part",
        |_, reply| {
            if is_part(reply) && reply.content.len() > 1 {
                reply.content.pop();
                reply.closes = true;
            }
        },
    ),
    (
        "MUST wrong-length",
        "closed before the end of the whole",
        |question, reply| {
            if reply.status == 200 && question.method == "GET" && is_ranged(question) {
                reply.content.pop();
                reply.closes = true;
            }
        },
    ),
    ("MUST single-part", "other bytes", |_, reply| {
        if is_part(reply) {
            reply.content[0] ^= 1;
        }
    }),
    ("SHOULD partial", "more than was asked for", |_, reply| {
        if is_part(reply) && reply.content.len() < LENGTH {
            reply.become_status(206, &file());
            reply.set("content-range", "bytes 0-1999/2000");
        }
    }),
    (
        "MUST single-part",
        "a part that does not say which",
        |_, reply| {
            if is_part(reply) {
                reply.remove("content-range");
            }
        },
    ),
    (
        "MUST single-part",
        "a part of nothing",
        |question, reply| {
            if question.field("range") == Some("bytes=-0") {
                reply.become_status(206, b"");
                reply.set("content-range", "bytes 2000-1999/2000");
            }
        },
    ),
    ("SHOULD partial", "200 with a part", |_, reply| {
        if is_part(reply) {
            reply.status = 200;
            reply.remove("content-range");
        }
    }),
    (
        "MUST multipart",
        "another boundary than it says",
        |_, reply| {
            if reply.status == 206 && !is_part(reply) {
                reply.set("content-type", "multipart/byteranges; boundary=other");
            }
        },
    ),
    ("MUST multipart", "no boundary", |_, reply| {
        if reply.status == 206 && !is_part(reply) {
            reply.set("content-type", "multipart/byteranges");
        }
    }),
    (
        "MUST range-of-many",
        "a Content-Range over several parts",
        |_, reply| {
            if reply.status == 206 && !is_part(reply) {
                reply.set("content-range", "bytes 0-9/2000");
            }
        },
    ),
    (
        "MUST range-of-a-part",
        "parts that do not say which",
        |_, reply| {
            if reply.status == 206 && !is_part(reply) {
                let text = String::from_utf8_lossy(b"Content-Range").into_owned();
                let at = find(&reply.content, text.as_bytes()).unwrap_or_else(|| {
                    find(&reply.content, b"content-range").expect("each part has one")
                });
                reply.content[at] = b'X';
            }
        },
    ),
    (
        "SHOULD type-of-a-part",
        "parts of another type",
        |_, reply| {
            if reply.status == 206 && !is_part(reply) {
                let at = find(&reply.content, b"text/plain").expect("each part has its type");
                reply.content[at..at + 4].copy_from_slice(b"xxxx");
            }
        },
    ),
    (
        "MUST parts-for-one",
        "several parts for one range",
        |question, reply| {
            if question.field("range") == Some("bytes=100-199") {
                let head =
                    "--b\r\nContent-Type: text/plain\r\nContent-Range: bytes 100-199/2000\r\n\r\n";
                let content = [head.as_bytes(), &file()[100..200], b"\r\n--b--\r\n"].concat();
                reply.become_status(206, &content);
                reply.set("content-type", "multipart/byteranges; boundary=b");
            }
        },
    ),
    ("MUST if-range", "If-Range ignored", |question, reply| {
        if question.has("if-range") && reply.status == 200 {
            reply.become_status(206, &file()[..10]);
            reply.set("content-range", "bytes 0-9/2000");
        }
    }),
    (
        "SHOULD length-of-416",
        "416 without a length",
        |_, reply| {
            if reply.status == 416 {
                reply.remove("content-range");
            }
        },
    ),
    (
        "SHOULD length-of-416",
        "416 with another length",
        |_, reply| {
            if reply.status == 416 {
                reply.set("content-range", "bytes */1999");
            }
        },
    ),
    ("SHOULD explanation", "416 with the file", |_, reply| {
        if reply.status == 416 {
            reply.content = file();
            reply.set("content-length", "2000");
        }
    }),
    (
        "MUST last-modified-ahead",
        "a date in the future",
        |question, reply| {
            if !is_conditional(question) {
                reply.set("last-modified", "Fri, 01 Jan 2100 00:00:00 GMT");
            }
        },
    ),
    ("MUST grammar", "a tag without quotes", |_, reply| {
        reply.set("etag", "range2000");
    }),
    ("MUST repeated-field", "two dates", |_, reply| {
        if let Some(date) = reply.field("date").map(ToOwned::to_owned) {
            reply.fields.push(("date".to_owned(), date));
        }
    }),
    ("SHOULD no-tag", "a date, and no tag", |_, reply| {
        reply.remove("etag");
    }),
    ("MUST date", "no Date", |_, reply| {
        reply.remove("date");
    }),
    (
        "SHOULD identity",
        "a coding that nobody accepts",
        |_, reply| {
            if reply.status != 304 && reply.status != 412 {
                reply.set("content-encoding", "gzip");
            }
        },
    ),
    ("MUST single-part", "gzip of a range", |question, reply| {
        if question.field("accept-encoding") == Some("gzip") && is_ranged(question) {
            reply.become_status(206, b"coded part");
            reply.set("content-encoding", "gzip");
            reply.set("content-range", "bytes 0-9/2000");
        }
    }),
    (
        "MUST overflow",
        "numbers that do not fit",
        |question, reply| {
            if question
                .field("range")
                .is_some_and(|range| range.len() > 20 && range.len() < 40)
            {
                reply.become_status(416, b"");
                reply.set("content-range", "bytes */2000");
            }
        },
    ),
    (
        "MUST unknown-unit",
        "another unit refused",
        |question, reply| {
            if question.field("range") == Some("items=0-1") {
                reply.become_status(416, b"");
            }
        },
    ),
    (
        "MUST range-on-head",
        "a range of HEAD",
        |question, reply| {
            if question.method == "HEAD" && is_ranged(question) {
                reply.status = 206;
            }
        },
    ),
    (
        "MUST list-syntax",
        "a space in the list",
        |question, reply| {
            if question.field("range") == Some("bytes=0-9, 500-509") {
                reply.become_status(416, b"");
                reply.set("content-range", "bytes */2000");
            }
        },
    ),
    (
        "MUST date-formats",
        "one form of dates",
        |question, reply| {
            let date = question.field("if-modified-since");
            if reply.status == 304 && date.is_some_and(|date| !date.contains("GMT")) {
                reply.become_status(200, &file());
            }
        },
    ),
    (
        "SHOULD if-modified-since",
        "If-Modified-Since ignored",
        |question, reply| {
            if question.has("if-modified-since")
                && reply.status == 304
                && !question.has("if-none-match")
            {
                reply.become_status(200, &file());
            }
        },
    ),
    ("MUST if-match", "If-Match ignored", |question, reply| {
        if question.has("if-match") && reply.status == 412 {
            reply.become_status(200, &file());
        }
    }),
    (
        "MUST if-none-match",
        "If-None-Match ignored",
        |question, reply| {
            if question.has("if-none-match") && reply.status == 304 {
                reply.become_status(200, &file());
            }
        },
    ),
    (
        "MUST get-and-head",
        "an error of the server",
        |question, reply| {
            if question.field("range") == Some("bytes=abc") {
                reply.become_status(500, b"");
            }
        },
    ),
    ("MUST get-and-head", "no reply", |question, reply| {
        reply.is_dropped = question.field("range") == Some("bytes=abc");
    }),
    (
        "MUST persistence",
        "connections that end unsaid",
        |_, reply| {
            reply.closes = true;
        },
    ),
    (
        "SHOULD close-unsaid",
        "a connection that ends unsaid",
        |question, reply| {
            reply.closes = question.field("range") == Some("bytes=0-0");
        },
    ),
    (
        "MUST length-and-coding",
        "both length and chunks",
        |question, reply| {
            if question.method == "GET" && reply.status == 200 {
                reply.set("transfer-encoding", "chunked");
                reply.content = [b"7d0\r\n".as_slice(), &file(), b"\r\n0\r\n\r\n"].concat();
            }
        },
    ),
    (
        "SHOULD delimited-by-close",
        "the end of the connection as that of the file",
        |_, reply| {
            if reply.status == 200 {
                reply.remove("content-length");
                reply.set("connection", "close");
                reply.closes = true;
            }
        },
    ),
    ("MUST grammar", "chunks that are none", |question, reply| {
        if question.field("accept-encoding") == Some("gzip") && reply.status == 200 {
            reply.remove("content-length");
            reply.set("transfer-encoding", "chunked");
            reply.content = b"no chunk\r\n".to_vec();
        }
    }),
    ("ADVICE accept-ranges", "no ranges, it says", |_, reply| {
        reply.set("accept-ranges", "none");
    }),
    (
        "ADVICE tag-changes",
        "another tag with each reply",
        |question, reply| {
            if reply.field("etag").is_some() {
                reply.set("etag", &format!("\"{}\"", question.number));
            }
        },
    ),
];

fn is_conditional(question: &Question) -> bool {
    let names = [
        "if-match",
        "if-none-match",
        "if-range",
        "if-modified-since",
        "if-unmodified-since",
    ];
    names.iter().any(|name| question.has(name))
}

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
