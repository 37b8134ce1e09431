//! Faults of framing: a length that is too long, and bytes after the end.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;

use range_server::http::HeaderValue;
use range_server::{ByteCount, Config, ContentLength, Effect, Fault, Server};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let stated = ContentLength::Stated(HeaderValue::from_static("2000"));
    let config = Config {
        faults: vec![
            Fault::on(1..=1, Effect::ContentLength(stated)),
            Fault::on(2..=2, Effect::Surplus(ByteCount(10))),
        ],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    let short = client::ask(&server, "/synthetic/1000", "bytes=0-").await?;
    assert!(short.head.contains("Content-Length: 2000\r\n"));
    println!("announced 2000 bytes, sent {}", short.content.len());
    let long = client::ask(&server, "/synthetic/1000", "bytes=0-").await?;
    assert!(long.head.contains("Content-Length: 1000\r\n"));
    println!("announced 1000 bytes, sent {}", long.content.len());
    server.stop().await;
    Ok(())
}
