//! Stops a download in the middle and continues it, as a program would that was ended and started
//! again: `resume URL DIRECTORY NAME`.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::error::Error;
use std::pin::pin;
use std::time::Duration;

use accelerator::{Download, Event};

/// How often it is looked whether there is enough to be worth keeping.
const PERIOD: Duration = Duration::from_millis(10);
const ENOUGH: u64 = 4 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, directory, name] = arguments().ok_or("usage: resume URL DIRECTORY NAME")?;
    let describe = || Download::builder(&url).output(&directory, &name).build();

    let first = describe()?;
    let progress = first.progress();
    {
        let mut run = pin!(first.run());
        let mut tick = tokio::time::interval(PERIOD);
        while progress.snapshot().received.len() < ENOUGH {
            tokio::select! {
                outcome = &mut run => {
                    println!("{} bytes, before it could be stopped", outcome?.bytes);
                    return Ok(());
                }
                _ = tick.tick() => {}
            }
        }
        // The future is dropped here, which stops the download and keeps what was fetched.
    }

    let second = describe()?;
    let mut events = second.events();
    let listen = async {
        while let Some(event) = events.next().await {
            if let Event::Resuming { claimed, length } = event {
                println!("{claimed} of {length} bytes are here from an earlier run");
            }
        }
    };
    let (report, ()) = tokio::join!(second.run(), listen);
    let report = report?;
    let resumed = report.tally.resumed_bytes;
    println!("{} bytes, {resumed} of them resumed", report.bytes);
    Ok(())
}

fn arguments() -> Option<[String; 3]> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.try_into().ok()
}
