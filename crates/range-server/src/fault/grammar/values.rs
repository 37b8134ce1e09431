//! Owns how single values of faults are written: text in, the checked value out, and what to say
//! of text that is none. Knows neither effects as a whole nor conditions.

use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Bound;
use std::time::Duration;

use http::{HeaderValue, StatusCode};
use range_core::units::{ByteCount, BytesPerSecond, parse_duration};

use super::error::FaultError;
use crate::content::version::Version;
use crate::fault::{
    ContentLength, Effect, EntityTagFault, Excess, IfRange, Position, Probability, Redirect,
    RetryAfter, Span, StatusBody, Stop,
};

pub(super) const DURATION: &str = "a duration, as in 500ms, 2s or 1m";
pub(super) const RATE: &str = "a size a second, as in 64KiB";
pub(super) const SIZE: &str = "a size, as in 1000 or 1MiB";
pub(super) const SIZE_ABOVE_0: &str = "a size above 0, as in 4KiB";
pub(super) const COUNT: &str = "a number";
pub(super) const POSITIVE: &str = "a number above 0";
pub(super) const COUNTS: &str = "a number, or several as in 2..5, 2..=4, ..3 or 4..";
pub(super) const TIMES: &str = "a span of time, as in 10s.. or 1s..2s";
pub(super) const OFFSETS: &str = "an offset, or several as in 1MiB..2MiB";
pub(super) const STATUS: &str = "a status from 200 to 599";
pub(super) const FRAMING: &str =
    "chunked, until-close, twice, beside-chunked, or the text to state";
pub(super) const TAG: &str = "none, weak, unquoted, other or per-connection";
pub(super) const RETRY_AFTER: &str = "seconds, date:SECONDS, past, negative, absurd or garbage";
pub(super) const BODY: &str = "text, json, xml, html or empty";
pub(super) const MEDIA_TYPE: &str = "a media type, as in text/html";
pub(super) const PROBABILITY: &str = "a number from 0 to 1, as in 0.25 or 1/36";
pub(super) const REDIRECT: &str =
    "a location, or loop, chain:N, cross-origin, expiring:DURATION or once";

/// The name of an effect and its argument.
pub(super) fn split_effect(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    }
}

pub(super) fn read<T>(
    name: &str,
    text: &str,
    expected: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<T, FaultError> {
    parse(text).ok_or_else(|| FaultError::Value {
        name: name.to_owned(),
        expected,
        value: text.to_owned(),
    })
}

/// A first value, and an end with whether it is itself within.
pub(super) type Ends<T> = (Option<T>, Option<(T, bool)>);

/// Reads `A`, `A..B`, `A..=B`, `..B`, `..=B` or `A..`.
pub(super) fn ends<T: Copy>(
    name: &str,
    text: &str,
    expected: &'static str,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Ends<T>, FaultError> {
    let one = |text: &str| read(name, text, expected, &parse);
    let Some((first, end)) = text.split_once("..") else {
        let only = one(text)?;
        return Ok((Some(only), Some((only, true))));
    };
    let (end, is_last) = match end.strip_prefix('=') {
        Some(last) => (last, true),
        None => (end, false),
    };
    let first = (!first.is_empty()).then(|| one(first)).transpose()?;
    let end = (!end.is_empty() || is_last).then(|| one(end)).transpose()?;
    Ok((first, end.map(|end| (end, is_last))))
}

pub(super) fn span<T: Copy + PartialOrd>(
    name: &str,
    text: &str,
    expected: &'static str,
    least: T,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<Span<T>, FaultError> {
    let (first, end) = ends(name, text, expected, parse)?;
    let end = match end {
        Some((end, true)) => Bound::Included(end),
        Some((end, false)) => Bound::Excluded(end),
        None => Bound::Unbounded,
    };
    Ok(Span::of(
        (first.map_or(Bound::Unbounded, Bound::Included), end),
        least,
    ))
}

pub(super) fn size(text: &str) -> Option<ByteCount> {
    ByteCount::parse(text).ok()
}

pub(super) fn positive(text: &str) -> Option<NonZeroU64> {
    NonZeroU64::new(size(text)?.0)
}

pub(super) fn rate(text: &str) -> Option<BytesPerSecond> {
    positive(text).map(|rate| BytesPerSecond(rate.get()))
}

pub(super) fn duration(text: &str) -> Option<Duration> {
    parse_duration(text).ok()
}

pub(super) fn status(text: &str) -> Option<StatusCode> {
    let code = text.parse().ok().filter(|code| (200..600).contains(code))?;
    StatusCode::from_u16(code).ok()
}

pub(super) fn position(text: &str) -> Option<Position> {
    match text.strip_prefix('@') {
        Some(offset) => size(offset).map(|offset| Position::Offset(offset.0)),
        None => size(text).map(Position::After),
    }
}

pub(super) fn excess(text: &str) -> Option<Excess> {
    Some(match text {
        "stall" => Excess::Stop(Stop::Stall),
        "close" => Excess::Stop(Stop::Close),
        "cut" => Excess::Stop(Stop::Cut),
        "reset" => Excess::Stop(Stop::Reset),
        code => Excess::Status(status(code)?),
    })
}

pub(super) fn framing(text: &str) -> Option<ContentLength> {
    Some(match text {
        "chunked" => ContentLength::Chunked,
        "until-close" => ContentLength::UntilClose,
        "twice" => ContentLength::Twice,
        "beside-chunked" => ContentLength::BesideChunked,
        stated => ContentLength::Stated(HeaderValue::from_str(stated).ok()?),
    })
}

#[expect(
    clippy::option_option,
    reason = "what is stated may be that nothing is known"
)]
pub(super) fn complete_length(text: &str) -> Option<Option<ByteCount>> {
    match text {
        "*" => Some(None),
        _ => size(text).map(Some),
    }
}

pub(super) fn version(text: &str) -> Option<Version> {
    text.parse().ok().map(Version)
}

pub(super) fn entity_tag(text: &str) -> Option<EntityTagFault> {
    Some(match text {
        "none" => EntityTagFault::Omit,
        "weak" => EntityTagFault::Weaken,
        "unquoted" => EntityTagFault::Unquote,
        "other" => EntityTagFault::Other,
        "per-connection" => EntityTagFault::PerConnection,
        _ => return None,
    })
}

pub(super) fn if_range(text: &str) -> Option<IfRange> {
    match text {
        "ignore" => Some(IfRange::Ignore),
        "refuse" => Some(IfRange::Refuse),
        _ => None,
    }
}

pub(super) fn retry_after(text: &str) -> Option<RetryAfter> {
    let seconds = |text: &str| text.parse().ok().map(Duration::from_secs);
    Some(match text {
        "past" => RetryAfter::Past,
        "negative" => RetryAfter::Negative,
        "absurd" => RetryAfter::Absurd,
        "garbage" => RetryAfter::Garbage,
        _ => match text.strip_prefix("date:") {
            Some(wait) => RetryAfter::Date(seconds(wait)?),
            None => RetryAfter::Seconds(seconds(text)?),
        },
    })
}

pub(super) fn body(text: &str) -> Option<StatusBody> {
    Some(match text {
        "text" => StatusBody::Text,
        "json" => StatusBody::Json,
        "xml" => StatusBody::Xml,
        "html" => StatusBody::Html,
        "empty" => StatusBody::Empty,
        _ => return None,
    })
}

/// A type and a subtype, each a token (RFC 9110 §8.3.1), and any parameters after them.
pub(super) fn media_type(text: &str) -> Option<HeaderValue> {
    let is_token = |text: &str| {
        let is_fit = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&byte);
        !text.is_empty() && text.bytes().all(is_fit)
    };
    let (essence, _) = text.split_once(';').unwrap_or((text, ""));
    let (kind, subtype) = essence.trim_end().split_once('/')?;
    let is_fit = is_token(kind) && is_token(subtype) && text.is_ascii();
    HeaderValue::from_str(text).ok().filter(|_| is_fit)
}

/// A decimal fraction, or two whole numbers with a stroke between them.
pub(super) fn probability(text: &str) -> Option<Probability> {
    let Some((part, all)) = text.split_once('/') else {
        return Probability::new(text.parse().ok()?);
    };
    let part = f64::from(part.parse::<u32>().ok()?);
    let all = f64::from(all.parse::<NonZeroU32>().ok()?.get());
    Probability::new(part / all)
}

pub(super) fn redirect(text: &str) -> Option<Effect> {
    let known = match split_effect(text) {
        ("loop", None) => Redirect::Loop,
        ("once", None) => Redirect::Once,
        ("cross-origin", None) => Redirect::CrossOrigin,
        ("chain", Some(steps)) => Redirect::Chain(steps.parse::<NonZeroU32>().ok()?),
        ("expiring", Some(after)) => Redirect::Expiring(duration(after)?),
        _ if text.starts_with('/') || text.contains("://") => {
            return HeaderValue::from_str(text).ok().map(Effect::RedirectTo);
        }
        _ => return None,
    };
    Some(Effect::Redirect(known))
}
