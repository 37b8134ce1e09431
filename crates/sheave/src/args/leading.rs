//! Owns how a command line begins: the command may be left out, or follow the options of `get`.
//! Knows the names of commands and options, not what they do.

use std::ffi::OsString;

use super::place::is_a_place;

/// The commands, as they are typed.
pub(super) const COMMANDS: [&str; 9] = [
    "get",
    "serve",
    "demo",
    "inspect",
    "metalink",
    "check-server",
    "completions",
    "man",
    "help",
];

/// Returns the command of arguments that begin with it.
pub(super) fn command(arguments: &[OsString]) -> Option<&'static str> {
    let first = arguments.get(1)?.to_str()?;
    COMMANDS.into_iter().find(|command| *command == first)
}

/// Puts the command first: the one that follows options of `get`, or the `get` that is left out
/// before a URL or such an option. What begins otherwise stays as it is.
pub(super) fn with_command(mut arguments: Vec<OsString>, program: &clap::Command) -> Vec<OsString> {
    let Some(first) = arguments.get(1).and_then(|first| first.to_str()) else {
        return arguments;
    };
    if matches!(first, "-h" | "--help" | "-V" | "--version") {
        return arguments;
    }
    if !first.starts_with('-') {
        if is_a_place(first) {
            arguments.insert(1, "get".into());
        }
        return arguments;
    }
    let word = first_word(&arguments, program);
    let is_command = |&place: &usize| {
        let word = arguments[place].to_str();
        word.is_some_and(|word| COMMANDS.contains(&word))
    };
    let command = match word.filter(is_command) {
        Some(place) => arguments.remove(place),
        None => "get".into(),
    };
    arguments.insert(1, command);
    arguments
}

/// The place of the first argument that is neither an option of `get` nor the value of one.
fn first_word(arguments: &[OsString], program: &clap::Command) -> Option<usize> {
    let get = program.find_subcommand("get")?;
    let mut place = 1;
    while let Some(argument) = arguments.get(place) {
        let text = argument.to_str()?;
        if text == "--" {
            // No option and no command follows.
            return None;
        }
        if !text.starts_with('-') || text == "-" {
            return Some(place);
        }
        place += if takes_the_next(get, text) { 2 } else { 1 };
    }
    None
}

/// Returns whether the value of this option is the next argument.
pub(super) fn takes_the_next(get: &clap::Command, text: &str) -> bool {
    let mut options = get.get_arguments();
    let found = if let Some(long) = text.strip_prefix("--") {
        options.find(|option| {
            let aliases = option.get_all_aliases().unwrap_or_default();
            option.get_long() == Some(long) || aliases.contains(&long)
        })
    } else {
        // Of short options written together, only the last can take the next argument.
        let last = text.chars().next_back();
        let mut shorts = text.chars().skip(1);
        let takes_rest = shorts.position(|short| takes_value(get, short));
        if takes_rest.is_some_and(|place| place + 2 < text.chars().count()) {
            return false;
        }
        options.find(|option| option.get_short() == last)
    };
    found.is_some_and(|option| option.get_action().takes_values())
}

fn takes_value(get: &clap::Command, short: char) -> bool {
    get.get_arguments()
        .any(|option| option.get_short() == Some(short) && option.get_action().takes_values())
}
