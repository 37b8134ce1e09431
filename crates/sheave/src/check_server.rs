//! Owns `sheave check-server`: how a server did with the conformance table, for people, for
//! programs and for CI. Asks and judges nothing itself.

mod json;
mod junit;
mod people;
mod waiting;

use std::path::Path;
use std::time::Duration;

use range_server::check::{self, CheckError, Level};

use crate::exit_code::Exit;
use crate::printer;
use crate::report;
use crate::settings::CheckSettings;
use crate::signal::{Patience, Stop};
use waiting::Waiting;

/// Nothing is kept, so nothing has to be finished.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_secs(1),
    last_words: "stopped while a server was checked",
    reloads: false,
};

/// The file for CI cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}", path.display())]
struct NotWritten<'a> {
    path: &'a Path,
    source: std::io::Error,
}

/// Checks one server.
pub(crate) async fn run(mut settings: CheckSettings, mut stop: Stop) -> Exit {
    let waiting = Waiting::new(settings.terminal);
    settings.options.on_question = Some(waiting.listener());
    let mut ticks = tokio::time::interval(waiting.interval());
    // The first comes at once.
    ticks.tick().await;
    let mut checking = std::pin::pin!(check::check(&settings.url, &settings.options));
    let checked = loop {
        tokio::select! {
            checked = &mut checking => break checked,
            () = stop.requested() => return Exit::Interrupted,
            _ = ticks.tick() => waiting.show(),
        }
    };
    drop(waiting);
    let report = match checked {
        Ok(report) => report,
        Err(error) => {
            let advice = if let CheckError::NotServed(401) = error {
                "; --header @FILE sends a line Authorization: ..."
            } else if let CheckError::Unreachable(_) = error {
                "; check the host, the port and the network"
            } else {
                ""
            };
            let what = format!("{}: {error}{advice}", settings.place);
            return report::refused(exit_of(&error), &what, settings.json);
        }
    };
    if settings.json {
        printer::data(json::object(&report));
    } else {
        people::show(&report, settings.verbose);
    }
    if let Some(path) = &settings.junit
        && let Err(source) = write(path, &junit::text(&report))
    {
        return printer::failure(Exit::Disk, &NotWritten { path, source });
    }
    let breaks_a_must = report
        .findings()
        .any(|(_, finding)| finding.level() == Level::Must);
    if report.gone.is_some() {
        Exit::Network
    } else if breaks_a_must {
        Exit::Deviates
    } else {
        Exit::Success
    }
}

fn write(path: &Path, text: &str) -> std::io::Result<()> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a report for another program, which is told where it failed"
    )]
    std::fs::write(path, text)
}

fn exit_of(error: &CheckError) -> Exit {
    match error {
        CheckError::Url
        | CheckError::Certificates
        | CheckError::OfQuestions { .. }
        | CheckError::Field => Exit::Usage,
        CheckError::Unreachable(_) => Exit::Network,
        CheckError::NotServed(_) | CheckError::Redirect { .. } | CheckError::TooShort => {
            Exit::Refused
        }
        CheckError::Changing => Exit::Changed,
        _ => Exit::Internal,
    }
}
