//! Owns the step from a request's path to a representation that can be read from any offset.
//! Knows neither preconditions nor ranges.

mod directory;
mod file;
mod listing;
mod path;

use range_core::http::{EntityTag, HttpDate, Strength};

use crate::buffer::Buffer;
use crate::fault::Version;
use crate::synthetic::{self, Seed, SyntheticFile};

pub(crate) use directory::ServedDirectory;
pub(crate) use file::{FileSource, ReadError};
pub(crate) use listing::{Listing, policy as listing_policy};

const SYNTHETIC_PREFIX: &str = "/synthetic/";

/// 2020-01-01 00:00:00 UTC: synthetic content has no age, and clocks are past this.
const SYNTHETIC_LAST_MODIFIED: u64 = 1_577_836_800;

/// What a path leads to.
pub(crate) enum Found {
    /// Something to send by range.
    Representation(Representation),
    /// The names in a directory.
    Listing(Listing),
    /// A directory with an index, whose links would lead astray without a slash at the end.
    WithSlash,
    /// Nothing that is served.
    Missing,
    /// Something that could not be opened just then, for want of descriptors or by an I/O error.
    Failed,
}

/// One version of something to send.
pub(crate) struct Representation {
    pub(crate) length: u64,
    pub(crate) entity_tag: Option<EntityTag>,
    pub(crate) last_modified: Option<HttpDate>,
    pub(crate) media_type: String,
    pub(crate) source: Source,
}

/// Where the bytes of a representation come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// An open file.
    File(FileSource),
    /// A computation.
    Synthetic(Seed),
}

impl Source {
    /// Reads exactly `length` bytes, at most a buffer's worth. They have to lie in the
    /// representation.
    pub(crate) async fn read(
        &self,
        mut buffer: Buffer,
        offset: u64,
        length: usize,
    ) -> Result<Buffer, ReadError> {
        match self {
            Self::File(file) => file.read(buffer, offset, length).await,
            Self::Synthetic(seed) => {
                synthetic::fill(*seed, offset, buffer.use_front(length));
                Ok(buffer)
            }
        }
    }

    /// Fails when the representation is no longer the version that was announced.
    pub(crate) fn check_unchanged(&self) -> Result<(), ReadError> {
        match self {
            Self::File(file) => file.check_unchanged(),
            Self::Synthetic(_) => Ok(()),
        }
    }
}

/// Finds what `path` (undecoded, absolute) leads to.
pub(crate) async fn find(
    directory: Option<&ServedDirectory>,
    path: &str,
    query: Option<&str>,
    version: Version,
    date: HttpDate,
) -> Found {
    if let Some(size) = path.strip_prefix(SYNTHETIC_PREFIX) {
        let file = SyntheticFile::parse(size, query);
        return file.map_or(Found::Missing, |file| {
            Found::Representation(synthetic_representation(file, version))
        });
    }
    match directory {
        Some(directory) => directory.find(path, version, date).await,
        None => Found::Missing,
    }
}

fn synthetic_representation(file: SyntheticFile, version: Version) -> Representation {
    let seed = file.seed.of_version(version);
    let opaque = format!("{:x}-{:x}-v{}", file.size.0, file.seed.0, version.0);
    Representation {
        length: file.size.0,
        entity_tag: EntityTag::new(Strength::Strong, &opaque),
        last_modified: Some(dated(
            HttpDate::from_unix_seconds(SYNTHETIC_LAST_MODIFIED),
            version,
        )),
        media_type: "application/octet-stream".to_owned(),
        source: Source::Synthetic(seed),
    }
}

/// The modification date a version pretends to: a minute earlier each, so never in the future.
fn dated(last_modified: HttpDate, version: Version) -> HttpDate {
    let seconds = last_modified.unix_seconds();
    HttpDate::from_unix_seconds(seconds.saturating_sub(60 * u64::from(version.0)))
}
