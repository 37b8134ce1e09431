//! Faults of time: a head that comes late, and content that comes slowly.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::time::{Duration, Instant};

use range_server::{BytesPerSecond, Config, Effect, Fault, Server};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let late = Effect::DelayHead(Duration::from_millis(200));
    let slow = Effect::Rate(BytesPerSecond(50_000));
    let config = Config {
        faults: vec![Fault::on(1..=1, late), Fault::on(2..=2, slow)],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    for request in 1..=3 {
        #[expect(
            clippy::disallowed_methods,
            reason = "an example may look at the clock"
        )]
        let asked = Instant::now();
        let reply = client::ask(&server, "/synthetic/20000", "bytes=0-").await?;
        assert!(reply.head.starts_with("HTTP/1.1 206 "));
        assert_eq!(reply.content.len(), 20_000);
        println!("request {request} took {} ms", asked.elapsed().as_millis());
    }
    server.stop().await;
    Ok(())
}
