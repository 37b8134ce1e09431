//! Owns what shells and `man` read of the command line: completions and manual pages, made from its
//! definition. Knows no option by its name.

use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use super::leading::COMMANDS;
use crate::exit_code::Exit;
use crate::printer;

/// Prints the script that completes command lines in a shell.
pub(crate) fn completions(shell: Shell) -> Exit {
    let mut program = completed();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    let mut script = with_urls(shell, &String::from_utf8_lossy(&script));
    if shell == Shell::Fish {
        script.push_str(&values_in_fish(&program));
    }
    printer::data(script.trim_end());
    Exit::Success
}

/// The values of arguments without a name, which the generator for fish leaves out.
fn values_in_fish(program: &clap::Command) -> String {
    let commands = program.get_subcommands();
    let of_command = |command: &clap::Command| {
        let values = command
            .get_positionals()
            .flat_map(clap::Arg::get_possible_values);
        let values: Vec<_> = values.map(|value| value.get_name().to_owned()).collect();
        (command.get_name().to_owned(), values.join(" "))
    };
    let with_values = commands
        .map(of_command)
        .filter(|(_, values)| !values.is_empty());
    with_values.fold(String::new(), |script, (command, values)| {
        let stands = format!("__fish_sheave_using_subcommand {command}");
        script + &format!("complete -c sheave -n \"{stands}\" -f -a \"{values}\"\n")
    })
}

/// Pieces that a generator writes, each with one to stand in its place, so that options behind a
/// URL are completed, with `get` or without. bash needs none of it.
const IN_ZSH: [(&str, &str); 2] = [
    (
        "    local ret=1\n",
        r#"    local ret=1

    # A URL without a command is one for `get`.
    local -i place
    for (( place = 2; place < CURRENT; place++ )); do
        case $words[place] in
            (get|serve|demo|inspect|metalink|check-server|completions|man|help) break;;
            (*://*|localhost*)
                words=($words[1] get "${(@)words[2,-1]}")
                (( CURRENT++ ))
                break;;
        esac
    done
"#,
    ),
    // With two colons, what follows the first URL would be of the URLs alone.
    ("'*::urls -- ", "'*:urls -- "),
];
const IN_FISH: [(&str, &str); 1] = [(
    "        echo $argv[1]\n",
    r"        # A URL without a command is one for `get`.
        if string match -qr '://|^localhost' -- $argv[1]
            echo get
        else
            echo $argv[1]
        end
",
)];

/// The script, with completion of options behind URLs.
fn with_urls(shell: Shell, script: &str) -> String {
    let changes: &[_] = match shell {
        Shell::Zsh => &IN_ZSH,
        Shell::Fish => &IN_FISH,
        Shell::Bash | Shell::Elvish | Shell::PowerShell | _ => &[],
    };
    let begin = script.to_owned();
    changes.iter().fold(begin, |script, (from, to)| {
        debug_assert!(script.contains(from), "the generator has changed: {from}");
        script.replacen(from, to, 1)
    })
}

/// The command line as it is completed: the options of `get` stand at the top, too, because `get`
/// may be left out, and nothing is offered that no help shows.
fn completed() -> clap::Command {
    let program = super::definition();
    let named = |name| Some((name, program.find_subcommand(name)?));
    let commands = COMMANDS.into_iter().filter_map(named);
    let commands = commands.map(|(name, command)| {
        let about = command.get_about().cloned().unwrap_or_default();
        clap::Command::new(name).about(about).args(shown(command))
    });
    let of_get = program.find_subcommand("get").into_iter().flat_map(shown);
    let about = program.get_about().cloned().unwrap_or_default();
    clap::Command::new("sheave")
        .about(about)
        .version(env!("CARGO_PKG_VERSION"))
        .args(of_get.filter(|option| !option.is_positional()))
        .subcommands(commands)
}

fn shown(command: &clap::Command) -> impl Iterator<Item = clap::Arg> {
    let arguments = command.get_arguments();
    arguments
        .filter(|argument| !argument.is_hide_set())
        .cloned()
}

/// The day on which the options and their help were last changed, as manual pages name it.
const CHANGED: &str = "2026-11-29";

/// Writes a manual page for the program and one for each command into a directory.
pub(crate) fn man(directory: &Path) -> Exit {
    // A page has what the long help has.
    let every_option = |command: clap::Command| command.mut_args(|arg| arg.hide_short_help(false));
    if !directory.is_dir() {
        let page = directory.to_str().filter(|word| COMMANDS.contains(word));
        let advice = match page {
            Some(command) => format!("`sheave {command} --help` shows what its page says"),
            None => "create it first".to_owned(),
        };
        let why = format_args!("there is no directory {}; {advice}", directory.display());
        return printer::failure(Exit::Disk, &why);
    }
    let mut program = super::definition()
        .disable_help_subcommand(true)
        .mut_subcommands(every_option);
    program.build();
    let version = program.get_version().unwrap_or_default();
    let source = format!("{} {version}", program.get_name());
    let commands = program
        .get_subcommands()
        .filter(|command| !command.is_hide_set());
    for command in std::iter::once(&program).chain(commands) {
        let page = Man::new(command.clone()).date(CHANGED).source(&source);
        if let Err(error) = page.generate_to(directory) {
            let directory = directory.display();
            let why = format_args!("could not write manual pages into {directory}: {error}");
            return printer::failure(Exit::Disk, &why);
        }
    }
    Exit::Success
}
