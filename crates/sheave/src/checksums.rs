//! Owns where the checksums of files come from if not from the command line itself: lists, on this
//! machine or on a server. Knows no download but that of a list.

use accelerator::{ByteCount, Digest, ErrorKind, FileName, Settings};
use catalog::limits::LIST_BYTES;
use catalog::sums::{self, FindError};
use catalog::{Algorithm, Checksum};
use url::Url;

use crate::exit_code::Exit;
use crate::settings::{GetSettings, RemoteFile};

/// A list of checksums that has to be fetched.
#[derive(Clone, Debug)]
pub(crate) enum List {
    /// It is there.
    At(Url),
    /// It is where servers have it beside a file.
    Beside,
}

/// The reason why a list gives no checksum of a file.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoChecksum {
    /// The list says nothing about the file.
    #[error("{list} gives no checksum of {name}: {source}")]
    Unusable {
        /// The list, as people know it.
        list: String,
        /// The file.
        name: String,
        /// The reason.
        source: FindError,
    },
    /// No list is where lists are.
    #[error(
        "the server has no checksum of {name} beside it: neither {name}.sha256 nor {name}.sha512, \
         SHA256SUMS or SHA512SUMS names it"
    )]
    NoneBeside {
        /// The file.
        name: String,
    },
    /// The list could not be fetched.
    #[error("could not fetch the list of checksums {url}: {source}")]
    Unfetched {
        /// The list, without secrets.
        url: String,
        /// The reason.
        source: accelerator::Error,
    },
}

impl NoChecksum {
    /// The exit that it means.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Unusable { .. } => Exit::Usage,
            Self::NoneBeside { .. } => Exit::Refused,
            Self::Unfetched { source, .. } => Exit::from(source.kind()),
        }
    }
}

/// Returns the digests that a list has for the file of a URL. `list` is the list's name.
pub(crate) fn in_list(bytes: &[u8], list: &str, file: &Url) -> Result<Vec<Digest>, NoChecksum> {
    let name = FileName::from_url_path(file.path()).as_str().to_owned();
    let found = sums::find(bytes, &name, Algorithm::of_list(list));
    let digests = found.map(|found| {
        let digests = found.checksums.iter().filter_map(Checksum::digest);
        digests.collect::<Vec<_>>()
    });
    let unusable = |source| NoChecksum::Unusable {
        list: list.to_owned(),
        name: name.clone(),
        source,
    };
    match digests {
        Ok(digests) if digests.is_empty() => Err(unusable(FindError::NoList)),
        digests => digests.map_err(unusable),
    }
}

/// Fetches the list, if there is one to fetch, and gives each file the digests it has there.
pub(crate) async fn fetch(settings: &mut GetSettings) -> Result<(), NoChecksum> {
    let Some(list) = settings.list.take() else {
        return Ok(());
    };
    let mut fetched = None;
    for at in 0..settings.files.len() {
        let file = &settings.files[at];
        let url = Url::parse(file.url.reveal()).expect("it was parsed before");
        let more = match &list {
            List::At(place) => {
                if fetched.is_none() {
                    fetched = Some(read(place, &url, file, &settings.download).await?);
                }
                let bytes = fetched.as_deref().unwrap_or_default();
                in_list(bytes, place.path(), &url)?
            }
            List::Beside => beside(&url, file, &settings.download).await?,
        };
        settings.files[at].add(more);
    }
    Ok(())
}

/// Looks for a list beside a file.
async fn beside(
    url: &Url,
    file: &RemoteFile,
    settings: &Settings,
) -> Result<Vec<Digest>, NoChecksum> {
    let mut lists = Vec::new();
    for ending in [".sha256", ".sha512"] {
        let mut list = url.clone();
        list.set_path(&format!("{}{ending}", url.path()));
        lists.push(list);
    }
    lists.extend(
        ["SHA256SUMS", "SHA512SUMS"]
            .iter()
            .filter_map(|name| url.join(name).ok()),
    );
    for list in lists {
        let bytes = match read(&list, url, file, settings).await {
            Ok(bytes) => bytes,
            Err(NoChecksum::Unfetched { source, .. }) if is_a_no(source.kind()) => continue,
            Err(error) => return Err(error),
        };
        if let Ok(digests) = in_list(&bytes, list.path(), url) {
            return Ok(digests);
        }
    }
    let name = FileName::from_url_path(url.path()).as_str().to_owned();
    Err(NoChecksum::NoneBeside { name })
}

/// There is no such list, or something else is in its place.
const fn is_a_no(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::Refused)
}

/// Fetches a list. What the user gave for a file's origin goes nowhere else.
async fn read(
    list: &Url,
    of: &Url,
    file: &RemoteFile,
    settings: &Settings,
) -> Result<Vec<u8>, NoChecksum> {
    let mut settings = settings.clone();
    if let Some(credentials) = &file.credentials {
        settings.credentials = Some(credentials.clone());
    }
    if list.origin() != of.origin() {
        settings.credentials = None;
        settings.identity = None;
        settings
            .headers
            .retain(|(name, _)| accelerator::is_harmless(name));
    }
    let most = ByteCount(LIST_BYTES as u64);
    let read = accelerator::read(list.as_str(), settings, most).await;
    read.map_err(|source| NoChecksum::Unfetched {
        url: source.url().map(ToString::to_string).unwrap_or_default(),
        source,
    })
}
