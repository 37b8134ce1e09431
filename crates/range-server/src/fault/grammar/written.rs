//! Owns a fault in the pieces it is written in, and the reading of one piece. Knows no effect by
//! name.

use super::error::FaultError;
use super::values::{position, read, split_effect};
use crate::fault::{Effect, Position, Stop};

/// A fault as it is written.
#[derive(Clone, Copy, Debug)]
pub(super) struct Written<'a> {
    pub(super) name: &'a str,
    argument: Option<&'a str>,
    pub(super) options: &'a [(&'a str, &'a str)],
}

impl<'a> Written<'a> {
    /// An effect with its argument, and options and conditions as keys and values.
    pub(super) fn new(effect: &'a str, options: &'a [(&'a str, &'a str)]) -> Self {
        let (name, argument) = split_effect(effect);
        Self {
            name,
            argument,
            options,
        }
    }

    /// The effect, which takes no argument.
    pub(super) fn alone(&self, effect: Effect) -> Result<Effect, FaultError> {
        match self.argument {
            None => Ok(effect),
            Some(argument) => Err(FaultError::Superfluous {
                effect: self.name.to_owned(),
                value: argument.to_owned(),
            }),
        }
    }

    /// A stop, at a position that need not be written.
    pub(super) fn stop(&self, stop: Stop) -> Result<Effect, FaultError> {
        let position = match self.argument {
            None => Position::BeforeHead,
            Some(_) => self.with("a size, or @ and an offset", position)?,
        };
        Ok(Effect::Stop(stop, position))
    }

    /// The argument of the effect.
    pub(super) fn with<T>(
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

    /// An option of the effect, if it is written; of several the last.
    pub(super) fn option<T>(
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

    /// An option without which the effect means nothing.
    pub(super) fn needed<T>(
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
