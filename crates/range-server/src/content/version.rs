//! Owns the number of a generation. Knows neither bytes nor tags.

/// Which generation of every representation is served. Generations have equal lengths, other
/// bytes, other entity tags and other modification dates. The first is 0, the honest one.
///
/// In another generation each byte of a file is combined with its number by exclusive or, and
/// synthetic content has the seed [`Seed::of_version`](crate::synthetic::Seed::of_version).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Version(pub u8);
