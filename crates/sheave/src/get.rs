//! Owns `sheave get`: settings into downloads, one after another. Knows nothing of how a download
//! works or looks.

use std::time::Duration;

use accelerator::{Download, Error};

use crate::exit_code::Exit;
use crate::output_name::OutputName;
use crate::report::{View, follow};
use crate::settings::{DownloadOptions, GetSettings, RemoteFile};
use crate::signal::{Patience, Stop};

/// The library keeps what it has within milliseconds; the rest is for slow disks.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_millis(1800),
    last_words: "stopped at once; run the same command again to resume",
};

/// Downloads every file. A file that fails does not keep the others from their turn; the exit is
/// that of the first that failed.
pub(crate) async fn run(settings: GetSettings, mut stop: Stop) -> Exit {
    let mut exit = Exit::Success;
    for file in &settings.files {
        let named = tokio::select! {
            biased;
            () = stop.requested() => return Exit::Interrupted,
            named = named(file, &settings.options) => named,
        };
        let name = &named.as_ref().unwrap_or(file).name;
        let mut view = View::new(settings.display, &name.to_string_lossy());
        let outcome = match named.and_then(|file| describe(&file, &settings.options)) {
            Ok(download) => follow(download, &mut view, &mut stop).await,
            Err(error) => Err(error),
        };
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

/// The file under the name its server suggests, if that is wanted and there is one.
async fn named(file: &RemoteFile, options: &DownloadOptions) -> Result<RemoteFile, Error> {
    let mut file = file.clone();
    if options.content_disposition {
        let suggested = describe(&file, options)?.suggested_name().await?;
        if let Some(name) = suggested {
            file.name = OutputName::from_suggestion(&name).as_str().into();
        }
    }
    Ok(file)
}

fn describe(file: &RemoteFile, options: &DownloadOptions) -> Result<Download, Error> {
    let mut builder = Download::builder(file.url.reveal())
        .output(&file.directory, &file.name)
        .write_mode(options.write_mode)
        .overwrite(options.overwrite)
        .resume(options.resume)
        .sync(options.sync)
        .remote_time(options.remote_time);
    if let Some(connections) = options.connections {
        builder = builder.connections(connections);
    }
    if let Some(tries) = options.max_tries {
        builder = builder.max_tries(tries);
    }
    if let Some(timeout) = options.stall_timeout {
        builder = builder.stall_timeout(timeout);
    }
    if let Some(limit) = options.rate_limit {
        builder = builder.rate_limit(limit);
    }
    for digest in &options.digests {
        builder = builder.expect_digest(*digest);
    }
    options.connection.apply(builder, file.url.reveal()).build()
}

#[cfg(test)]
mod tests;
