//! Owns the one line that answers a command line which cannot be parsed. Knows the parser's errors,
//! not what the arguments are for.

use std::error::Error;
use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::habits;
use super::leading::{self, COMMANDS};
use super::place::{self, NoUrl};

/// Returns what is wrong with the arguments, in one line without secrets.
pub(super) fn sentence(error: &clap::Error, arguments: &[OsString]) -> String {
    let command = leading::command(arguments).unwrap_or("get");
    let text = match (error.kind(), named(error)) {
        (ErrorKind::UnknownArgument, Some(option)) if option.starts_with('-') => {
            habits::answer(command, option).unwrap_or_else(|| no_option(command, option, error))
        }
        (ErrorKind::MissingRequiredArgument, _) => missing(command, error),
        (ErrorKind::InvalidSubcommand, Some(word)) => no_command(word, error),
        (ErrorKind::ValueValidation, _) if is_of_a_url(error) => cause(error),
        (ErrorKind::TooManyValues, Some(option)) => format!("{option} takes no value"),
        _ => first_paragraph(&error.to_string()),
    };
    without_secrets(&text, arguments)
}

/// The argument or the command that the error is about.
fn named(error: &clap::Error) -> Option<&str> {
    [ContextKind::InvalidArg, ContextKind::InvalidSubcommand]
        .into_iter()
        .find_map(|kind| match error.get(kind) {
            Some(ContextValue::String(text)) => Some(text.as_str()),
            _ => None,
        })
}

/// Options that a slip of the finger must not lead to: they give up what is there.
const DESTRUCTIVE: [&str; 2] = ["--no-resume", "--overwrite"];

fn no_option(command: &str, option: &str, error: &clap::Error) -> String {
    let similar = suggested(error, ContextKind::SuggestedArg);
    match similar.filter(|similar| !DESTRUCTIVE.contains(similar)) {
        Some(similar) => format!("there is no option {option}; did you mean {similar}?"),
        None => format!("there is no option {option}; `sheave {command} --help` lists them all"),
    }
}

fn no_command(word: &str, error: &clap::Error) -> String {
    if let Err(answer) = place::url(word)
        && answer.has_a_guess()
    {
        return answer.to_string();
    }
    let is_word = word.chars().all(|c| c.is_ascii_alphabetic() || c == '-');
    let similar = suggested(error, ContextKind::SuggestedSubcommand).filter(|_| is_word);
    match (word, similar) {
        ("version", _) => "there is no command version; `sheave --version` shows it".to_owned(),
        (_, Some(similar)) => format!("there is no command {word:?}; did you mean {similar:?}?"),
        (_, None) => format!(
            "{word:?} is neither a URL nor a command; the commands are {}",
            COMMANDS.join(", ")
        ),
    }
}

fn missing(command: &str, error: &clap::Error) -> String {
    let names = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(names)) => names.join(", "),
        _ => "an argument".to_owned(),
    };
    let names = names.replace(['<', '>'], "").replace("...", "");
    format!("missing: {names}; `sheave {command} --help` has examples")
}

fn suggested(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    let found = error.get(kind)?;
    if let ContextValue::Strings(texts) = found {
        return texts.first().map(String::as_str);
    }
    if let ContextValue::String(text) = found {
        return Some(text);
    }
    None
}

fn is_of_a_url(error: &clap::Error) -> bool {
    error.source().is_some_and(<dyn Error>::is::<NoUrl>)
}

fn cause(error: &clap::Error) -> String {
    error.source().map_or_else(String::new, ToString::to_string)
}

/// The parser's own words up to its advice, on one line.
fn first_paragraph(text: &str) -> String {
    let paragraph = text.split("\n\n").next().unwrap_or_default();
    let paragraph = paragraph.strip_prefix("error: ").unwrap_or(paragraph);
    paragraph.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The text without what may be secret in an argument that it repeats.
fn without_secrets(complaint: &str, arguments: &[OsString]) -> String {
    let mut text = complaint.to_owned();
    for argument in arguments.iter().map(|argument| argument.to_string_lossy()) {
        let shown = place::shown(&argument);
        if shown != argument {
            text = text.replace(&*argument, &shown);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_complaint_repeats_no_secret_of_a_mistyped_url() {
        for (argument, shown) in [
            ("u:hush@h/x", "...@h/x"),
            ("http//u:hush@h", "...@h"),
            ("u:hu@sh@h/x?token=hush", "...@h/x"),
            ("h/x?token=hush", "h/x?..."),
        ] {
            let complaint = format!("there is no command '{argument}'");
            let text = without_secrets(&complaint, &["sheave".into(), argument.into()]);
            assert_eq!(text, format!("there is no command '{shown}'"));
        }
        assert_eq!(without_secrets("x", &["u:hush@h".into()]), "x");
    }
}
