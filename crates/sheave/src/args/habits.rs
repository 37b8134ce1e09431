//! Owns what people's fingers know of curl, wget, aria2, axel, httpie and ripgrep: options that ask
//! for what happens anyway, and the answers to those that this program does not have.
//!
//! An option is accepted if the user gets the file, and the safety, that they asked for. One that
//! would be ignored with less than that is answered instead.

use std::ffi::OsString;

use clap::Args;

use super::leading::takes_the_next;
use super::place;

/// Short options that ask for what `get` does in any case. They are accepted, and change nothing.
/// The long ones are in `needless.txt`.
#[derive(Debug, Default, Args)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a switch of the command line"
)]
pub(crate) struct Needless {
    /// The same as --continue, as curl says it; a position of the user's choice would be a hole.
    #[arg(short = 'C', long = "continue-at", hide = true, value_name = "-", value_parser = the_end)]
    #[arg(allow_hyphen_values = true, conflicts_with = "no_resume")]
    pub(crate) continues_at: Option<()>,
    /// Redirects are always followed.
    #[arg(short = 'L', long = "location", hide = true)]
    follows: bool,
    /// An error of the server is never saved as the file.
    #[arg(short = 'f', long = "fail", hide = true)]
    fails: bool,
    /// Brackets and braces in a URL mean themselves.
    #[arg(short = 'g', long = "globoff", hide = true)]
    means_itself: bool,
    /// The file is always named after the URL, unless another name is given.
    #[arg(short = 'O', long = "remote-name", hide = true)]
    names: bool,
    /// Errors are always shown.
    #[arg(short = 'S', long = "show-error", hide = true)]
    shows_errors: bool,
    /// A terminal always shows progress.
    #[arg(short = '#', long = "progress-bar", hide = true)]
    shows_progress: bool,
    /// A file that exists is not replaced unless that is asked for.
    #[arg(long = "no-clobber", hide = true, conflicts_with_all = ["overwrite", "exists"])]
    keeps: bool,
    /// No URL of another scheme than https. An https URL never leads to another one.
    #[arg(long, hide = true)]
    pub(crate) https_only: bool,
    /// The same, as curl says it.
    #[arg(long = "proto", hide = true, value_name = "=https", value_parser = only_https)]
    #[arg(alias = "proto-redir")]
    pub(crate) protocols: Option<()>,
}

/// Parses the one place from which a part is continued.
fn the_end(text: &str) -> Result<(), &'static str> {
    match text {
        "-" => Ok(()),
        _ => Err("a part is always continued where it ends; no other place can be chosen"),
    }
}

/// Parses the one limit on protocols that can be asked for.
fn only_https(text: &str) -> Result<(), &'static str> {
    match text {
        "=https" | "https" => Ok(()),
        _ => Err("=https is the one limit that can be set"),
    }
}

/// Long options that change nothing, one a line; one that has `=` takes a value.
const NEEDLESS: &str = include_str!("habits/needless.txt");

/// Pairs of letters that wget reads as one option, and what they are here.
const PAIRS: [(&str, Option<&str>); 4] = [
    ("nc", Some("--no-clobber")),
    ("nd", None),
    ("nH", None),
    ("np", None),
];

/// Switches that may be written in front of another short option.
const SWITCHES: &str = "qvcfgsSLJR#O";

/// Puts the arguments of `get` as other programs' users write them in the words of this one. The
/// error is the answer to one that means something else here.
pub(super) fn translated(
    arguments: &[OsString],
    get: &clap::Command,
) -> Result<Vec<OsString>, String> {
    let mut texts = arguments.iter().filter_map(|word| word.to_str());
    let has_place = texts.any(place::is_a_place);
    let mut words = Vec::with_capacity(arguments.len());
    let mut index = 0;
    while let Some(argument) = arguments.get(index) {
        index += 1;
        let text = argument.to_str().unwrap_or_default();
        if text == "--" {
            words.extend_from_slice(&arguments[index - 1..]);
            break;
        }
        let next = arguments.get(index).and_then(|next| next.to_str());
        let next = next.filter(|next| *next == "-" || !next.starts_with('-'));
        let value = next.filter(|next| !place::is_a_place(next));
        if let Some(long) = text.strip_prefix("--") {
            if is_switched_off(long, get) {
                continue;
            }
            match (reworded(long, get), needless(long)) {
                (Some(ours), _) => words.push(ours),
                (None, Some(has_value)) => index += usize::from(has_value && value.is_some()),
                (None, None) => words.push(argument.clone()),
            }
        } else if let Some(answer) = misread(text, value, get, has_place) {
            return Err(answer);
        } else if let Some((switches, name)) = document(text, value, has_place) {
            index += usize::from(value == Some(name.as_str()));
            words.extend(switches.map(OsString::from));
            words.push(format!("--output={name}").into());
            continue;
        } else if let Some((switches, meant)) = pair(text) {
            words.extend(switches.map(OsString::from));
            words.extend(meant.map(OsString::from));
        } else {
            words.push(argument.clone());
        }
        let is_option = text.starts_with('-') && words.last() == Some(argument);
        if is_option && takes_the_next(get, text) {
            words.extend(arguments.get(index).cloned());
            index += 1;
        }
    }
    Ok(words)
}

/// Returns whether the next word is the value of this long option, if the option changes nothing.
fn needless(long: &str) -> Option<bool> {
    let (name, has_own) = match long.split_once('=') {
        Some((name, _)) => (name, true),
        None => (long, false),
    };
    let mut entries = NEEDLESS.lines();
    let entry = entries.find(|entry| entry.trim_end_matches('=') == name)?;
    Some(entry.ends_with('=') && !has_own)
}

/// Returns a long option in our words: curl's oldest TLS version and its URL, and a switch without
/// the `=true` that aria2 lets it have.
fn reworded(long: &str, get: &clap::Command) -> Option<OsString> {
    if long == "tlsv1.3" {
        return Some("--tls-min=1.3".into());
    }
    if let Some(url) = long.strip_prefix("url=") {
        return Some(url.into());
    }
    let name = long.strip_suffix("=true")?;
    let mut options = get.get_arguments();
    let option = options.find(|option| is_named(option, name))?;
    (!option.get_action().takes_values()).then(|| format!("--{name}").into())
}

/// Options of other programs that ask for what is done in any case, if they are not switched off.
const ALWAYS: [&str; 3] = ["check-certificate", "verify", "ca-native"];

/// Returns whether this is a switch with aria2's `=false`, which asks for nothing: one of ours, or
/// one of another program that would be answered.
fn is_switched_off(long: &str, get: &clap::Command) -> bool {
    let Some(name) = long.strip_suffix("=false") else {
        return false;
    };
    let mut options = get.get_arguments().filter(|option| !option.is_hide_set());
    match options.find(|option| is_named(option, name)) {
        Some(option) => !option.get_action().takes_values(),
        None => !ALWAYS.contains(&name) && answer("get", &format!("--{name}")).is_some(),
    }
}

fn is_named(option: &clap::Arg, name: &str) -> bool {
    let aliases = option.get_all_aliases().unwrap_or_default();
    option.get_long() == Some(name) || aliases.contains(&name)
}

/// Returns the answer to a short option whose value tells that another program's is meant, or to
/// a long one with one dash.
fn misread(
    text: &str,
    value: Option<&str>,
    get: &clap::Command,
    has_place: bool,
) -> Option<String> {
    let name = text.strip_prefix('-')?;
    if name.len() > 2 && get.get_arguments().any(|option| is_named(option, name)) {
        return Some(format!("{text} is written with two dashes: -{text}"));
    }
    if name.strip_suffix("nv").is_some_and(are_switches) {
        return answer("get", "-nv");
    }
    if name == "version" {
        return answer("get", "--version");
    }
    let number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let is_split = match name.strip_prefix('s') {
        Some("") => value.is_some_and(number),
        Some(rest) => number(rest),
        None => false,
    };
    if is_split {
        return Some(
            "-s takes no number: it is quiet here, as curl's is; aria2's -s 16 is -x 16, and \
             axel's is --limit-rate"
                .to_owned(),
        );
    }
    let is_jar = name == "c" && value.is_some() && has_place;
    is_jar.then(|| {
        "-c takes no file: it continues a part here, as wget's and aria2's do; curl's (cookie \
         jar) has no counterpart: cookies are never stored"
            .to_owned()
    })
}

/// Returns the switches in front of an `-O` as wget has it, with the name of a file, and that name.
fn document(text: &str, value: Option<&str>, has_place: bool) -> Option<(Option<String>, String)> {
    let (switches, attached) = text.strip_prefix('-')?.split_once('O')?;
    if !are_switches(switches) {
        return None;
    }
    let name = match attached {
        "" => value.filter(|name| has_place || *name == "-")?,
        // Letters alone may be switches of curl.
        _ if attached == "-" || attached.contains(['.', '/']) => attached,
        _ => return None,
    };
    Some((joined(switches), name.to_owned()))
}

/// Returns the switches in front of one of wget's pairs of letters, and what that is here.
fn pair(text: &str) -> Option<(Option<String>, Option<&'static str>)> {
    let letters = text.strip_prefix('-')?;
    let (pair, meant) = PAIRS.iter().find(|(pair, _)| letters.ends_with(pair))?;
    let switches = letters.strip_suffix(pair)?;
    are_switches(switches).then(|| (joined(switches), *meant))
}

fn are_switches(letters: &str) -> bool {
    letters.chars().all(|letter| SWITCHES.contains(letter))
}

fn joined(switches: &str) -> Option<String> {
    (!switches.is_empty()).then(|| format!("-{switches}"))
}

/// Options of other programs, for each command: `OPTION ... | rest of the sentence`. A star stands
/// for the rest of a name.
const ANSWERS: [(&str, &str); 3] = [
    ("get", include_str!("habits/get.txt")),
    ("serve", include_str!("habits/serve.txt")),
    ("check-server", include_str!("habits/check-server.txt")),
];

/// The options that are answered for a command, and the rest of the sentence that begins with one.
fn answers(command: &str) -> impl Iterator<Item = (&'static str, &'static str)> {
    let of_command = ANSWERS.iter().filter(move |(of, _)| *of == command);
    of_command
        .flat_map(|(_, text)| text.lines())
        .filter_map(|line| line.split_once(" | "))
}

/// Returns the long options of other programs, without their dashes, that mean something to the
/// user of a command.
pub(super) fn long_names(command: &str) -> impl Iterator<Item = &'static str> {
    let of_get = NEEDLESS.lines().filter(move |_| command == "get");
    let needless = of_get.map(|entry| entry.trim_end_matches('='));
    let answered = answers(command).flat_map(|(options, _)| options.split(' '));
    needless.chain(answered.filter_map(|option| option.strip_prefix("--")))
}

/// Returns the sentence that answers an option which `command` does not have, if other programs
/// have it.
pub(super) fn answer(command: &str, option: &str) -> Option<String> {
    let is_of_family = |entry: &str| {
        let family = entry.strip_suffix('*');
        family.is_some_and(|family| option.starts_with(family))
    };
    let find = |is_meant: &dyn Fn(&str) -> bool| {
        answers(command).find(|(options, _)| options.split(' ').any(is_meant))
    };
    let (_, says) = find(&|entry| entry == option).or_else(|| find(&is_of_family))?;
    Some(format!("{option} {says}"))
}

#[cfg(test)]
mod tests;
