//! Faults of the content: another version of the file, and a byte that is damaged.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;

use range_server::{Config, Effect, Fault, Server, Version};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let config = Config {
        faults: vec![
            Fault::on(2..=2, Effect::Version(Version(1))),
            Fault::on(3..=3, Effect::Corrupt(500)),
        ],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    let first = client::ask(&server, "/synthetic/1000", "bytes=0-").await?;
    let newer = client::ask(&server, "/synthetic/1000", "bytes=0-").await?;
    let tag = |head: &str| {
        head.lines()
            .find(|line| line.starts_with("ETag: "))
            .map(str::to_owned)
    };
    assert!(tag(&first.head) != tag(&newer.head) && first.content != newer.content);
    println!("the second reply is of another version, and says so");
    let damaged = client::ask(&server, "/synthetic/1000", "bytes=0-").await?;
    assert_eq!(tag(&first.head), tag(&damaged.head));
    let differ = first
        .content
        .iter()
        .zip(&damaged.content)
        .filter(|(a, b)| a != b);
    println!(
        "the third differs in {} byte, and says nothing",
        differ.count()
    );
    server.stop().await;
    Ok(())
}
