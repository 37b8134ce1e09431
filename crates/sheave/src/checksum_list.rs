//! Owns the lists that checksums may come from, and what they say of one file. Fetches nothing.

use accelerator::{Digest, FileName};
use catalog::sums::{self, FindError};
use catalog::{Algorithm, Checksum};
use url::Url;

use crate::exit_code::Exit;

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
