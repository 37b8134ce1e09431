//! Owns how other servers take preconditions: which fields count, and how each is compared.

use std::time::Duration;

use range_core::http::conditional::{
    Comparison, Request, is_current, is_unmodified_since, names_current,
};
use range_core::http::{EntityTag, HttpDate, Validators};

/// The comparison of `If-Match`.
#[derive(Clone, Copy, Debug)]
pub(super) enum TagComparison {
    /// Strongly, as §13.1.1 has it.
    Strong,
    /// Weakly.
    Weak,
    /// Not at all.
    Ignored,
}

/// When `If-Unmodified-Since` counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfUnmodifiedSince {
    /// Where there is no `If-Match` (§13.1.4).
    WithoutTag,
    /// Always.
    Always,
    /// Never.
    Ignored,
}

/// The reading of `If-None-Match`.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfNoneMatch {
    /// As a list, or `*` (§13.1.2).
    List,
    /// As one tag.
    OneTag,
    /// Not at all.
    Ignored,
}

/// When `If-Modified-Since` counts.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfModifiedSince {
    /// Where there is no `If-None-Match` (§13.1.3).
    WithoutTag,
    /// Always: neither may say that something is new.
    Always,
    /// Always, and only the very date of the file says that nothing is new.
    AlwaysExactly,
}

/// The reading of `If-Range`.
#[derive(Clone, Copy, Debug)]
pub(super) enum IfRange {
    /// As §13.1.5 has it.
    Strict,
    /// As that, but a date has to be this much older than the answer.
    Settled(Duration),
    /// A tag is right wherever it occurs in the field, though weak, and any later date is.
    Loose,
}

/// The reading of each field.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_field_names,
    reason = "the fields of a request are called so"
)]
pub(super) struct Preconditions {
    pub(super) if_match: TagComparison,
    pub(super) if_unmodified_since: IfUnmodifiedSince,
    pub(super) if_none_match: IfNoneMatch,
    pub(super) if_modified_since: IfModifiedSince,
    pub(super) if_range: IfRange,
}

impl Preconditions {
    /// Returns true if the answer is 412.
    pub(super) fn fail(&self, request: &Request<'_>, validators: &Validators) -> bool {
        let names = |comparison| {
            let tags = request.if_match;
            tags.is_none_or(|tags| names_current(tags, validators, comparison))
        };
        let is_right_tag = match self.if_match {
            TagComparison::Strong => names(Comparison::Strong),
            TagComparison::Weak => names(Comparison::Weak),
            TagComparison::Ignored => true,
        };
        let date_counts = match self.if_unmodified_since {
            IfUnmodifiedSince::WithoutTag => request.if_match.is_none(),
            IfUnmodifiedSince::Always => true,
            IfUnmodifiedSince::Ignored => false,
        };
        let since = request.if_unmodified_since.filter(|_| date_counts);
        let is_late = since.and_then(|since| is_unmodified_since(since, validators)) == Some(false);
        !is_right_tag || is_late
    }

    /// Returns true if the answer is 304.
    pub(super) fn find_unmodified(&self, request: &Request<'_>, validators: &Validators) -> bool {
        let by_tag = request
            .if_none_match
            .and_then(|field| match self.if_none_match {
                IfNoneMatch::List => Some(names_current(field, validators, Comparison::Weak)),
                IfNoneMatch::OneTag => {
                    let own = validators.entity_tag.as_ref();
                    let both = own.zip(EntityTag::parse(field));
                    Some(both.is_some_and(|(own, tag)| own.weak_eq(&tag)))
                }
                IfNoneMatch::Ignored => None,
            });
        let by_date = request.if_modified_since.and_then(|field| {
            let date = HttpDate::parse(field);
            match self.if_modified_since {
                IfModifiedSince::WithoutTag if request.if_none_match.is_some() => None,
                IfModifiedSince::AlwaysExactly => {
                    Some(date.is_some() && date == validators.last_modified)
                }
                // A value that is no date says nothing.
                IfModifiedSince::WithoutTag | IfModifiedSince::Always => {
                    date.map(|_| is_unmodified_since(field, validators).unwrap_or(false))
                }
            }
        });
        let said = [by_tag, by_date].into_iter().flatten();
        said.reduce(|one, other| one && other).unwrap_or(false)
    }

    /// Returns true if `If-Range` lets the range be heeded.
    pub(super) fn let_through(&self, request: &Request<'_>, validators: &Validators) -> bool {
        let Some(if_range) = request.if_range else {
            return true;
        };
        match self.if_range {
            IfRange::Strict => is_current(if_range, validators),
            IfRange::Settled(least) => {
                let age = validators.date.zip(validators.last_modified);
                let age = age.and_then(|(date, modified)| date.since(modified));
                let is_settled = age.is_some_and(|age| age >= least);
                let is_date = HttpDate::parse(if_range).is_some();
                is_current(if_range, validators) && (is_settled || !is_date)
            }
            IfRange::Loose if if_range.contains(&b'"') => {
                validators.entity_tag.as_ref().is_some_and(|tag| {
                    let tag = tag.as_bytes();
                    if_range.windows(tag.len()).any(|window| window == tag)
                })
            }
            IfRange::Loose => {
                let date = HttpDate::parse(if_range).zip(validators.last_modified);
                date.is_some_and(|(date, modified)| modified <= date)
            }
        }
    }
}
