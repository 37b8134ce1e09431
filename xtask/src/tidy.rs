//! Owns the house rules that no lint covers, as a list of pure functions over the sources. Where
//! the sources come from is `workspace`'s to say; edges between crates are `layers`'s.
mod code;
mod faults;
mod modules;
mod rules;
#[cfg(test)]
mod tests;

use std::fmt::{self, Display, Formatter};

use crate::workspace::{self, Failure};

/// One Rust file: what a person reads, and what the compiler does.
#[derive(Debug)]
struct Source {
    /// From the root of the workspace, with `/`.
    path: String,
    text: String,
    /// The text without comments and literals, line for line.
    code: String,
}

impl Source {
    fn new(path: String, text: String) -> Self {
        let code = code::only_code(&text);
        Self { path, text, code }
    }

    /// A rule broken on a line, counted from 1.
    fn breach(&self, line: usize, rule: &'static str, hint: impl Into<String>) -> Breach {
        Breach {
            path: self.path.clone(),
            line,
            rule,
            hint: hint.into(),
        }
    }
}

/// One place where a rule is broken, and what to do about it.
#[derive(Debug)]
struct Breach {
    path: String,
    line: usize,
    rule: &'static str,
    hint: String,
}

impl Display for Breach {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            rule,
            hint,
        } = self;
        write!(formatter, "{path}:{line}: {rule}: {hint}")
    }
}

/// Prints one line for each breach, in the order of the files.
pub(crate) fn check() -> Result<(), Failure> {
    let sources: Vec<Source> = workspace::rust_files()?
        .into_iter()
        .map(|(path, text)| Source::new(path, text))
        .collect();
    let mut breaches = breaches(&sources);
    breaches.extend(faults::untrue(
        &workspace::text_of(faults::TABLE)?,
        &sources,
    ));
    for breach in &breaches {
        println!("{breach}");
    }
    match breaches.len() {
        0 => Ok(()),
        count => Err(Failure::Breaches {
            rules: "tidy",
            count,
        }),
    }
}

fn breaches(sources: &[Source]) -> Vec<Breach> {
    let mut breaches = modules::unlisted(sources);
    for source in sources {
        breaches.extend(rules::EVERY_FILE.iter().flat_map(|rule| rule(source)));
    }
    breaches.sort_by(|a, b| (&a.path, a.line, a.rule).cmp(&(&b.path, b.line, b.rule)));
    breaches
}
