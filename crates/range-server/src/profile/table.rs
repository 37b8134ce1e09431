//! Owns the table of what each server does: every row is the right way and how the server departs
//! from it. Decides nothing.

use std::time::Duration;

use range_core::http::NEAR_GAP;

use super::Profile;
use super::habits::Habits;
use super::outcome::Deviation;
use super::preconditions::{
    IfModifiedSince, IfNoneMatch, IfRange, IfUnmodifiedSince, Preconditions, TagComparison,
};
use super::range::{EmptySuffix, Joined, Malformed, RangeReading, Several};
use crate::fault::EntityTagFault;

/// The largest number of a signed 64-bit integer.
const SIGNED: Option<u64> = Some(u64::MAX >> 1);

/// `Range` as RFC 9110 has it.
const RANGES: RangeReading = RangeReading {
    heeds_head: false,
    any_case: true,
    other_unit: Malformed::Ignored,
    malformed: Malformed::Ignored,
    spaces: true,
    empty_elements: true,
    largest: None,
    empty_suffix: EmptySuffix::Unsatisfiable,
    clamps_suffix: true,
    joined: Joined::Nearer(NEAR_GAP),
    several: Several::Parts,
    unsatisfiable: Deviation::None,
};

/// Preconditions as RFC 9110 has them.
const PRECONDITIONS: Preconditions = Preconditions {
    if_match: TagComparison::Strong,
    if_unmodified_since: IfUnmodifiedSince::WithoutTag,
    if_none_match: IfNoneMatch::List,
    if_modified_since: IfModifiedSince::WithoutTag,
    if_range: IfRange::Strict,
};

/// A server that departs from nothing.
pub(super) const RIGHT: Habits = Habits {
    server: None,
    entity_tag: None,
    preconditions: PRECONDITIONS,
    range: Some(RANGES),
};

const NGINX: Habits = Habits {
    server: Some("nginx"),
    preconditions: Preconditions {
        if_unmodified_since: IfUnmodifiedSince::Always,
        if_modified_since: IfModifiedSince::AlwaysExactly,
        ..PRECONDITIONS
    },
    range: Some(RangeReading {
        heeds_head: true,
        malformed: Malformed::Refused(Deviation::None),
        empty_elements: false,
        largest: SIGNED,
        joined: Joined::Never,
        ..RANGES
    }),
    ..RIGHT
};

const APACHE: Habits = Habits {
    server: Some("Apache"),
    preconditions: Preconditions {
        if_unmodified_since: IfUnmodifiedSince::Always,
        if_modified_since: IfModifiedSince::Always,
        if_range: IfRange::Settled(Duration::from_mins(1)),
        ..PRECONDITIONS
    },
    range: Some(RangeReading {
        heeds_head: true,
        spaces: false,
        largest: SIGNED,
        empty_suffix: EmptySuffix::Malformed,
        joined: Joined::Nearer(1),
        unsatisfiable: Deviation::NoContentRange,
        ..RANGES
    }),
    ..RIGHT
};

const LIGHTTPD: Habits = Habits {
    server: Some("lighttpd"),
    preconditions: Preconditions {
        if_match: TagComparison::Ignored,
        if_unmodified_since: IfUnmodifiedSince::Ignored,
        ..PRECONDITIONS
    },
    range: Some(RangeReading {
        malformed: Malformed::LeftOut,
        largest: SIGNED,
        unsatisfiable: Deviation::NoContentRange,
        ..RANGES
    }),
    ..RIGHT
};

const CADDY: Habits = Habits {
    server: Some("Caddy"),
    range: Some(RangeReading {
        heeds_head: true,
        any_case: false,
        other_unit: Malformed::Refused(Deviation::NoContentRange),
        malformed: Malformed::Refused(Deviation::NoContentRange),
        largest: SIGNED,
        empty_suffix: EmptySuffix::EmptyRange,
        joined: Joined::Never,
        ..RANGES
    }),
    ..RIGHT
};

const GO: Habits = Habits {
    server: None,
    entity_tag: Some(EntityTagFault::Omit),
    ..CADDY
};

const PYTHON: Habits = Habits {
    server: Some("SimpleHTTP"),
    entity_tag: Some(EntityTagFault::Omit),
    preconditions: Preconditions {
        if_match: TagComparison::Ignored,
        if_unmodified_since: IfUnmodifiedSince::Ignored,
        if_none_match: IfNoneMatch::Ignored,
        ..PRECONDITIONS
    },
    range: None,
};

const VARNISH: Habits = Habits {
    preconditions: Preconditions {
        if_match: TagComparison::Ignored,
        if_unmodified_since: IfUnmodifiedSince::Ignored,
        if_none_match: IfNoneMatch::OneTag,
        ..PRECONDITIONS
    },
    range: Some(RangeReading {
        heeds_head: true,
        other_unit: Malformed::Refused(Deviation::None),
        malformed: Malformed::Refused(Deviation::None),
        empty_elements: false,
        largest: SIGNED,
        several: Several::Refused,
        ..RANGES
    }),
    ..RIGHT
};

const EXPRESS: Habits = Habits {
    entity_tag: Some(EntityTagFault::Weaken),
    preconditions: Preconditions {
        if_match: TagComparison::Weak,
        if_modified_since: IfModifiedSince::Always,
        if_range: IfRange::Loose,
        ..PRECONDITIONS
    },
    range: Some(RangeReading {
        heeds_head: true,
        any_case: false,
        malformed: Malformed::LeftOut,
        clamps_suffix: false,
        joined: Joined::Nearer(1),
        several: Several::Whole,
        ..RANGES
    }),
    ..RIGHT
};

/// The row of a server.
pub(super) const fn habits(profile: Profile) -> &'static Habits {
    match profile {
        Profile::Nginx => &NGINX,
        Profile::Apache => &APACHE,
        Profile::Lighttpd => &LIGHTTPD,
        Profile::Caddy => &CADDY,
        Profile::Go => &GO,
        Profile::Python => &PYTHON,
        Profile::Varnish => &VARNISH,
        Profile::Express => &EXPRESS,
    }
}
