//! Owns scenario files: TOML in, faults out, and for every mistake where it is. Reads no file.

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Fault;
use super::grammar::FaultError;

/// Most faults of a scenario; each is looked at for each request.
const MAX_FAULTS: usize = 1000;

/// Why a text is not a scenario. Lines count from 1.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {cause}")]
#[non_exhaustive]
pub struct ScenarioError {
    /// Where.
    pub line: usize,
    /// The mistake.
    pub cause: ScenarioMistake,
}

/// A mistake in a scenario.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ScenarioMistake {
    /// It is not TOML.
    #[error("{0}")]
    Syntax(String),
    /// A key has no meaning here.
    #[error("a scenario has no {0:?}; it has seed and [[fault]]")]
    UnknownKey(String),
    /// Something is of another type.
    #[error("{0} is {1}")]
    Type(&'static str, &'static str),
    /// A fault has no effect.
    #[error("a fault needs effect = \"...\", as in effect = \"stall:1MiB\"")]
    NoEffect,
    /// A fault is not one.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// There are too many.
    #[error("a scenario has at most {MAX_FAULTS} faults")]
    TooMany,
}

/// Parses a scenario: `[[fault]]` tables, each with an `effect` and any options and conditions of
/// [`Fault::parse`] as keys, and a `seed` at the top for those that have none of their own.
pub fn parse(text: &str) -> Result<Vec<Fault>, ScenarioError> {
    let at = |offset: usize, cause| ScenarioError {
        line: 1 + text
            .bytes()
            .take(offset)
            .filter(|&byte| byte == b'\n')
            .count(),
        cause,
    };
    let document = DeTable::parse(text).map_err(|error| {
        let offset = error.span().map_or(0, |span| span.start);
        at(offset, ScenarioMistake::Syntax(error.message().to_owned()))
    })?;
    let (mut seed, mut faults) = (None, Vec::new());
    for (key, value) in document.get_ref() {
        let start = key.span().start;
        match (key.get_ref().as_ref(), value.get_ref()) {
            ("seed", DeValue::Integer(_)) => {
                let number = scalar(value.get_ref()).and_then(|text| text.parse::<u64>().ok());
                let mistake = ScenarioMistake::Type("seed", "a number from 0 on");
                seed = Some(number.ok_or_else(|| at(start, mistake))?);
            }
            ("seed", _) => {
                return Err(at(
                    start,
                    ScenarioMistake::Type("seed", "a number from 0 on"),
                ));
            }
            ("fault", DeValue::Array(tables)) => {
                for table in tables {
                    let fault = fault(table).map_err(|(offset, cause)| at(offset, cause))?;
                    faults.push(fault);
                }
            }
            ("fault", _) => {
                let mistake = ScenarioMistake::Type("fault", "written [[fault]]");
                return Err(at(start, mistake));
            }
            (other, _) => {
                return Err(at(start, ScenarioMistake::UnknownKey(other.to_owned())));
            }
        }
    }
    if faults.len() > MAX_FAULTS {
        return Err(at(0, ScenarioMistake::TooMany));
    }
    for fault in &mut faults {
        fault.trigger.seed = fault.trigger.seed.or(seed);
    }
    Ok(faults)
}

/// One `[[fault]]`, or what is wrong with it and at which offset.
fn fault(value: &Spanned<DeValue<'_>>) -> Result<Fault, (usize, ScenarioMistake)> {
    let start = value.span().start;
    let DeValue::Table(table) = value.get_ref() else {
        return Err((start, ScenarioMistake::Type("fault", "written [[fault]]")));
    };
    let mut effect = None;
    let mut options = Vec::new();
    for (key, value) in table {
        let offset = key.span().start;
        let text = scalar(value.get_ref());
        let mistake = ScenarioMistake::Type("a value", "a text, a number or true");
        let text = text.ok_or((offset, mistake))?;
        match key.get_ref().as_ref() {
            "effect" => effect = Some((offset, text)),
            other => options.push((offset, other.to_owned(), text)),
        }
    }
    let (offset, effect) = effect.ok_or((start, ScenarioMistake::NoEffect))?;
    let pairs: Vec<_> = options
        .iter()
        .map(|(_, key, text)| (key.as_str(), text.as_str()))
        .collect();
    Fault::new(&effect, &pairs).map_err(|error| {
        // The line to blame is that of the option without which it would be right, or of the
        // effect.
        let blamed = pairs.iter().position(|(key, _)| error.is_about(key));
        let offset = blamed.map_or(offset, |index| options[index].0);
        (offset, ScenarioMistake::Fault(error))
    })
}

/// A value as it would be written in a URL.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    Some(match value {
        DeValue::String(text) => text.to_string(),
        DeValue::Integer(number) => {
            let number = i128::from_str_radix(number.as_str(), number.radix()).ok()?;
            number.to_string()
        }
        DeValue::Float(number) => number.as_str().to_owned(),
        DeValue::Boolean(true) => "true".to_owned(),
        DeValue::Boolean(false) | DeValue::Datetime(_) | DeValue::Array(_) | DeValue::Table(_) => {
            return None;
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Probability;
    use crate::{Effect, Position, Stop};
    use range_core::units::ByteCount;

    #[test]
    fn a_scenario_is_the_same_faults_in_other_words() {
        let scenario = "
            seed = 7 # for all

            [[fault]]
            effect = \"stall:1MiB\"
            requests = \"2..4\"
            path = \"/a,b\"

            [[fault]]
            effect = \"status:503\"
            retry-after = 7
            probability = 0.25
            seed = 0x10

            [[fault]]
            effect = \"ignore-range\"
            resumed = true
        ";
        let faults = parse(scenario).unwrap();
        let stall = Effect::Stop(Stop::Stall, Position::After(ByteCount(1 << 20)));
        let mut first = Fault::on(2..4, stall).at("/a,b");
        first.trigger.seed = Some(7);
        let second = Fault::parse("status:503,retry-after=7,probability=0.25,seed=16").unwrap();
        assert_eq!(second.trigger.probability, Probability::new(0.25));
        let third = Fault::parse("ignore-range,resumed,seed=7").unwrap();
        assert_eq!(faults, [first, second, third]);
        assert_eq!(parse(""), Ok(Vec::new()));
    }

    #[test]
    fn every_mistake_is_explained_and_has_its_line() {
        for (scenario, expected) in [
            ("seed = -1", "line 1: seed is a number from 0 on"),
            ("\nseed = \"x\"", "line 2: seed is a number from 0 on"),
            (
                "\n\nspeed = 1",
                "line 3: a scenario has no \"speed\"; it has seed and [[fault]]",
            ),
            ("fault = 1", "line 1: fault is written [[fault]]"),
            ("fault = [1]", "line 1: fault is written [[fault]]"),
            (
                "[fault]\neffect = \"gzip\"",
                "line 1: fault is written [[fault]]",
            ),
            (
                "[[fault]]\nrequests = 1",
                "line 1: a fault needs effect = \"...\", as in effect = \"stall:1MiB\"",
            ),
            (
                "[[fault]]\neffect = \"gzip\"\n[[fault]]\neffect = \"zip\"",
                "line 4: there is no fault \"zip\"; docs/design/faults.md lists them all",
            ),
            (
                "[[fault]]\neffect = \"gzip\"\n\nrequests = \"two\"",
                "line 4: requests is a number, or several as in 2..5, 2..=4, ..3 or 4.., not \
                 \"two\"",
            ),
            (
                "[[fault]]\nwhenever = 1\neffect = \"gzip\"",
                "line 2: gzip has no option \"whenever\", and no condition is called so",
            ),
            (
                "[[fault]]\neffect = \"gzip\"\nrequests = [1]",
                "line 3: a value is a text, a number or true",
            ),
            (
                "[[fault]]\neffect = \"status:503\"\nretry-after = -1",
                "line 3: retry-after is seconds, date:SECONDS, past, negative, absurd or garbage, \
                 not \"-1\"",
            ),
        ] {
            assert_eq!(
                parse(scenario).unwrap_err().to_string(),
                expected,
                "{scenario}"
            );
        }
        let syntax = parse("[[fault]]\neffect = ").unwrap_err();
        assert!(
            syntax.line == 2 && !syntax.to_string().contains('\n'),
            "{syntax}"
        );
    }
}
