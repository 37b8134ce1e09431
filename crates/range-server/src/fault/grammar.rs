//! Owns how faults are written: one grammar for URLs and scenarios. Knows neither queries nor TOML.

mod error;
mod values;

use std::num::NonZeroU64;
use std::time::Duration;

use http::{Method, StatusCode};
use range_core::ByteRange;

use super::{Effect, Excess, Fault, Position, Stop};
pub use error::FaultError;
use values::{
    BODY, COUNT, COUNTS, DURATION, FRAMING, MEDIA_TYPE, OFFSETS, POSITIVE, PROBABILITY, RATE,
    REDIRECT, RETRY_AFTER, SIZE, SIZE_ABOVE_0, STATUS, TAG, TIMES, body, complete_length, duration,
    ends, entity_tag, excess, framing, if_range, media_type, position, positive, probability, rate,
    read, redirect, retry_after, size, span, split_effect, status, version,
};

/// A fault as it is written, in pieces.
#[derive(Clone, Copy, Debug)]
struct Written<'a> {
    name: &'a str,
    argument: Option<&'a str>,
    options: &'a [(&'a str, &'a str)],
}

impl Fault {
    /// Parses `EFFECT[:ARGUMENT][,KEY=VALUE]...`, such as `stall:1MiB,requests=2..4`. A comma with
    /// a backslash before it is one of the value, as in `redirect:/a\,b`.
    pub fn parse(text: &str) -> Result<Self, FaultError> {
        let pieces = pieces(text);
        let (effect, options) = pieces.split_first().expect("there is one at least");
        let options: Vec<_> = options
            .iter()
            .map(|piece| piece.split_once('=').unwrap_or((piece, "")))
            .collect();
        Self::new(effect, &options)
    }

    /// The fault of an effect and its argument, with options and conditions as keys and values.
    pub(super) fn new(effect: &str, options: &[(&str, &str)]) -> Result<Self, FaultError> {
        let (name, argument) = split_effect(effect);
        let written = Written {
            name,
            argument,
            options,
        };
        let mut fault = Self::always(written.effect()?);
        for &(key, text) in options {
            if !written.is_option(key) && !fault.add_condition(key, text)? {
                return Err(FaultError::UnknownOption {
                    effect: name.to_owned(),
                    option: key.to_owned(),
                });
            }
        }
        Ok(fault)
    }
}

/// What stands between the commas.
fn pieces(text: &str) -> Vec<String> {
    let (mut pieces, mut piece) = (Vec::new(), String::new());
    let mut left = text.chars().peekable();
    while let Some(character) = left.next() {
        match character {
            '\\' if left.next_if_eq(&',').is_some() => piece.push(','),
            ',' => pieces.push(std::mem::take(&mut piece)),
            _ => piece.push(character),
        }
    }
    pieces.push(piece);
    pieces
}

impl Written<'_> {
    /// Whether a key belongs to the effect rather than to when it applies.
    fn is_option(&self, key: &str) -> bool {
        matches!(
            (self.name, key),
            ("status", "retry-after" | "body")
                | ("bucket", "quantum")
                | ("crowd-rate", "above")
                | ("outage", "after")
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
            "first-byte" => Effect::FirstByte(self.with(DURATION, duration)?),
            "rate" => Effect::Rate(self.with(RATE, rate)?),
            "bucket" => Effect::Bucket {
                rate: self.with(RATE, rate)?,
                quantum: self.needed("quantum", SIZE_ABOVE_0, positive)?,
            },
            "crowd-rate" => Effect::CrowdRate {
                above: self.needed("above", COUNT, |text| text.parse().ok())?,
                rate: self.with(RATE, rate)?,
            },
            "stall" => self.stop(Stop::Stall)?,
            "close" => self.stop(Stop::Close)?,
            "cut" => self.stop(Stop::Cut)?,
            "reset" => self.stop(Stop::Reset)?,
            "outage" => Effect::Outage {
                after: self
                    .option("after", DURATION, duration)?
                    .unwrap_or_default(),
                lasts: self.with(DURATION, duration)?,
            },
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
            "media-type" => Effect::MediaType(self.with(MEDIA_TYPE, media_type)?),
            "corrupt" => Effect::Corrupt(self.with(SIZE, |text| size(text).map(|size| size.0))?),
            "status" => Effect::Status {
                code: self.with(STATUS, status)?,
                retry_after: self.option("retry-after", RETRY_AFTER, retry_after)?,
                body: self.option("body", BODY, body)?.unwrap_or_default(),
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
                trigger.probability = Some(read(key, text, PROBABILITY, probability)?);
            }
            "seed" => trigger.seed = Some(read(key, text, COUNT, number)?),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests;
