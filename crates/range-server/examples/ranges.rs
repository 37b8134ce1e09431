//! Faults of ranges: another range than was asked for, and none at all.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;

use range_server::{ByteCount, Config, Effect, Fault, Server};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config {
        faults: vec![
            Fault::on(1..=1, Effect::StartEarlier(ByteCount(10))),
            Fault::on(2..=2, Effect::IgnoreRange),
        ],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    let early = client::ask(&server, "/synthetic/1000", "bytes=100-199").await?;
    assert!(early.head.contains("Content-Range: bytes 90-"));
    println!("asked for 100-199, got what begins at 90");
    let whole = client::ask(&server, "/synthetic/1000", "bytes=100-199").await?;
    assert!(whole.head.starts_with("HTTP/1.1 200 ") && whole.content.len() == 1000);
    println!("asked for 100 bytes, got all {}", whole.content.len());
    server.stop().await;
    Ok(())
}
