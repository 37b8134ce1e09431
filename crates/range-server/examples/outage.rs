//! Faults of the server: it is away for a while, and then back.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::time::Duration;

use range_server::{Config, Effect, Fault, Server};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let outage = Effect::Outage {
        after: Duration::ZERO,
        lasts: Duration::from_millis(300),
    };
    let config = Config {
        faults: vec![Fault::on(2.., outage)],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    let mut answered = Vec::new();
    while answered.len() < 2 || answered.last() == Some(&false) {
        let reply = client::ask(&server, "/synthetic/1000", "bytes=0-9").await?;
        assert_eq!(reply.head.is_empty(), reply.content.is_empty());
        answered.push(reply.content.len() == 10);
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(answered[0] && !answered[1]);
    println!("answered, then away, then answered again");
    server.stop().await;
    Ok(())
}
