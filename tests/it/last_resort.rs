//! The request that a browser would send is the last one to be tried, and always is: whatever a
//! server does to a range at first contact, fresh or with a part of the file here.

mod server;

use std::io::Write;
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::{files, program, raw};
use server::{LENGTH, Refusal, Server, all, body, gone, part};

/// The whole blocks that an earlier run has fetched.
const EARLIER: u64 = 512 << 10;

/// Several at once: most of the time is spent waiting.
fn each<T: Send + Sync>(all: &[T], test: impl Fn(&T) + Sync) {
    program::path();
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::SeqCst)) {
                    test(one);
                }
            });
        }
    });
}

#[test]
fn a_status_of_any_kind_for_a_range_leads_to_the_whole_file() {
    let statuses = (400..=417).chain(421..=431).chain([451]).chain(500..=511);
    let statuses: Vec<u16> = statuses.chain([201, 202, 204, 300, 304]).collect();
    each(&statuses, |&status| {
        for ending in ["", "Connection: close\r\n"] {
            let refuse = move |_: usize, _: &str, stream: &mut TcpStream| {
                let length = if matches!(status, 204 | 304) {
                    ""
                } else {
                    "Content-Length: 2\r\n"
                };
                write!(stream, "HTTP/1.1 {status} No\r\n{length}{ending}\r\n")?;
                if !length.is_empty() {
                    stream.write_all(b"no")?;
                }
                if ending.is_empty() { Ok(()) } else { gone() }
            };
            let server = Server::start(refuse, |stream| all(stream, "200 OK", &body()));
            server.arrives(&[], &format!("{status} {ending:?}"));
        }
    });
}

#[test]
fn whatever_else_becomes_of_a_range_leads_to_the_whole_file() {
    let refusals: [(&str, Refusal); 18] = [
        ("closed at once", |_| gone()),
        ("closed in the head", |stream| {
            stream.write_all(b"HTTP/1.1 206 Partial Content\r\nETag: \"o")?;
            gone()
        }),
        ("closed after the head", |stream| {
            stream.write_all(
                b"HTTP/1.1 206 Partial Content\r\nETag: \"one\"\r\nContent-Length: 1048576\r\n\
                  Content-Range: bytes 0-1048575/1048576\r\n\r\n",
            )?;
            gone()
        }),
        ("silent", |_| {
            std::thread::sleep(Duration::from_secs(30));
            gone()
        }),
        ("no HTTP", |stream| {
            stream.write_all(b"SSH-2.0-OpenSSH_9.2\r\n")?;
            gone()
        }),
        ("no place", |stream| {
            all(stream, "206 Partial Content", b"abc")
        }),
        ("coded", |stream| {
            let fields = "206 OK\r\nContent-Range: bytes 0-2/3\r\nContent-Encoding: gzip";
            all(stream, fields, b"abc")
        }),
        ("several parts", |stream| {
            let fields = "206 OK\r\nContent-Type: multipart/byteranges; boundary=x";
            all(stream, fields, b"--x\r\n\r\nabc\r\n--x--\r\n")
        }),
        ("another start", |stream| {
            all(stream, "206 OK\r\nContent-Range: bytes 7-9/1048576", b"abc")
        }),
        ("no total", |stream| {
            all(
                stream,
                "206 OK\r\nContent-Range: bytes 0-1048575/*",
                &body(),
            )
        }),
        ("nothing", |stream| {
            all(stream, "206 OK\r\nContent-Range: bytes */1048576", b"")
        }),
        ("another unit", |stream| {
            all(stream, "206 OK\r\nContent-Range: items 0-1/2", b"ab")
        }),
        ("contradictory", |stream| {
            all(
                stream,
                "206 OK\r\nContent-Range: bytes 0-99/1048576",
                b"abc",
            )
        }),
        ("a transfer coding", |stream| {
            stream
                .write_all(b"HTTP/1.1 206 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n")
        }),
        ("a circle", |stream| {
            all(stream, "302 Round\r\nLocation: /f", b"")
        }),
        ("a redirect to nowhere", |stream| {
            all(stream, "302 Off", b"")
        }),
        ("an empty file", |stream| all(stream, "200 OK", b"")),
        ("a page", |stream| {
            all(
                stream,
                "500 Oops\r\nContent-Type: text/html",
                b"<html>Range?</html>",
            )
        }),
    ];
    each(&refusals, |&(what, refuse)| {
        // One kind that only bytes without a head need not be retried for long.
        Server::refusing(refuse).arrives(&["--first-byte-timeout", "1s"], what);
    });
}

#[test]
fn every_success_that_carries_the_whole_file_is_taken() {
    let heads = [
        "200 OK",
        "201 Created",
        "203 Non-Authoritative Information",
        "208 Already Reported",
        "218 This is fine",
        "226 IM Used",
        "299 Sure",
        "206 Partial Content",
        "206 Partial Content\r\nContent-Range: bytes 0-1048575/1048576",
        "206 Partial Content\r\nContent-Range: bytes 0-1048575/*",
        "206 Partial Content\r\nContent-Range: bytes=0-1048575/1048576",
        "206 Partial Content\r\nContent-Range: bytes: 0-1048575/1048576",
        "206 Partial Content\r\nContent-Range: BYTES  0 - 1048575 / 1048576",
        "206 Partial Content\r\nContent-Range: 0-1048575/1048576",
        "206 Partial Content\r\nContent-Range: bytes 0-1048576/1048576",
        "206 Partial Content\r\nContent-Range: bytes 1-1048576/1048576",
        "206 Partial Content\r\nContent-Range: bytes 0-1048575",
        "206 Partial Content\r\nContent-Range: bytes */1048576",
        "206 Partial Content\r\nContent-Range: bytes */*",
        "200 OK\r\nContent-Range: bytes 0-1048575/1048576",
        "200 OK\r\nContent-Range: bytes 0-1048575/*",
        "200 OK\r\nContent-Range: bytes */1048576",
        "200 OK\r\nContent-Range: bytes 0-499/1048576",
        "200 OK\r\nContent-Range: nonsense",
    ];
    each(&heads, |&head| {
        for always in [true, false] {
            // It knows no ranges, and says the same to whatever it is asked.
            let to_a_range = move |_: usize, _: &str, stream: &mut TcpStream| {
                let head = if always { head } else { "405 No\r\nAllow: GET" };
                all(stream, head, &body())
            };
            let server = Server::start(to_a_range, move |stream| all(stream, head, &body()));
            server.refuses.store(true, Ordering::SeqCst);
            let into = files::directory();
            let ran = server.get(into.path(), &[]);
            assert_eq!(ran.code, Some(0), "{head} {ran:?}");
            let found = std::fs::read(into.path().join("f")).unwrap();
            assert!(found == body(), "{head} {ran:?}");
        }
    });
}

#[test]
fn a_length_beside_identity_ends_the_content() {
    let url = raw::serve_at("127.0.0.1", |_, stream| {
        all(stream, "200 OK\r\nTransfer-Encoding: identity", &body())
    });
    let into = files::directory();
    let ran = program::get(&format!("{url}/f"), into.path(), &[]).expect(0);
    assert!(
        std::fs::read(into.path().join("f")).unwrap() == body(),
        "{ran:?}"
    );
    assert!(
        ran.last_json()["elapsed_s"].as_f64().unwrap() < 15.0,
        "{ran:?}"
    );
}

#[test]
fn a_part_is_never_taken_for_the_whole_file() {
    let heads = [
        "206 Partial Content\r\nContent-Range: bytes 0-524287/1048576",
        "206 Partial Content\r\nContent-Range: bytes 524288-1048575/1048576",
        "206 Partial Content\r\nContent-Range: bytes=0-524287/1048576",
        "206 Partial Content\r\nContent-Range: bytes 524288-1048575/*",
        "206 Partial Content\r\nContent-Range: bytes 0-524287/1048576\r\n\
         Content-Range: bytes 0-524287/1048577",
        "206 Partial Content\r\nContent-Type: multipart/byteranges; boundary=x",
        "200 OK\r\nContent-Range: bytes 0-524287/1048576",
        "202 Accepted",
        "204 No Content",
    ];
    each(&heads, |&head| {
        let to_a_range = |_: usize, _: &str, stream: &mut TcpStream| all(stream, "404 No", b"");
        let half = &body()[..LENGTH / 2];
        let half: Vec<u8> = if head.starts_with("204") {
            Vec::new()
        } else {
            half.into()
        };
        let server = Server::start(to_a_range, move |stream| all(stream, head, &half));
        for is_resumed in [false, true] {
            let into = files::directory();
            server.refuses.store(!is_resumed, Ordering::SeqCst);
            if is_resumed {
                server.interrupted(into.path());
            }
            let ran = server.get(into.path(), &[]);
            assert!(matches!(ran.code, Some(3 | 4)), "{head} {ran:?}");
            assert!(!into.path().join("f").exists(), "{head} {ran:?}");
            if is_resumed {
                assert_eq!(ran.last_json()["resumable"], true, "{head} {ran:?}");
            }
        }
    });
}

#[test]
fn where_the_whole_file_is_refused_too_what_was_fetched_is_kept() {
    for status in [401, 403, 404, 410, 416, 451, 500, 503] {
        let no = move |stream: &mut TcpStream| all(stream, &format!("{status} No"), b"");
        let server = Server::start(move |_, _, stream| no(stream), no);
        let into = files::directory();
        server.interrupted(into.path());
        let ran = server.get(into.path(), &[]);
        assert_eq!(server.plain.load(Ordering::SeqCst), 1, "{ran:?}");
        assert_eq!(ran.code, Some(if status < 500 { 4 } else { 3 }), "{ran:?}");
        assert!(ran.stderr.contains(&status.to_string()), "{ran:?}");
        server.refuses.store(false, Ordering::SeqCst);
        let honest = Server::start(|_, head, stream| part(head, stream, LENGTH), |_| gone());
        honest.refuses.store(true, Ordering::SeqCst);
        let ran = honest
            .get(into.path(), &["--checksum", &checksum()])
            .expect(0);
        assert!(ran.number("resumed_bytes") >= EARLIER, "{ran:?}");
    }
}

fn checksum() -> String {
    let kept = files::directory();
    let path = kept.path().join("whole");
    std::fs::write(&path, body()).unwrap();
    format!("sha-256={}", files::sha256(&path))
}

#[test]
fn an_outage_costs_nothing_that_was_fetched() {
    // Back by the time of the plain request, ranges included.
    let refuse = |number, head: &str, stream: &mut TcpStream| match number {
        0..=2 => all(stream, "503 Soon", b""),
        _ => part(head, stream, LENGTH),
    };
    let server = Server::start(refuse, |stream| all(stream, "200 OK", &body()));
    let into = files::directory();
    server.interrupted(into.path());
    let ran = server.get(into.path(), &["-x", "1"]).expect(0);
    assert!(ran.number("resumed_bytes") >= EARLIER, "{ran:?}");
    assert!(
        std::fs::read(into.path().join("f")).unwrap() == body(),
        "{ran:?}"
    );
}

#[test]
fn a_link_that_works_once_is_used_for_the_whole_file() {
    let is_used = AtomicBool::new(false);
    let give = move |stream: &mut TcpStream| {
        if is_used.swap(true, Ordering::SeqCst) {
            return all(stream, "410 Gone", b"");
        }
        all(stream, "200 OK", &body())
    };
    let refuse = |_: usize, _: &str, stream: &mut TcpStream| all(stream, "400 No ranges", b"");
    let server = Server::start(refuse, give);
    server.refuses.store(true, Ordering::SeqCst);
    let into = files::directory();
    server.get(into.path(), &[]).expect(0);
    assert_eq!(server.ranged.load(Ordering::SeqCst), 1);
}

#[test]
fn a_suggested_name_is_had_without_ranges_too() {
    let server = Server::start(
        |_, _, stream| all(stream, "500 Oops", b""),
        |stream| {
            all(
                stream,
                "200 OK\r\nContent-Disposition: attachment; filename=named",
                &body(),
            )
        },
    );
    server.refuses.store(true, Ordering::SeqCst);
    let into = files::directory();
    let ran = program::get(&server.url, into.path(), &["--content-disposition"]).expect(0);
    assert_eq!(files::names(into.path()), ["named"], "{ran:?}");
    let asked = [&server.ranged, &server.plain].map(|count| count.load(Ordering::SeqCst));
    assert_eq!(asked, [3, 1]);
}

#[test]
fn silence_before_the_first_byte_has_a_patience_of_its_own() {
    let pause = || std::thread::sleep(Duration::from_secs(4));
    let before_the_head = move |_: usize, head: &str, stream: &mut TcpStream| {
        pause();
        part(head, stream, LENGTH)
    };
    let before_the_body = move |_: usize, head: &str, stream: &mut TcpStream| {
        let (first, last) = raw::range(head, LENGTH).unwrap();
        write!(
            stream,
            "HTTP/1.1 206 OK\r\nContent-Range: bytes {first}-{last}/{LENGTH}\r\nETag: \"one\"\r\n\
             Content-Length: {}\r\n\r\n",
            last + 1 - first
        )?;
        pause();
        stream.write_all(&body()[first..=last])
    };
    let servers = [
        Server::start(before_the_head, |_| gone()),
        Server::start(before_the_body, |_| gone()),
    ];
    each(&servers, |server| {
        server.refuses.store(true, Ordering::SeqCst);
        let into = files::directory();
        let ran = server
            .get(into.path(), &["--stall-timeout", "1s", "-x", "1"])
            .expect(0);
        assert!(
            std::fs::read(into.path().join("f")).unwrap() == body(),
            "{ran:?}"
        );
        assert_eq!(server.ranged.load(Ordering::SeqCst), 1, "{ran:?}");
    });
}

#[test]
fn who_never_answers_is_given_up_with_a_word_on_how_to_wait_longer() {
    let silent = |_: &str, _: &mut TcpStream| {
        std::thread::sleep(Duration::from_mins(2));
        gone()
    };
    let url = raw::serve_at("127.0.0.1", silent);
    let into = files::directory();
    let began = Instant::now();
    let more = ["--first-byte-timeout", "1s"];
    let ran = program::get(&format!("{url}/f"), into.path(), &more).expect(3);
    assert!(began.elapsed() < Duration::from_secs(20), "{ran:?}");
    for word in [
        "not begun to answer",
        "--first-byte-timeout",
        "2 failed requests",
    ] {
        assert!(ran.stderr.contains(word), "{word}: {ran:?}");
    }
    // In the middle it is another one.
    let url = raw::serve_at("127.0.0.1", |head, stream| {
        let (first, last) = raw::range(head, LENGTH).unwrap_or((0, LENGTH - 1));
        write!(
            stream,
            "HTTP/1.1 206 OK\r\nContent-Range: bytes {first}-{last}/{LENGTH}\r\nETag: \"one\"\r\n\
             Content-Length: {}\r\n\r\n",
            last + 1 - first
        )?;
        stream.write_all(b"a")?;
        std::thread::sleep(Duration::from_mins(2));
        gone()
    });
    let more = ["--stall-timeout", "1s", "--max-tries", "2"];
    let ran = program::get(&format!("{url}/f"), into.path(), &more).expect(3);
    assert!(ran.stderr.contains("--stall-timeout"), "{ran:?}");
}
