//! Owns what a server can do wrong with a part, with several, and with a range it cannot give.

use super::{Defect, content_range, is_part, is_ranged};
use crate::check::altered::{LENGTH, file};

pub(super) const DEFECTS: &[Defect] = &[
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
];

fn find(text: &[u8], wanted: &[u8]) -> Option<usize> {
    text.windows(wanted.len())
        .position(|window| window == wanted)
}
