//! Owns what shells and `man` read of the command line: completions and manual pages, made from its
//! definition. Knows no option by its name.

use std::path::Path;

use clap_complete::Shell;
use clap_mangen::Man;

use crate::exit_code::Exit;
use crate::printer;

/// Prints the script that completes command lines in a shell.
pub(crate) fn completions(shell: Shell) -> Exit {
    let mut program = super::definition();
    let name = program.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut program, name, &mut script);
    printer::data(String::from_utf8_lossy(&script).trim_end());
    Exit::Success
}

/// The day on which the options and their help were last changed, as manual pages name it.
const CHANGED: &str = "2026-11-28";

/// Writes a manual page for the program and one for each command into a directory.
pub(crate) fn man(directory: &Path) -> Exit {
    // A page has what the long help has.
    let every_option = |command: clap::Command| command.mut_args(|arg| arg.hide_short_help(false));
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
