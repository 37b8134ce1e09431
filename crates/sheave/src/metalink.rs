//! Owns what the files of a Metalink document become: downloads, each with a name of its own
//! beneath one directory. Fetches nothing, and creates nothing.
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};

use accelerator::{ByteCount, Credentials, Digest, FileName, Settings, Source};
use catalog::metalink::{self, Metalink, ReadError};
use catalog::{Checksum, Entry, RelativeName};
use url::Url;

use crate::remote_file::{Listed, RemoteFile};

/// The place that a document came from.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    /// The document, as people know it.
    pub(crate) name: String,
    /// Its URL, without secrets, if it has one: what is relative in it is relative to that.
    pub(crate) url: Option<Url>,
    /// The URL that the user named, to whose origin the user's secrets go.
    pub(crate) asked: Option<Url>,
    /// True if it came from out in the world: it must not send anyone to an address inside.
    pub(crate) is_from_outside: bool,
}

impl Document {
    /// Returns the document as that which digests are from.
    fn source(&self) -> String {
        let scheme = self.asked.as_ref().map_or("file", Url::scheme);
        format!("metalink ({scheme})")
    }
}

/// The way in which the files of documents are downloaded.
#[derive(Debug)]
pub(crate) struct Planning {
    /// The directory beneath which they are saved.
    pub(crate) directory: PathBuf,
    /// The path of the only file.
    pub(crate) output: Option<PathBuf>,
    /// The digests of the only file, as the user gave them.
    pub(crate) digests: Vec<Digest>,
    /// True if the user has said how many connections there may be.
    pub(crate) is_width_given: bool,
    /// True if nothing is fetched by http.
    pub(crate) only_https: bool,
    /// True if a document from out in the world may send to an address inside.
    pub(crate) allow_private: bool,
}

/// The reason why a document is not used. Nothing of it is fetched then.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error("{name}: {source}{}", if *is_url { "; --no-metalink saves it as it is" } else { "" })]
    Unread {
        name: String,
        source: ReadError,
        /// True if it was asked for by a URL, which may name any file.
        is_url: bool,
    },
    #[error("{name} lists {files} files, and --output names one; use --dir")]
    OneOutput { name: String, files: usize },
    #[error("{name} lists {files} files, and --checksum belongs to one")]
    OneChecksum { name: String, files: usize },
}

/// Reads a document.
pub(crate) fn read(bytes: &[u8], document: &Document) -> Result<Metalink, Unusable> {
    metalink::read(bytes, document.url.as_ref()).map_err(|source| Unusable::Unread {
        name: document.name.clone(),
        source,
        is_url: document.url.is_some(),
    })
}

impl Planning {
    /// Returns what the files of a document become, in its order.
    pub(crate) fn files(
        &self,
        list: &Metalink,
        document: &Document,
        login: impl Fn(&Url) -> Option<Credentials>,
    ) -> Result<Vec<RemoteFile>, Unusable> {
        let (files, name) = (list.entries.len(), || document.name.clone());
        if files > 1 && self.output.is_some() {
            return Err(Unusable::OneOutput {
                name: name(),
                files,
            });
        }
        if files > 1 && !self.digests.is_empty() {
            return Err(Unusable::OneChecksum {
                name: name(),
                files,
            });
        }
        let entries = list.entries.iter();
        Ok(entries
            .map(|entry| self.file(entry, document, &login))
            .collect())
    }

    fn file(
        &self,
        entry: &Entry,
        document: &Document,
        login: impl Fn(&Url) -> Option<Credentials>,
    ) -> RemoteFile {
        let home = document.asked.as_ref().map(Url::origin);
        let sources = entry.sources.iter().filter_map(|source| {
            let url = Url::parse(source.url.as_str()).ok()?;
            let is_wanted = !self.only_https || url.scheme() == "https";
            is_wanted.then_some((url, source))
        });
        let mut places = sources.map(|(url, source)| {
            let is_at_home = Some(url.origin()) == home;
            let most = source.connections().min(all_connections(entry));
            let most = Some(most.get()).filter(|_| !is_at_home && !self.is_width_given);
            (url, is_at_home, most)
        });
        let first = places.next();
        let mirrors = places.take(Settings::SOURCES_MAX.into());
        let mirrors = mirrors.map(|(url, _, most)| {
            let mut source = Source::new(url.clone());
            source.credentials = login(&url);
            source.connections = most;
            source
        });
        let listed = Listed {
            length: entry.size.map(ByteCount),
            // The user's own word goes before all that the list says.
            pieces: entry.pieces.clone().filter(|_| self.digests.is_empty()),
            connections_to_url: first.as_ref().and_then(|(_, _, most)| *most),
            is_at_home: first.as_ref().is_some_and(|(_, is_at_home, _)| *is_at_home),
            is_fenced: document.is_from_outside && !self.allow_private,
            beneath: match &self.output {
                Some(output) => output.parent().unwrap_or(Path::new(".")).to_owned(),
                None => self.directory.clone(),
            },
        };
        let is_own = self.digests.is_empty();
        RemoteFile {
            mirrors: mirrors.collect(),
            credentials: first.as_ref().and_then(|(url, ..)| login(url)),
            url: first
                .map_or_else(String::new, |(url, ..)| url.into())
                .into(),
            output: match &self.output {
                Some(output) => output.clone(),
                None => beneath(&self.directory, &entry.name),
            },
            digests: if is_own {
                digest(entry).into_iter().collect()
            } else {
                self.digests.clone()
            },
            digest_from: Some(document.source()).filter(|_| is_own),
            listed: Some(listed),
        }
    }
}

/// The most connections to all places of a file together, as far as its list says.
fn all_connections(entry: &Entry) -> NonZeroU16 {
    entry.max_connections.unwrap_or(NonZeroU16::MAX)
}

/// Returns the digest that is checked: the most trusted of those that are known.
fn digest(entry: &Entry) -> Option<Digest> {
    entry.checksums.iter().find_map(Checksum::digest)
}

/// Returns where a file is saved: each part of its name is a suggestion of a stranger.
fn beneath(directory: &Path, name: &RelativeName) -> PathBuf {
    let parts = name.components().map(FileName::from_suggestion);
    parts.fold(directory.to_owned(), |path, part| path.join(part))
}

/// Returns a path that two files would be saved to, or that one needs as a directory.
pub(crate) fn clash(files: &[RemoteFile]) -> Option<&Path> {
    let mut taken = BTreeSet::new();
    let twice = files.iter().find(|file| !taken.insert(&*file.output));
    let in_the_way = || {
        files.iter().find(|file| {
            let mut above = file.output.ancestors().skip(1);
            above.any(|directory| taken.contains(directory))
        })
    };
    let file = twice.or_else(in_the_way)?;
    Some(&file.output)
}
