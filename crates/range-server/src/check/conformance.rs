//! Owns the conformance table: what a server is asked, what RFC 9110 has it answer, and how far
//! a reply falls short. Pure; knows no connection and nobody who asks.
//!
//! The content a row expects of a reply comes from [`conditional::decide`], the decision
//! our own server takes; the status is written in the table, so that each keeps the other honest.
//!
//! [`conditional::decide`]: range_core::http::conditional::decide

mod coded;
mod fields;
mod judge;
mod partial;
mod parts;
mod plain;
mod reply;
pub(crate) mod rules;
mod subject;
mod table;
#[cfg(test)]
mod tests;
mod wire;

use range_core::http::conditional::Method;
use range_core::http::{EntityTag, Validators};

pub(crate) use judge::judge;
#[cfg(test)]
pub(crate) use judge::{request, value};
pub(crate) use plain::{Plain, judge_plain};
pub(crate) use reply::{Reply, WireFault};
pub use rules::{Document, Level, Rule};
pub(crate) use subject::{NoSubject, age};
pub(crate) use table::ROWS;
pub(crate) use wire::{broken, is_of_connections, judge_persistence, judge_wire, surplus};

/// Shortest representation the table can be asked of: some rows name bytes up to 509, and several
/// ranges with their headers have to be shorter than the whole.
pub(crate) const SHORTEST: u64 = 1000;

/// Names and values of header fields, names in lower case.
pub(crate) type Fields = Vec<(&'static str, Vec<u8>)>;

/// The properties of the representation a server is asked for, from two plain GETs that agree.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The number of its bytes; [`SHORTEST`] or more.
    pub(crate) length: u64,
    /// Its validators, as the later reply gave them, without those that change with each reply.
    pub(crate) validators: Validators,
    /// Its first bytes, which ranges are compared with; all of them where it is short enough.
    pub(crate) known: Vec<u8>,
    /// The fields that both replies had, as the later one had them.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// True if a cache in front has been recognised.
    pub(crate) is_cached: bool,
    /// The representation for those who accept gzip, once it was asked for and is another.
    pub(crate) coded: Option<Coded>,
}

impl Subject {
    /// The value of a field that every plain reply has.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_slice())
    }
}

/// The representation with a content coding.
#[derive(Clone, Debug)]
pub(crate) struct Coded {
    pub(crate) tag: Option<EntityTag>,
    pub(crate) content: Vec<u8>,
    pub(crate) is_complete: bool,
}

impl Coded {
    /// The representation that a 200 with a content coding brought.
    pub(crate) fn of(reply: &Reply) -> Option<Self> {
        let is_one = reply.status == 200 && reply.coding().is_some();
        is_one.then(|| Self {
            tag: reply.field("etag").and_then(EntityTag::parse),
            content: reply.content.clone(),
            is_complete: reply.is_complete,
        })
    }
}

/// One thing a server is asked.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Row {
    /// The question, in a few words.
    pub name: &'static str,
    /// The rule that another status breaks.
    pub rule: &'static Rule,
    /// The method.
    pub method: Method,
    /// The status that serves the client best.
    pub preferred: u16,
    /// Other statuses that are no deviation.
    pub permitted: &'static [u16],
    /// The earlier row without whose preferred status this one says nothing.
    pub after: Option<&'static str>,
    fields: fn(&Subject) -> Option<Fields>,
}

impl Row {
    /// The fields of the request, or `None` where the representation has no validator to ask
    /// with.
    pub(crate) fn fields(&self, subject: &Subject) -> Option<Fields> {
        (self.fields)(subject)
    }
}

/// Where a reply falls short.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finding {
    /// The rule that is not kept.
    pub rule: &'static Rule,
    /// The finding in words. They hold no text of the server.
    pub what: String,
}

impl Finding {
    pub(crate) fn new(rule: &'static Rule, what: impl Into<String>) -> Self {
        Self {
            rule,
            what: what.into(),
        }
    }

    /// The strength of the rule.
    #[must_use]
    pub const fn level(&self) -> Level {
        self.rule.level
    }
}
