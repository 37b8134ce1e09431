//! Owns validators, which tell two versions of a representation apart, and their strength (RFC 9110
//! §8.8). Does not know what follows from a comparison.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::date::HttpDate;
use super::syntax::trim;

/// The strength of a validator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// It may stay the same although bytes changed: never a reason to combine ranges.
    Weak,
    /// It changes whenever a byte changes.
    Strong,
}

/// An entity tag, `"opaque"` or `W/"opaque"`, of at most [`EntityTag::MAX_LENGTH`] bytes.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EntityTag {
    field_value: Box<[u8]>,
}

impl EntityTag {
    /// The longest field value that is kept, in bytes. Tags in the field have under 100 bytes; the
    /// bound keeps a journal record small whatever a server sends.
    pub const MAX_LENGTH: usize = 1024;

    /// Parses a field value. Returns `None` for anything but one well-formed tag, in particular for
    /// the unquoted tags that some servers send: they are no validators and must not be compared as
    /// such.
    pub fn parse(value: &[u8]) -> Option<Self> {
        let value = trim(value);
        let (_, rest) = EntityTagRef::split_first(value)?;
        let fits = rest.is_empty() && value.len() <= Self::MAX_LENGTH;
        fits.then(|| Self {
            field_value: value.into(),
        })
    }

    /// Returns a tag from its opaque part, or `None` if that holds a quote, whitespace or a control
    /// character, or is too long.
    pub fn new(strength: Strength, opaque: &str) -> Option<Self> {
        let prefix = match strength {
            Strength::Weak => "W/",
            Strength::Strong => "",
        };
        let mut value = Vec::with_capacity(opaque.len() + 4);
        for part in [prefix, "\"", opaque, "\""] {
            value.extend_from_slice(part.as_bytes());
        }
        Self::parse(&value)
    }

    /// Returns the field value, as received or to be sent.
    pub fn as_bytes(&self) -> &[u8] {
        &self.field_value
    }

    /// Reports whether the tag may be used to combine ranges.
    pub fn strength(&self) -> Strength {
        self.as_ref().strength
    }

    /// Compares strongly (§8.8.3.2): both tags are strong and the opaque parts are identical.
    pub fn strong_eq(&self, other: &Self) -> bool {
        self.as_ref().strong_eq(other.as_ref())
    }

    /// Compares weakly (§8.8.3.2): the opaque parts are identical.
    pub fn weak_eq(&self, other: &Self) -> bool {
        self.as_ref().weak_eq(other.as_ref())
    }

    pub(super) fn as_ref(&self) -> EntityTagRef<'_> {
        let (tag, _) = EntityTagRef::split_first(&self.field_value).expect("checked when parsed");
        tag
    }
}

impl fmt::Display for EntityTag {
    /// The text for people: bytes outside ASCII may be replaced. Send [`EntityTag::as_bytes`].
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.field_value))
    }
}

impl fmt::Debug for EntityTag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A tag inside a field value, so that lists of tags are compared without allocating.
#[derive(Clone, Copy, Debug)]
pub(super) struct EntityTagRef<'a> {
    strength: Strength,
    opaque: &'a [u8],
}

impl<'a> EntityTagRef<'a> {
    /// Splits off the tag at the start of `value`, and returns the rest.
    pub(super) fn split_first(value: &'a [u8]) -> Option<(Self, &'a [u8])> {
        // `W/` is case-sensitive (§8.8.3).
        let (strength, quoted) = match value.strip_prefix(b"W/") {
            Some(quoted) => (Strength::Weak, quoted),
            None => (Strength::Strong, value),
        };
        let inner = quoted.strip_prefix(b"\"")?;
        let length = inner.iter().position(|&byte| byte == b'"')?;
        let opaque = &inner[..length];
        let is_legal = opaque.iter().all(|&byte| byte > b' ' && byte != 0x7f);
        is_legal.then(|| (Self { strength, opaque }, &inner[length + 1..]))
    }

    pub(super) fn strong_eq(self, other: Self) -> bool {
        self.strength == Strength::Strong
            && other.strength == Strength::Strong
            && self.weak_eq(other)
    }

    pub(super) fn weak_eq(self, other: Self) -> bool {
        self.opaque == other.opaque
    }
}

/// The validators of the version from which one response was made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    /// `ETag`.
    pub entity_tag: Option<EntityTag>,
    /// `Last-Modified`.
    pub last_modified: Option<HttpDate>,
    /// The `Date` of the same response, without which `Last-Modified` is weak.
    pub date: Option<HttpDate>,
}

/// The answer to the question whether two responses were made from the same bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Agreement {
    /// They were: a strong validator shows it.
    Same,
    /// They were not: a validator shows it.
    Different,
    /// Nothing is known: no validator decides.
    Unknown,
}

impl Validators {
    /// Returns the strength of `Last-Modified`. It is strong if the response was made at least one
    /// second later, which excludes a second change within that second (§8.8.2.2).
    pub fn last_modified_strength(&self) -> Option<Strength> {
        let last_modified = self.last_modified?;
        let age = self.date.and_then(|date| date.since(last_modified));
        Some(match age {
            Some(age) if age >= Duration::from_secs(1) => Strength::Strong,
            _ => Strength::Weak,
        })
    }

    /// Reports whether there is a strong validator, so that ranges may be combined (§15.3.7.3).
    pub fn is_strong(&self) -> bool {
        self.entity_tag.as_ref().map(EntityTag::strength) == Some(Strength::Strong)
            || self.last_modified_strength() == Some(Strength::Strong)
    }

    /// Compares the versions from which two responses were made.
    ///
    /// Tags with different opaque parts mean different versions, even weak ones: a server changes
    /// them when the content changes in a way that matters (§8.8.1). Equal tags decide only if both
    /// are strong, because weak ones permit different bytes. Otherwise `Last-Modified` decides:
    /// different dates mean different versions, and equal dates the same version if both are
    /// strong. Two dates that each equal the `Date` of their own response decide nothing: servers
    /// that generate the response, or do not know the date, send the current time.
    pub fn compare(&self, other: &Self) -> Agreement {
        if let (Some(own), Some(their)) = (&self.entity_tag, &other.entity_tag) {
            if own.strong_eq(their) {
                return Agreement::Same;
            }
            if !own.weak_eq(their) {
                return Agreement::Different;
            }
        }
        let (Some(own), Some(their)) = (self.last_modified, other.last_modified) else {
            return Agreement::Unknown;
        };
        let is_strong = |side: &Self| side.last_modified_strength() == Some(Strength::Strong);
        let is_own_moment = |side: &Self| side.last_modified == side.date;
        if own != their && is_own_moment(self) && is_own_moment(other) {
            Agreement::Unknown
        } else if own != their {
            Agreement::Different
        } else if is_strong(self) && is_strong(other) {
            Agreement::Same
        } else {
            Agreement::Unknown
        }
    }

    /// Compares them for a representation that is kept whole, as `If-None-Match` does (§13.1.2):
    /// tags that are equal but for their strength are of the same version. That is no reason to
    /// combine ranges; for those, use [`compare`](Self::compare).
    pub fn compare_whole(&self, other: &Self) -> Agreement {
        match (&self.entity_tag, &other.entity_tag) {
            (Some(own), Some(their)) if own.weak_eq(their) => Agreement::Same,
            _ => self.compare(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Agreement::{Different, Same, Unknown};
    use std::string::ToString;

    fn tag(text: &str) -> EntityTag {
        EntityTag::parse(text.as_bytes()).unwrap()
    }

    #[test]
    fn tags_of_the_rfc_table_compare_as_it_says() {
        for (left, right, strong, weak) in [
            ("W/\"1\"", "W/\"1\"", false, true),
            ("W/\"1\"", "W/\"2\"", false, false),
            ("W/\"1\"", "\"1\"", false, true),
            ("\"1\"", "\"1\"", true, true),
        ] {
            assert_eq!(tag(left).strong_eq(&tag(right)), strong, "{left} {right}");
            assert_eq!(tag(left).weak_eq(&tag(right)), weak, "{left} {right}");
        }
    }

    #[test]
    fn only_well_formed_tags_are_tags() {
        for text in [
            "",
            "range1024",
            "\"",
            "\"a",
            "a\"",
            "w/\"a\"",
            "W/a",
            "\"a\"b",
            "\"a b\"",
            "*",
        ] {
            assert_eq!(EntityTag::parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(EntityTag::parse(b"\"a\x7f\""), None);
        assert_eq!(tag("\"\"").to_string(), "\"\"");
        assert_eq!(
            EntityTag::parse(b"\"\xff\"").unwrap().as_bytes(),
            b"\"\xff\""
        );
        assert_eq!(
            EntityTag::new(Strength::Weak, "a\\b,c"),
            Some(tag("W/\"a\\b,c\""))
        );
        assert_eq!(EntityTag::new(Strength::Strong, "a\"b"), None);
        let longest = "x".repeat(EntityTag::MAX_LENGTH - 2);
        assert!(EntityTag::new(Strength::Strong, &longest).is_some());
        assert!(EntityTag::new(Strength::Weak, &longest).is_none());
    }

    fn validators(entity_tag: &str, last_modified: u64, date: u64) -> Validators {
        let moment = |seconds| Some(HttpDate::from_unix_seconds(seconds)).filter(|_| seconds > 0);
        Validators {
            entity_tag: EntityTag::parse(entity_tag.as_bytes()),
            last_modified: moment(last_modified),
            date: moment(date),
        }
    }

    #[test]
    fn last_modified_is_strong_a_second_later() {
        let strength =
            |last_modified, date| validators("", last_modified, date).last_modified_strength();
        assert_eq!(strength(100, 101), Some(Strength::Strong));
        assert_eq!(strength(100, 100), Some(Strength::Weak));
        assert_eq!(strength(100, 99), Some(Strength::Weak));
        assert_eq!(strength(100, 0), Some(Strength::Weak));
        assert_eq!(strength(0, 100), None);
    }

    #[test]
    fn agreement_follows_the_strongest_validator() {
        for (left, right, expected) in [
            (("\"a\"", 100, 200), ("\"a\"", 150, 200), Same),
            (("\"a\"", 100, 200), ("\"b\"", 100, 200), Different),
            (("\"a\"", 100, 200), ("", 100, 200), Same),
            (("\"a\"", 100, 200), ("", 101, 200), Different),
            (("\"a\"", 0, 200), ("W/\"a\"", 0, 200), Unknown),
            (("W/\"a\"", 100, 200), ("W/\"a\"", 100, 200), Same),
            (("W/\"a\"", 100, 200), ("W/\"b\"", 100, 200), Different),
            (("W/\"a\"", 0, 200), ("W/\"a\"", 0, 200), Unknown),
            (("W/\"a\"", 0, 200), ("W/\"b\"", 0, 200), Different),
            (("\"a\"", 0, 200), ("W/\"b\"", 0, 200), Different),
            (("", 100, 200), ("", 100, 100), Unknown),
            (("", 100, 100), ("", 101, 101), Unknown),
            (("W/\"a\"", 100, 100), ("W/\"a\"", 101, 101), Unknown),
            (("W/\"a\"", 100, 100), ("W/\"b\"", 101, 101), Different),
            (("", 100, 100), ("", 102, 101), Different),
            (("", 100, 100), ("", 101, 102), Different),
            (("", 100, 100), ("", 101, 0), Different),
            (("", 100, 200), ("", 201, 201), Different),
            (("", 100, 0), ("", 100, 0), Unknown),
            (("", 0, 200), ("", 100, 200), Unknown),
            (("", 0, 0), ("", 0, 0), Unknown),
        ] {
            let build =
                |(entity_tag, last_modified, date)| validators(entity_tag, last_modified, date);
            let (left, right) = (build(left), build(right));
            assert_eq!(left.compare(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.compare(&left), expected, "{right:?} {left:?}");
        }
    }

    #[test]
    fn a_whole_representation_is_told_by_weak_tags_too() {
        for (left, right, expected) in [
            (("W/\"a\"", 0, 200), ("W/\"a\"", 0, 200), Same),
            (("\"a\"", 0, 200), ("W/\"a\"", 0, 200), Same),
            (("W/\"a\"", 100, 200), ("W/\"b\"", 100, 200), Different),
            (("", 100, 200), ("", 100, 200), Same),
            (("", 100, 100), ("", 100, 200), Unknown),
            (("W/\"a\"", 0, 200), ("", 0, 200), Unknown),
            (("", 0, 200), ("", 0, 200), Unknown),
        ] {
            let build =
                |(entity_tag, last_modified, date)| validators(entity_tag, last_modified, date);
            let (left, right) = (build(left), build(right));
            assert_eq!(left.compare_whole(&right), expected, "{left:?} {right:?}");
            assert_eq!(right.compare_whole(&left), expected, "{right:?} {left:?}");
        }
    }
}
