//! Stops a download in the middle and continues it, as a program would that was ended and started
//! again: `resume URL FILE`.
#![expect(clippy::print_stdout, reason = "an example talks to a terminal")]

use std::convert::Infallible;
use std::error::Error;
use std::time::Duration;

use accelerator::{Download, Event, Settings};

/// The time between two looks at whether there is enough to be worth keeping.
const PERIOD: Duration = Duration::from_millis(10);
const ENOUGH: u64 = 4 << 20;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [url, file] = arguments().ok_or("usage: resume URL FILE")?;
    let describe = || Download::new(&url, &file, Settings::default());

    let first = describe()?;
    let (progress, cancel) = (first.progress(), first.cancel_handle());
    let stop_when_enough = async {
        let mut tick = tokio::time::interval(PERIOD);
        while progress.snapshot().received.len() < ENOUGH {
            tick.tick().await;
        }
        cancel.cancel();
        std::future::pending::<Infallible>().await
    };
    // Once it has returned, the part file is nobody's, and another run can have it.
    let outcome = tokio::select! {
        outcome = first.run() => outcome,
        never = stop_when_enough => match never {},
    };
    match outcome {
        Ok(report) => {
            println!("{} bytes, before it could be stopped", report.bytes);
            return Ok(());
        }
        Err(error) if error.is_resumable() => println!("stopped: {error}"),
        Err(error) => return Err(error.into()),
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

fn arguments() -> Option<[String; 2]> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    arguments.try_into().ok()
}
