//! Owns the fetching of Metalink documents, and the directories that their files need. Knows no
//! download but that of a document.

use std::ffi::OsStr;
use std::io;
use std::path::{Component, Path, PathBuf};

use accelerator::{ByteCount, Settings};
use catalog::limits::LIST_BYTES;
use rustix::fs::{CWD, Mode, OFlags, mkdirat, openat};
use rustix::io::Errno;
use url::Url;

use crate::exit_code::Exit;
use crate::metalink::{Document, Unusable, clash, read};
use crate::report;
use crate::settings::{GetSettings, LaterList};

/// The reason why nothing is downloaded.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoList {
    #[error("could not fetch the list {url}: {source}")]
    Unfetched {
        /// The list, without secrets.
        url: String,
        source: accelerator::Error,
    },
    #[error(transparent)]
    Unusable(#[from] Unusable),
    #[error("two files would be saved as {}", .0.display())]
    Clash(PathBuf),
}

impl NoList {
    /// The exit that it means.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unfetched { source, .. } => Exit::from(source.kind()),
            Self::Unusable(_) | Self::Clash(_) => Exit::Usage,
        }
    }
}

/// Fetches the documents that have to be, and puts their files in their places among the others.
/// No name is used twice.
pub(crate) async fn fetch(settings: &mut GetSettings) -> Result<(), NoList> {
    let lists = std::mem::take(&mut settings.lists);
    // From the last to the first, so that the places of those before stay.
    for LaterList { before, url } in lists.into_iter().rev() {
        let mut asking = settings.download.clone();
        asking.credentials = settings.login(&url).or(asking.credentials);
        let most = ByteCount(LIST_BYTES as u64);
        let fetched = accelerator::read(url.as_str(), asking, most).await;
        let fetched = fetched.map_err(|source| NoList::Unfetched {
            url: source.url().map(ToString::to_string).unwrap_or_default(),
            source,
        })?;
        let document = Document {
            name: fetched.url.to_string(),
            url: Url::parse(fetched.url.as_str()).ok(),
            asked: Some(url),
            is_from_outside: fetched.is_from_outside,
        };
        let list = read(&fetched.bytes, &document)?;
        report::listed(&list, &document.name, settings.display);
        let files = settings.files_of(&list, &document)?;
        settings.files.splice(before..before, files);
    }
    match clash(&settings.files).filter(|_| !settings.to_standard_output) {
        Some(path) => Err(NoList::Clash(path.to_owned())),
        None => Ok(()),
    }
}

/// A directory of a listed file's own name could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoPlace {
    #[error("{} is in the way: directories of a list's files are never links", .0.display())]
    InTheWay(PathBuf),
    #[error("could not create the directory {}: {source}", path.display())]
    NotCreated { path: PathBuf, source: io::Error },
}

impl NoPlace {
    /// The exit that it means.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::InTheWay(_) => Exit::Taken,
            Self::NotCreated { .. } => Exit::Disk,
        }
    }
}

/// Creates the directories between `beneath` and a file, each within the one before that is held
/// open, so that no link leads out.
pub(crate) fn make_directories(beneath: &Path, output: &Path) -> Result<(), NoPlace> {
    let Ok(within) = output.strip_prefix(beneath) else {
        return Ok(());
    };
    let parents = within.parent().unwrap_or(Path::new(""));
    let held = |path: &Path, flags| {
        let flags = flags | OFlags::DIRECTORY | OFlags::PATH | OFlags::CLOEXEC;
        openat(CWD, path, flags, Mode::empty())
    };
    let mut path = beneath.to_owned();
    let failed = |path: &Path, error: Errno| {
        let path = path.to_owned();
        match error {
            Errno::LOOP | Errno::NOTDIR => NoPlace::InTheWay(path),
            error => NoPlace::NotCreated {
                path,
                source: error.into(),
            },
        }
    };
    let mut at = held(&path, OFlags::empty()).map_err(|error| failed(&path, error))?;
    for part in parents.components() {
        let Component::Normal(name) = part else {
            continue;
        };
        path.push(name);
        at = within_of(&at, name).map_err(|error| failed(&path, error))?;
    }
    Ok(())
}

/// Returns a directory in another one, created if it is not there.
fn within_of(at: &rustix::fd::OwnedFd, name: &OsStr) -> Result<rustix::fd::OwnedFd, Errno> {
    match mkdirat(at, name, Mode::from_raw_mode(0o777)) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(error) => return Err(error),
    }
    let flags = OFlags::DIRECTORY | OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    openat(at, name, flags, Mode::empty())
}

/// Returns the settings of a request that is for another origin than the one that the user named:
/// what was given for that goes nowhere else.
pub(crate) fn for_elsewhere(settings: &mut Settings) {
    settings.credentials = None;
    settings.identity = None;
    settings
        .headers
        .retain(|(name, _)| accelerator::is_harmless(name));
}

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "tests own their files")]
mod tests {
    use super::*;

    #[test]
    fn directories_are_made_beneath_and_no_link_is_followed() {
        let root = tempfile::tempdir().unwrap();
        let outside = tempfile::tempdir().unwrap();
        let beneath = root.path().join("into");
        assert!(make_directories(&beneath, &beneath.join("a/f")).is_err());
        std::fs::create_dir(&beneath).unwrap();
        make_directories(&beneath, &beneath.join("a/b/f")).unwrap();
        make_directories(&beneath, &beneath.join("a/b/g")).unwrap();
        make_directories(&beneath, &beneath.join("f")).unwrap();
        assert!(beneath.join("a/b").is_dir());
        std::os::unix::fs::symlink(outside.path(), beneath.join("a/link")).unwrap();
        let refused = make_directories(&beneath, &beneath.join("a/link/c/f")).unwrap_err();
        assert!(matches!(refused, NoPlace::InTheWay(_)), "{refused}");
        assert!(!outside.path().join("c").exists());
        std::fs::write(beneath.join("file"), "").unwrap();
        let refused = make_directories(&beneath, &beneath.join("file/c/f")).unwrap_err();
        assert!(matches!(refused, NoPlace::InTheWay(_)), "{refused}");
    }
}
