//! Owns `sheave get`: settings into downloads, one after another. Knows nothing of how a download
//! works or looks.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use accelerator::{Download, Error, Inspection, Settings};

use crate::checksums;
use crate::clock;
use crate::exit_code::Exit;
use crate::metalinks::{self, for_elsewhere};
use crate::printer;
use crate::remote_file::RemoteFile;
use crate::report::{self, Batch, Display, View, follow};
use crate::settings::GetSettings;
use crate::signal::{Patience, Stop};
use crate::standard_output::StandardOutput;
use crate::suspicion;
use crate::terminal_text::TerminalText;

/// The library keeps what it has within milliseconds; the rest is for slow disks.
pub(crate) const PATIENCE: Patience = Patience {
    grace: Duration::from_millis(1800),
    last_words: "stopped at once; the same command continues with what was kept",
    reloads: false,
};

/// Downloads every file. A file that fails does not keep the others from their turn; the exit is
/// that of the first that failed.
pub(crate) async fn run(mut settings: GetSettings, mut stop: Stop) -> Exit {
    if let Err(error) = directories(&settings) {
        let json = matches!(settings.display, Display::Json { .. });
        return report::refused(Exit::Disk, &error.to_string(), json);
    }
    let listed = tokio::select! {
        biased;
        () = stop.requested() => return Exit::Interrupted,
        listed = checksums::fetch(&mut settings) => listed,
    };
    if let Err(error) = listed {
        let json = matches!(settings.display, Display::Json { .. });
        return report::refused(error.exit(), &error.to_string(), json);
    }
    let planned = tokio::select! {
        biased;
        () = stop.requested() => return Exit::Interrupted,
        planned = metalinks::fetch(&mut settings) => planned,
    };
    if let Err(error) = planned {
        let json = matches!(settings.display, Display::Json { .. });
        return report::refused(error.exit(), &error.to_string(), json);
    }
    let begun = clock::now();
    let mut batch = Batch::default();
    let exit = all(&settings, &mut batch, &mut stop).await;
    let files = settings.files.len();
    let is_read = matches!(
        settings.display,
        Display::Bars { .. } | Display::Plain { .. }
    );
    if files > 1 && is_read && exit != Exit::Unread {
        printer::note(TerminalText(&batch.sentence(files, begun.elapsed())));
    }
    exit
}

/// The directory of a file does not exist.
#[derive(Debug, thiserror::Error)]
enum NoDirectory {
    #[error("there is no directory {}; --create-dirs creates it", .0.display())]
    Missing(PathBuf),
    #[error("could not create the directory {}: {source}", path.display())]
    NotCreated { path: PathBuf, source: io::Error },
}

/// Sees to it that the directories of all files exist, before anything is asked for.
fn directories(settings: &GetSettings) -> Result<(), NoDirectory> {
    let files = settings.files.iter();
    let named = files.map(|file| match &file.listed {
        Some(listed) if file.output.starts_with(&listed.beneath) => &*listed.beneath,
        _ => file.output.parent().unwrap_or(Path::new(".")),
    });
    let of_lists = settings.planning.output.as_deref().and_then(Path::parent);
    let of_lists = of_lists.unwrap_or(&settings.planning.directory);
    let of_lists = (!settings.lists.is_empty()).then_some(of_lists);
    let all = named.chain(of_lists);
    for directory in all.filter(|_| !settings.to_standard_output) {
        if directory.exists() {
            continue;
        }
        let path = directory.to_owned();
        if !settings.create_dirs {
            return Err(NoDirectory::Missing(path));
        }
        #[expect(
            clippy::disallowed_methods,
            reason = "the directory is the user's, and the library saves into one that exists"
        )]
        let created = std::fs::create_dir_all(directory);
        created.map_err(|source| NoDirectory::NotCreated { path, source })?;
    }
    Ok(())
}

async fn all(settings: &GetSettings, batch: &mut Batch, stop: &mut Stop) -> Exit {
    let mut exit = Exit::Success;
    for (index, file) in settings.files.iter().enumerate() {
        if let Some(refused) = unreachable(file, settings, batch) {
            if exit == Exit::Success {
                exit = refused;
            }
            continue;
        }
        let named = tokio::select! {
            biased;
            () = stop.requested() => return Exit::Interrupted,
            named = named(file, settings) => named,
        };
        let named_file = named.as_ref().map_or(file, |(file, _)| file).clone();
        let name = named_file.name().to_string_lossy();
        let view = View::new(settings.display, &name);
        let view = view.proven_by(file.digest_from.clone());
        let mut view = view.of_several(index + 1, settings.files.len());
        let outcome = match named {
            Ok((_, download)) => follow(download, &mut view, stop).await,
            Err(error) => Err(error),
        };
        let mut kept = None;
        match &outcome {
            Ok(report) => batch.completed(report),
            Err(error) => {
                batch.failed(name.to_string());
                if error.has_kept_bytes() {
                    kept = what_is_kept(&named_file.output);
                }
            }
        }
        if let Ok(report) = &outcome
            && !settings.to_standard_output
            && let Some(what) = suspicion::of_file(&report.path, file.url.reveal())
        {
            view.warn(what);
        }
        let ended = view.ended(&outcome, kept.as_ref());
        if exit == Exit::Success {
            exit = ended;
        }
        if settings.to_standard_output && ended != Exit::Success {
            // What follows would be taken for the rest.
            return exit;
        }
        if stop.is_requested() {
            let is_last = index + 1 == settings.files.len();
            return if is_last && ended == Exit::Success {
                exit
            } else {
                Exit::Interrupted
            };
        }
    }
    exit
}

/// Says why a listed file is not asked for, if it cannot be.
fn unreachable(file: &RemoteFile, settings: &GetSettings, batch: &mut Batch) -> Option<Exit> {
    let listed = file.listed.as_ref()?;
    let (exit, why) = if file.has_place() {
        let made = metalinks::make_directories(&listed.beneath, &file.output);
        let error = made.err()?;
        (error.exit(), error.to_string())
    } else {
        let why = "the list names no http or https URL that it can be had from";
        (Exit::Refused, why.to_owned())
    };
    let name = file.name().to_string_lossy();
    let json = matches!(settings.display, Display::Json { .. });
    batch.failed(name.to_string());
    Some(report::refused(exit, &format!("{name}: {why}"), json))
}

/// Returns what the part file of an output holds, as its journal says.
fn what_is_kept(output: &Path) -> Option<Inspection> {
    let mut part = output.to_owned().into_os_string();
    part.push(".part");
    accelerator::inspect(Path::new(&part)).ok()
}

/// The file under the name its server suggests, if that is wanted and there is one, and its
/// download.
async fn named(file: &RemoteFile, settings: &GetSettings) -> Result<(RemoteFile, Download), Error> {
    let mut file = file.clone();
    let mut download = describe(&file, settings)?;
    if settings.content_disposition
        && file.listed.is_none()
        && let Some(name) = download.probe().await?.suggested_name
    {
        file.output.set_file_name(&name);
        download.rename(&name)?;
    }
    Ok((file, download))
}

fn describe(file: &RemoteFile, settings: &GetSettings) -> Result<Download, Error> {
    let to_standard_output = settings.to_standard_output;
    let settings = of_file(file, &settings.download);
    let url = file.url.reveal();
    if !to_standard_output {
        return Ok(Download::new(url, &file.output, settings)?);
    }
    Ok(Download::to_writer(
        url,
        StandardOutput::default(),
        settings,
    )?)
}

/// Returns the settings that apply to a file.
fn of_file(file: &RemoteFile, settings: &Settings) -> Settings {
    let mut settings = settings.clone();
    if let Some(credentials) = &file.credentials {
        settings.credentials = Some(credentials.clone());
    }
    settings.digests.clone_from(&file.digests);
    settings.sources.clone_from(&file.mirrors);
    if let Some(listed) = &file.listed {
        settings.length = listed.length;
        settings.pieces.clone_from(&listed.pieces);
        settings.connections_to_url = listed.connections_to_url;
        settings.public_only |= listed.is_fenced;
        if !listed.is_at_home {
            for_elsewhere(&mut settings);
            settings.credentials.clone_from(&file.credentials);
        }
    }
    settings
}

#[cfg(test)]
mod tests;
