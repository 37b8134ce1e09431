//! Owns the one line that answers a command line which cannot be parsed. Knows the parser's errors,
//! not what the arguments are for.

use std::error::Error;
use std::ffi::OsString;
use std::iter;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::bind::Bind;
use super::habits;
use super::leading::{self, COMMANDS, takes_the_next};
use super::place::{self, NoUrl};

/// Returns what is wrong with the arguments, in one line without secrets.
pub(super) fn sentence(
    error: &clap::Error,
    arguments: &[OsString],
    program: &clap::Command,
) -> String {
    let command = leading::command(arguments).unwrap_or("get");
    let text = match (error.kind(), named(error)) {
        (ErrorKind::UnknownArgument, Some("-=")) => {
            "a switch of one letter takes no value, and no = stands before that of another"
                .to_owned()
        }
        (ErrorKind::UnknownArgument, Some(option)) if option.starts_with('-') => {
            habits::answer(command, option).unwrap_or_else(|| no_option(command, option, program))
        }
        (ErrorKind::UnknownArgument, Some(word)) => surplus(command, word),
        (ErrorKind::MissingRequiredArgument, _) => {
            swallowed(command, arguments, program).unwrap_or_else(|| missing(command, error))
        }
        (ErrorKind::InvalidSubcommand, Some(word)) => no_command(word),
        (ErrorKind::ValueValidation, _) if is_of_a_url(error) => {
            beside_a_url(command, error, arguments).unwrap_or_else(|| cause(error))
        }
        (ErrorKind::TooManyValues, Some("--no-proxy")) => {
            "--no-proxy takes no value; NO_PROXY in the environment lists exceptions".to_owned()
        }
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
const DESTRUCTIVE: [&str; 2] = ["no-resume", "overwrite"];

fn no_option(command: &str, option: &str, program: &clap::Command) -> String {
    match similar_option(command, option, program) {
        Some(similar) => format!("there is no option {option}; did you mean --{similar}?"),
        None => format!("there is no option {option}; `sheave {command} --help` lists them all"),
    }
}

/// Returns the long option that a mistyped one is a slip away from.
fn similar_option<'a>(command: &str, option: &str, program: &'a clap::Command) -> Option<&'a str> {
    let typed = option.strip_prefix("--")?;
    let options = program.find_subcommand(command)?.get_arguments();
    let shown = options.filter(|option| !option.is_hide_set());
    let options: Vec<_> = shown
        .filter_map(|option| Some((option.get_long()?, option)))
        .filter(|(long, _)| !DESTRUCTIVE.contains(long))
        .map(|(long, option)| (long, option.get_all_aliases().unwrap_or_default()))
        .collect();
    let names = options
        .iter()
        .flat_map(|(long, aliases)| iter::once(long).chain(aliases));
    let of_program = (command == "get").then_some("version");
    let names = names.copied().chain(["help"]).chain(of_program);
    let name = nearest(typed, names)?;
    let is_nearer =
        |other: &&str| strsim::osa_distance(typed, other) < strsim::osa_distance(typed, name);
    if habits::long_names(command).any(|other| is_nearer(&other)) {
        return None;
    }
    if ["help", "version"].contains(&name) {
        return Some(name);
    }
    let mut options = options.iter();
    let (long, _) = options.find(|(long, aliases)| *long == name || aliases.contains(&name))?;
    Some(long)
}

/// Returns the name that is one slip of the finger away from what was typed, or two of a long one
/// that begins the same. What is further away may mean something else.
fn nearest<'a>(typed: &str, names: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let most = match typed.chars().count() {
        0..4 => 0,
        4..10 => 1,
        10.. => 2,
    };
    let distances = names.map(|name| (strsim::osa_distance(typed, name), name));
    let (_, name) = distances
        .filter(|(distance, name)| {
            let begins_the_same = name.chars().next() == typed.chars().next();
            *distance <= if begins_the_same { most } else { most.min(1) }
        })
        .min_by_key(|(distance, _)| *distance)?;
    Some(name)
}

/// An argument more than the command takes.
fn surplus(command: &str, word: &str) -> String {
    if command == "serve" && Bind::is_meant(word) {
        return format!("a port or an address follows --bind, as in --bind {word}");
    }
    format!("{word:?} is one argument too many; `sheave {command} --help` has examples")
}

/// Words that people try as commands, and the command that does it.
const SYNONYMS: [(&str, &[&str]); 4] = [
    (
        "get",
        &[
            "download", "dl", "fetch", "pull", "wget", "curl", "aria2", "aria2c", "axel", "http",
            "resume", "continue", "sheave",
        ],
    ),
    ("serve", &["server"]),
    ("check-server", &["check", "probe"]),
    ("inspect", &["info", "verify"]),
];

fn no_command(word: &str) -> String {
    if let Err(answer) = place::url(word)
        && answer.knows_the_word()
    {
        return answer.to_string();
    }
    let lower = word.to_ascii_lowercase();
    let same = SYNONYMS.iter().find(|(_, words)| words.contains(&&*lower));
    let meant = COMMANDS
        .into_iter()
        .find(|command| *command == lower)
        .or_else(|| same.map(|(command, _)| *command))
        .or_else(|| nearest(&lower, COMMANDS.into_iter()));
    match (word, meant) {
        ("version", _) => "there is no command \"version\"; `sheave --version` shows it".to_owned(),
        (_, Some(meant)) => format!("there is no command {word:?}; did you mean {meant:?}?"),
        (_, None) => format!(
            "{word:?} is neither a URL nor a command; the commands are {}",
            COMMANDS.join(", ")
        ),
    }
}

/// Says which option has taken the URL that is missing, if one has.
fn swallowed(command: &str, arguments: &[OsString], program: &clap::Command) -> Option<String> {
    let command = program.find_subcommand(command)?;
    let pairs = arguments.windows(2).filter_map(|pair| {
        let [option, value] = pair else { return None };
        Some((option.to_str()?, value.to_str()?))
    });
    let mut taken = pairs.filter(|(option, value)| {
        option.starts_with('-') && place::is_a_place(value) && takes_the_next(command, option)
    });
    let (option, value) = taken.next()?;
    Some(format!(
        "missing: URL; {value} was taken as the value of {option}"
    ))
}

fn missing(command: &str, error: &clap::Error) -> String {
    let names = match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::Strings(names)) => names.join(", "),
        _ => "an argument".to_owned(),
    };
    let names = names.replace(['<', '>'], "").replace("...", "");
    format!("missing: {names}; `sheave {command} --help` has examples")
}

/// The answer to the name of a file or a directory behind a URL, as `cp` has it.
fn beside_a_url(command: &str, error: &clap::Error, arguments: &[OsString]) -> Option<String> {
    let is_no_value = named(error)?.starts_with(['<', '[']);
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    let has_url = words.any(|word| place::is_a_place(word) && place::url(word).is_ok());
    let Some(NoUrl::Other { word }) = error.source()?.downcast_ref() else {
        return None;
    };
    let is_meant = command == "get" && is_no_value && has_url;
    is_meant
        .then(|| format!("{word:?} is not a URL; -o FILE saves to a file, -d DIR in a directory"))
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
    fn only_a_slip_of_the_finger_is_taken_for_another_name() {
        let names = [
            "connections",
            "quiet",
            "max-size",
            "max-tries",
            "key",
            "header",
        ];
        for (typed, meant) in [
            ("conections", Some("connections")),
            ("conecctions", Some("connections")),
            ("quite", Some("quiet")),
            ("headr", Some("header")),
            ("max-rate", None),
            ("max-time", None),
            ("kay", None),
            ("peer-agent", None),
            ("nope", None),
            ("", None),
        ] {
            assert_eq!(nearest(typed, names.into_iter()), meant, "{typed}");
        }
    }

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
