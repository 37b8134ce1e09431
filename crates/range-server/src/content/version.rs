//! Owns the number of a generation. Knows neither bytes nor tags.

use range_core::http::HttpDate;

/// The generation of every representation that is served. Generations have equal lengths, other
/// bytes, other entity tags and other modification dates. The first is 0, the honest one.
///
/// In another generation each byte of a file is combined with its number by exclusive or, and
/// synthetic content has the seed [`Seed::of_version`](crate::synthetic::Seed::of_version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version(pub u8);

impl Version {
    /// The modification date a version pretends to: a minute earlier each, so never in the future.
    pub(super) fn dated(self, last_modified: HttpDate) -> HttpDate {
        let seconds = last_modified.unix_seconds();
        HttpDate::from_unix_seconds(seconds.saturating_sub(60 * u64::from(self.0)))
    }
}
