//! Owns a file to download, as the command line or a list names it. Decides nothing.

use std::ffi::OsStr;
use std::path::PathBuf;

use accelerator::{ByteCount, Credentials, Digest, Pieces, Secret, Source};

/// A file to download, and its destination.
#[derive(Clone, Debug)]
pub(crate) struct RemoteFile {
    /// The URL as given.
    pub(crate) url: Secret<String>,
    /// The path of the final file, which has a file name.
    pub(crate) output: PathBuf,
    /// Other places that it can be had from.
    pub(crate) mirrors: Vec<Source>,
    /// The credentials in the `.netrc` for the host, if no other argument gives any.
    pub(crate) credentials: Option<Credentials>,
    /// The digests that the file must have.
    pub(crate) digests: Vec<Digest>,
    /// Whoever says so, if that is not the user.
    pub(crate) digest_from: Option<String>,
    /// The words of the list that names it, if one does.
    pub(crate) listed: Option<Listed>,
}

impl RemoteFile {
    /// Returns whether there is a URL to fetch it from, which a list may lack.
    pub(crate) fn has_place(&self) -> bool {
        !self.url.reveal().is_empty()
    }

    /// Returns the name of the final file.
    pub(crate) fn name(&self) -> &OsStr {
        self.output.file_name().expect("it has a name")
    }

    /// Adds digests of algorithms of which the user gave none.
    pub(crate) fn add(&mut self, digests: Vec<Digest>) {
        for digest in digests {
            let same = |known: &Digest| known.algorithm() == digest.algorithm();
            if !self.digests.iter().any(same) {
                self.digests.push(digest);
            }
        }
    }
}

/// The words of a list about a file, besides its places and its digests.
#[derive(Clone, Debug)]
pub(crate) struct Listed {
    /// The length of the file.
    pub(crate) length: Option<ByteCount>,
    /// The hashes of its pieces.
    pub(crate) pieces: Option<Pieces>,
    /// Most connections to the file's first place.
    pub(crate) connections_to_url: Option<u16>,
    /// True if that is of the origin that the user named, to which the user's secrets go.
    pub(crate) is_at_home: bool,
    /// True if it must be out in the world.
    pub(crate) is_fenced: bool,
    /// The directory that was given, beneath which directories of the file's own name are made.
    pub(crate) beneath: PathBuf,
}
