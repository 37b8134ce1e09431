//! Owns what is done to a server over plain connections by clients that mean it harm, or do not
//! know better. Judges nothing.

use std::io::Result;
use std::sync::Arc;
use std::time::Duration;

use fastrand::Rng;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::wire::{Target, arrival};

/// Longest request head the server reads, nearly.
const LONG: usize = 30_000;

/// Faults that hold up, slow down, or send without end.
const FAULTS: &[&str] = &[
    "stall",
    "stall:1000",
    "delay:1m",
    "first-byte:1m",
    "drip-head:1s",
    "rate:1",
    "bucket:1,quantum=60",
    "crowd-rate:1,above=0",
    "connection-cap:0",
    "connection-cap:1,excess=stall",
    "endless-head",
    "interim:10000",
    "surplus:1GiB",
    "overlong:1GiB",
    "gzip",
    "outage:1s",
    "redirect:loop",
    "redirect:once",
    "content-length:chunked",
    "error-page",
    "no-such-fault",
];

/// Does one thing after another, for ever.
pub(crate) async fn go_on(target: Arc<Target>, mut rng: Rng) {
    sleep(arrival(&mut rng)).await;
    loop {
        let patience = Duration::from_millis(rng.u64(100..60_000));
        // However it ends, by the server's doing or by its own, the next begins.
        let _ended = timeout(patience, misbehave(&target, &mut rng)).await;
        sleep(Duration::from_millis(rng.u64(10..500)) + 50 * target.rest).await;
    }
}

async fn misbehave(target: &Target, rng: &mut Rng) -> Result<()> {
    let mut stream = target.connect_narrow().await?;
    match rng.u8(0..13) {
        0 => until_closed(&mut stream).await,
        1 => drip(&mut stream, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Drip: ").await,
        2 => {
            ask(&mut stream, "/synthetic/8EiB", "").await?;
            read_slowly(&mut stream).await
        }
        3 => {
            ask(&mut stream, "/synthetic/8EiB", "").await?;
            read_nothing(&mut stream).await
        }
        4 => {
            ask(&mut stream, "/synthetic/8EiB", "").await?;
            stream.shutdown().await?;
            sleep(Duration::from_mins(1)).await;
            Ok(())
        }
        5 => {
            ask(&mut stream, "/synthetic/1", "").await?;
            until_closed(&mut stream).await
        }
        6 | 7 => faulty(&mut stream, rng).await,
        // A digest takes a core for as long as its client waits.
        8 if target.rest.is_zero() || rng.u8(..) < 25 => {
            let path = format!("/synthetic/16GiB?seed={}", rng.u64(..));
            ask(&mut stream, &path, "Want-Repr-Digest: sha-256=1\r\n").await?;
            sleep(Duration::from_millis(rng.u64(0..3000))).await;
            Ok(())
        }
        9 => {
            let method = if rng.bool() { "GET" } else { "HEAD" };
            let request = format!("{method} /many/ HTTP/1.1\r\nHost: localhost\r\n\r\n");
            stream.write_all(request.as_bytes()).await?;
            read_nothing(&mut stream).await
        }
        10 => {
            let request = "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";
            stream.write_all(request.repeat(1000).as_bytes()).await?;
            read_slowly(&mut stream).await
        }
        11 => long(&mut stream, rng).await,
        _ => {
            let head = "POST /file HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n";
            drip(&mut stream, head).await
        }
    }
}

async fn ask(stream: &mut TcpStream, path: &str, fields: &str) -> Result<()> {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    stream.write_all(request.as_bytes()).await
}

/// One fault, or a few at once, of a file or of what is made up, under a URL of its own.
async fn faulty(stream: &mut TcpStream, rng: &mut Rng) -> Result<()> {
    let content = ["/file", "/synthetic/8EiB", "/synthetic/1000"];
    let content = content[rng.usize(..content.len())];
    let padding = "a".repeat(rng.usize(0..LONG));
    let mut path = format!("{content}?id={}{padding}", rng.u64(..));
    if content == "/file" {
        path = format!("/{padding}{}?", rng.u64(..));
    }
    for _ in 0..rng.u8(1..3) {
        path.push_str("&fault=");
        path.push_str(FAULTS[rng.usize(..FAULTS.len())]);
    }
    ask(stream, &path, "").await?;
    if rng.bool() {
        stream.shutdown().await?;
    }
    if rng.bool() {
        read_slowly(stream).await
    } else {
        read_nothing(stream).await
    }
}

/// Requests as long as they may be, none like another, and what comes of them unread.
async fn long(stream: &mut TcpStream, rng: &mut Rng) -> Result<()> {
    let padding = "b".repeat(LONG);
    for _ in 0..50 {
        let number = rng.u64(..);
        let range = (0..64).map(|at| format!("{}-{0}", at * 1000));
        let range = range.collect::<Vec<_>>().join(",");
        let fields = format!("Range: bytes={range}\r\nX-Forwarded-For: {number}\r\n");
        let padding = &padding[fields.len()..];
        ask(stream, &format!("/{number}?{padding}"), &fields).await?;
    }
    read_slowly(stream).await
}

/// A byte a second after a beginning.
async fn drip(stream: &mut TcpStream, beginning: &str) -> Result<()> {
    stream.write_all(beginning.as_bytes()).await?;
    loop {
        sleep(Duration::from_secs(1)).await;
        stream.write_all(b"x").await?;
    }
}

async fn until_closed(stream: &mut TcpStream) -> Result<()> {
    let mut bytes = [0; 4096];
    while stream.read(&mut bytes).await? > 0 {}
    Ok(())
}

async fn read_slowly(stream: &mut TcpStream) -> Result<()> {
    let mut bytes = [0; 512];
    while stream.read(&mut bytes).await? > 0 {
        sleep(Duration::from_millis(500)).await;
    }
    Ok(())
}

/// Sends now and then, so that it learns of its end.
async fn read_nothing(stream: &mut TcpStream) -> Result<()> {
    loop {
        sleep(Duration::from_secs(2)).await;
        stream.write_all(b"\r\n").await?;
    }
}
