//! Owns `sheave get`: settings into downloads, one after another. Knows nothing of how a download
//! works or looks.

use std::time::Duration;

use accelerator::{Download, Error, Settings};

use crate::exit_code::Exit;
use crate::report::{View, follow};
use crate::settings::{GetSettings, RemoteFile};
use crate::signal::{Patience, Stop};
use crate::suspicion;

/// The library keeps what it has within milliseconds; the rest is for slow disks.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_millis(1800),
    last_words: "stopped at once; run the same command again to resume",
    reloads: false,
};

/// Downloads every file. A file that fails does not keep the others from their turn; the exit is
/// that of the first that failed.
pub(crate) async fn run(settings: GetSettings, mut stop: Stop) -> Exit {
    let mut exit = Exit::Success;
    for file in &settings.files {
        let named = tokio::select! {
            biased;
            () = stop.requested() => return Exit::Interrupted,
            named = named(file, &settings) => named,
        };
        let name = named.as_ref().map_or(file, |(file, _)| file).name();
        let mut view = View::new(settings.display, &name.to_string_lossy());
        let outcome = match named {
            Ok((_, download)) => follow(download, &mut view, &mut stop).await,
            Err(error) => Err(error),
        };
        if let Ok(report) = &outcome
            && let Some(what) = suspicion::of_file(&report.path, file.url.reveal())
        {
            view.warn(what);
        }
        let ended = view.ended(&outcome);
        if exit == Exit::Success {
            exit = ended;
        }
        if stop.is_requested() {
            let is_last = settings.files.last() == Some(file);
            return if is_last && ended == Exit::Success {
                exit
            } else {
                Exit::Interrupted
            };
        }
    }
    exit
}

/// The file under the name its server suggests, if that is wanted and there is one, and its
/// download.
async fn named(file: &RemoteFile, settings: &GetSettings) -> Result<(RemoteFile, Download), Error> {
    let mut file = file.clone();
    let mut download = describe(&file, &settings.download)?;
    if settings.content_disposition
        && let Some(name) = download.probe().await?.suggested_name
    {
        file.output.set_file_name(&name);
        download.rename(&name)?;
    }
    Ok((file, download))
}

fn describe(file: &RemoteFile, settings: &Settings) -> Result<Download, Error> {
    let mut settings = settings.clone();
    if let Some(credentials) = &file.credentials {
        settings.credentials = Some(credentials.clone());
    }
    Ok(Download::new(file.url.reveal(), &file.output, settings)?)
}

#[cfg(test)]
mod tests;
