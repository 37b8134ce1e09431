//! Tests of the tables: no option in one exists, and every answer is about options that do.

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
            let long = option.get_long().map(str::to_owned);
            let longs = option.get_all_aliases().unwrap_or_default();
            let longs = long.into_iter().chain(longs.into_iter().map(str::to_owned));
            let short = option.get_short();
            let shorts = option.get_all_short_aliases().unwrap_or_default();
            let shorts = short.into_iter().chain(shorts);
            let longs = longs.map(|long| format!("--{long}"));
            longs.chain(shorts.map(|short| format!("-{short}")))
        })
        .collect()
}

#[test]
fn an_option_that_exists_needs_no_answer() {
    for (command, text) in ANSWERS {
        let (there_are, mut seen) = (options(command), BTreeSet::new());
        assert_eq!(answers(command).count(), text.lines().count());
        for (answered, says) in answers(command) {
            for option in answered.split(' ') {
                assert!(!there_are.contains(option), "{command} has {option}");
                let long = option.trim_start_matches("--");
                assert!(
                    command != "get" || needless(long).is_none(),
                    "{option} is needless"
                );
                assert!(seen.insert(option), "{command}: {option} is answered twice");
                let option = option.trim_end_matches('*');
                let answer = answer(command, option).unwrap();
                assert!(answer.starts_with(&format!("{option} ")) && answer.ends_with(says));
            }
        }
    }
    let there_are = options("get");
    for long in NEEDLESS.lines() {
        let option = format!("--{}", long.trim_end_matches('='));
        assert!(!there_are.contains(&option), "get has {option}");
    }
}

#[test]
fn an_answer_names_options_that_exist() {
    for (command, _) in ANSWERS {
        let there_are = options(command);
        for (answered, says) in answers(command) {
            // Between backquotes are whole command lines.
            let words = says.split('`').step_by(2);
            let words = words
                .flat_map(|text| text.split(|c: char| c.is_whitespace() || ":,;()".contains(c)));
            for named in words.filter(|word| word.starts_with('-') && word.len() > 1) {
                assert!(
                    there_are.contains(named),
                    "{command} {answered}: {named} does not exist"
                );
            }
        }
    }
}

#[test]
fn an_option_that_nobody_has_gets_no_answer() {
    assert_eq!(answer("get", "--no-such-option"), None);
    assert_eq!(answer("inspect", "-O"), None);
}

fn in_our_words(line: &str) -> Result<String, String> {
    let words: Vec<_> = line.split(' ').map(OsString::from).collect();
    let program = Args::command();
    let words = translated(&words, program.find_subcommand("get").unwrap())?;
    let words: Vec<_> = words.iter().map(|word| word.to_str().unwrap()).collect();
    Ok(words.join(" "))
}

#[test]
fn what_other_programs_call_it_is_understood() {
    for (typed, meant) in [
        ("-nc http://h/x", "--no-clobber http://h/x"),
        ("-qnc http://h/x", "-q --no-clobber http://h/x"),
        ("-nd -np -nH http://h/x", "http://h/x"),
        ("-onc http://h/x", "-onc http://h/x"),
        ("-o -nc http://h/x", "-o -nc http://h/x"),
        ("-O y http://h/x", "--output=y http://h/x"),
        ("-qO y http://h/x", "-q --output=y http://h/x"),
        ("http://h/x -O y", "http://h/x --output=y"),
        ("-Oy.img http://h/x", "--output=y.img http://h/x"),
        ("-qO- http://h/x", "-q --output=- http://h/x"),
        ("-O - http://h/x", "--output=- http://h/x"),
        ("-O http://h/x", "-O http://h/x"),
        ("-OL http://h/x", "-OL http://h/x"),
        ("-fsSLO http://h/x", "-fsSLO http://h/x"),
        ("-sSL -o y http://h/x", "-sSL -o y http://h/x"),
        ("--continue=true http://h/x", "--continue http://h/x"),
        ("--tlsv1.3 --tlsv1.2 http://h/x", "--tls-min=1.3 http://h/x"),
        ("--url http://h/x", "http://h/x"),
        ("--url=http://h/x", "http://h/x"),
        ("--quiet=false http://h/x", "http://h/x"),
        ("--allow-overwrite=false http://h/x", "http://h/x"),
        ("--auto-file-renaming=false http://h/x", "http://h/x"),
        ("--continue=false http://h/x", "http://h/x"),
        ("--output=false http://h/x", "--output=false http://h/x"),
        (
            "--check-certificate=false http://h/x",
            "--check-certificate=false http://h/x",
        ),
        ("--file-allocation none http://h/x", "http://h/x"),
        ("--file-allocation=none http://h/x", "http://h/x"),
        ("--file-allocation http://h/x", "http://h/x"),
        ("--compressed --progress=bar http://h/x", "http://h/x"),
        ("-o --compressed http://h/x", "-o --compressed http://h/x"),
        (
            "http://h/x -- --compressed -nc",
            "http://h/x -- --compressed -nc",
        ),
    ] {
        assert_eq!(in_our_words(typed).as_deref(), Ok(meant), "{typed}");
    }
}

#[test]
fn a_value_tells_that_another_program_is_meant() {
    for typed in ["-s16 http://h/x", "-s 16 http://h/x", "-s 1M http://h/x"] {
        assert!(
            in_our_words(typed).unwrap_err().contains("-x 16"),
            "{typed}"
        );
    }
    assert!(
        in_our_words("-c jar http://h/x")
            .unwrap_err()
            .contains("cookies")
    );
    assert!(
        in_our_words("-nv http://h/x")
            .unwrap_err()
            .contains("--quiet")
    );
    assert!(
        in_our_words("-output y http://h/x")
            .unwrap_err()
            .contains("--output")
    );
}
