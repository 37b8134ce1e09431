//! Owns how a URL of synthetic content has it present itself: the parameters, and their values.
//! Knows no faults but those of an entity tag.

use range_core::http::HttpDate;

use crate::content::version::Version;
use crate::fault::EntityTagFault;
use crate::synthetic::Seed;

/// Why a parameter is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ParameterError {
    /// Synthetic content has no such parameter.
    #[error(
        "synthetic content has no parameter {0:?}; it has seed, etag, version, last-modified, \
         name, fault and id"
    )]
    Unknown(String),
    /// A parameter has a value that is none of its own.
    #[error("{name} is {expected}, not {value:?}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// A description of what would be right.
        expected: &'static str,
        /// The text that was written.
        value: String,
    },
}

/// The way content presents itself. The default leaves everything as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Presentation {
    pub(crate) seed: Seed,
    pub(crate) entity_tag: Option<EntityTagFault>,
    pub(crate) version: Option<Version>,
    /// `Some(None)` asks for none.
    #[expect(
        clippy::option_option,
        reason = "what is asked for may be that there is none"
    )]
    pub(crate) last_modified: Option<Option<HttpDate>>,
    /// The file name in `Content-Disposition`.
    pub(crate) name: Option<String>,
}

impl Presentation {
    /// Takes the value of one parameter.
    pub(super) fn set(&mut self, name: &str, text: &str) -> Result<(), ParameterError> {
        let wrong = |name, expected| ParameterError::Value {
            name,
            expected,
            value: text.to_owned(),
        };
        match name {
            "etag" => {
                self.entity_tag = match text {
                    "strong" => None,
                    "weak" => Some(EntityTagFault::Weaken),
                    "none" => Some(EntityTagFault::Omit),
                    "unquoted" => Some(EntityTagFault::Unquote),
                    _ => return Err(wrong("etag", "strong, weak, none or unquoted")),
                };
            }
            "version" => {
                let version = text.parse().map(Version);
                let wrong = |_| wrong("version", "a number from 0 to 255");
                self.version = Some(version.map_err(wrong)?);
            }
            "last-modified" => {
                let expected = "none, a date, or seconds since 1970";
                let date = last_modified(text).ok_or_else(|| wrong("last-modified", expected))?;
                self.last_modified = Some(date);
            }
            "name" => {
                let is_fit = !text.is_empty() && !text.contains(char::is_control);
                let name = is_fit.then(|| text.to_owned());
                self.name = Some(name.ok_or_else(|| wrong("name", "a file name"))?);
            }
            "seed" => {
                let seed = text.parse().map(Seed);
                self.seed = seed.map_err(|_| wrong("seed", "a number below 2^64"))?;
            }
            // It only tells URLs apart.
            "id" => {}
            _ => return Err(ParameterError::Unknown(name.to_owned())),
        }
        Ok(())
    }
}

#[expect(
    clippy::option_option,
    reason = "what is asked for may be that there is none"
)]
fn last_modified(text: &str) -> Option<Option<HttpDate>> {
    if text == "none" {
        return Some(None);
    }
    match text.parse() {
        Ok(seconds) => Some(Some(HttpDate::from_unix_seconds(seconds))),
        Err(_) => HttpDate::parse(text.as_bytes()).map(Some),
    }
}
