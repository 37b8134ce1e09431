//! Owns the conformance table: what a server is asked, what RFC 9110 has it answer, and how far
//! a reply falls short. Pure; knows no connection and nobody who asks.
//!
//! The content a row expects of a reply comes from [`conditional::decide`], the decision
//! our own server takes; the status is written in the table, so that each keeps the other honest.
//!
//! [`conditional::decide`]: range_core::http::conditional::decide

mod judge;
mod parts;
mod table;
#[cfg(test)]
mod tests;

use range_core::http::Validators;
use range_core::http::conditional::Method;

pub(crate) use judge::{judge, judge_plain};
#[cfg(test)]
pub(crate) use judge::{request, value};
pub(crate) use table::ROWS;

/// Shortest representation the table can be asked of: some rows name bytes up to 509, and several
/// ranges with their headers have to be shorter than the whole.
pub(crate) const SHORTEST: u64 = 1000;

/// Names and values of header fields, names in lower case.
pub(crate) type Fields = Vec<(&'static str, Vec<u8>)>;

/// The properties of the representation a server is asked for, from a plain GET.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    /// The number of its bytes; [`SHORTEST`] or more.
    pub(crate) length: u64,
    /// Its validators, as that reply gave them.
    pub(crate) validators: Validators,
    /// Its first bytes, which ranges are compared with; all of them where it is short enough.
    pub(crate) known: Vec<u8>,
}

/// The answer of a server.
#[derive(Clone, Debug, Default)]
pub(crate) struct Reply {
    /// The status code.
    pub(crate) status: u16,
    /// Names, in lower case, and values of the header fields.
    pub(crate) fields: Vec<(String, Vec<u8>)>,
    /// The content, or its beginning.
    pub(crate) content: Vec<u8>,
    /// True if the content was read to its end.
    pub(crate) is_complete: bool,
}

impl Reply {
    /// The first value of a field.
    pub(crate) fn field(&self, name: &str) -> Option<&[u8]> {
        let found = self.fields.iter().find(|(own, _)| own == name);
        found.map(|(_, value)| value.as_slice())
    }
}

/// The strength with which RFC 9110 asks for something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Recommended.
    Should,
    /// Required.
    Must,
}

/// One thing a server is asked.
#[derive(Debug)]
#[non_exhaustive]
pub struct Row {
    /// The question, in a few words.
    pub name: &'static str,
    /// Where RFC 9110 says what to answer.
    pub section: &'static str,
    /// The strength with which it asks for one of the statuses below.
    pub level: Level,
    /// The method.
    pub method: Method,
    /// The status that serves the client best.
    pub preferred: u16,
    /// Other statuses that are no deviation.
    pub permitted: &'static [u16],
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
    /// The strength of the rule.
    pub level: Level,
    /// Where RFC 9110 says so.
    pub section: &'static str,
    /// The finding in words. They hold no text of the server.
    pub what: String,
}
