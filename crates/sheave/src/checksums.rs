//! Owns the fetching of the lists that checksums of files are in. Knows no download but that of a
//! list.

use accelerator::{ByteCount, Digest, ErrorKind, FileName, Settings};
use catalog::limits::LIST_BYTES;
use url::Url;

use crate::checksum_list::{List, NoChecksum, in_list};
use crate::metalinks::for_elsewhere;
use crate::remote_file::RemoteFile;
use crate::settings::GetSettings;

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
        for_elsewhere(&mut settings);
    }
    let most = ByteCount(LIST_BYTES as u64);
    let read = accelerator::read(list.as_str(), settings, most).await;
    let read = read.map(|list| list.bytes);
    read.map_err(|source| NoChecksum::Unfetched {
        url: source.url().map(ToString::to_string).unwrap_or_default(),
        source,
    })
}
