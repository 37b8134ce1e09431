//! A test with a faulty server: a small client is cut off twice, and has to end up with every byte.
//! In a project of your own `main` is a test, and the client is what you have written.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use range_server::http::header::RANGE;
use range_server::synthetic::{self, Seed};
use range_server::{ByteCount, Config, Effect, Fault, Position, Server, Stop};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const LENGTH: usize = 1 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    // What a test of this kind is about: what was asked for, and how often.
    let asked = Arc::new(Mutex::new(Vec::new()));
    let sink = Arc::clone(&asked);
    let cut = Effect::Stop(Stop::Cut, Position::After(ByteCount(300_000)));
    let config = Config {
        faults: vec![Fault::on(1..=2, cut)],
        on_request: Some(Arc::new(move |record| {
            let range = record.headers.get(RANGE).cloned();
            let mut asked = sink.lock().unwrap_or_else(PoisonError::into_inner);
            asked.push(range);
        })),
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;

    let mut content = Vec::new();
    while content.len() < LENGTH {
        fetch_from(&server, &mut content).await?;
    }
    server.stop().await;

    let mut expected = vec![0; LENGTH];
    synthetic::fill(Seed::default(), 0, &mut expected);
    assert!(content == expected, "other bytes than were served");
    let asked = asked.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(asked.len(), 3, "each cut costs one request");
    for range in asked.iter().flatten() {
        println!("asked for {}", range.to_str()?);
    }
    println!("all {LENGTH} bytes are there");
    Ok(())
}

/// A client that asks for what is missing, and takes what comes.
async fn fetch_from(server: &Server, content: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    let mut stream = TcpStream::connect(server.address()).await?;
    let head = format!(
        "GET /synthetic/{LENGTH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\
         Range: bytes={}-\r\n\r\n",
        content.len()
    );
    stream.write_all(head.as_bytes()).await?;
    let mut reply = Vec::new();
    stream.read_to_end(&mut reply).await?;
    let end = reply.windows(4).position(|window| window == b"\r\n\r\n");
    let body = reply.split_off(end.ok_or("a reply without a head")? + 4);
    content.extend_from_slice(&body);
    Ok(())
}
