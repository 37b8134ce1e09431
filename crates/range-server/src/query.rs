//! Owns what a URL asks for in its query: faults, and how synthetic content presents itself.
//! Answers nothing.

use std::borrow::Cow;
use std::time::Duration;

use percent_encoding::percent_decode_str;
use range_core::http::HttpDate;

use crate::content::version::Version;
use crate::fault::{Effect, EntityTagFault, Fault, FaultError, Redirect};
use crate::injection;
use crate::synthetic;

/// Most faults one URL may name.
const MAX_FAULTS: usize = 32;

/// Longest wait at once that a URL may ask for: whoever writes it decides what a connection costs.
const MAX_WAIT: Duration = Duration::from_mins(1);

/// Why a query is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    /// A fault is not written as one.
    #[error(transparent)]
    Fault(#[from] FaultError),
    /// A redirection would lead whoever trusts this server to another one.
    #[error("a redirection named in a URL leads to a path, which starts with one /")]
    LeadsAway,
    /// A redirection would lead to the visitor's own machine.
    #[error("redirect:cross-origin in a URL needs a Host on loopback, to know another name for")]
    NoOtherName,
    /// A fault would hold a connection up for too long.
    #[error("{0} in a URL waits a minute at most; a scenario says more")]
    TooLong(&'static str),
    /// There are too many faults.
    #[error("a URL names at most {MAX_FAULTS} faults")]
    TooManyFaults,
    /// Synthetic content has no such parameter.
    #[error(
        "synthetic content has no parameter {0:?}; it has seed, etag, version, last-modified, \
         name, fault and id"
    )]
    UnknownParameter(String),
    /// A parameter has a value that is none of its own.
    #[error("{name} is {expected}, not {value:?}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What would be right.
        expected: &'static str,
        /// What was written.
        value: String,
    },
    /// The bytes of this protocol are not ours to get wrong.
    #[error("this fault needs HTTP/1.1")]
    OtherProtocol,
}

/// What a URL asks for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct UrlOptions {
    pub(crate) faults: Vec<Fault>,
    pub(crate) entity_tag: Option<EntityTagFault>,
    pub(crate) version: Option<Version>,
    /// `Some(None)` asks for none.
    #[expect(
        clippy::option_option,
        reason = "what is asked for may be that there is none"
    )]
    pub(crate) last_modified: Option<Option<HttpDate>>,
    pub(crate) name: Option<String>,
}

impl UrlOptions {
    /// Reads a query. Beside faults, which go with every path, only parameters of synthetic
    /// content are looked at, and none other goes with that.
    pub(crate) fn parse(path: &str, query: Option<&str>) -> Result<Self, QueryError> {
        let is_synthetic = path.starts_with(synthetic::PREFIX);
        let mut options = Self::default();
        let pairs = query.unwrap_or_default().split('&');
        for pair in pairs.filter(|pair| !pair.is_empty()) {
            let (name, text) = pair.split_once('=').unwrap_or((pair, ""));
            match name {
                "fault" => options.add_fault(text)?,
                _ if is_synthetic => options.present(name, text)?,
                _ => {}
            }
        }
        Ok(options)
    }

    /// Whether a fault redirects to another name of this machine.
    pub(crate) fn leads_to_another_name(&self) -> bool {
        let cross_origin = Effect::Redirect(Redirect::CrossOrigin);
        self.faults.iter().any(|fault| fault.effect == cross_origin)
    }

    fn add_fault(&mut self, text: &str) -> Result<(), QueryError> {
        // Decoded piece by piece, so that a comma can be written within one.
        let pieces: Vec<_> = text.split(',').map(decoded).collect();
        let fault = Fault::from_pieces(&pieces)?;
        if let Effect::RedirectTo(location) = &fault.effect
            && !injection::stays_here(location)
        {
            return Err(QueryError::LeadsAway);
        }
        let wait = fault.effect.longest_wait();
        if wait.is_some_and(|wait| wait > MAX_WAIT) {
            return Err(QueryError::TooLong(fault.effect.name()));
        }
        self.faults.push(fault);
        if self.faults.len() > MAX_FAULTS {
            return Err(QueryError::TooManyFaults);
        }
        Ok(())
    }

    /// A parameter of synthetic content.
    fn present(&mut self, name: &str, text: &str) -> Result<(), QueryError> {
        let text = decoded(text);
        let wrong = |name, expected| QueryError::Value {
            name,
            expected,
            value: text.to_string(),
        };
        match name {
            "etag" => {
                self.entity_tag = match &*text {
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
                let date = last_modified(&text).ok_or_else(|| wrong("last-modified", expected))?;
                self.last_modified = Some(date);
            }
            "name" => {
                let is_fit = !text.is_empty() && !text.contains(char::is_control);
                let name = is_fit.then(|| text.to_string());
                self.name = Some(name.ok_or_else(|| wrong("name", "a file name"))?);
            }
            "seed" => {
                let seed = text.parse::<u64>();
                seed.map_err(|_| wrong("seed", "a number below 2^64"))?;
            }
            // Parameters of redirections, and one that only tells URLs apart.
            "hop" | "expires" | "once" | "id" => {}
            _ => return Err(QueryError::UnknownParameter(name.to_owned())),
        }
        Ok(())
    }
}

fn decoded(text: &str) -> Cow<'_, str> {
    percent_decode_str(text).decode_utf8_lossy()
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

/// `Content-Disposition` for a name (RFC 6266): in ASCII for those who read no other, then whole.
pub(crate) fn disposition(name: &str) -> String {
    let is_plain = |character: &char| {
        character.is_ascii_alphanumeric() || " !#$&+-.^_`{}~()[]@,;='".contains(*character)
    };
    let fallback: String = name
        .chars()
        .map(|character| if is_plain(&character) { character } else { '_' })
        .collect();
    let whole = percent_encoding::utf8_percent_encode(name, percent_encoding::NON_ALPHANUMERIC);
    format!("attachment; filename=\"{fallback}\"; filename*=UTF-8''{whole}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_written_for_old_readers_and_new() {
        assert_eq!(
            disposition("a\u{e9}\"/b.bin"),
            "attachment; filename=\"a___b.bin\"; filename*=UTF-8''a%C3%A9%22%2Fb%2Ebin"
        );
    }

    #[test]
    fn commas_within_a_value_are_encoded() {
        let options = UrlOptions::parse("/a", Some("fault=redirect:/b%2Cc%3Fd%3D1,requests=1&x=y"));
        let expected = Fault::on(
            1..=1,
            Effect::RedirectTo(http::HeaderValue::from_static("/b,c?d=1")),
        );
        assert_eq!(options.unwrap().faults, [expected]);
    }

    #[test]
    fn mistakes_are_explained() {
        let error = |query| {
            let error = UrlOptions::parse("/synthetic/1", Some(query)).unwrap_err();
            error.to_string()
        };
        for (query, expected) in [
            (
                "fault=stal:1",
                "there is no fault \"stal\"; docs/design/faults.md lists them all",
            ),
            (
                "fault=delay",
                "delay needs a duration, as in 500ms, 2s or 1m",
            ),
            ("fault=gzip:1", "gzip takes no argument, and has \"1\""),
            (
                "fault=gzip,p=1",
                "gzip has no option \"p\", and no condition is called so",
            ),
            (
                "fault=gzip,path=a",
                "path is a path, which starts with /, not \"a\"",
            ),
            (
                "fault=redirect:https://evil.example/",
                "a redirection named in a URL leads to a path, which starts with one /",
            ),
            (
                "etag=strange",
                "etag is strong, weak, none or unquoted, not \"strange\"",
            ),
            (
                "version=256",
                "version is a number from 0 to 255, not \"256\"",
            ),
        ] {
            assert_eq!(error(query), expected);
        }
        assert!(error("sede=1").starts_with("synthetic content has no parameter \"sede\""));
        assert!(UrlOptions::parse("/file", Some("sede=1&etag=x")).is_ok());
    }
}
