//! A stranger who has a server, gives a name or looks at the machine can neither take more room
//! than is given, nor leave what nobody can use, nor lead inside, nor read a secret.

use std::io::Write;
use std::net::TcpStream;

use accelerator::{Download, Error, ErrorKind, Settings};

use crate::support::mounts::Mount;
use crate::support::program::{self, get};
use crate::support::site::Site;
use crate::support::{cut_off, files, raw, wait};

const MIB: u64 = 1 << 20;

fn endless_chunks(_: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")?;
    loop {
        stream.write_all(b"1000\r\n")?;
        stream.write_all(&[b'x'; 0x1000])?;
        stream.write_all(b"\r\n")?;
    }
}

fn endless_rest(_: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[b'x'; 1 << 14])?;
    }
}

fn endless_coding(_: &str, stream: &mut TcpStream) -> std::io::Result<()> {
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n")?;
    loop {
        stream.write_all(&[b'x'; 1 << 14])?;
    }
}

const ENDLESS: [raw::Answer; 3] = [endless_chunks, endless_rest, endless_coding];

#[test]
fn a_file_without_a_length_is_not_let_past_the_size_that_is_wanted() {
    for answer in ENDLESS {
        let into = files::directory();
        let url = format!("{}/f", raw::serve(answer));
        let ran = get(&url, into.path(), &["--max-size", "3MiB"]).expect(4);
        assert!(
            ran.stderr
                .contains("has more than the 3.00 MiB that are allowed"),
            "{ran:?}"
        );
        assert!(files::names(into.path()).is_empty(), "nothing is left");
    }
}

#[test]
fn a_length_past_the_size_that_is_wanted_takes_no_room() {
    let site = Site::synthetic(Vec::new());
    for (path, code) in [("/synthetic/3145729", 4), ("/synthetic/3145728", 0)] {
        let into = files::directory();
        get(&site.url(path), into.path(), &["--max-size", "3MiB"]).expect(code);
        assert_eq!(files::names(into.path()).is_empty(), code == 4, "{path}");
    }
}

/// No disk has so much, and from 2^63 on, no file: the length is refused however the content comes.
#[test]
fn a_length_that_no_file_can_have_is_refused_in_one_line() {
    fn absurd(head: &str, stream: &mut TcpStream) -> std::io::Result<()> {
        let (length, field) = match head.split([' ', '/']).nth(2).unwrap_or_default() {
            "plain" => (1_u64 << 63, ""),
            "coded" => (1 << 63, "Content-Encoding: gzip\r\n"),
            "large-coded" => (1 << 60, "Content-Encoding: gzip\r\n"),
            _ => (i64::MAX.unsigned_abs(), ""),
        };
        write!(
            stream,
            "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{field}\r\n"
        )?;
        stream.write_all(&[b'x'; 1 << 14])
    }
    let base = raw::serve(absurd);
    for path in ["plain", "coded", "large-coded", "largest"] {
        let into = files::directory();
        let ran = get(&format!("{base}/{path}"), into.path(), &[]).expect(7);
        assert_eq!(ran.stderr.lines().count(), 1, "{ran:?}");
        assert!(files::names(into.path()).is_empty(), "nothing is left");
    }
}

#[test]
fn a_disk_is_not_filled_by_a_file_without_a_length() {
    for answer in ENDLESS {
        let Some(mount) = Mount::in_memory("tmpfs", "size=200m") else {
            return;
        };
        let url = format!("{}/f", raw::serve(answer));
        let ran = get(&url, &mount.path(), &["-q"]).expect(7);
        assert!(ran.stderr.contains("is free"), "{ran:?}");
        assert!(files::names(&mount.path()).is_empty(), "nothing is left");
    }
}

#[test]
fn what_cannot_be_continued_is_not_left_when_it_is_stopped() {
    fn slow(_: &str, stream: &mut TcpStream) -> std::io::Result<()> {
        stream.write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")?;
        loop {
            stream.write_all(&[b'x'; 1 << 14])?;
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
    }
    let url = format!("{}/f", raw::serve(slow));
    let into = files::directory();
    let running = program::start_get(&url, into.path(), &[]);
    let part = into.path().join("f.part");
    wait::until("some bytes", || {
        std::fs::metadata(&part)
            .ok()
            .filter(|found| found.len() > 0)
    });
    running.signal(rustix::process::Signal::INT);
    running.finish().expect(130);
    assert!(files::names(into.path()).is_empty());
}

fn fetch(url: &str, settings: Settings) -> Result<(), Error> {
    let into = files::directory();
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let download = Download::new(url, into.path().join("f"), settings).unwrap();
    let ran = runtime
        .enable_all()
        .build()
        .unwrap()
        .block_on(download.run());
    assert_eq!(files::names(into.path()).is_empty(), ran.is_err());
    ran.map(drop)
}

#[test]
fn where_only_the_world_is_wanted_the_url_does_not_lead_inside_either() {
    use std::net::ToSocketAddrs;
    let site = Site::synthetic(Vec::new());
    let url = site.url("/synthetic/1MiB");
    let mut hosts = vec![
        "127.0.0.1",
        "localhost",
        "localhost.",
        "127.1",
        "0x7f000001",
    ];
    // Names of this machine that only a look-up tells.
    let named = ["ip6-localhost", "ip6-loopback", "localhost.localdomain"];
    hosts.extend(
        named
            .iter()
            .filter(|name| (**name, 80).to_socket_addrs().is_ok()),
    );
    for host in hosts {
        for allow_private in [false, true] {
            let settings = Settings {
                public_only: true,
                allow_private,
                max_tries: Some(1),
                ..Settings::default()
            };
            let error = fetch(&url.replace("127.0.0.1", host), settings).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Refused, "{host}: {error}");
            assert!(error.to_string().contains("inside this machine"), "{error}");
        }
    }
    assert!(site.requests().is_empty(), "nobody was asked");
    fetch(&url, Settings::default()).unwrap();
}

#[test]
fn a_command_line_that_everybody_reads_shows_no_secret() {
    let site = Site::synthetic(vec![cut_off::slow()]);
    let url = site.url("/synthetic/64MiB?token=hush1#hush2");
    let url = url.replace("http://", "http://hush3:hush4@");
    let into = files::directory();
    let more = [
        "--limit-rate",
        "1MiB",
        "--header",
        "X-Key: hush5",
        "--header=Y-Key: hush6",
        "--cookie",
        "id=hush7",
        "-HZ-Key: hush8",
    ];
    let running = program::start_get(&url, into.path(), &more);
    let path = format!("/proc/{}/cmdline", running.id());
    // Until it runs, the line is that of what starts it.
    let shown = wait::until("the program to run", || {
        let line = std::fs::read(&path).ok()?;
        let line = String::from_utf8_lossy(&line).into_owned();
        (line.contains("get\0") && !line.contains("hush")).then_some(line)
    });
    for kept in [
        "--header\0",
        "--header=***",
        "--limit-rate\x001MiB\0",
        "127.0.0.1",
        "64MiB?***",
    ] {
        assert!(shown.contains(kept), "{kept} in {shown}");
    }
    running.kill();
}

#[test]
fn no_complaint_about_arguments_repeats_a_secret() {
    let into = files::directory();
    let into = into.path().to_str().unwrap();
    for arguments in [
        &["u:hush@h/x"][..],
        &["http//u:hush@h/x"],
        &["get", "https://u:hush@h/x?t=hush", "--nonsense"],
        &["get", "--password=hush", "http://h/"],
        &["get", "--password", "hush", "http://h/"],
        &["get", "--token=hush", "http://h/"],
        &["get", "--netrc=hush", "http://h/"],
        &["get", "--quiet=hush", "http://h/"],
        &["get", "-uu:hush", "http://h/"],
        &["get", "--user", "u:hush", "http://h/"],
        &["get", "--header", "hush", "http://h/"],
        &["get", "--header", "a b: hush", "http://h/"],
        &["get", "--cookie", "hush", "http://h/"],
        &["get", "--proxy", "ftp://u:hush@h", "http://h/"],
        &["get", "--proxy", "http://u:hush@h:99999", "http://h/"],
        &["get", "-d", into, "Authorization: hush"],
        &["check-server", "http//u:hush@h/"],
        &["inspect", "http://u:hush@h/x.part"],
        &["serve", "--bind", "u:hush@h"],
    ] {
        let ran = program::run(arguments).expect(2);
        let said = ran.stdout + &ran.stderr;
        assert!(!said.contains("hush"), "{arguments:?}: {said}");
    }
}

#[test]
fn room_is_left_where_a_length_is_known() {
    // Of 40 MiB no more can be had than is there, less a hundredth.
    let Some(mount) = Mount::in_memory("tmpfs", "size=40m") else {
        return;
    };
    let site = Site::synthetic(Vec::new());
    let url = site.url(&format!("/synthetic/{}", 40 * MIB - (100 << 10)));
    get(&url, &mount.path(), &[]).expect(7);
    assert!(files::names(&mount.path()).is_empty());
    get(&site.url("/synthetic/39MiB"), &mount.path(), &[]).expect(0);
}

/// A journal of 16 MiB that claims every second block of a file of a tebibyte. None of it is there.
#[test]
fn a_journal_that_somebody_made_up_costs_no_more_than_its_length() {
    use range_core::block::{BlockHash, BlockIndex, BlockSize};
    use range_core::file_identity::FileIdentity;
    use range_core::http::validator::Validators;
    use range_store::journal::{Encoder, Header, SessionId};
    use std::os::unix::fs::MetadataExt;

    const TIB: u64 = 1 << 40;
    let into = files::directory();
    let part = into.path().join("f.part");
    std::fs::write(&part, "").unwrap();
    let found = std::fs::metadata(&part).unwrap();
    let header = Header {
        session: SessionId([7; 16]),
        part_file: FileIdentity {
            device: found.dev(),
            inode: found.ino(),
        },
        length: TIB,
        block_size: BlockSize::for_length(TIB),
        validators: Validators::default(),
        url: "http://127.0.0.1:1/f".to_owned(),
        digests: Vec::new(),
    };
    let (mut encoder, mut journal) = Encoder::begin(&header);
    for index in (0..header.block_size.count(TIB)).step_by(2) {
        encoder.block(BlockIndex(index), BlockHash(7), &mut journal);
    }
    assert!(journal.len() > 16 << 20, "{}", journal.len());
    std::fs::write(into.path().join("f.part.journal"), journal).unwrap();
    let started = std::time::Instant::now();
    let part = part.to_str().unwrap();
    program::run(["inspect", "--json", part]).expect(0);
    program::run(["inspect", "--json", "--verify", part]).expect(6);
    let took = started.elapsed();
    assert!(took < std::time::Duration::from_secs(30), "{took:?}");
}
