//! Servers and environments as users of other programs have reported them: heads, redirects, files
//! and variables. docs/faults.md says where.

use std::io::Write;
use std::net::TcpStream;
use std::process::Command;

use range_server::{Effect, Fault};

use crate::support::program::{self, Ran, get};
use crate::support::site::Site;
use crate::support::{files, raw};

const LENGTH: usize = 300 << 10;

fn body() -> Vec<u8> {
    files::bytes(5, LENGTH)
}

/// A reply to a range, or to none, with more fields in front of those that matter.
fn reply(head: &str, stream: &mut TcpStream, more: &[u8]) -> std::io::Result<()> {
    let body = body();
    let (first, last) = raw::range(head, LENGTH).unwrap_or((0, LENGTH - 1));
    let (last, length) = (last.min(LENGTH - 1), last.min(LENGTH - 1) + 1 - first);
    stream.write_all(b"HTTP/1.1 206 Partial Content\r\n")?;
    stream.write_all(more)?;
    write!(
        stream,
        "Content-Range: bytes {first}-{last}/{LENGTH}\r\nContent-Length: {length}\r\n\
         ETag: \"one\"\r\n\r\n"
    )?;
    stream.write_all(&body[first..=last])
}

fn refuse(stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
}

fn redirect(stream: &mut TcpStream, fields: &[u8]) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 302 Found\r\nContent-Length: 0\r\n")?;
    stream.write_all(fields)?;
    stream.write_all(b"\r\n")
}

fn has(head: &str, line: &str) -> bool {
    head.lines().any(|own| own.eq_ignore_ascii_case(line))
}

fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}

/// Fetches, and checks that the file is right.
fn arrives(url: &str, more: &[&str]) -> Ran {
    let into = files::directory();
    let output = into.path().join("f");
    let mut command = Command::new(program::path());
    command.args(["get", url, "-o"]).arg(&output).args(more);
    let ran = program::start_command(command).finish().expect(0);
    assert!(std::fs::read(output).unwrap() == body(), "{ran:?}");
    ran
}

pub(crate) fn fails(url: &str, more: &[&str], code: i32, said: &str) -> Ran {
    let into = files::directory();
    let ran = get(url, into.path(), more).expect(code);
    assert!(ran.stderr.contains(said), "{said:?} {ran:?}");
    ran
}

#[test]
fn cookies_of_redirects_are_given_back_where_they_are_for() {
    let answers: [(raw::Answer, &[&str]); 4] = [
        // To the same URL.
        (
            |head, stream| {
                if has(head, "cookie: ok=1") {
                    return reply(head, stream, b"");
                }
                redirect(
                    stream,
                    b"Location: /f\r\nSet-Cookie: ok=1; Path=/; HttpOnly\r\n",
                )
            },
            &[],
        ),
        (
            |head, stream| match path(head) {
                "/f" => redirect(stream, b"Location: /gate/2\r\nSet-Cookie: a=1; Path=/\r\n"),
                "/gate/2" if has(head, "cookie: a=1") => redirect(
                    stream,
                    b"Location: /real\r\nSet-Cookie: a=2; Path=/\r\n\
                      Set-Cookie: b=3; Path=/real\r\n",
                ),
                "/real" if has(head, "cookie: b=3; a=2") => reply(head, stream, b""),
                _ => refuse(stream),
            },
            &[],
        ),
        (
            |head, stream| match path(head) {
                "/f" if has(head, "cookie: mine=1; old=1") => {
                    redirect(stream, b"Location: /real\r\nSet-Cookie: old=2\r\n")
                }
                "/real" if has(head, "cookie: mine=1; old=2") => reply(head, stream, b""),
                _ => refuse(stream),
            },
            &["--cookie", "mine=1; old=1"],
        ),
        (
            |head, stream| match path(head) {
                "/f" => redirect(
                    stream,
                    b"Location: /real\r\nSet-Cookie: no=1; Path=/elsewhere\r\n\
                      Set-Cookie: no=1; Secure\r\nSet-Cookie: no=1; Domain=example.com\r\n",
                ),
                "/real" if !head.contains("no=1") => reply(head, stream, b""),
                _ => refuse(stream),
            },
            &[],
        ),
    ];
    for (answer, more) in answers {
        arrives(&format!("{}/f", raw::serve(answer)), more);
    }
}

#[test]
fn twenty_redirects_are_followed_whatever_their_bytes() {
    let url = raw::serve(|head, stream| match path(head) {
        "/caf%C3%A9/20%20and%20more" => reply(head, stream, b""),
        "/hop/19" => redirect(stream, "Location: /caf\u{e9}/20 and more\r\n".as_bytes()),
        other => {
            let hop: u32 = other.rsplit('/').next().unwrap().parse().unwrap();
            redirect(
                stream,
                format!("Location: ../hop/{}\r\n", hop + 1).as_bytes(),
            )
        }
    });
    arrives(&format!("{url}/hop/0"), &[]);
    let latin = raw::serve(|head, stream| match path(head) {
        "/%E9" => reply(head, stream, b""),
        _ => redirect(stream, b"Location: /\xe9\r\n"),
    });
    arrives(&format!("{latin}/f"), &[]);
    let endless = raw::serve(|_, stream| redirect(stream, b"Location: /f\r\n"));
    fails(&format!("{endless}/f"), &[], 4, "circle");
}

#[test]
fn a_redirect_that_asks_for_a_pause_gets_it() {
    let url = raw::serve(|head, stream| match path(head) {
        "/real" => reply(head, stream, b""),
        _ => redirect(stream, b"Location: /real\r\nRetry-After: 1\r\n"),
    });
    let before = std::time::Instant::now();
    arrives(&format!("{url}/f"), &[]);
    assert!(before.elapsed() >= std::time::Duration::from_secs(1));
    // Longer than a request may be silent: left, and followed when it is met again.
    let url = raw::serve(|head, stream| match path(head) {
        "/real" => reply(head, stream, b""),
        _ => redirect(stream, b"Location: /real\r\nRetry-After: 2\r\n"),
    });
    arrives(&format!("{url}/f"), &["--stall-timeout", "2s"]);
    assert!(before.elapsed() >= std::time::Duration::from_secs(3));
}

#[test]
fn harmless_headers_follow_a_redirect_to_another_origin() {
    let there = Site::synthetic(Vec::new());
    let target = there.url("/synthetic/1MiB");
    let fault = Fault::always(Effect::RedirectTo(target.parse().unwrap()));
    let here = Site::synthetic(vec![fault.at("/f")]);
    let into = files::directory();
    let more = [
        "User-Agent: Mozilla/5.0",
        "Accept-Language: de",
        "Referer: https://site.example/page?token=secret",
        "X-Token: secret",
        "Authorization: Bearer secret",
    ];
    let more: Vec<&str> = more
        .into_iter()
        .flat_map(|line| ["--header", line])
        .collect();
    get(&here.url("/f"), into.path(), &more).expect(0);
    let told = here.requests();
    assert_eq!(told[0].header("x-token"), Some("secret"));
    for request in there.requests() {
        assert_eq!(request.header("user-agent"), Some("Mozilla/5.0"));
        assert_eq!(request.header("accept-language"), Some("de"));
        // Read over https, and not told to who is not.
        for name in ["referer", "x-token", "authorization", "cookie"] {
            assert_eq!(request.header(name), None, "{name}");
        }
    }
}

#[test]
fn fields_that_make_no_sense_are_none() {
    let heads: [raw::Answer; 9] = [
        |head, stream| {
            reply(
                head,
                stream,
                b"<b>Warning</b>: mkdir(): File exists in /srv/x.php on line 3\r\n",
            )
        },
        |head, stream| reply(head, stream, b"Not A Name: x\r\nX-Meta[0]: y\r\n"),
        |head, stream| reply(head, stream, b"Vary : Accept\r\nX-Note\t: x\r\n"),
        |head, stream| reply(head, stream, b"Set-Cookie: a=\x7f\x01b\r\n"),
        |head, stream| reply(head, stream, b"X-Folded: a\r\n\tb\r\n  c\r\n"),
        |head, stream| reply(head, stream, b": nameless\r\n"),
        |head, stream| reply(head, stream, b"X-No-Colon\r\n"),
        |head, stream| reply(head, stream, b"X-Note: caf\xe9 \xb3\xc9\r\n"),
        |head, stream| {
            let many: Vec<u8> = (0..3000)
                .flat_map(|n| format!("X-{n}: {n}\r\n").into_bytes())
                .collect();
            reply(head, stream, &many)
        },
    ];
    for answer in heads {
        arrives(&format!("{}/f", raw::serve(answer)), &["--max-tries", "1"]);
    }
}

#[test]
fn what_frames_a_message_has_to_make_sense() {
    let heads: [raw::Answer; 5] = [
        |head, stream| reply(head, stream, b"Content-Length: 7\r\n"),
        |head, stream| reply(head, stream, b"Content-Length: 12\r\n 34\r\n"),
        |head, stream| reply(head, stream, b"Content-Length : 5x\r\n"),
        |head, stream| reply(head, stream, b"Transfer-Encoding: gzip\r\n"),
        |head, stream| reply(head, stream, b"Transfer-Encoding : x-gzip, chunked\r\n"),
    ];
    for (number, answer) in heads.into_iter().enumerate() {
        let into = files::directory();
        let url = format!("{}/f", raw::serve(answer));
        let ran = get(&url, into.path(), &["--max-tries", "2"]);
        assert!(
            !matches!(ran.code, Some(0 | 1 | 101) | None),
            "{number}: {ran:?}"
        );
        assert!(!into.path().join("f").exists(), "{number}");
    }
}

#[test]
fn a_file_of_cookies_is_sent_to_the_hosts_it_names() {
    let private = raw::serve(|head, stream| {
        if has(head, "cookie: session=abc") {
            reply(head, stream, b"")
        } else {
            refuse(stream)
        }
    });
    let kept = files::directory();
    let file = kept.path().join("cookies.txt");
    let jar = "# Netscape HTTP Cookie File\r\n\r\n\
               #HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsession\tabc\r\n\
               127.0.0.1\tFALSE\t/\tTRUE\t0\tsecure\tno\r\n\
               .other.example\tTRUE\t/\tFALSE\t0\tother\tno\r\n";
    std::fs::write(&file, jar).unwrap();
    let path = file.to_str().unwrap();
    for argument in [format!("@{path}"), path.to_owned()] {
        arrives(&format!("{private}/f"), &["--cookie", &argument]);
    }
    for (content, said) in [
        ("[{\"name\": \"session\"}]", "Netscape"),
        ("<html>", "Netscape"),
        ("# a comment", "Netscape"),
        ("abc", "Netscape"),
    ] {
        std::fs::write(&file, content).unwrap();
        fails(
            &format!("{private}/f"),
            &["--cookie", &format!("@{path}")],
            2,
            said,
        );
    }
}

#[test]
fn a_login_that_is_not_spoken_is_named() {
    let digest = raw::serve(|_, stream| {
        stream.write_all(
            b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest realm=\"x\", nonce=\"y\"\r\n\
              Content-Length: 0\r\n\r\n",
        )
    });
    let url = format!("{digest}/f").replace("http://", "http://me:hush@");
    let ran = fails(&url, &[], 4, "Digest");
    assert!(!ran.stderr.contains("hush"), "{ran:?}");
}

#[test]
fn a_network_that_wants_a_login_is_not_taken_for_the_server() {
    let portal = raw::serve(|_, stream| {
        stream.write_all(
            b"HTTP/1.1 511 Network Authentication Required\r\nContent-Type: text/html\r\n\
              Content-Length: 4\r\n\r\n<p>\n",
        )
    });
    let ran = fails(
        &format!("{portal}/f"),
        &["--max-tries", "1"],
        3,
        "open any page",
    );
    assert!(!ran.stderr.contains("the server's; ask"), "{ran:?}");
}

#[test]
fn a_page_in_place_of_an_archive_is_saved_with_a_warning() {
    let page = raw::serve(|_, stream| {
        stream.write_all(
            b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 20\r\n\r\n\
              <html>log in</html>\n",
        )
    });
    for (path, is_told) in [("/data.zip", true), ("/m.gguf?a=b", true), ("/uc", false)] {
        let into = files::directory();
        let ran = get(&format!("{page}{path}"), into.path(), &[]).expect(0);
        assert_eq!(ran.stderr.contains("a page of HTML"), is_told, "{ran:?}");
        assert_eq!(ran.stdout.contains("\"warning\""), is_told, "{ran:?}");
    }
}

#[test]
fn a_directory_in_place_of_a_file_or_none_is_named() {
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    let into = files::directory();
    let there = into.path().join("there");
    std::fs::create_dir(&there).unwrap();
    let nowhere = into.path().join("nowhere");
    for (more, code, said) in [
        (["-o".into(), there.clone()], 2, "is a directory"),
        (["-o".into(), nowhere.join("x")], 7, "nowhere"),
        (["-d".into(), nowhere.clone()], 7, "nowhere"),
    ] {
        let mut command = Command::new(program::path());
        command.args(["get", &url]).args(&more);
        let ran = program::start_command(command).finish().expect(code);
        assert!(ran.stderr.contains(said), "{ran:?}");
    }
    assert_eq!(files::names(into.path()), ["there"]);
}

#[test]
fn a_file_over_the_limit_is_refused_before_it_takes_room() {
    let stated = raw::serve(|head, stream| reply(head, stream, b""));
    let whole = raw::serve(|_, stream| {
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {LENGTH}\r\n\r\n"
        )?;
        stream.write_all(&body())
    });
    let endless = raw::serve(|_, stream| {
        stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
        loop {
            stream.write_all(b"1000\r\n")?;
            stream.write_all(&[0; 0x1000])?;
            stream.write_all(b"\r\n")?;
        }
    });
    for (url, is_stated) in [(stated.clone(), true), (whole, true), (endless, false)] {
        let into = files::directory();
        let ran = get(&format!("{url}/f"), into.path(), &["--max-size", "299KiB"]).expect(4);
        assert!(ran.stderr.contains("299 KiB"), "{ran:?}");
        assert!(!into.path().join("f").exists());
        assert!(
            !is_stated || files::names(into.path()).is_empty(),
            "{ran:?}"
        );
    }
    arrives(&format!("{stated}/f"), &["--max-size", "300KiB"]);
}
