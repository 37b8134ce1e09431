//! Owns the step from a request's path to a representation that can be read from any offset.
//! Knows neither preconditions nor ranges.

mod digests;
mod directory;
mod file;
mod identity;
mod listing;
mod media_type;
mod path;
mod representation;
mod root;
pub(crate) mod version;

use range_core::http::{AcceptEncoding, EntityTag, HttpDate, Strength, Variant};

use crate::synthetic::{self, Seed, SyntheticFile};

pub(crate) use digests::Digests;
pub(crate) use directory::ServedDirectory;
pub(crate) use file::ReadError;
pub(crate) use listing::{
    ListingTurns, MAX_ENTRIES as MAX_LISTED, Order, Page, Style, policy as listing_policy,
};
pub(crate) use representation::{Found, Missing, Representation, Source};
use version::Version;

/// 2020-01-01 00:00:00 UTC: synthetic content has no age, and clocks are past this.
const SYNTHETIC_LAST_MODIFIED: u64 = 1_577_836_800;

/// Finds what `path` (undecoded, absolute) leads to, in a coding that is accepted; `seed` is for
/// synthetic content.
pub(crate) async fn find(
    directory: Option<&ServedDirectory>,
    path: &str,
    seed: Seed,
    accepted: AcceptEncoding,
    version: Version,
    date: HttpDate,
) -> Found {
    if let Some(size) = path.strip_prefix(synthetic::PREFIX) {
        let file = SyntheticFile::parse(size, seed);
        return file.map_or(Found::Missing(Missing::Nothing), |file| {
            Found::Representation(synthetic_representation(file, version))
        });
    }
    match directory {
        Some(directory) => directory.find(path, accepted, version, date).await,
        None => Found::Missing(Missing::Nothing),
    }
}

fn synthetic_representation(file: SyntheticFile, version: Version) -> Representation {
    let seed = file.seed.of_version(version);
    let opaque = format!("{:x}-{:x}-v{}", file.size.0, file.seed.0, version.0);
    Representation {
        length: file.size.0,
        entity_tag: EntityTag::new(Strength::Strong, &opaque),
        last_modified: Some(version.dated(HttpDate::from_unix_seconds(SYNTHETIC_LAST_MODIFIED))),
        media_type: "application/octet-stream".to_owned(),
        variant: Variant::default(),
        source: Source::Synthetic {
            seed,
            size: file.size.0,
        },
    }
}
