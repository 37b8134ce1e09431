//! Tests of the table: no option in it exists, and every answer is about options that do.

use std::collections::BTreeSet;

use clap::{Command, CommandFactory};

use super::*;
use crate::args::Args;

fn options(command: &str) -> BTreeSet<String> {
    let mut top = Args::command();
    top.build();
    let command: &Command = top.find_subcommand(command).unwrap();
    command
        .get_arguments()
        .flat_map(|option| {
            let long = option.get_long().map(|long| format!("--{long}"));
            let aliases = option.get_all_aliases().unwrap_or_default();
            let short = option.get_short().map(|short| format!("-{short}"));
            let aliases = aliases.into_iter().map(|alias| format!("--{alias}"));
            long.into_iter().chain(short).chain(aliases)
        })
        .collect()
}

#[test]
fn an_option_that_exists_needs_no_answer() {
    let mut seen = BTreeSet::new();
    for (command, answered, says) in ANSWERS {
        let there_are = options(command);
        for option in *answered {
            assert!(!there_are.contains(*option), "{command} has {option}");
            assert!(seen.insert((command, option)), "{option} is answered twice");
            let answer = answer(command, option).unwrap();
            assert!(answer.starts_with(&format!("{option} ")) && answer.ends_with(says));
        }
    }
}

#[test]
fn an_answer_names_options_that_exist() {
    for (command, _, says) in ANSWERS {
        let there_are = options(command);
        let words = says.split(|c: char| c.is_whitespace() || "`:,;".contains(c));
        for named in words.filter(|word| word.starts_with('-') && word.len() > 1) {
            let is_of_xargs = says.contains("xargs") && named == "-P";
            assert!(
                there_are.contains(named) || is_of_xargs,
                "{command}: {says:?} names {named}, which does not exist"
            );
        }
    }
}

#[test]
fn an_option_that_nobody_has_gets_no_answer() {
    assert_eq!(answer("get", "--no-such-option"), None);
    assert_eq!(answer("inspect", "-O"), None);
}
