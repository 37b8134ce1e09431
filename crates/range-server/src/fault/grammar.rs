//! Owns how faults are written: one grammar for URLs and scenarios, and the conditions in it. Knows
//! neither queries nor TOML.

mod error;
mod forms;
mod values;
mod written;

use std::num::NonZeroU64;
use std::time::Duration;

use http::Method;
use range_core::ByteRange;

use super::Fault;
pub use error::FaultError;
use values::{
    COUNT, COUNTS, OFFSETS, POSITIVE, PROBABILITY, TIMES, duration, ends, probability, read, size,
    span,
};
use written::Written;

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
        let written = Written::new(effect, options);
        let form = forms::find(written.name)
            .ok_or_else(|| FaultError::UnknownEffect(written.name.to_owned()))?;
        let mut fault = Self::always((form.read)(&written)?);
        for &(key, text) in options {
            if !form.options.contains(&key) && !fault.add_condition(key, text)? {
                return Err(FaultError::UnknownOption {
                    effect: form.name.to_owned(),
                    option: key.to_owned(),
                });
            }
        }
        Ok(fault)
    }
}

/// The text between the commas.
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
