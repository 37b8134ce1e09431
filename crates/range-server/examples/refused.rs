//! Faults in place of the content: a refusal, and a redirection that never ends.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;

use range_server::http::StatusCode;
use range_server::{Config, Effect, Fault, Redirect, Server};

mod client;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let busy = Effect::status(StatusCode::SERVICE_UNAVAILABLE);
    let config = Config {
        faults: vec![
            Fault::on(1..=1, busy),
            Fault::on(2..=2, Effect::Redirect(Redirect::Loop)),
        ],
        ..Config::default()
    };
    let server = Server::bind("127.0.0.1:0", config).await?;
    for expected in ["503", "302", "206"] {
        let reply = client::ask(&server, "/synthetic/1000", "bytes=0-9").await?;
        assert_eq!(reply.head.split(' ').nth(1), Some(expected));
        println!("answered {expected}, with {} bytes", reply.content.len());
    }
    server.stop().await;
    Ok(())
}
