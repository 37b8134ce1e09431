//! Owns how faults are written: one grammar for URLs and scenarios. Knows neither queries nor TOML.

use std::num::{NonZeroU32, NonZeroU64};
use std::ops::Bound;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode};
use range_core::ByteRange;
use range_core::units::{ByteCount, BytesPerSecond};

use super::{
    ContentLength, Effect, EntityTagFault, Excess, Fault, IfRange, Position, Probability, Redirect,
    RetryAfter, Span, Stop, Version,
};

/// Why a text is not a fault. The text itself is quoted: it is the author's own.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum FaultError {
    /// There is no such effect.
    #[error("there is no fault {0:?}; docs/design/faults.md lists them all")]
    UnknownEffect(String),
    /// There is no such condition, or it does not go with the effect.
    #[error("{effect} has no option {option:?}, and no condition is called so")]
    UnknownOption {
        /// The effect.
        effect: String,
        /// What was written.
        option: String,
    },
    /// An effect needs an argument, or an option its value.
    #[error("{name} needs {expected}")]
    Missing {
        /// Of what.
        name: String,
        /// What would be right.
        expected: &'static str,
    },
    /// A value is not what it has to be.
    #[error("{name} is {expected}, not {value:?}")]
    Value {
        /// Of what.
        name: String,
        /// What would be right.
        expected: &'static str,
        /// What was written.
        value: String,
    },
    /// The effect takes no argument.
    #[error("{effect} takes no argument, and has {value:?}")]
    Superfluous {
        /// The effect.
        effect: String,
        /// What was written.
        value: String,
    },
}

impl FaultError {
    /// Whether an option is to blame.
    pub(super) fn is_about(&self, key: &str) -> bool {
        match self {
            Self::UnknownOption { option, .. } => option == key,
            Self::Value { name, .. } => name == key,
            Self::UnknownEffect(_) | Self::Missing { .. } | Self::Superfluous { .. } => false,
        }
    }
}

/// A fault as it is written, in pieces: `name:argument` and `key=value` each.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    pub(super) argument: Option<&'a str>,
    pub(super) options: &'a [(&'a str, &'a str)],
}

impl Fault {
    /// Parses `EFFECT[:ARGUMENT][,KEY=VALUE]...`, such as `stall:1MiB,requests=2..4`. A comma
    /// within a value cannot be written so.
    pub fn parse(text: &str) -> Result<Self, FaultError> {
        let mut items = text.split(',');
        let effect = items.next().unwrap_or_default();
        let (name, argument) = split_effect(effect);
        let options: Vec<_> = items
            .map(|item| item.split_once('=').unwrap_or((item, "")))
            .collect();
        let written = Written {
            name,
            argument,
            options: &options,
        };
        written.fault()
    }
}

/// The name of an effect and its argument.
pub(super) fn split_effect(text: &str) -> (&str, Option<&str>) {
    match text.split_once(':') {
        Some((name, argument)) => (name, Some(argument)),
        None => (text, None),
    }
}

impl Written<'_> {
    /// What was meant.
    pub(super) fn fault(&self) -> Result<Fault, FaultError> {
        let mut fault = Fault::always(self.effect()?);
        for &(key, text) in self.options {
            if !self.is_option(key) && !fault.add_condition(key, text)? {
                return Err(FaultError::UnknownOption {
                    effect: self.name.to_owned(),
                    option: key.to_owned(),
                });
            }
        }
        Ok(fault)
    }

    /// Whether a key belongs to the effect rather than to when it applies.
    fn is_option(&self, key: &str) -> bool {
        matches!(
            (self.name, key),
            ("status", "retry-after")
                | ("crowd-rate", "above")
                | ("connection-cap", "excess")
                | ("range-cap", "refusal")
        )
    }

    fn effect(&self) -> Result<Effect, FaultError> {
        if let Some(effect) = self.bare_effect() {
            return match self.argument {
                None => Ok(effect),
                Some(argument) => Err(FaultError::Superfluous {
                    effect: self.name.to_owned(),
                    value: argument.to_owned(),
                }),
            };
        }
        Ok(match self.name {
            "delay" => Effect::DelayHead(self.with(DURATION, duration)?),
            "drip-head" => Effect::DripHead(self.with(DURATION, duration)?),
            "rate" => Effect::Rate(self.with(RATE, rate)?),
            "crowd-rate" => Effect::CrowdRate {
                above: self.needed("above", COUNT, |text| text.parse().ok())?,
                rate: self.with(RATE, rate)?,
            },
            "stall" => self.stop(Stop::Stall)?,
            "close" => self.stop(Stop::Close)?,
            "cut" => self.stop(Stop::Cut)?,
            "reset" => self.stop(Stop::Reset)?,
            "connection-cap" => Effect::ConnectionCap {
                most: self.with(COUNT, |text| text.parse().ok())?,
                excess: self
                    .option("excess", "stall, close, cut, reset or a status", excess)?
                    .unwrap_or(Excess::Status(StatusCode::SERVICE_UNAVAILABLE)),
            },
            "content-length" => Effect::ContentLength(self.with(FRAMING, framing)?),
            "surplus" => Effect::Surplus(self.with(SIZE, size)?),
            "interim" => Effect::Interim(self.with(POSITIVE, |text| text.parse().ok())?),
            _ => return self.effect_on_content(),
        })
    }

    fn bare_effect(&self) -> Option<Effect> {
        Some(match self.name {
            "http-1.0" => Effect::Http10,
            "endless-head" => Effect::EndlessHead,
            "ignore-range" => Effect::IgnoreRange,
            "no-content-range" => Effect::OmitContentRange,
            "multipart" => Effect::Multipart,
            "no-validators" => Effect::OmitValidators,
            "gzip" => Effect::Gzip,
            "error-page" => Effect::ErrorPage,
            _ => return None,
        })
    }

    fn effect_on_content(&self) -> Result<Effect, FaultError> {
        Ok(match self.name {
            "start-earlier" => Effect::StartEarlier(self.with(SIZE, size)?),
            "start-later" => Effect::StartLater(self.with(SIZE, size)?),
            "align-start" => Effect::AlignStart(self.with(SIZE_ABOVE_0, positive)?),
            "end-earlier" => Effect::EndEarlier(self.with(SIZE, size)?),
            "range-cap" => Effect::RangeCap {
                most: self.with(SIZE_ABOVE_0, positive)?,
                refusal: self.option("refusal", STATUS, status)?,
            },
            "overlong" => Effect::Overlong(self.with(SIZE, size)?),
            "misplace" => Effect::Misplace(self.with(SIZE, size)?),
            "complete-length" => Effect::CompleteLength(self.with("a size or *", complete_length)?),
            "version" => Effect::Version(self.with("a number from 0 to 255", version)?),
            "length" => Effect::Length(self.with(SIZE, size)?),
            "etag" => Effect::EntityTag(self.with(TAG, entity_tag)?),
            "if-range" => Effect::IfRange(self.with("ignore or refuse", if_range)?),
            "corrupt" => Effect::Corrupt(self.with(SIZE, |text| size(text).map(|size| size.0))?),
            "status" => Effect::Status {
                code: self.with(STATUS, status)?,
                retry_after: self.option("retry-after", RETRY_AFTER, retry_after)?,
            },
            "redirect" => self.with(REDIRECT, redirect)?,
            name => return Err(FaultError::UnknownEffect(name.to_owned())),
        })
    }

    fn stop(&self, stop: Stop) -> Result<Effect, FaultError> {
        let position = match self.argument {
            None => Position::BeforeHead,
            Some(_) => self.with("a size, or @ and an offset", position)?,
        };
        Ok(Effect::Stop(stop, position))
    }

    /// The argument of the effect.
    fn with<T>(
        &self,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, FaultError> {
        let argument = self.argument.filter(|argument| !argument.is_empty());
        let argument = argument.ok_or_else(|| FaultError::Missing {
            name: self.name.to_owned(),
            expected,
        })?;
        read(self.name, argument, expected, parse)
    }

    fn option<T>(
        &self,
        key: &str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<Option<T>, FaultError> {
        let found = self.options.iter().rev().find(|(own, _)| *own == key);
        found
            .map(|(_, text)| read(key, text, expected, parse))
            .transpose()
    }

    fn needed<T>(
        &self,
        key: &str,
        expected: &'static str,
        parse: impl FnOnce(&str) -> Option<T>,
    ) -> Result<T, FaultError> {
        self.option(key, expected, parse)?
            .ok_or_else(|| FaultError::Missing {
                name: format!("{} needs {key}=, which", self.name),
                expected,
            })
    }
}

impl Fault {
    /// Adds a condition. False when no condition is called so.
    fn add_condition(&mut self, key: &str, text: &str) -> Result<bool, FaultError> {
        let trigger = &mut self.trigger;
        let number = |text: &str| text.parse::<u64>().ok();
        match key {
            "requests" => trigger.requests = span(key, text, COUNTS, 0, number)?,
            "connections" => trigger.connections = span(key, text, COUNTS, 0, number)?,
            "elapsed" => trigger.elapsed = span(key, text, TIMES, Duration::ZERO, duration)?,
            "every" => {
                let every = read(key, text, POSITIVE, |text| text.parse::<NonZeroU64>().ok())?;
                trigger.every = Some(every.get());
            }
            "path" => {
                let path = |text: &str| text.starts_with('/').then(|| text.to_owned());
                trigger.path = Some(read(key, text, "a path, which starts with /", path)?);
            }
            "method" => {
                let method = |text: &str| Method::from_bytes(text.as_bytes()).ok();
                trigger.method = Some(read(key, text, "a method, as in GET", method)?);
            }
            "bytes" => {
                let offset = |text: &str| size(text).map(|size| size.0);
                let (start, end) = ends(key, text, OFFSETS, offset)?;
                let end = end.map_or(u64::MAX, |(end, is_last)| {
                    end.saturating_add(is_last.into())
                });
                let bytes = ByteRange::new(start.unwrap_or(0), end);
                trigger.bytes = Some(read(key, text, OFFSETS, |_| bytes)?);
            }
            "resumed" => {
                let is_true = |text: &str| matches!(text, "" | "true").then_some(());
                read(key, text, "true, or nothing", is_true)?;
                trigger.only_resumed = true;
            }
            "probability" => {
                let probability = |text: &str| Probability::new(text.parse().ok()?);
                let expected = "a number from 0 to 1";
                trigger.probability = Some(read(key, text, expected, probability)?);
            }
            "seed" => trigger.seed = Some(read(key, text, COUNT, number)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

const DURATION: &str = "a duration, as in 500ms, 2s or 1m";
const RATE: &str = "a size a second, as in 64KiB";
const SIZE: &str = "a size, as in 1000 or 1MiB";
const SIZE_ABOVE_0: &str = "a size above 0, as in 4KiB";
const COUNT: &str = "a number";
const POSITIVE: &str = "a number above 0";
const COUNTS: &str = "a number, or several as in 2..5, 2..=4, ..3 or 4..";
const TIMES: &str = "a span of time, as in 10s.. or 1s..2s";
const OFFSETS: &str = "an offset, or several as in 1MiB..2MiB";
const STATUS: &str = "a status from 200 to 599";
const FRAMING: &str = "chunked, until-close, twice, beside-chunked, or the text to state";
const TAG: &str = "none, weak, unquoted, other or per-connection";
const RETRY_AFTER: &str = "seconds, date:SECONDS, past, negative, absurd or garbage";
const REDIRECT: &str = "a location, or loop, chain:N, cross-origin, expiring:DURATION or once";

fn read<T>(
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
type Ends<T> = (Option<T>, Option<(T, bool)>);

/// Reads `A`, `A..B`, `A..=B`, `..B`, `..=B` or `A..`.
fn ends<T: Copy>(
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

fn span<T: Copy + PartialOrd>(
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

fn size(text: &str) -> Option<ByteCount> {
    ByteCount::parse(text).ok()
}

fn positive(text: &str) -> Option<NonZeroU64> {
    NonZeroU64::new(size(text)?.0)
}

fn rate(text: &str) -> Option<BytesPerSecond> {
    positive(text).map(|rate| BytesPerSecond(rate.get()))
}

fn duration(text: &str) -> Option<Duration> {
    let unit = text.find(|character: char| !character.is_ascii_digit())?;
    let (number, unit) = text.split_at(unit);
    let milliseconds: u64 = match unit {
        "ms" => 1,
        "s" => 1000,
        "m" => 60_000,
        "h" => 3_600_000,
        _ => return None,
    };
    let total = number.parse::<u64>().ok()?.checked_mul(milliseconds)?;
    Some(Duration::from_millis(total))
}

fn status(text: &str) -> Option<StatusCode> {
    let code = text.parse().ok().filter(|code| (200..600).contains(code))?;
    StatusCode::from_u16(code).ok()
}

fn position(text: &str) -> Option<Position> {
    match text.strip_prefix('@') {
        Some(offset) => size(offset).map(|offset| Position::Offset(offset.0)),
        None => size(text).map(Position::After),
    }
}

fn excess(text: &str) -> Option<Excess> {
    Some(match text {
        "stall" => Excess::Stop(Stop::Stall),
        "close" => Excess::Stop(Stop::Close),
        "cut" => Excess::Stop(Stop::Cut),
        "reset" => Excess::Stop(Stop::Reset),
        code => Excess::Status(status(code)?),
    })
}

fn framing(text: &str) -> Option<ContentLength> {
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
fn complete_length(text: &str) -> Option<Option<ByteCount>> {
    match text {
        "*" => Some(None),
        _ => size(text).map(Some),
    }
}

fn version(text: &str) -> Option<Version> {
    text.parse().ok().map(Version)
}

fn entity_tag(text: &str) -> Option<EntityTagFault> {
    Some(match text {
        "none" => EntityTagFault::Omit,
        "weak" => EntityTagFault::Weaken,
        "unquoted" => EntityTagFault::Unquote,
        "other" => EntityTagFault::Other,
        "per-connection" => EntityTagFault::PerConnection,
        _ => return None,
    })
}

fn if_range(text: &str) -> Option<IfRange> {
    match text {
        "ignore" => Some(IfRange::Ignore),
        "refuse" => Some(IfRange::Refuse),
        _ => None,
    }
}

fn retry_after(text: &str) -> Option<RetryAfter> {
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

fn redirect(text: &str) -> Option<Effect> {
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

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    const REFERENCE: &str = include_str!("../../../../docs/design/faults.md");

    /// What the rows of a table have in code first, and second if that is a key.
    fn examples(heading: &str, column: usize) -> Vec<&'static str> {
        let (_, section) = REFERENCE.split_once(heading).unwrap();
        let section = section.split("\n## ").next().unwrap();
        let rows = section.lines().filter(|line| line.starts_with("| `"));
        rows.map(|row| row.split('|').nth(column).unwrap().trim().trim_matches('`'))
            .collect()
    }

    #[test]
    fn every_example_of_the_reference_is_a_fault_of_that_name() {
        let mut names = BTreeSet::new();
        for example in examples("## Effects", 1) {
            let fault = Fault::parse(example).unwrap_or_else(|error| panic!("{example}: {error}"));
            let (name, _) = split_effect(example.split(',').next().unwrap());
            assert_eq!(fault.effect.name(), name);
            names.insert(name);
        }
        assert_eq!(names.len(), 35, "{names:?}");
        for condition in examples("## Conditions", 2) {
            Fault::parse(&format!("gzip,{condition}")).unwrap();
        }
        assert_eq!(examples("## Conditions", 2).len(), 10);
    }

    #[test]
    fn spans_are_read_in_all_their_forms() {
        use Bound::{Excluded, Included, Unbounded};
        let fault = |text: &str| Fault::parse(&format!("gzip,{text}"));
        let on = |bounds: (Bound<u64>, Bound<u64>)| Ok(Fault::on(bounds, Effect::Gzip));
        assert_eq!(fault("requests=3"), on((Included(3), Included(3))));
        assert_eq!(fault("requests=2..5"), on((Included(2), Excluded(5))));
        assert_eq!(fault("requests=2..=5"), on((Included(2), Included(5))));
        assert_eq!(fault("requests=..5"), on((Unbounded, Excluded(5))));
        assert_eq!(fault("requests=4.."), on((Included(4), Unbounded)));
        let touching = |start, end| {
            let bytes = ByteRange::new(start, end).unwrap();
            Ok(Fault::always(Effect::Gzip).touching(bytes))
        };
        assert_eq!(fault("bytes=1KiB"), touching(1024, 1025));
        assert_eq!(fault("bytes=..=9"), touching(0, 10));
        assert_eq!(fault("bytes=7.."), touching(7, u64::MAX));
        for wrong in [
            "requests=",
            "requests=a..b",
            "requests=1..=",
            "bytes=5..5",
            "elapsed=5",
        ] {
            assert!(
                matches!(fault(wrong), Err(FaultError::Value { .. })),
                "{wrong}"
            );
        }
    }

    #[test]
    fn stops_are_before_the_head_after_bytes_or_at_an_offset() {
        for (text, stop, position) in [
            ("stall", Stop::Stall, Position::BeforeHead),
            ("reset:1KiB", Stop::Reset, Position::After(ByteCount(1024))),
            ("close:@5", Stop::Close, Position::Offset(5)),
            ("cut:0", Stop::Cut, Position::After(ByteCount(0))),
        ] {
            let expected = Fault::always(Effect::Stop(stop, position));
            assert_eq!(Fault::parse(text), Ok(expected));
        }
        assert!(Fault::parse("stall:").is_err());
    }

    #[test]
    fn options_belong_to_their_effect() {
        assert!(Fault::parse("gzip,retry-after=1").is_err());
        assert!(Fault::parse("crowd-rate:1KiB").is_err());
        assert!(Fault::parse("connection-cap:1,excess=shout").is_err());
        let capped = Fault::parse("connection-cap:1").unwrap();
        let unavailable = Excess::Status(StatusCode::SERVICE_UNAVAILABLE);
        let expected = Effect::ConnectionCap {
            most: 1,
            excess: unavailable,
        };
        assert_eq!(capped.effect, expected);
    }
}
