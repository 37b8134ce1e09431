//! Downloads a file, tells how far it is, and stops on Ctrl-C: `progress URL FILE`.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use accelerator::{Download, ErrorKind, Settings};

/// The time between two lines.
const PERIOD: Duration = Duration::from_millis(500);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, file] = arguments().ok_or("usage: progress URL FILE")?;
    let download = Download::new(url, file, Settings::default())?;
    let (progress, cancel) = (download.progress(), download.cancel_handle());
    let mut run = pin!(download.run());
    let mut interrupt = pin!(async {
        let heard = tokio::signal::ctrl_c().await;
        cancel.cancel();
        // A download that was cancelled ends by itself, with an error that says so.
        heard?;
        std::future::pending::<std::io::Result<()>>().await
    });
    let mut tick = tokio::time::interval(PERIOD);
    let outcome = loop {
        tokio::select! {
            outcome = &mut run => break outcome,
            unheard = &mut interrupt => unheard?,
            _ = tick.tick() => {
                let now = progress.snapshot();
                let length = now.length.map_or("?".to_owned(), |length| length.to_string());
                println!("{} of {length} bytes at {}, {:?}", now.present(), now.rate, now.phase);
            }
        }
    };
    match outcome {
        Ok(report) => println!("{} bytes, {:?}", report.bytes, report.verified),
        Err(error) if error.kind() == ErrorKind::Cancelled => {
            println!("stopped; run the same again to continue");
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

fn arguments() -> Option<[String; 2]> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.try_into().ok()
}
