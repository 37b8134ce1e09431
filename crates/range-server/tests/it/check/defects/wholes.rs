//! Owns what a server can do wrong with whole files, conditions, `HEAD` and connections.

use super::{Defect, is_ranged};
use crate::check::altered::{Question, file};

pub(super) const DEFECTS: &[Defect] = &[
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
    ("MUST if-range", "If-Range ignored", |question, reply| {
        if question.has("if-range") && reply.status == 200 {
            reply.become_status(206, &file()[..10]);
            reply.set("content-range", "bytes 0-9/2000");
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
