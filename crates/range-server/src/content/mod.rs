//! Owns the step from a request's path to a representation that can be read from any offset.
//! Knows neither preconditions nor ranges.

mod digests;
mod directory;
mod file;
mod listing;
mod path;
pub(crate) mod version;

use range_core::http::{AcceptEncoding, EntityTag, HttpDate, Strength, Variant};

use crate::buffer::Buffer;
use crate::synthetic::{self, Seed, SyntheticFile};

pub(crate) use digests::Digests;
pub(crate) use directory::ServedDirectory;
use file::FileState;
pub(crate) use file::{FileSource, ReadError};
pub(crate) use listing::{Listing, policy as listing_policy};
use version::Version;

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
    pub(crate) variant: Variant,
    pub(crate) source: Source,
}

/// Where the bytes of a representation come from.
#[derive(Clone)]
pub(crate) enum Source {
    /// An open file.
    File(FileSource),
    /// A computation.
    Synthetic { seed: Seed, size: u64 },
}

/// What makes the bytes of a source what they are: equal ones have equal bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Identity {
    File { state: FileState, version: Version },
    Synthetic { seed: Seed, size: u64 },
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
            Self::Synthetic { seed, .. } => {
                synthetic::fill(*seed, offset, buffer.use_front(length));
                Ok(buffer)
            }
        }
    }

    /// Fills `target` from `offset` on. May wait for the disk.
    fn read_blocking(&self, target: &mut [u8], offset: u64) -> Result<(), ReadError> {
        match self {
            Self::File(file) => file.read_blocking(target, offset),
            Self::Synthetic { seed, .. } => {
                synthetic::fill(*seed, offset, target);
                Ok(())
            }
        }
    }

    /// Who the bytes are, or `None` while a change to them could go unseen.
    fn identity(&self) -> Option<Identity> {
        match self {
            Self::File(file) => file.identity(),
            Self::Synthetic { seed, size } => Some(Identity::Synthetic {
                seed: *seed,
                size: *size,
            }),
        }
    }

    /// Fails when the representation is no longer the version that was announced.
    pub(crate) fn check_unchanged(&self) -> Result<(), ReadError> {
        match self {
            Self::File(file) => file.check_unchanged(),
            Self::Synthetic { .. } => Ok(()),
        }
    }
}

/// Finds what `path` (undecoded, absolute) leads to, in a coding that is accepted.
pub(crate) async fn find(
    directory: Option<&ServedDirectory>,
    path: &str,
    query: Option<&str>,
    accepted: AcceptEncoding,
    version: Version,
    date: HttpDate,
) -> Found {
    if let Some(size) = path.strip_prefix(synthetic::PREFIX) {
        let file = SyntheticFile::parse(size, query);
        return file.map_or(Found::Missing, |file| {
            Found::Representation(synthetic_representation(file, version))
        });
    }
    match directory {
        Some(directory) => directory.find(path, accepted, version, date).await,
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
        variant: Variant::default(),
        source: Source::Synthetic {
            seed,
            size: file.size.0,
        },
    }
}

/// The modification date a version pretends to: a minute earlier each, so never in the future.
fn dated(last_modified: HttpDate, version: Version) -> HttpDate {
    let seconds = last_modified.unix_seconds();
    HttpDate::from_unix_seconds(seconds.saturating_sub(60 * u64::from(version.0)))
}
