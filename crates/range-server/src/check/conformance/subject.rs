//! Owns how a subject is made of two plain replies: what both have in common can be
//! relied on. Pure.

use range_core::http::{EntityTag, HttpDate, Validators};

use super::reply::Reply;
use super::{SHORTEST, Subject};

/// Fields of which only the presence is looked at, as their values may change with each reply.
const CHANGING: &[&str] = &[
    "date",
    "cache-control",
    "expires",
    "content-location",
    "vary",
];

/// The reason why two replies are no subject.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum NoSubject {
    /// The file is too short, or its length is unknown.
    TooShort,
    /// Their content is not the same.
    Changing,
}

impl Subject {
    /// The representation of which both are replies to a plain GET.
    pub(crate) fn of(first: &Reply, second: &Reply, is_cached: bool) -> Result<Self, NoSubject> {
        let (length, other) = (length(second), length(first));
        let length = length.ok_or(NoSubject::TooShort)?;
        if other != Some(length) || !is_same_content(first, second) {
            return Err(NoSubject::Changing);
        }
        if length < SHORTEST {
            return Err(NoSubject::TooShort);
        }
        let is_kept = |(name, value): &&(String, Vec<u8>)| {
            let before = first.field(name);
            before.is_some_and(|before| before == value || CHANGING.contains(&name.as_str()))
        };
        let fields: Vec<_> = second.fields.iter().filter(is_kept).cloned().collect();
        let mut subject = Self {
            length,
            validators: Validators::default(),
            known: second.content.clone(),
            fields,
            is_cached,
            coded: None,
        };
        // A date that is that of the reply says nothing about the file.
        let date = second.field("date").and_then(HttpDate::parse);
        let modified = subject.field("last-modified").and_then(HttpDate::parse);
        if modified.is_some() && modified == date {
            subject.fields.retain(|(name, _)| name != "last-modified");
        }
        subject.validators = Validators {
            entity_tag: subject.field("etag").and_then(EntityTag::parse),
            last_modified: subject.field("last-modified").and_then(HttpDate::parse),
            date,
        };
        Ok(subject)
    }

    /// Reports whether a later plain reply is of the same version, as far as it can be seen.
    pub(crate) fn is_still(&self, reply: &Reply) -> bool {
        let keeps = |name: &str| {
            self.field(name)
                .is_none_or(|own| reply.field(name) == Some(own))
        };
        let common = reply.content.len().min(self.known.len());
        length(reply) == Some(self.length)
            && keeps("etag")
            && keeps("last-modified")
            && reply.content[..common] == self.known[..common]
    }
}

/// The seconds for which a file has been as it is, by what its reply says.
pub(crate) fn age(reply: &Reply) -> Option<u64> {
    let date = |name| reply.field(name).and_then(HttpDate::parse);
    let age = date("date")?.since(date("last-modified")?)?;
    Some(age.as_secs())
}

/// The length that a reply announces, or that it turned out to have.
fn length(reply: &Reply) -> Option<u64> {
    let counted = reply.is_complete.then_some(reply.size());
    reply.content_length().or(counted)
}

fn is_same_content(first: &Reply, second: &Reply) -> bool {
    let common = first.content.len().min(second.content.len());
    first.content[..common] == second.content[..common]
}
